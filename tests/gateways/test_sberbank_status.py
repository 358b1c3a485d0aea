"""Sberbank's word on an order, and what a check of the credentials asks, by canned replies of its documents."""

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
    Payment,
    StoredCard,
    open_gateways,
)
from tests.gateways.checking import lacking, unchecked
from tests.gateways.sberbank_replies import (
    BINDING,
    CUT,
    FLAVOURS,
    OK,
    ORDER_ID,
    PAID,
    PLACED,
    STATUS,
    STATUS_PAID,
    SUBSCRIPTION,
    UNREADABLE,
    Bank,
    bank_of,
    credentials_of,
    error,
    status,
)


@pytest.fixture(params=FLAVOURS)
def bank(request: pytest.FixtureRequest) -> Iterator[Bank]:
    with bank_of(request.param) as bank:
        yield bank


@pytest.fixture
def ecom() -> Iterator[Bank]:
    with bank_of("ecom") as bank:
        yield bank


def fetched(bank: Bank, word: Any) -> Payment | None:
    bank.answers(STATUS, word)
    return bank.gateway.fetch_payment(bank.credentials, PLACED)


@pytest.mark.parametrize(
    ("word", "outcome"),
    [
        (STATUS_PAID, Outcome.SUCCEEDED),
        (STATUS_PAID | {"orderStatus": "2", "errorCode": 0, "currency": 643}, Outcome.SUCCEEDED),
        (STATUS_PAID | {"orderStatus": 4}, Outcome.SUCCEEDED),
        (STATUS_PAID | {"amount": 19900.0, "actionCode": 0.0, "orderStatus": 2.0}, Outcome.SUCCEEDED),
        (status(0, -100), Outcome.REGISTERED),
        (status(0, -2007), Outcome.CANCELLED),
        (status(0, -2013), Outcome.DECLINED),
        (status(0, None), Outcome.PENDING),
        (status(0, 116), Outcome.REGISTERED),
        (status(1, 0), Outcome.PENDING),
        (status(3, 0), Outcome.CANCELLED),
        (STATUS_PAID | {"orderStatus": 3}, Outcome.CANCELLED),
        (status(5, -100), Outcome.PENDING),
        (status(6, -2007), Outcome.CANCELLED),
        (status(6, 1019), Outcome.PENDING),
        (status(6, None), Outcome.DECLINED),
    ],
    ids=str,
)
def test_each_status_of_an_order_has_its_outcome(bank: Bank, word: Any, outcome: Outcome) -> None:
    found = fetched(bank, word)
    assert found
    assert (found.outcome, found.order_number, found.payment_id) == (outcome, "A-1", ORDER_ID)


def test_a_page_that_is_not_there_does_not_say_that_an_order_is_not_there(bank: Bank) -> None:
    bank.answers(STATUS, (404, error(6, "Неверный номер заказа")))
    with pytest.raises(OutcomeUnknown):
        bank.gateway.fetch_payment(bank.credentials, PLACED)


def test_an_order_is_asked_for_by_our_number_when_the_banks_was_never_heard(bank: Bank) -> None:
    bank.answers(STATUS, STATUS_PAID)
    assert bank.gateway.fetch_payment(bank.credentials, replace(PLACED, payment_id="")) == PAID
    assert bank.sent(0)["orderNumber"] == "A-1"
    assert "orderId" not in bank.sent(0)


@pytest.mark.parametrize(
    "word",
    [
        error("6", "Неверный номер заказа"),
        error(5, "Заказ не найден"),
        error(9, "Заказ не найден"),
        error(5, "Order not found"),
        {"errorCode": 0},
    ],
)
def test_only_the_banks_own_word_says_that_there_is_no_such_order(bank: Bank, word: Any) -> None:
    assert fetched(bank, word) is None


@pytest.mark.parametrize("word", [{}, {"errorMessage": "Заказ не найден"}, {"orderStatus": None, "errorMessage": ""}])
def test_an_order_without_a_status_and_without_an_error_is_not_there(bank: Bank, word: Any) -> None:
    bank.answers(STATUS, word)
    assert bank.gateway.fetch_payment(bank.credentials, replace(PLACED, payment_id="")) is None


NO_SUCH_NUMBER = [
    "Error, value of the request parameter",
    "",
    "Неверно указано значение одного из параметров.",
    "Неверный номер заказа",
]


