"""Sberbank's saved cards, by canned replies of its documents."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from calculations.money import Money
from gateways import (
    DECLINES,
    Misconfigured,
    NotSent,
    Outcome,
    OutcomeUnknown,
    Payment,
    Reason,
    Trouble,
    open_gateways,
)
from gateways._sberbank_codes import CLOSED_UNPAID, IN_PROGRESS, SHOP_CODES
from gateways.sberbank import Sberbank
from tests.gateways.answering import answering, reply
from tests.gateways.sberbank_replies import (
    BINDING,
    CUT,
    FLAVOURS,
    ON_PAGE,
    ORDER,
    ORDER_ID,
    PAID,
    PAID_WELL,
    PAY,
    PLACED,
    REGISTER,
    REGISTERED,
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

# every actionCode of specification 1.0.7 and of the tables that RBS banks publish
CODES = """
    -5031 -3101 -3100 -2020 -2019 -2018 -2017 -2016 -2015 -2013 -2011 -2010 -2007 -2006 -2005 -100 -99 1 5 7 12 13 14 15
    31 41 43 53 61 62 65 75 76 81 82 93 94 96 101 103 104 106 107 109 110 111 116 118 120 125 239 258 902 904 909 910
    913 914 999 1001 1004 1014 1015 1018 1019 2002 2003 2004 2005 2007 2009 2014 2016
