"""Notices of the sandbox's T-Bank: signed, in order, repeated until they are taken by `OK`."""

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.acquirers import notices
from tests.sandbox.acquirers.tbank_shop import (
    CUSTOMER,
    PASSWORD,
    RECEIPT,
    TERMINAL,
    TWO_STAGE_TERMINAL,
    Shop,
    open_shop,
    press,
    token,
)


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """A shop whose terminals send their notices to it."""
    monkeypatch.setattr(notices, "ANSWER_FIRST_SECONDS", 0.01)
    with open_shop() as shop:
        shop.bank.webhooks |= dict.fromkeys(shop.bank.shops, shop.webhook)
        yield shop


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices, "PAUSE_SECONDS", 0.01)


def test_a_one_stage_payment_tells_of_the_hold_and_of_the_money(shop: Shop) -> None:
    payment = shop.charged(OrderId="A-1")
    held, paid = shop.notices()
    assert (held["Status"], paid["Status"]) == ("AUTHORIZED", "CONFIRMED")
    assert paid["PaymentId"] == int(payment)
    assert (paid["TerminalKey"], paid["OrderId"], paid["Amount"]) == (TERMINAL, "A-1", 10_000)
    assert (paid["Success"], paid["ErrorCode"]) == (True, "0")
    assert (paid["Pan"], paid["ExpDate"]) == ("220077******7761", "1230")
    assert isinstance(paid["RebillId"], int)
    assert str(paid["RebillId"]) == shop.rebill()


def test_a_notice_goes_to_the_payments_own_address_else_to_the_terminals(shop: Shop) -> None:
    shop.charged()
    shop.charged(NotificationURL=f"{shop.webhook}?order=7")
    shop.notices()
    urls = [one.url.removeprefix(shop.webhook) for one in shop.bank.notices.deliveries]
    assert urls == ["", "", "?order=7", "?order=7"]


def test_each_step_of_a_payment_has_its_notice(shop: Shop) -> None:
    shop.terminal = TWO_STAGE_TERMINAL
    answer = shop.init()
    shop.pay(answer["PaymentURL"])
    shop.ask("Confirm", PaymentId=answer["PaymentId"])
    shop.ask("Cancel", PaymentId=answer["PaymentId"], Amount=1_000)
    shop.ask("Cancel", PaymentId=answer["PaymentId"])
    assert shop.told() == ["AUTHORIZED", "CONFIRMED", "PARTIAL_REFUNDED", "REFUNDED"]


def test_a_decline_is_told_with_its_code(shop: Shop) -> None:
    shop.plan("charge", end="declined", code="1051")
    shop.ask("Charge", PaymentId=shop.new(), RebillId=shop.rebill())
    [told] = shop.notices()
    assert (told["Status"], told["Success"], told["ErrorCode"]) == ("REJECTED", False, "1051")


@pytest.mark.parametrize(
    ("setting", "told"),
    [("both", [True, True]), ("AUTHORIZED", [True, False]), ("CONFIRMED", [False, True])],
)
def test_a_rebill_id_comes_with_one_notice_or_the_other_or_both(shop: Shop, setting: str, told: list[bool]) -> None:
    shop.settings(rebill_id_in=setting)
    shop.pay(shop.init(Recurrent="Y", CustomerKey=CUSTOMER)["PaymentURL"])
    assert ["RebillId" in one for one in shop.notices()] == told


@pytest.mark.parametrize(("setting", "named"), [(False, None), (True, CUSTOMER)])
def test_a_notice_names_its_customer_or_not(shop: Shop, setting: bool, named: str | None) -> None:
    shop.settings(customer_in_notices=setting)
    shop.charged(CustomerKey=CUSTOMER)
    assert [one.get("CustomerKey") for one in shop.notices()] == [named, named]


@pytest.mark.parametrize(("setting", "query"), [("payment", "?order=7"), ("terminal", "")])
def test_the_notice_of_a_bound_account_goes_to_the_payments_address_or_the_terminals(
    shop: Shop, setting: str, query: str
) -> None:
    shop.settings(account_notice_to=setting)
    fields: dict[str, Any] = {"Recurrent": "Y", "DATA": {"QR": "true"}, "NotificationURL": f"{shop.webhook}?order=7"}
    press(shop.ask("GetQr", PaymentId=shop.new(**fields))["Data"], do="pay")
    shop.notices()
    bound, paid = (one.url.removeprefix(shop.webhook) for one in shop.bank.notices.deliveries)
    assert (bound, paid) == (query, "?order=7")


def test_nested_data_is_told_and_not_signed(shop: Shop) -> None:
    shop.settings(data_in_notices=True)
    shop.charged(DATA={"deal": "5"})
    assert [one["Data"]["deal"] for one in shop.notices()] == ["5", "5"]