@pytest.mark.parametrize("code", [5, "5"])
@pytest.mark.parametrize("text", NO_SUCH_NUMBER)
def test_a_number_that_is_all_a_question_has_and_is_not_accepted_is_of_no_order(
    bank: Bank, code: int | str, text: str
) -> None:
    bank.answers(STATUS, error(code, text))
    assert bank.gateway.fetch_payment(bank.credentials, replace(PLACED, payment_id="")) is None


@pytest.mark.parametrize("text", NO_SUCH_NUMBER)
def test_an_order_whose_number_at_the_bank_was_heard_is_not_gone_by_such_words(bank: Bank, text: str) -> None:
    with pytest.raises(OutcomeUnknown):
        fetched(bank, error(5, text))


@pytest.mark.parametrize(
    "word",
    [
        error(5, "Доступ запрещён"),
        error(5, "Доступ к операции закрыт"),
        error(5, "Access denied"),
        error(5, "No access to the order"),
        error(5, "Пользователь заблокирован"),
        error(5, "Заказ заблокирован другим действием"),
        error(5, "The order is locked by another operation"),
        error(5, "Merchant is blocked"),
        error(5, "Превышено число запросов"),
        error(5, "Too many requests"),
        error(5, "Ошибка при выполнении запроса"),
        error(5, "Ошибка при обращении к сервису"),
        error(5, "Системная ошибка"),
        error(5, "System error"),
        error(5, "Сервис временно недоступен"),
        error(5, "Неверный логин или пароль"),
        error(5) | {"orderNumber": "A-1"},
        error(1),
        error(8),
        error(77),
        error(7, "Системная ошибка"),
        {"errorMessage": "Доступ запрещён"},
        {"errorMessage": "System error"},
        {"errorMessage": "Сервис временно недоступен"},
        {"orderNumber": "A-1", "amount": 19900},
    ],
    ids=str,
)
def test_trouble_never_says_that_an_order_is_not_there(bank: Bank, word: Any) -> None:
    bank.answers(STATUS, word)
    with pytest.raises((Misconfigured, OutcomeUnknown)):
        bank.gateway.fetch_payment(bank.credentials, replace(PLACED, payment_id=""))


@pytest.mark.parametrize(
    "word",
    [
        {},
        {"errorMessage": "Заказ не найден"},
        error(7, "Системная ошибка"),
        error(5, "Ошибка при выполнении запроса"),
        status(7, 0),
        status(9, 0),
        status(-1, 0),
        STATUS_PAID | {"orderNumber": ""},
        STATUS_PAID | {"orderNumber": None},
        STATUS_PAID | {"currency": "999"},
        STATUS_PAID | {"currency": 0},
        STATUS_PAID | {"currency": " "},
        STATUS_PAID | {"currency": "RUB"},
        STATUS_PAID | {"currency": True},
        STATUS_PAID | {"currency": {}},
        STATUS_PAID | {"amount": None, "paymentAmountInfo": None},
        STATUS_PAID | {"amount": 199.5},
        STATUS_PAID | {"amount": True},
        STATUS_PAID | {"orderStatus": "paid"},
        STATUS_PAID | {"paymentAmountInfo": {"depositedAmount": "19900.00"}},
        status(6, 116, paymentAmountInfo={"depositedAmount": 19900, "refundedAmount": 0}),
        status(0, -100, paymentAmountInfo={"depositedAmount": 19900}),
        *UNREADABLE,
    ],
    ids=str,
)
def test_a_word_that_cannot_be_relied_on_is_no_word(bank: Bank, word: Any) -> None:
    with pytest.raises(OutcomeUnknown):
        fetched(bank, word)


@pytest.mark.parametrize(
    ("amounts", "taken"),
    [
        ({"depositedAmount": 19900, "refundedAmount": 0}, 19900),
        ({"depositedAmount": "19900"}, 19900),
        ({"depositedAmount": 19900.0, "refundedAmount": 0.0}, 19900),
        ({"depositedAmount": 19901}, 19901),
        ({"depositedAmount": 0}, 0),
        ({"depositedAmount": None}, 19900),
        ({}, 19900),
        ({"depositedAmount": 19900, "refundedAmount": 5000}, 19900),
        ({"depositedAmount": 14900, "refundedAmount": 5000}, 19900),
        ({"depositedAmount": 0, "refundedAmount": 19900}, 19900),
        ({"depositedAmount": 19900, "refundedAmount": 19900}, 19900),
    ],
)
def test_what_was_taken_is_the_deposited_sum_before_refunds(bank: Bank, amounts: dict[str, Any], taken: int) -> None:
    found = fetched(bank, STATUS_PAID | {"paymentAmountInfo": amounts})
    assert found
    assert found.amount == Money(taken, "RUB")