"""
HARD = {7, 41, 43, 14, 111, 125, 53, 101, 93, 239, -3100, -3101, -5031}
TECHNICAL = {31, 103, 910, 96, 909, 1018, -2018, 904, 913, 15}


@pytest.fixture(params=FLAVOURS)
def bank(request: pytest.FixtureRequest) -> Iterator[Bank]:
    with bank_of(request.param) as bank:
        yield bank


@pytest.fixture
def ecom() -> Iterator[Bank]:
    with bank_of("ecom") as bank:
        yield bank


def charge(bank: Bank, **more: Any) -> Payment:
    return bank.gateway.charge_saved_card(bank.credentials, replace(ORDER, **more), bank.place)


def placed_and(bank: Bank, paying: Any, *words: Any) -> None:
    bank.answers(REGISTER, REGISTERED)
    bank.answers(PAY, paying)
    bank.answers(STATUS, *words)


def fetched(bank: Bank, word: Any) -> Payment | None:
    bank.answers(STATUS, word)
    return bank.gateway.fetch_payment(bank.credentials, PLACED)


def test_a_charge_is_placed_written_down_paid_and_read(bank: Bank) -> None:
    placed_and(bank, PAID_WELL, STATUS_PAID)
    assert charge(bank) == PAID
    assert bank.asked == [REGISTER, PAY, STATUS]
    assert bank.placed == [(ORDER_ID, [REGISTER])]
    pay = {"mdOrder": ORDER_ID, "bindingId": BINDING, "ip": "127.0.0.1", "email": "client@example.com"}
    assert bank.sent(1) == {"userName": "shop-api", "password": "canary-password", **pay}
    assert bank.sent(2) == {"userName": "shop-api", "password": "canary-password", "orderId": ORDER_ID}


def test_an_order_names_the_payer_of_the_card_and_asks_for_no_confirmation(ecom: Bank) -> None:
    placed_and(ecom, PAID_WELL, STATUS_PAID)
    charge(ecom, notice_url="https://our.example/webhooks/sberbank/k")
    assert ecom.sent(0) == {
        "userName": "shop-api",
        "password": "canary-password",
        "orderNumber": "A-1",
        "amount": 19900,
        "currency": "643",
        "returnUrl": "https://ecommerce.sberbank.ru/",
        "description": "Платёж 1 из 4",
        "clientId": "C_5",
        "features": "AUTO_PAYMENT",
        "email": "client@example.com",
    }


def test_the_form_flavours_are_told_where_to_send_notices_of_the_order() -> None:
    with bank_of("rbs") as bank:
        placed_and(bank, PAID_WELL, STATUS_PAID)
        charge(bank, notice_url="https://our.example/webhooks/sberbank/k", description="100 % + доставка\n")
        sent = bank.sent(0)
        assert sent["dynamicCallbackUrl"] == "https://our.example/webhooks/sberbank/k"
        assert (sent["amount"], sent["currency"], sent["features"]) == ("19900", "643", "AUTO_PAYMENT")
        assert not set(sent["description"]) & set("%+\r\n")


def test_the_payer_is_who_the_card_was_saved_under_or_else_the_client_of_the_portal(bank: Bank) -> None:
    for kept_under, payer in (("portal-C_5", "portal-C_5"), ("", "C_5")):
        placed_and(bank, PAID_WELL, STATUS_PAID)
        charge(bank, gateway_customer_id=kept_under)
        assert bank.sent(-3)["clientId"] == payer


@pytest.mark.parametrize("email", ["", "клиент@пример.рф", f"{'c' * 117}@example.com"])
def test_an_e_mail_the_bank_cannot_read_is_left_out_of_the_order_and_of_its_payment(bank: Bank, email: str) -> None:
    placed_and(bank, PAID_WELL, STATUS_PAID)
    charge(bank, receipt_email=email)
    assert ("email" in bank.sent(0), "email" in bank.sent(1)) == (False, False)


def test_ecom_is_given_a_key_for_each_request_of_an_order_and_none_for_a_question(ecom: Bank) -> None:
    placed_and(ecom, PAID_WELL, STATUS_PAID)
    charge(ecom)
    assert [ecom.header(place, "x-idempotencyKey") for place in range(3)] == ["A-1", "A-1-pay", ""]


def test_a_word_of_warning_in_an_answer_that_went_well_changes_nothing(bank: Bank) -> None:
    warned = {"errorMessage": "Срок действия пароля истекает"}
    bank.answers(REGISTER, REGISTERED | warned)
    bank.answers(PAY, PAID_WELL | warned)
    bank.answers(STATUS, STATUS_PAID | warned)
    assert charge(bank) == PAID


def test_an_order_that_was_placed_before_is_only_paid(bank: Bank) -> None:
    bank.answers(PAY, PAID_WELL)
    bank.answers(STATUS, STATUS_PAID)
    assert charge(bank, payment_id=ORDER_ID) == PAID
    assert bank.placed == []


@pytest.mark.parametrize("more", [{}, REGISTERED])
@pytest.mark.parametrize("code", [1, "1"])
def test_a_number_the_bank_knows_already_is_asked_about_and_never_paid(
    bank: Bank, code: int | str, more: dict[str, Any]
) -> None:
    bank.answers(REGISTER, more | error(code, "Заказ с таким номером уже обработан"))
    with pytest.raises(OutcomeUnknown, match="A-1: the acquirer knows this number"):
        charge(bank)
    assert (bank.asked, bank.placed) == ([REGISTER], [])


def test_an_order_taken_for_a_missing_one_by_mistake_is_asked_about_again_and_never_paid_twice(bank: Bank) -> None:
    unheard = replace(PLACED, payment_id="")
    bank.answers(STATUS, error(5, "Error, value of the request parameter"), STATUS_PAID)
    bank.answers(REGISTER, error(1, "Заказ с таким номером уже обработан"))
    assert bank.gateway.fetch_payment(bank.credentials, unheard) is None
    for send_again in (charge, lambda one: one.gateway.start_payment(one.credentials, ON_PAGE)):
        with pytest.raises(OutcomeUnknown, match="knows this number"):
            send_again(bank)
    assert bank.gateway.fetch_payment(bank.credentials, unheard) == PAID
    assert (bank.asked, bank.placed) == ([STATUS, REGISTER, REGISTER, STATUS], [])


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (3, "Не найдена валюта с кодом:"),
        (4, "В запросе не передан обязательный параметр"),
        ("5", "Error, value of the request parameter"),
        (5, "Ошибка валидации данных запроса"),
        (5, "Неверная сумма"),
        (5, "Неверно указано значение одного из параметров"),
        (8, "Сумма товарных позиций в Корзине не совпадает с общей суммой заказа"),
        (9, "Ошибка валидации данных"),
    ],
)
def test_data_the_bank_does_not_accept_are_a_decline_without_an_order(bank: Bank, code: int | str, text: str) -> None:
    bank.answers(REGISTER, error(code, text))
    payment = charge(bank)
    assert (payment.outcome, payment.decline_code) == (Outcome.DECLINED, f"errorCode {code}")
    assert Sberbank.declines[payment.decline_code] is Reason.REQUEST_NOT_ACCEPTED
    assert bank.placed == []


def test_a_currency_the_bank_has_no_number_for_is_declined_before_anything_is_sent(bank: Bank) -> None:
    assert charge(bank, amount=Money(100, "JPY")).decline_code == "errorCode 3"
    assert bank.asked == []


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (5, "Доступ запрещен"),
        (5, "Доступ запрещён."),
        (5, "Access denied"),
        (5, "Мерчант не найден в системе"),
        (5, "Терминал не найден в системе"),
        (5, "Пользователь должен сменить свой пароль"),
        (4, "Username не соответствует значению при регистрации заказа"),
        (5, "Пользователь отключён"),
        (13, "Мерчант не имеет привилегии выполнять AUTO_PAYMENT"),
        (14, "Features указаны некорректно"),
    ],
)
def test_a_shop_that_is_not_let_in_is_for_a_person(bank: Bank, code: int, text: str) -> None:
    bank.answers(REGISTER, error(code, text))
    with pytest.raises(Misconfigured, match=f"errorCode {code}"):
        charge(bank)
    bank.answers(STATUS, error(code, text))
    with pytest.raises(Misconfigured):
        bank.gateway.fetch_payment(bank.credentials, PLACED)


@pytest.mark.parametrize(
    "answer",
    [
        error(7, "Системная ошибка"),
        error(5, "Невозможно оплатить заказ - заблокирован другим действием"),
        error(5, "Ошибка при выполнении запроса"),
        error(77),
        {},
        {"errorCode": "0"},
        {"errorCode": "0", "formUrl": "https://x.example"},
        {"errorCode": None},
        {"errorCode": "zero", "orderId": ORDER_ID},
        {"errorCode": 0.5, "orderId": ORDER_ID},
        *UNREADABLE,
    ],
    ids=str,
)
def test_an_answer_to_the_placing_that_is_not_understood_leaves_it_unknown(bank: Bank, answer: Any) -> None:
    bank.answers(REGISTER, answer)
    with pytest.raises(OutcomeUnknown):
        charge(bank)
    assert (bank.asked, bank.placed) == ([REGISTER], [])


@pytest.mark.parametrize("answer", UNREADABLE, ids=str)
def test_a_paying_request_without_a_usable_answer_is_unknown_and_not_repeated(bank: Bank, answer: Any) -> None:
    bank.answers(REGISTER, REGISTERED)
    bank.answers(PAY, answer)
    with pytest.raises(OutcomeUnknown):
        charge(bank)
    assert bank.asked == [REGISTER, PAY]
    assert bank.placed == [(ORDER_ID, [REGISTER])]


def test_too_many_requests_are_not_sent_before_the_paying_and_unknown_after_it(bank: Bank) -> None:
    bank.answers(REGISTER, 429)
    with pytest.raises(NotSent):
        charge(bank)
    bank.answers(PAY, 429)
    with pytest.raises(NotSent):
        charge(bank, payment_id=ORDER_ID)


@pytest.mark.parametrize(
    "word", [429, error(5, "Доступ запрещен"), error(6), {"errorCode": "0"}, {}, *UNREADABLE], ids=str
)
def test_money_on_its_way_stays_unknown_whatever_keeps_its_status_from_us(bank: Bank, word: Any) -> None:
    placed_and(bank, PAID_WELL, word)
    with pytest.raises(OutcomeUnknown):
        charge(bank)


@pytest.mark.parametrize("paying", [PAID_WELL, error(7, "Системная ошибка"), error(5, "Доступ запрещен"), error(2), {}])
def test_a_paid_order_is_paid_whatever_the_paying_request_said(bank: Bank, paying: Any) -> None:
    placed_and(bank, paying, STATUS_PAID)
    assert charge(bank) == PAID


@pytest.mark.parametrize("key", ["acsUrl", "paReq", "cReq", "threeDSMethodURL", "threeDSMethodUrl", "formUrl"])
@pytest.mark.parametrize("word", [status(0, -100), status(5, -100)])
def test_a_bank_that_wants_its_client_gets_no_client(bank: Bank, key: str, word: Any) -> None:
    placed_and(bank, PAID_WELL | {key: "https://acs.example/creq"}, word)
    payment = charge(bank)
    assert (payment.outcome, payment.action_url) == (Outcome.ACTION_REQUIRED, "")
    assert DECLINES[Sberbank.declines[payment.decline_code]].kind == "needs_client"


def test_an_order_at_the_banks_own_page_wants_its_client_also_when_the_answer_did_not_say_so(bank: Bank) -> None:
    placed_and(bank, PAID_WELL, status(5, 0))
    assert charge(bank).outcome is Outcome.ACTION_REQUIRED


def test_the_gateways_refusal_by_default_is_no_reason_to_close_the_order(bank: Bank) -> None:
    placed_and(bank, PAID_WELL, status(0, 1014))
    assert charge(bank).outcome is Outcome.PENDING
    assert bank.asked == [REGISTER, PAY, STATUS]


def test_a_processed_order_whose_status_has_not_moved_yet_is_pending_and_not_free_to_be_paid_again(bank: Bank) -> None:
    placed_and(bank, PAID_WELL, status(0, -100))
    assert charge(bank).outcome is Outcome.PENDING


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (error(2, "Связка неактивна"), Reason.CARD_NOT_KNOWN),
        (error("2", "Связка не найдена"), Reason.CARD_NOT_KNOWN),
        (error(1, "Заказ не может быть оплачен данной связкой"), Reason.CARD_NOT_KNOWN),
        (error(7, "Binding not found"), Reason.CARD_NOT_KNOWN),
        (error(15, "Связка деактивирована клиентом"), Reason.CONSENT_REVOKED),
        (error("5", "Error, value of the request parameter"), Reason.REQUEST_NOT_ACCEPTED),
        (error(4, "В запросе не передан обязательный параметр"), Reason.REQUEST_NOT_ACCEPTED),
    ],
)
def test_a_card_the_bank_does_not_let_pay_is_declined_when_nothing_began(
    bank: Bank, answer: Any, reason: Reason
) -> None:
    placed_and(bank, answer, status(0, -100, "Не было попыток оплаты"))
    payment = charge(bank)
    assert payment.outcome is Outcome.DECLINED
    assert Sberbank.declines[payment.decline_code] is reason


@pytest.mark.parametrize("text", ["Доступ запрещен", "Операция запрещена"])
def test_a_shop_that_may_not_charge_saved_cards_is_for_a_person(bank: Bank, text: str) -> None:
    placed_and(bank, error(5, text), status(0, -100))
    with pytest.raises(Misconfigured, match="AUTO_PAYMENT"):
        charge(bank)


def test_a_cvc_that_is_demanded_of_a_saved_card_is_a_missing_permission(bank: Bank) -> None:
    text = "Необходимо указать CVC2/CVV2, поскольку у мерчанта нет разрешения на проведение оплаты без CVC"
    placed_and(bank, error(1, text), status(0, -100))
    with pytest.raises(Misconfigured):
        charge(bank)


@pytest.mark.parametrize(
    "answer",
    [error(7, "Системная ошибка"), error(5, "заблокирован другим действием"), error(1, "Неверный язык"), error(77)],
)
def test_an_error_that_does_not_say_what_happened_leaves_an_unmoved_order_unknown(bank: Bank, answer: Any) -> None:
    placed_and(bank, answer, status(0, -100))
    with pytest.raises(OutcomeUnknown):
        charge(bank)


@pytest.mark.parametrize("code", [int(code) for code in CODES.split()])
def test_every_code_of_a_declined_order_is_a_decline_a_wait_a_closed_order_or_a_persons_task(
    ecom: Bank, code: int
) -> None:
    word = status(6, code, "Операция отклонена")
    found = fetched(ecom, word)
    assert found
    placed_and(ecom, PAID_WELL, word)
    if code in IN_PROGRESS:
        assert {found.outcome, charge(ecom).outcome} == {Outcome.PENDING}
    elif code in CLOSED_UNPAID:
        assert {found.outcome, charge(ecom).outcome} == {Outcome.CANCELLED}
    elif code in SHOP_CODES:
        with pytest.raises(Misconfigured, match=f"actionCode {code}"):
            charge(ecom)
        assert Sberbank.declines[found.decline_code] is Reason.SHOP_NOT_PERMITTED
    elif code == 1014:
        assert (charge(ecom).outcome, found.outcome) == (Outcome.PENDING, Outcome.DECLINED)
    else:
        assert charge(ecom) == found
        assert (found.outcome, found.decline_code, found.decline_text) == (
            Outcome.DECLINED,
            str(code),
            "Операция отклонена",
        )
        assert str(code) in Sberbank.declines


@pytest.mark.parametrize("code", sorted(HARD))
def test_a_card_the_bank_tells_to_drop_is_never_tried_again(code: int) -> None:
    assert DECLINES[Sberbank.declines[str(code)]].kind == "hard"


@pytest.mark.parametrize("code", sorted(TECHNICAL))
def test_an_issuer_that_cannot_be_asked_is_asked_again_within_the_day(code: int) -> None:
    assert DECLINES[Sberbank.declines[str(code)]].kind == "technical"


def test_every_code_with_a_row_is_one_the_bank_has() -> None:
    named = {code for code in Sberbank.declines if code.lstrip("-").isdigit()}
    assert named <= set(CODES.split())


def test_a_refusal_by_a_code_nobody_knows_is_a_soft_decline(bank: Bank) -> None:
    found = fetched(bank, status(6, 4242))
    assert found
    assert (found.outcome, found.decline_code) == (Outcome.DECLINED, "4242")
    assert DECLINES[bank.gateway.reason_of("4242")].kind == "soft"


def test_a_refused_try_that_leaves_the_order_open_is_final_once_the_order_is_closed(bank: Bank) -> None:
    placed_and(bank, PAID_WELL, status(0, 116, "Недостаточно средств"), status(6, -2007))
    bank.answers("decline.do", {"errorCode": "0"})
    payment = charge(bank)
    assert (payment.outcome, payment.decline_code, payment.decline_text) == (
        Outcome.DECLINED,
        "116",
        "Недостаточно средств",
    )
    assert bank.asked == [REGISTER, PAY, STATUS, "decline.do", STATUS]


def test_a_refused_try_by_a_code_nobody_knows_is_final_once_the_order_is_closed(bank: Bank) -> None:
    placed_and(bank, PAID_WELL, status(0, 4242), status(3, 4242))
    bank.answers("decline.do", {"errorCode": "0"})
    payment = charge(bank)
    assert (payment.outcome, payment.decline_code) == (Outcome.DECLINED, "4242")


@pytest.mark.parametrize(
    ("closing", "word", "outcome"),
    [
        (error(5, "Неверный статус заказа"), status(0, 116), Outcome.PENDING),
        (error(5, "Неверный статус заказа"), STATUS_PAID, Outcome.SUCCEEDED),
        (500, None, Outcome.PENDING),
        ({"errorCode": "0"}, 502, Outcome.PENDING),
    ],
)
def test_a_refused_try_whose_order_does_not_close_is_not_a_decline_yet(
    bank: Bank, closing: Any, word: Any, outcome: Outcome
) -> None:
    placed_and(bank, PAID_WELL, status(0, 116), *([word] if word else []))
    bank.answers("decline.do", closing)
    assert charge(bank).outcome is outcome


def test_a_bound_account_is_charged_by_its_subscription(ecom: Bank) -> None:
    ecom.answers(REGISTER, REGISTERED)
    ecom.answers("paymentOrderBySubscription", {"errorCode": "0"})
    ecom.answers(STATUS, status(0, -99, "Операция в обработке"))
    assert charge(ecom, token=SUBSCRIPTION).outcome is Outcome.PENDING
    registered = ecom.sent(0)
    assert registered["jsonParams"] == {"qrType": "DYNAMIC_QR_SBP", "sbp.scenario": "C2B"}
    assert not {"features", "clientId"} & set(registered)
    assert registered["description"]
    assert ecom.sent(1) | {"userName": "", "password": ""} == {
        "userName": "",
        "password": "",
        "orderId": ORDER_ID,
        "subscriptionId": "c9403ef2f9254736a5af837238ce05b1",
        "memberId": "100000000111",
    }


@pytest.mark.parametrize("echo", ["canary-password", "canary-binding"])
@pytest.mark.parametrize("refused", [6, 0])
def test_no_words_of_a_refusal_repeat_a_secret(bank: Bank, echo: str, refused: int) -> None:
    word = status(refused, 116, f"Отказано: {echo}", bindingInfo={"bindingId": "canary-binding"})
    unbound = word | {"bindingInfo": None}
    if refused:
        placed_and(bank, PAID_WELL, unbound)
    else:
        placed_and(bank, PAID_WELL, unbound, status(3, 116, echo))
        bank.answers("decline.do", {"errorCode": "0"})
    charged = charge(bank, token="canary-binding")
    assert (charged.outcome, charged.decline_code, charged.decline_text) == (Outcome.DECLINED, "116", "")
    found = fetched(bank, word | {"orderStatus": 6})
    assert found
    assert (found.decline_code, found.decline_text) == ("116", "")


ECHO = error(5, "Доступ запрещен canary-password canary-binding")


@pytest.mark.parametrize(
    "answer", [ECHO, ECHO | {"errorCode": 77}, b"canary-password canary-binding", 500, 429, CUT], ids=str
)
def test_no_text_of_an_error_holds_a_secret_or_what_the_bank_echoed(bank: Bank, answer: Any) -> None:
    order = replace(ORDER, token="canary-binding")
    bank.answers(REGISTER, answer)
    with pytest.raises(Trouble) as placing:
        bank.gateway.charge_saved_card(bank.credentials, order, bank.place)
    bank.answers(REGISTER, REGISTERED)
    bank.answers(PAY, answer)
    if isinstance(answer, dict):
        bank.answers(STATUS, answer)
    with pytest.raises(Trouble) as paying:
        bank.gateway.charge_saved_card(bank.credentials, order, bank.place)
    bank.answers(STATUS, answer)
    with pytest.raises(Trouble) as asking:
        bank.gateway.fetch_payment(bank.credentials, PLACED)
    shown = f"{placing.value!r} {paying.value!r} {asking.value!r} {bank.credentials!r} {order!r} {bank.gateway!r}"
    assert "canary" not in shown


@pytest.mark.parametrize(
    ("flavour", "path", "body"),
    [
        ("rbs", "/payment/rest/", b"userName=shop-api&password=canary-password&mdOrder=" + ORDER_ID.encode()),
        ("ecom", "/ecomm/gw/partner/api/v1/", b'{"userName": "shop-api", "password": "canary-password", "mdOrder": "'),
    ],
)
def test_a_connection_cut_while_money_is_taken_is_unknown_over_a_real_wire(
    flavour: str, path: str, body: bytes
) -> None:
    told: list[str] = []
    with answering(reply("200 OK", json.dumps(REGISTERED)), b"") as bank:
        gateway = open_gateways({"sberbank": bank.address}, lambda: 0.0)["sberbank"]
        with pytest.raises(OutcomeUnknown):
            gateway.charge_saved_card(credentials_of(flavour), ORDER, told.append)
    placing, paying = bank.requests
    assert told == [ORDER_ID]
    assert placing.startswith(f"POST {path}register.do HTTP/1.1".encode())
    assert paying.startswith(f"POST {path}paymentOrderBinding.do HTTP/1.1".encode())
    assert body in paying
