"""Sberbank's refunds, by canned replies of its documents."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from calculations.money import Money
from gateways import (
    Misconfigured,
    NotSent,
    Outcome,
    OutcomeUnknown,
    Refunded,
)
from tests.gateways.sberbank_replies import (
    CUT,
    FLAVOURS,
    OK,
    ORDER_ID,
    REFUND,
    STATUS,
    STATUS_PAID,
    Bank,
    bank_of,
    error,
    given_back,
)

DONE = Refunded("A-1-R1", Outcome.SUCCEEDED, Money(5_000, "RUB"))


@pytest.fixture(params=FLAVOURS)
def bank(request: pytest.FixtureRequest) -> Iterator[Bank]:
    with bank_of(request.param) as bank:
        yield bank


@pytest.fixture(params=["rbs", "yookassa"])
def form(request: pytest.FixtureRequest) -> Iterator[Bank]:
    with bank_of(request.param) as bank:
        yield bank


@pytest.fixture
def ecom() -> Iterator[Bank]:
    with bank_of("ecom") as bank:
        yield bank


def refund(bank: Bank, answer: Any, *words: Any, **more: Any) -> Refunded:
    bank.answers("refund.do", answer)
    bank.answers(STATUS, *words)
    return bank.gateway.refund(bank.credentials, replace(REFUND, **more))


def operation(code: int | None, number: str = "A-1-R1", amount: Any = 5000) -> dict[str, Any]:
    return {"type": "REFUND", "amount": amount, "actionCode": code, "externalRefundId": number}


def test_a_refund_is_done_when_the_total_given_back_has_grown_by_it(bank: Bank) -> None:
    assert refund(bank, OK, given_back(0), given_back(5000)) == DONE
    assert (bank.sent(1)["orderId"], int(bank.sent(1)["amount"])) == (ORDER_ID, 5000)


def test_a_refund_of_an_order_that_bonuses_paid_in_part_is_counted_with_its_bonuses(bank: Bank) -> None:
    bonus = {"paymentBonus": {"depositedAmountBonus": 7700, "refundedAmountBonus": 2000}}
    amounts = {"depositedAmount": 12200, "refundedAmount": 3000}
    assert refund(bank, OK, given_back(0), given_back(0, paymentAmountInfo=amounts, loyaltyInfo=bonus)) == DONE


def test_the_next_refund_starts_from_what_was_given_back_before(bank: Bank) -> None:
    assert refund(bank, OK, given_back(1000), given_back(6000), refunded_before=Money(1000, "RUB")) == DONE


def test_ecom_knows_a_refund_by_our_number(ecom: Bank) -> None:
    assert refund(ecom, OK, given_back(0), given_back(7000, operations=[operation(0)])) == DONE
    assert ecom.sent(1)["jsonParams"] == {"externalRefundId": "A-1-R1"}


def test_a_refund_that_an_operation_declines_or_has_not_finished(ecom: Bank) -> None:
    assert refund(ecom, OK, STATUS_PAID, given_back(0, operations=[operation(-99)])).outcome is Outcome.PENDING
    assert refund(ecom, OK, STATUS_PAID, given_back(0, operations=[operation(None)])).outcome is Outcome.PENDING
    declined = refund(ecom, OK, STATUS_PAID, given_back(0, operations=[operation(2009)]))
    assert (declined.outcome, declined.reason) == (Outcome.DECLINED, "actionCode 2009")


def test_a_refund_under_way_is_pending_whatever_else_was_given_back(ecom: Bank) -> None:
    ecom.answers(STATUS, given_back(700, operations=[operation(-99)]))
    assert ecom.gateway.fetch_refund(ecom.credentials, REFUND) == replace(DONE, outcome=Outcome.PENDING)


def test_an_operation_of_another_sum_comes_back_with_its_own_sum(ecom: Bank) -> None:
    found = refund(ecom, OK, STATUS_PAID, given_back(4000, operations=[operation(0, amount="4000")]))
    assert found.amount == Money(4000, "RUB")


def test_a_refund_the_bank_has_taken_in_and_not_counted_yet_is_pending(bank: Bank) -> None:
    assert refund(bank, OK, given_back(0), given_back(0)).outcome is Outcome.PENDING


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (5, "Общая сумма возвратов превышает сумму заказа"),
        (7, "Общая сумма возвратов превышает сумму заказа"),
        (7, "Не найдена успешная платежная операция"),
        (5, "Неверная сумма"),
    ],
)
def test_a_refund_that_cannot_be_is_declined(bank: Bank, code: int, text: str) -> None:
    assert refund(bank, error(code, text), given_back(0), given_back(0)).outcome is Outcome.DECLINED


@pytest.mark.parametrize("answer", [error(7, "Системная ошибка"), error(5, "Неверная сумма"), error(99)])
def test_a_refund_that_was_counted_is_done_whatever_was_answered(bank: Bank, answer: Any) -> None:
    assert refund(bank, answer, given_back(0), given_back(5000)) == DONE


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (error(7, "Системная ошибка"), given_back(0)),
        (error(99), given_back(0)),
        (error(5, "Неверная сумма"), given_back(700)),
        (OK, 500),
        (OK, 429),
        (OK, error(6)),
        (OK, error(5, "Доступ запрещен")),
        (500, None),
        (404, None),
        (CUT, None),
        (b"<html></html>", None),
    ],
    ids=str,
)
def test_a_refund_whose_end_is_not_known_is_not_sent_again(bank: Bank, answer: Any, word: Any) -> None:
    with pytest.raises(OutcomeUnknown):
        refund(bank, answer, STATUS_PAID, *([word] if word else []))
    assert bank.asked.count("refund.do") == 1


@pytest.mark.parametrize("word", [500, 429, CUT, error(6), {}], ids=str)
def test_a_refund_is_not_sent_before_the_order_was_read(bank: Bank, word: Any) -> None:
    bank.answers(STATUS, word)
    with pytest.raises(NotSent):
        bank.gateway.refund(bank.credentials, REFUND)
    assert bank.asked == [STATUS]


def test_a_form_flavour_is_not_asked_for_what_it_gave_back_already(form: Bank) -> None:
    form.answers(STATUS, given_back(5000))
    assert form.gateway.refund(form.credentials, REFUND) == DONE
    form.answers(STATUS, given_back(700))
    with pytest.raises(NotSent, match="700"):
        form.gateway.refund(form.credentials, REFUND)
    assert set(form.asked) == {STATUS}


def test_a_refund_that_was_refused_for_now_was_not_sent(bank: Bank) -> None:
    with pytest.raises(NotSent):
        refund(bank, 429, STATUS_PAID)


def test_a_shop_that_may_not_refund_is_for_a_person(bank: Bank) -> None:
    with pytest.raises(Misconfigured):
        refund(bank, error(5, "Доступ запрещен"), STATUS_PAID)


@pytest.mark.parametrize(
    ("word", "found"),
    [
        (given_back(5000), DONE),
        (given_back(0), None),
        (given_back(0, actionCode=-99), replace(DONE, outcome=Outcome.PENDING)),
        (given_back(9000, operations=[operation(0)]), DONE),
        (given_back(0, operations=[operation(0, "A-1-R2")]), None),
    ],
)
def test_a_refund_is_found_again_or_was_never_there(bank: Bank, word: Any, found: Refunded | None) -> None:
    bank.answers(STATUS, word)
    assert bank.gateway.fetch_refund(bank.credentials, REFUND) == found


@pytest.mark.parametrize("word", [given_back(700), error(6), error(7), 500, {}], ids=str)
def test_another_total_or_no_word_says_nothing_of_a_refund(bank: Bank, word: Any) -> None:
    bank.answers(STATUS, word)
    with pytest.raises(OutcomeUnknown):
        bank.gateway.fetch_refund(bank.credentials, REFUND)