def bonuses(deposited: Any, refunded: Any = 0) -> dict[str, Any]:
    """What a status says of an order that bonuses paid in part, as the specification's example has it."""
    paid = {"approvedAmountBonus": 7700, "depositedAmountBonus": deposited, "refundedAmountBonus": refunded}
    return {"receiptId": "123394343", "loyaltyName": "sbrf_spasibo", "paymentBonus": paid}


NO_LOYALTY: tuple[Any, ...] = (None, [], "7700", {"paymentBonus": 7700}, {"paymentBonus": []})
NO_BONUS: tuple[Any, ...] = (None, "", "77.00", -7700, 77.5, True, {}, [7700])


@pytest.mark.parametrize(
    ("deposited", "refunded", "loyalty", "taken", "returned"),
    [
        (12200, 0, bonuses(7700), 19900, 0),
        (12200, 0, bonuses("7700", None), 19900, 0),
        (0, 0, bonuses(19900), 19900, 0),
        (12200, 12200, bonuses(7700, 7700), 19900, 19900),
        (0, 12200, bonuses(0, 7700), 19900, 19900),
        (9200, 3000, bonuses(5700, 2000), 19900, 5000),
        (12200, 0, bonuses(7699), 19899, 0),
        (12200, 0, bonuses(7701), 19901, 0),
        (19900, 0, bonuses(7700), 27600, 0),
        (12200, 0, bonuses(0), 12200, 0),
        (12200, 0, {}, 12200, 0),
        *((12200, 0, loyalty, 12200, 0) for loyalty in NO_LOYALTY),
        *((12200, 0, bonuses(odd), 12200, 0) for odd in NO_BONUS),
        (19900, 0, bonuses(0, -5000), 19900, 0),
        (19900, 0, {"awardBonus": {"depositedAmountBonus": 7700}}, 19900, 0),
    ],
    ids=str,
)
def test_bonuses_pay_an_order_as_money_does_and_odd_ones_do_not(
    bank: Bank, deposited: int, refunded: int, loyalty: Any, taken: int, returned: int
) -> None:
    amounts = {"depositedAmount": deposited, "refundedAmount": refunded}
    found = fetched(bank, STATUS_PAID | {"paymentAmountInfo": amounts, "loyaltyInfo": loyalty})
    assert found
    assert (found.outcome, found.amount) == (Outcome.SUCCEEDED, Money(taken, "RUB"))
    assert found.given_back == (Money(returned, "RUB") if returned else None)


def test_bonuses_taken_in_an_order_that_is_not_paid_are_for_a_person(bank: Bank) -> None:
    for amounts in ({}, {"paymentAmountInfo": {"depositedAmount": 0, "refundedAmount": 0}}):
        with pytest.raises(OutcomeUnknown, match="deposited"):
            fetched(bank, status(6, 116, loyaltyInfo=bonuses(7700)) | amounts)
    found = fetched(bank, status(6, 116, loyaltyInfo=bonuses(7700, 7700)))
    assert found
    assert found.outcome is Outcome.DECLINED


@pytest.mark.parametrize("said", [{}, {"currency": None}, {"currency": ""}], ids=str)
@pytest.mark.parametrize("currency", ["RUB", "CNY"])
def test_an_order_paid_in_no_currency_was_paid_in_the_one_it_was_placed_in(
    bank: Bank, said: dict[str, Any], currency: str
) -> None:
    bank.answers(STATUS, {name: value for name, value in STATUS_PAID.items() if name != "currency"} | said)
    found = bank.gateway.fetch_payment(bank.credentials, replace(PLACED, amount=Money(19900, currency)))
    assert found
    assert (found.outcome, found.amount) == (Outcome.SUCCEEDED, Money(19900, currency))


@pytest.mark.parametrize(
    ("code", "currency"), [("643", "RUB"), (643, "RUB"), ("810", "RUB"), (810, "RUB"), (840, "USD")]
)
def test_a_currency_comes_as_its_number(bank: Bank, code: int | str, currency: str) -> None:
    found = fetched(bank, STATUS_PAID | {"currency": code})
    assert found
    assert found.amount.currency == currency


