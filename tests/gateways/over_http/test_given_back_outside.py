"""Money that somebody gives back past us, in the acquirer's cabinet: our books follow the acquirer's word."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from calculations.money import Money
from calculations.refusal import Refusal
from gateways import Outcome, RefundOrder
from gateways._sberbank_answers import Answer
from gateways._sberbank_line import Line
from sandbox.acquirers.cloudpayments.demo import GOOD_TOKEN, SITE
from sandbox.acquirers.tbank.demo import TERMINAL
from sandbox.acquirers.yookassa.demo import SHOP
from storage.model import ChargeAttempt
from tests.gateways.over_http import test_cloudpayments as cloudpayments
from tests.gateways.over_http import test_sberbank as sberbank
from tests.gateways.over_http import test_tbank as tbank
from tests.gateways.over_http import test_yookassa as yookassa
from tests.gateways.over_http.world import AcquirerWorld, open_world

Open = Callable[[str], AcquirerWorld]

SHOPS = {
    "yookassa": ("yookassa", yookassa.CREDENTIALS, SHOP, yookassa.CARD),
    "tbank": ("tbank", tbank.CREDENTIALS, TERMINAL, tbank.CARD),
    "rbs": ("sberbank", sberbank.credentials_of("rbs"), sberbank.SHOPS["rbs"], sberbank.TOKENS["rbs"]),
    "ecom": ("sberbank", sberbank.credentials_of("ecom"), sberbank.SHOPS["ecom"], sberbank.TOKENS["ecom"]),
    "cloudpayments": ("cloudpayments", cloudpayments.CREDENTIALS, SITE, GOOD_TOKEN),
}
TELL_TOTALS = ("yookassa", "rbs", "ecom")


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    with ExitStack() as stack:

        def open_shop(name: str) -> AcquirerWorld:
            code, credentials, shop, token = SHOPS[name]
            url = f"sqlite:///{tmp_path}/money.db"
            return stack.enter_context(open_world(url, code, credentials, shop=shop, token=token))

        yield open_shop


def give_back_in_cabinet(world: AcquirerWorld, minor: int, before: int = 0) -> None:
    gateway, (attempt,) = world.gateways[world.code], world.attempts()
    order = RefundOrder(
        order_number=attempt.order_number,
        payment_id=attempt.gateway_payment_id,
        number=f"CLERK-{minor}-{before}",
        amount=Money(minor, "RUB"),
        refunded_before=Money(before, "RUB"),
        placed_at=world.clock(),
    )
    credentials = gateway.credentials.model_validate(json.loads(world.credentials))
    assert gateway.refund(credentials, order).outcome is Outcome.SUCCEEDED
    assert set(world.delivered()) == {200}


@pytest.mark.parametrize("name", [*TELL_TOTALS, "tbank"])
def test_what_was_given_back_whole_is_booked_and_told(opened: Open, name: str) -> None:
    world = opened(name)
    charge_id = world.charge().charge_id
    give_back_in_cabinet(world, 2_500_000)
    world.tick(seconds=1)
    assert world.money() == [2_500_000, -2_500_000]
    assert world.sound()
    assert [what for _, what, _ in world.news()] == ["payment_received", "payment_refunded"]
    assert world.charges()[0].state == "succeeded"
    with pytest.raises(Refusal) as caught:
        world.charging.refunds.refund(charge_id)
    assert caught.value.code == "nothing_to_refund"
    world.settle()
    assert world.sound()


@pytest.mark.parametrize("name", ["rbs", "ecom"])
def test_what_was_reversed_on_its_day_is_booked_and_told(opened: Open, name: str) -> None:
    world = opened(name)
    world.charge()
    gateway, (attempt,) = world.gateways["sberbank"], world.attempts()
    line = Line(gateway.http, gateway.credentials.model_validate(json.loads(world.credentials)))
    assert not line.answer("reverse.do", {"orderId": attempt.gateway_payment_id}, Answer).error_code
    assert set(world.delivered()) == {200}
    world.tick(seconds=1)
    assert world.money() == [2_500_000, -2_500_000]
    assert world.sound()
    assert [what for _, what, _ in world.news()] == ["payment_received", "payment_refunded"]
    world.settle()
    assert world.sound()


@pytest.mark.parametrize("name", TELL_TOTALS)
def test_what_was_given_back_in_part_is_booked_and_the_rest_can_be_given_back_by_us(opened: Open, name: str) -> None:
    world = opened(name)
    charge_id = world.charge().charge_id
    assert world.charging.refunds.refund(charge_id, 100_000).state == "succeeded"
    world.tick(minutes=1)
    give_back_in_cabinet(world, 500_000, before=100_000)
    world.tick(seconds=1)
    assert world.sound()
    assert world.charging.refunds.refund(charge_id).amount == Money(1_900_000, "RUB")
    world.settle()
    assert sum(world.money()) == 0
    assert world.sound()


@pytest.mark.parametrize("name", SHOPS)
def test_our_own_refund_is_booked_once_however_often_it_is_told(opened: Open, name: str) -> None:
    world = opened(name)
    charge_id = world.charge().charge_id
    world.charging.refunds.refund(charge_id, 500_000)
    world.settle()
    assert world.money() == [2_500_000, -500_000]
    assert [what for _, what, _ in world.news()] == ["payment_received", "payment_refunded"]
    assert world.sound()


def test_what_an_acquirer_does_not_tell_in_full_stands_beside_the_try_for_a_person(opened: Open) -> None:
    world = opened("cloudpayments")
    world.charge()
    give_back_in_cabinet(world, 2_500_000)
    world.tick(seconds=1)
    assert "given back at CloudPayments" in world.attempts()[0].reason
    assert world.charges()[0].state == "succeeded"


@pytest.mark.parametrize("amounts", [[2_500_000], [500_000], [500_000, 2_000_000]])
def test_our_own_refunds_leave_nothing_for_a_person_to_do(opened: Open, amounts: list[int]) -> None:
    world = opened("cloudpayments")
    charge_id = world.charge().charge_id
    for amount in amounts:
        assert world.charging.refunds.refund(charge_id, amount).state == "succeeded"
        world.settle()
    assert (world.money(), world.attempts()[0].reason) == ([2_500_000, *(-amount for amount in amounts)], "")


def test_what_somebody_else_gives_back_beside_us_is_told_to_a_person(opened: Open) -> None:
    world = opened("cloudpayments")
    charge_id = world.charge().charge_id
    world.charging.refunds.refund(charge_id, 500_000)
    world.settle()
    give_back_in_cabinet(world, 700_000, before=500_000)
    world.tick(seconds=1)
    assert "given back at CloudPayments" in world.attempts()[0].reason


@pytest.mark.parametrize("name", ["rbs", "ecom", "yookassa"])
def test_a_refund_that_meets_another_total_stands_in_nobodys_way_once_that_is_asked_for(
    opened: Open, name: str
) -> None:
    world = opened(name)
    charge_id = world.charge().charge_id
    give_back_in_cabinet(world, 500_000)
    with world.database.write() as session:
        session.get_one(ChargeAttempt, 1).look_up_at = None  # as if no notice had come
    first = world.charging.refunds.refund(charge_id, 300_000)
    assert first.state == ("not_sent" if name == "rbs" else "succeeded")
    [attempt] = world.attempts()
    assert world.charging.reconciliation.bring_forward(attempt.terminal_id, attempt.order_number, of_refund=True)
    world.tick()
    assert world.sound()
    assert world.charging.refunds.refund(charge_id, 400_000).state == "succeeded"
    world.settle()
    assert world.sound()
