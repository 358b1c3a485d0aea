"""T-Bank of the sandbox: charges of saved cards and bound accounts, and each way they end."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.sandbox.acquirers.tbank_shop import CUSTOMER, LOAN_TERMINAL, TERMINAL, TWO_STAGE_TERMINAL, Shop, open_shop


@pytest.fixture
def shop() -> Iterator[Shop]:
    with open_shop() as shop:
        yield shop


def test_a_charge_takes_the_payments_sum_once(shop: Shop) -> None:
    payment = shop.new(12_345, OrderId="A-1", DATA={"OperationInitiatorType": "R"})
    answer = shop.ask("Charge", PaymentId=payment, RebillId=shop.rebill())
    assert (answer["Success"], answer["ErrorCode"], answer["Status"]) == (True, "0", "CONFIRMED")
    assert (answer["PaymentId"], answer["OrderId"], answer["Amount"]) == (payment, "A-1", 12_345)
    again = shop.ask("Charge", PaymentId=payment, RebillId=shop.rebill())
    assert (again["Success"], again["ErrorCode"], again["Status"]) == (False, "8", "CONFIRMED")
    assert shop.money() == [12_345]


def test_a_charge_may_be_answered_before_its_status_is_final(shop: Shop) -> None:
    shop.settings(charge_answer="new")
    payment = shop.new()
    answer = shop.ask("Charge", PaymentId=payment, RebillId=shop.rebill())
    assert (answer["Success"], answer["Status"]) == (True, "NEW")
    assert shop.status(payment) == "CONFIRMED"


def test_charging_is_off_until_the_manager_has_switched_it_on(shop: Shop) -> None:
    shop.settings(charge_enabled=False)
    payment = shop.new()
    assert shop.ask("Charge", PaymentId=payment, RebillId=shop.rebill())["ErrorCode"] == "10"
    assert shop.status(payment) == "NEW"
    assert shop.money() == []


@pytest.mark.parametrize(("enabled", "code"), [(True, "255"), (False, "10")])
def test_that_charging_is_off_is_said_of_a_payment_that_nobody_has_too(shop: Shop, enabled: bool, code: str) -> None:
    shop.settings(charge_enabled=enabled)
    assert shop.ask("Charge", PaymentId="0", RebillId="0")["ErrorCode"] == code


@pytest.mark.parametrize("code", ["1051", "116", "1041", "1054", "1005", "1061", "99", "600", "3015"])
def test_each_decline_comes_with_its_code_and_ends_the_payment(shop: Shop, code: str) -> None:
    shop.plan("charge", end="declined", code=code)
    payment = shop.new()
    answer = shop.ask("Charge", PaymentId=payment, RebillId=shop.rebill())
    assert (answer["Success"], answer["ErrorCode"], answer["Status"]) == (False, code, "REJECTED")
    assert answer["Message"]
    assert shop.status(payment) == "REJECTED"
    assert shop.ask("Charge", PaymentId=payment, RebillId=shop.rebill())["ErrorCode"] == "8"
    assert shop.money() == []


@pytest.mark.parametrize(("ending", "code"), [("0831", "1051"), ("0021", "1041"), ("0013", "1054")])
def test_cards_of_the_demo_customer_are_declined_as_they_are_kept(shop: Shop, ending: str, code: str) -> None:
    answer = shop.ask("Charge", PaymentId=shop.new(), RebillId=shop.rebill(ending))
    assert (answer["ErrorCode"], answer["Status"]) == (code, "REJECTED")


def test_a_card_that_is_not_known_rejects_the_payment(shop: Shop) -> None:
    payment = shop.new()
    assert shop.ask("Charge", PaymentId=payment, RebillId="17")["ErrorCode"] == "104"
    assert shop.status(payment) == "REJECTED"


def test_a_card_of_one_terminal_cannot_be_charged_by_another(shop: Shop) -> None:
    stolen = shop.rebill()
    shop.terminal = LOAN_TERMINAL
    assert shop.ask("Charge", PaymentId=shop.new(), RebillId=stolen)["ErrorCode"] == "104"
    assert shop.money() == []


@pytest.mark.parametrize(("initiator", "code"), [("0", "1126"), ("1", "1126"), ("2", "0"), ("R", "0"), (None, "0")])
def test_a_payment_that_names_its_client_as_initiator_is_not_charged_by_the_shop(
    shop: Shop, initiator: str | None, code: str
) -> None:
    more: dict[str, Any] = {"DATA": {"OperationInitiatorType": initiator}} if initiator else {}
    recurrent: dict[str, Any] = {"Recurrent": "Y", "CustomerKey": CUSTOMER} if initiator == "1" else {}
    answer = shop.ask("Charge", PaymentId=shop.new(**more, **recurrent), RebillId=shop.rebill())
    assert answer["ErrorCode"] == code


def test_an_instalment_on_schedule_is_charged_on_a_terminal_for_loans(shop: Shop) -> None:
    shop.terminal = LOAN_TERMINAL
    shop.charged(DATA={"OperationInitiatorType": "I"})
    assert shop.money() == [10_000]


def test_a_charge_that_waits_settles_later_as_planned(shop: Shop) -> None:
    payments = []
    for end, code in (("pending_paid", ""), ("pending_declined", "1091")):
        shop.plan("charge", end=end, code=code)
        payments.append(shop.new())
        answer = shop.ask("Charge", PaymentId=payments[-1], RebillId=shop.rebill())
        assert (answer["Success"], answer["Status"]) == (True, "AUTHORIZING")
        assert shop.ask("Charge", PaymentId=payments[-1], RebillId=shop.rebill())["ErrorCode"] == "8"
        assert shop.ask("Cancel", PaymentId=payments[-1])["Success"] is False
    shop.forward(seconds=61)
    assert [shop.status(payment) for payment in payments] == ["CONFIRMED", "REJECTED"]
    assert shop.money() == [10_000]


def test_a_client_who_is_wanted_is_a_refusal_by_its_own_code(shop: Shop) -> None:
    shop.plan("charge", end="needs_client")
    answer = shop.ask("Charge", PaymentId=shop.new(), RebillId=shop.rebill())
    assert (answer["ErrorCode"], answer["Status"]) == ("101", "REJECTED")


def test_a_fault_inside_leaves_the_payment_as_it_was(shop: Shop) -> None:
    shop.plan("charge", end="nothing")
    payment = shop.new()
    assert shop.ask("Charge", PaymentId=payment, RebillId=shop.rebill())["ErrorCode"] == "9999"
    assert shop.status(payment) == "NEW"


def test_an_error_without_a_status_may_hide_money_that_moved(shop: Shop) -> None:
    shop.plan("charge", code="104")
    payment = shop.new()
    answer = shop.ask("Charge", PaymentId=payment, RebillId=shop.rebill())
    assert (answer["Success"], answer["ErrorCode"]) == (False, "104")
    assert "Status" not in answer
    assert shop.status(payment) == "CONFIRMED"


def test_more_than_was_asked_may_be_taken_when_a_test_wants_it(shop: Shop) -> None:
    shop.plan("charge", extra=100)
    payment = shop.new()
    assert shop.ask("Charge", PaymentId=payment, RebillId=shop.rebill())["Amount"] == 10_100
    assert shop.ask("GetState", PaymentId=payment)["Amount"] == 10_100
    assert shop.money() == [10_100]


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("cut_before", "NEW"),
        ("busy", "NEW"),
        ("cut_after", "CONFIRMED"),
        ("error_500", "CONFIRMED"),
        ("html", "CONFIRMED"),
    ],
)
def test_a_charge_whose_answer_is_lost_is_found_by_its_payment(shop: Shop, answer: str, status: str) -> None:
    payment = shop.new()
    shop.plan("charge", answer=answer)
    fields = {"TerminalKey": TERMINAL, "PaymentId": payment, "RebillId": shop.rebill()}
    with pytest.raises((requests.ConnectionError, requests.JSONDecodeError)):
        shop.post("Charge", fields).json()
    assert shop.status(payment) == status
    assert len(shop.money()) == (status == "CONFIRMED")


def test_a_slow_answer_comes_at_last(shop: Shop) -> None:
    shop.bank.turns.slow_seconds = 0.2
    shop.plan("charge", answer="slow")
    shop.charged()


def test_a_terminal_of_two_stages_holds_and_takes_on_confirmation(shop: Shop) -> None:
    shop.terminal = TWO_STAGE_TERMINAL
    url = shop.init(10_000)["PaymentURL"]
    shop.pay(url)
    payment = shop.bank.orders[-1].id
    assert shop.status(payment) == "AUTHORIZED"
    assert shop.money() == []
    assert shop.ask("Confirm", PaymentId=payment, Amount=10_001)["ErrorCode"] == "330"
    assert shop.ask("Confirm", PaymentId=payment, Amount=7_000)["Status"] == "CONFIRMED"
    assert shop.money() == [7_000]
    assert shop.ask("Confirm", PaymentId=payment)["ErrorCode"] == "8"


def test_a_hold_that_nobody_confirms_is_let_go_after_a_week(shop: Shop) -> None:
    shop.terminal = TWO_STAGE_TERMINAL
    shop.pay(shop.init()["PaymentURL"])
    shop.forward(days=7, seconds=1)
    assert shop.status(shop.bank.orders[-1].id) == "REVERSED"
    assert shop.money() == []
