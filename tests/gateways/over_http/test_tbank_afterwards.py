"""What follows a payment at T-Bank, end to end: refunds, receipts, forgotten cards and the day's register."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import select

from billing.forgetting import Forgetting
from billing.registers import RegisterReport, Registers
from sandbox.acquirers.tbank.cards import FIRST_REBILL_ID
from sandbox.acquirers.tbank.demo import PASSWORD, TERMINAL
from sandbox.acquirers.turns import Turn
from storage.model import ReceiptRow
from tests.billing.world import BEGINNING
from tests.gateways.over_http.world import AcquirerWorld, open_world, visit

CREDENTIALS = {"terminal_key": TERMINAL, "password": PASSWORD}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[AcquirerWorld]:
    url = f"sqlite:///{tmp_path}/money.db"
    with open_world(url, "tbank", CREDENTIALS, shop=TERMINAL, token=str(FIRST_REBILL_ID)) as world:
        yield world


def paid_by_sbp(world: AcquirerWorld) -> int:
    charge_id = world.link()
    visit(world.start(charge_id, "sbp").qr_payload, do="pay")
    assert world.come_back(charge_id).state == "paid"
    return charge_id


def test_money_is_given_back_in_parts_and_whole(world: AcquirerWorld) -> None:
    charge_id = world.charge().charge_id
    for _ in range(2):
        assert world.charging.refunds.refund(charge_id, 500_000).state == "succeeded"
    assert world.charging.refunds.refund(charge_id).state == "succeeded"
    assert world.money() == [2_500_000, -500_000, -500_000, -1_500_000]
    assert world.sound()


@pytest.mark.parametrize("repeated", ["current", "first"])
@pytest.mark.parametrize("manner", ["cut_after", "cut_before", "error_500", "html", "busy"])
def test_money_is_given_back_once_through_lost_answers(world: AcquirerWorld, manner: Any, repeated: str) -> None:
    world.bank.settings["repeated_cancel"] = repeated
    charge_id = world.charge().charge_id
    for amount in (500_000, 700_000, None):
        world.plan("refund", Turn(answer=manner))
        assert world.charging.refunds.refund(charge_id, amount).state in ("unknown", "not_sent")
        world.settle()
    left = 2_500_000 + sum(world.money()[1:])
    if left:
        world.charging.refunds.refund(charge_id)
    assert sum(world.money()) == 0
    assert world.sound()


def test_a_refund_on_its_way_is_waited_for(world: AcquirerWorld) -> None:
    charge_id = world.charge().charge_id
    world.plan("refund", Turn(end="pending_paid"))
    assert world.charging.refunds.refund(charge_id, 500_000).state == "unknown"
    world.settle()
    assert world.charging.refunds.refund(charge_id, 500_000).state == "succeeded"
    assert world.money() == [2_500_000, -500_000, -500_000]
    assert world.sound()


def test_a_refund_that_came_to_nothing_is_asked_for_under_the_same_number_only(world: AcquirerWorld) -> None:
    charge_id = world.charge().charge_id
    world.plan("refund", Turn(end="pending_declined"))
    for _ in range(2):
        assert world.charging.refunds.refund(charge_id, 500_000).state == "unknown"
        world.settle()
    assert len(world.bank.orders[0].facts["cancels"]) == 1
    assert world.money() == [2_500_000]
    assert world.sound()


def test_a_refund_that_is_refused_says_why_in_words(world: AcquirerWorld) -> None:
    charge_id = world.charge().charge_id
    world.plan("refund", Turn(end="declined"))
    refused = world.charging.refunds.refund(charge_id)
    assert refused.state == "declined"
    assert "top it up" in refused.reason
    assert world.charging.refunds.refund(charge_id).state == "succeeded"
    assert world.money() == [2_500_000, -2_500_000]


@pytest.mark.parametrize("way", ["async", "at_once"])
def test_sbp_gives_back_whole_and_in_parts(world: AcquirerWorld, way: str) -> None:
    world.bank.settings["sbp_refund"] = way
    charge_id = paid_by_sbp(world)
    world.charging.refunds.refund(charge_id, 500_000)
    world.settle()
    world.charging.refunds.refund(charge_id)
    world.settle()
    assert world.money() == [2_500_000, -500_000, -2_000_000]
    assert world.sound()


@pytest.mark.parametrize("manner", ["cut_after", "cut_before", "error_500", "busy"])
def test_sbp_never_gives_back_twice_what_was_asked_once(world: AcquirerWorld, manner: Any) -> None:
    world.bank.settings["sbp_refund"] = "at_once"
    charge_id = paid_by_sbp(world)
    world.plan("refund", Turn(answer=manner))
    world.charging.refunds.refund(charge_id, 500_000)
    world.settle()
    moved = manner in ("cut_after", "error_500")
    assert world.money() == [2_500_000] + ([-500_000] if moved else [])
    assert world.sound()


def test_a_refund_the_payers_bank_refuses_is_declined(world: AcquirerWorld) -> None:
    charge_id = paid_by_sbp(world)
    world.plan("refund", Turn(end="pending_declined", code="3028"))
    world.charging.refunds.refund(charge_id)
    world.settle()
    assert world.charging.refunds.refund(charge_id, 500_000).state in ("sent", "unknown", "succeeded")
    world.settle()
    assert world.money() == [2_500_000, -500_000]
    assert world.sound()


def test_a_payment_given_back_in_the_cabinet_stays_for_a_person(world: AcquirerWorld) -> None:
    charge_id = world.charge().charge_id
    world.bank.give_back(world.bank.orders[0], 500_000)
    world.bank.orders[0].facts["status"] = "PARTIAL_REFUNDED"
    assert world.charging.refunds.refund(charge_id, 500_000).state == "unknown"
    assert world.money() == [2_500_000, -500_000]


@pytest.mark.parametrize("again", ["refused", "done"])
def test_a_forgotten_card_is_removed_at_t_bank(world: AcquirerWorld, again: str) -> None:
    world.bank.settings["removed_card_again"] = again
    forgetting = Forgetting(world.database, world.vault, world.gateways, world.clock)
    [card] = world.saved_cards("C_5")
    assert forgetting.forget(world.portal_id, card.id, "the client") == ""
    assert [one.active for one in world.bank.cards if one.token == str(FIRST_REBILL_ID)] == [False]
    assert [one.token for one in world.saved_cards("C_5")] == [""]
    assert world.refused().code == "no_saved_card"


@pytest.mark.parametrize("verb", ["customer", "forget"])
@pytest.mark.parametrize("manner", ["cut_before", "cut_after", "error_500", "busy"])
def test_t_bank_is_told_of_a_forgotten_card_until_it_has_heard(world: AcquirerWorld, verb: str, manner: Any) -> None:
    forgetting = Forgetting(world.database, world.vault, world.gateways, world.clock)
    [card] = world.saved_cards("C_5")
    world.plan(verb, Turn(answer=manner))
    assert forgetting.forget(world.portal_id, card.id, "the client")
    assert world.refused().code == "no_saved_card"
    assert forgetting.tell_acquirers() == 1
    assert [one.active for one in world.bank.cards if one.token == str(FIRST_REBILL_ID)] == [False]
    assert forgetting.tell_acquirers() == 0


def fiscal(world: AcquirerWorld, **more: str) -> None:
    receipts = {"tax_system": "osn", "vat": "standard", "kind": "advance"}
    credentials = json.dumps(CREDENTIALS | more | {"receipts": receipts})
    world.terminals().configure(world.portal_id, "tbank", "main", credentials)


def receipts(world: AcquirerWorld) -> list[str]:
    with world.database.read() as session:
        return list(session.scalars(select(ReceiptRow.kind).order_by(ReceiptRow.id)))


@pytest.mark.parametrize("ffd", ["1.05", "1.2"])
def test_receipts_follow_the_payment_its_refund_and_the_thing_itself(world: AcquirerWorld, ffd: str) -> None:
    world.bank.settings["receipt_required"] = True
    fiscal(world, ffd_version=ffd)
    charge_id = world.charge(world.new_order(receipt_email="c@example.com")).charge_id
    world.charging.receipts.close(charge_id)
    assert world.charging.refunds.refund(charge_id, 500_000).state == "succeeded"
    at_bank = world.bank.orders[0].facts["receipts"]
    assert [one["kind"] for one in at_bank] == ["payment", "closing", "refund"]
    assert [one["receipt"]["Items"][0]["PaymentMethod"] for one in at_bank] == ["advance", *["full_payment"] * 2]
    assert [one["receipt"]["Items"][0]["Tax"] for one in at_bank] == ["vat122", "vat22", "vat22"]
    assert at_bank[1]["receipt"]["Payments"] == {"Electronic": 0, "AdvancePayment": 2_500_000}
    assert receipts(world) == ["payment", "closing", "refund"]
    assert set(world.delivered()) == {200}


@pytest.mark.parametrize("state", ["failed", "pending"])
def test_a_till_that_does_not_answer_undoes_no_payment(world: AcquirerWorld, state: str) -> None:
    world.bank.settings["receipts"] = state
    fiscal(world)
    assert world.charge(world.new_order(receipt_email="c@example.com")).status == "succeeded"
    assert set(world.delivered()) == {200}
    world.settle()
    assert world.money() == [2_500_000]
    assert world.sound()


def register(world: AcquirerWorld) -> RegisterReport:
    day = BEGINNING.date()
    file = requests.get(f"{world.address}/acquirers/tbank/register/{TERMINAL}/{day}.csv", timeout=10).content
    registers = Registers(world.database, world.gateways, world.charging)
    return registers.compare(world.portal_id, "tbank", "main", day, [("day.csv", file)])


@pytest.mark.parametrize("receipt_fee", [False, True])
def test_the_register_of_the_day_agrees_with_our_books(world: AcquirerWorld, receipt_fee: bool) -> None:
    world.bank.settings["register_receipt_fee"] = receipt_fee
    charge_id = world.charge(world.new_order(description="Заказ; №72")).charge_id
    world.charging.refunds.refund(charge_id, 500_000)
    paid_by_sbp(world)
    report = register(world)
    assert (report.agrees, len(report.rows)) == (True, 3)
    assert [fee.minor for fee in report.fees] == [100_000]


def test_a_payment_whose_answer_was_lost_is_told_by_the_register(world: AcquirerWorld) -> None:
    world.plan("charge", Turn(answer="cut_after", notice="never"))
    order = world.new_order()
    world.charge(order)
    world.only_notices()
    report = register(world)
    assert [row.verdict for row in report.rows] == ["open_here"]
    world.tick()
    assert world.charge(order).status == "succeeded"
    assert register(world).agrees