@pytest.mark.parametrize("moment", [None, 0, 10**17, "", "2023-01-31", True, {}, 1675169010957.5, "1675169010957"])
def test_a_moment_that_cannot_be_read_does_not_undo_a_payment(bank: Bank, moment: Any) -> None:
    found = fetched(bank, STATUS_PAID | {"depositedDate": moment})
    assert found
    assert found.outcome is Outcome.SUCCEEDED
    assert found.paid_at in (None, PAID.paid_at)


def test_a_checked_card_is_a_success_of_nothing(bank: Bank) -> None:
    word = STATUS_PAID | {"orderStatus": 3, "amount": 0, "paymentAmountInfo": {"paymentState": "REVERSED"}}
    bank.answers(STATUS, word, word | {"bindingInfo": None})
    nothing = replace(PLACED, amount=Money(0, "RUB"))
    found = bank.gateway.fetch_payment(bank.credentials, nothing)
    assert found
    assert (found.outcome, found.amount, found.stored_card) == (
        Outcome.SUCCEEDED,
        Money(0, "RUB"),
        StoredCard(BINDING, "220138******0047", "2025-12", "C_5"),
    )
    unsaved = bank.gateway.fetch_payment(bank.credentials, nothing)
    assert unsaved
    assert unsaved.outcome is Outcome.CANCELLED


BOUND = {"mdOrder": ORDER_ID, "subscriptionId": "c9403ef2f9254736a5af837238ce05b1", "memberId": 100000000111}


@pytest.mark.parametrize("attributes", [BOUND, [{"name": name, "value": value} for name, value in BOUND.items()]])
def test_a_bound_account_is_kept_with_its_bank(ecom: Bank, attributes: Any) -> None:
    ecom.answers(STATUS, STATUS_PAID | {"attributes": attributes, "bindingInfo": {}, "cardAuthInfo": {}})
    found = ecom.gateway.fetch_payment(ecom.credentials, replace(PLACED, payment_id=""))
    assert found
    assert (found.outcome, found.payment_id) == (Outcome.SUCCEEDED, ORDER_ID)
    assert found.stored_card == StoredCard(SUBSCRIPTION, "СБП 100000000111", method="sbp")


@pytest.mark.parametrize(
    "attributes",
    [
        None,
        {},
        [],
        "",
        5,
        True,
        ["mdOrder"],
        [None, [1]],
        {"mdOrder": None},
        {"mdOrder": {}},
        [{"name": [], "value": 1}],
    ],
    ids=str,
)
def test_attributes_of_another_shape_do_not_undo_a_payment(bank: Bank, attributes: Any) -> None:
    assert fetched(bank, STATUS_PAID | {"attributes": attributes}) == PAID


@pytest.mark.parametrize(
    ("masked", "mask"),
    [
        ("220138**0047", "220138******0047"),
        ("22013812****0047", "220138******0047"),
        ("220138XXXXXX0047", "220138******0047"),
        ("*0047", "******0047"),
        ("2201382000000047", ""),
        ("0047", ""),
    ],
)
def test_a_mask_shows_the_scheme_and_four_digits_and_is_never_a_number(bank: Bank, masked: str, mask: str) -> None:
    found = fetched(bank, STATUS_PAID | {"cardAuthInfo": {"maskedPan": masked}})
    assert found
    assert found.stored_card
    assert found.stored_card.mask == mask


def test_a_card_without_mask_and_month_is_kept_all_the_same(bank: Bank) -> None:
    found = fetched(bank, STATUS_PAID | {"cardAuthInfo": {"pan": "*", "expiration": "2025"}})
    assert found
    assert found.stored_card == StoredCard(BINDING, "", "", "C_5")


SBP, BINDINGS, CHARGING = "SBP", "bindings (saved cards)", "charging saved cards"
GET_QR = "sbp/c2b/qr/dynamic/get.do"
UNKNOWN = error(6, "Заказ не найден")


def checked(bank: Bank, *, bindings: Any = OK, qr: Any = UNKNOWN) -> tuple[list[str], list[str]]:
    """What a shop that is let in lacks, and what could not be found out."""
    bank.answers(STATUS, error(6))
    bank.answers("getBindings.do", bindings)
    if bank.flavour != "ecom":
        bank.answers(GET_QR, qr)
    found = bank.gateway.check(bank.credentials)
    return lacking(found), unchecked(found)