@pytest.mark.parametrize(
    ("said", "times"),
    [([(200, "OK")], 1), ([(200, "ok")], 2), ([(200, "")], 2), ([(500, "OK")], 2), ([(302, "OK")], 2), ([], 1)],
)
@pytest.mark.usefixtures("hasty")
def test_a_notice_is_taken_by_200_and_the_two_letters_alone(
    shop: Shop, said: list[tuple[int, str]], times: int
) -> None:
    shop.says = said
    shop.ask("Cancel", PaymentId=shop.new())
    assert shop.told() == ["CANCELED"] * times


@pytest.mark.usefixtures("hasty")
def test_a_shop_that_never_takes_a_notice_is_left_in_peace_at_last(shop: Shop) -> None:
    shop.says = [(500, "")] * 99
    shop.ask("Cancel", PaymentId=shop.new())
    assert len(shop.notices()) == notices.TRIES


@pytest.mark.parametrize(
    ("manner", "told"),
    [
        ("once", ["AUTHORIZED", "CONFIRMED"]),
        ("twice", ["AUTHORIZED", "AUTHORIZED", "CONFIRMED", "CONFIRMED"]),
        ("never", []),
        ("stale", ["AUTHORIZED", "CONFIRMED", "AUTHORIZED"]),
    ],
)
def test_notices_come_in_the_manner_of_the_turn(shop: Shop, manner: str, told: list[str]) -> None:
    shop.plan("charge", notice=manner)
    shop.charged()
    assert shop.told() == told


def test_a_forged_notice_comes_before_the_true_one(shop: Shop) -> None:
    shop.plan("charge", notice="forged")
    shop.charged()
    shop.bank.notices.wait()
    genuine = [one["Token"] == token(one, PASSWORD) for one in shop.heard]
    assert genuine == [False, True, False, True]


def test_a_notice_before_the_answer_is_there_when_the_answer_comes(shop: Shop) -> None:
    shop.plan("charge", notice="before")
    shop.charged()
    assert [one["Status"] for one in shop.heard] == ["AUTHORIZED", "CONFIRMED"]


def test_a_terminal_may_always_tell_before_it_answers(shop: Shop) -> None:
    shop.settings(notices_first=True)
    shop.charged()
    assert [one["Status"] for one in shop.heard] == ["AUTHORIZED", "CONFIRMED"]


@pytest.mark.parametrize(
    ("manner", "told"), [("once", ["AUTHORIZED", "CONFIRMED"]), ("never", []), ("stale", ["A", "C", "A"])]
)
def test_a_payment_that_waited_tells_its_end_as_its_turn_says(shop: Shop, manner: str, told: list[str]) -> None:
    shop.plan("charge", end="pending_paid", notice=manner)
    payment = shop.new()
    shop.ask("Charge", PaymentId=payment, RebillId=shop.rebill())
    shop.forward(seconds=61)
    assert shop.status(payment) == "CONFIRMED"
    assert [status[: len(told[place])] for place, status in enumerate(shop.told())] == told


@pytest.mark.parametrize(("setting", "told"), [(False, []), (True, ["DEADLINE_EXPIRED"])])
def test_an_expired_link_is_told_where_the_terminal_does_so(shop: Shop, setting: bool, told: list[str]) -> None:
    shop.settings(notify_expired=setting)
    shop.new()
    shop.forward(hours=25)
    assert shop.told() == told


def test_each_failed_try_on_the_page_is_told(shop: Shop) -> None:
    shop.settings(page_attempts=2)
    answer = shop.init()
    shop.pay(answer["PaymentURL"], "2201382000000831")
    shop.pay(answer["PaymentURL"])
    assert shop.told() == ["REJECTED", "AUTHORIZED", "CONFIRMED"]


def test_a_binding_is_told_by_its_token_and_its_end_too(shop: Shop) -> None:
    bound = shop.ask("AddAccountQr", Description="Подписка")
    press(bound["Data"], do="pay")
    press(bound["Data"], do="unbind")
    active, ended = shop.notices()
    assert (active["NotificationType"], active["Status"], active["Success"]) == ("LINKACCOUNT", "ACTIVE", True)
    assert active["RequestKey"] == str(bound["RequestKey"])
    assert ended["Status"] == "INACTIVE"
    assert active["AccountToken"] == ended["AccountToken"]


@pytest.mark.parametrize(
    ("setting", "kinds"),
    [("done", [("RECEIPT", True)]), ("failed", [("RECEIPT", False)]), ("pending", [])],
)
def test_a_receipt_is_told_when_the_till_has_answered(shop: Shop, setting: str, kinds: list[tuple[str, bool]]) -> None:
    shop.settings(receipts=setting)
    shop.charged(3_750, Receipt=RECEIPT)
    told = [(one["Status"], one["Success"]) for one in shop.notices() if one["Status"] == "RECEIPT"]
    assert told == kinds