def test_a_check_asks_after_an_order_that_nobody_has(bank: Bank) -> None:
    questions = [STATUS, "getBindings.do", *([] if bank.flavour == "ecom" else [GET_QR])]
    bank.answers(STATUS, error(6, "Неверный номер заказа"), error(5, "Заказ не найден"), {"errorCode": "0"})
    for path in questions[1:]:
        bank.answers(path, OK)
    for _ in range(3):
        assert lacking(bank.gateway.check(bank.credentials)) == []
    assert bank.asked == [path.rsplit("/", 1)[-1] for path in questions] * 3
    for refused in (error(5, "Доступ запрещён"), error(5, "Неверный логин или пароль")):
        bank.answers(STATUS, refused)
        with pytest.raises(Misconfigured):
            bank.gateway.check(bank.credentials)
    for nothing in (error(7, "Системная ошибка"), {}, 404):
        bank.answers(STATUS, nothing)
        with pytest.raises(OutcomeUnknown):
            bank.gateway.check(bank.credentials)


@pytest.mark.parametrize("bindings", [OK, OK | {"bindings": []}, {"bindings": []}, error(2, "Информация не найдена")])
def test_a_check_cannot_find_out_who_charges_without_cvc_and_whether_sbp_is_there(bank: Bank, bindings: Any) -> None:
    assert checked(bank, bindings=bindings) == ([], [SBP, CHARGING])


@pytest.mark.parametrize("text", ["Операция запрещена", "Доступ запрещен", "Access denied"])
def test_a_check_says_that_bindings_are_not_allowed(bank: Bank, text: str) -> None:
    lacks, unknown = checked(bank, bindings=error(5, text))
    assert ["cards can be neither saved nor charged" in one for one in lacks] == [True]
    assert unknown == [SBP, CHARGING]


@pytest.mark.parametrize("answer", [error(7, "Системная ошибка"), 404, 429, b"", CUT], ids=str)
def test_a_check_that_hears_nothing_of_bindings_says_so(bank: Bank, answer: Any) -> None:
    assert checked(bank, bindings=answer) == ([], [BINDINGS, SBP, CHARGING])


@pytest.mark.parametrize("flavour", ["rbs", "yookassa"])
def test_a_check_says_that_sbp_is_not_allowed_and_asks_for_the_link_of_no_order(flavour: str) -> None:
    with bank_of(flavour) as bank:
        lacks, unknown = checked(bank, qr=error(5, "Операция запрещена"))
        assert (lacks, unknown) == (["the bank does not allow the shop SBP payments"], [CHARGING])
        assert bank.sent(2)["mdOrder"] == "00000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize("answer", [OK, error(6, "Заказ не найден"), error(7, "Системная ошибка"), 404, 429, CUT])
def test_any_other_word_on_the_link_of_sbp_proves_nothing(answer: Any) -> None:
    with bank_of("rbs") as bank:
        assert checked(bank, qr=answer) == ([], [SBP, CHARGING])


def test_a_check_says_that_notices_cannot_be_verified_and_refuses_a_key_that_is_none() -> None:
    with bank_of("rbs") as bank:
        bank.answers(STATUS, error(6))
        bank.answers("getBindings.do", error(2, "Информация не найдена"))
        bank.answers(GET_QR, UNKNOWN)
        [lack] = lacking(bank.gateway.check(credentials_of("rbs", callback_key="")))
        assert "signature" in lack
        with pytest.raises(Misconfigured, match="PEM"):
            bank.gateway.check(credentials_of("rbs", callback_public_key="canary-pem"))


def test_one_address_from_the_settings_stands_for_every_flavour() -> None:
    gateway = open_gateways({"sberbank": "http://127.0.0.1:1/sber/"}, lambda: 0.0)["sberbank"]
    for flavour, path in (
        ("rbs", "payment/rest/"),
        ("ecom", "ecomm/gw/partner/api/v1/"),
        ("yookassa", "payment/rest/"),
    ):
        with pytest.raises(NotSent, match=f"http://127.0.0.1:1/sber/{path}"):
            gateway.fetch_payment(credentials_of(flavour), PLACED)


def test_another_bank_or_a_test_stand_is_spoken_to_at_its_own_address() -> None:
    with bank_of("rbs") as bank:
        bank.answers(STATUS, STATUS_PAID, base="https://3dsec.sberbank.ru/payment/rest/")
        there = credentials_of("rbs", address="https://3dsec.sberbank.ru/")
        assert bank.gateway.fetch_payment(there, PLACED) == PAID
        assert len({there.account, bank.credentials.account, credentials_of("yookassa").account}) == 3
        with pytest.raises(Misconfigured):
            bank.gateway.fetch_payment(credentials_of("rbs", address="http://bank.example/"), PLACED)
