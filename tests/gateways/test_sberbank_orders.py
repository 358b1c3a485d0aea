"""Sberbank's pages, SBP, closing of orders and forgetting of cards, by canned replies of its documents."""

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
    Started,
    StoredCard,
    Trouble,
)
from tests.gateways.sberbank_replies import (
    BINDING,
    CUT,
    FLAVOURS,
    OK,
    ON_PAGE,
    ORDER_ID,
    PAGE,
    PLACED,
    REFUND,
    REGISTER,
    REGISTERED,
    STATUS,
    STATUS_PAID,
    SUBSCRIPTION,
    Bank,
    bank_of,
    credentials_of,
    error,
    status,
)

QR = "https://qr.nspk.ru/AD10006MNS72CPM49QGO1NIUBH13VD8H?type=02&bank=100000000111&sum=19900&cur=RUB&crc=6CB3"
GET_QR = "sbp/c2b/qr/dynamic/get.do"


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


def start(bank: Bank, **more: Any) -> Started:
    return bank.gateway.start_payment(bank.credentials, replace(ON_PAGE, **more))


def test_a_page_is_an_order_with_its_end_in_the_banks_own_zone(bank: Bank) -> None:
    bank.answers(REGISTER, REGISTERED)
    assert start(bank) == Started(ORDER_ID, PAGE)
    sent = bank.sent(0)
    assert sent["orderNumber"] == "A-1"
    assert int(sent["amount"]) == 19900
    assert (sent["returnUrl"], sent["failUrl"]) == ("https://our.example/pay/token",) * 2
    assert sent["expirationDate"] == "2026-02-02T01:30:00"
    assert not {"clientId", "features"} & set(sent)
    assert ("dynamicCallbackUrl" in sent) is (bank.flavour != "ecom")


def test_a_card_is_saved_under_its_payers_name_and_only_when_that_was_agreed(bank: Bank) -> None:
    bank.answers(REGISTER, REGISTERED)
    start(bank, save_card=True)
    assert bank.sent(0)["clientId"] == "C_5"
    bank.answers(REGISTER, REGISTERED | {"externalParams": {"sbpPayload": QR}})
    if bank.flavour != "ecom":
        bank.answers(GET_QR, OK | {"payload": QR})
    start(bank, save_card=True, method="sbp")
    assert "clientId" not in bank.sent(1)


def test_an_order_of_nothing_only_checks_the_card(bank: Bank) -> None:
    bank.answers(REGISTER, REGISTERED)
    start(bank, save_card=True, amount=Money(0, "RUB"))
    assert bank.sent(0)["features"] == "VERIFY"


def test_ecom_gives_the_link_of_sbp_with_the_order(ecom: Bank) -> None:
    ecom.answers(
        REGISTER, REGISTERED | {"externalParams": {"sbpPayload": QR, "qrcId": "AD10006MNS72CPM49QGO1NIUBH13VD8H"}}
    )
    assert start(ecom, method="sbp") == Started(ORDER_ID, PAGE, QR)
    assert ecom.sent(0)["jsonParams"] == {"qrType": "DYNAMIC_QR_SBP", "sbp.scenario": "C2B"}


def test_ecom_binds_an_account_with_its_payment(ecom: Bank) -> None:
    ecom.answers(REGISTER, REGISTERED)
    start(ecom, method="sbp", save_card=True)
    assert ecom.sent(0)["jsonParams"] == {
        "qrType": "DYNAMIC_QR_SBP",
        "sbp.scenario": "C2B_SUBSCRIPTION_WITH_PAYMENT",
        "sbp.subscriptionPurpose": "Платёж 1 из 4",
    }


def test_the_form_flavours_give_the_link_of_sbp_in_a_second_answer(form: Bank) -> None:
    form.answers(REGISTER, REGISTERED)
    form.answers(GET_QR, {"errorCode": "0", "qrId": "AD1", "payload": QR, "qrStatus": "STARTED"})
    assert start(form, method="sbp") == Started(ORDER_ID, PAGE, QR)
    assert form.sent(1)["mdOrder"] == ORDER_ID


@pytest.mark.parametrize(
    "answer", [error(5, "Доступ запрещен"), OK, {"errorCode": "0", "payload": None}, 404, 500, CUT]
)
def test_without_a_link_of_sbp_the_page_stays(form: Bank, answer: Any) -> None:
    form.answers(REGISTER, REGISTERED)
    form.answers(GET_QR, answer)
    assert start(form, method="sbp") == Started(ORDER_ID, PAGE)


@pytest.mark.parametrize("external", [None, {}, {"sbpPayload": None}, {"sbolDeepLink": "sberpay://invoicing"}])
def test_an_ecom_order_without_a_link_of_sbp_keeps_its_page(ecom: Bank, external: Any) -> None:
    ecom.answers(REGISTER, REGISTERED | {"externalParams": external})
    assert start(ecom, method="sbp") == Started(ORDER_ID, PAGE)


def test_the_path_of_sbp_is_the_banks_own() -> None:
    with bank_of("rbs") as bank:
        bank.credentials = credentials_of("rbs", sbp_prefix="/sbp/c2b/qr/")
        bank.answers(REGISTER, REGISTERED)
        bank.answers("sbp/c2b/qr/get.do", OK | {"payload": QR})
        assert start(bank, method="sbp").qr_payload == QR


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (error(1, "Заказ с таким номером уже обработан"), OutcomeUnknown),
        (error(4, "В запросе не передан обязательный параметр"), NotSent),
        (error(5, "Доступ запрещен"), Misconfigured),
        (error(7, "System error"), OutcomeUnknown),
        ({"errorCode": "0", "orderId": ORDER_ID}, OutcomeUnknown),
        ({"errorCode": "0", "orderId": ORDER_ID, "formUrl": "javascript:alert(1)"}, OutcomeUnknown),
        (b"<html></html>", OutcomeUnknown),
        (429, NotSent),
        (503, OutcomeUnknown),
        (CUT, OutcomeUnknown),
    ],
    ids=str,
)
def test_a_page_that_was_not_had_says_what_to_do_next(bank: Bank, answer: Any, trouble: type[Trouble]) -> None:
    bank.answers(REGISTER, answer)
    with pytest.raises(trouble):
        start(bank)


def void(bank: Bank, *words: Any) -> Outcome:
    bank.answers(STATUS, *words)
    return bank.gateway.void(bank.credentials, PLACED).outcome


@pytest.mark.parametrize("after", [status(6, -2007), status(6, -100), status(6, 0), status(6, None), status(3, 0)])
def test_an_order_nobody_pays_is_closed_for_good(bank: Bank, after: Any) -> None:
    bank.answers("decline.do", OK)
    assert void(bank, status(0, -100), after) is Outcome.CANCELLED
    assert bank.sent(1)["orderId"] == ORDER_ID


@pytest.mark.parametrize(
    ("word", "outcome"), [(STATUS_PAID, "succeeded"), (status(6, 116), "declined"), (status(3, 0), "cancelled")]
)
def test_what_has_ended_is_not_closed_again(bank: Bank, word: Any, outcome: str) -> None:
    assert void(bank, word) == outcome
    assert bank.asked == [STATUS]


@pytest.mark.parametrize("word", [STATUS_PAID, status(6, 116), status(0, -100), status(5, 0)])
def test_the_word_after_closing_counts_and_not_the_answer_to_it(bank: Bank, word: Any) -> None:
    bank.answers("decline.do", error(5, "Неверный статус заказа"))
    expected = {2: Outcome.SUCCEEDED, 6: Outcome.DECLINED, 0: Outcome.REGISTERED, 5: Outcome.PENDING}
    assert void(bank, status(0, -100), word) is expected[word["orderStatus"]]


@pytest.mark.parametrize("after", [status(3, 116), status(3, 0), status(6, -2006)])
def test_an_order_closed_after_a_refusal_stays_refused_for_its_reason(bank: Bank, after: Any) -> None:
    bank.answers("decline.do", OK)
    bank.answers(STATUS, status(0, 116), after)
    payment = bank.gateway.void(bank.credentials, PLACED)
    assert (payment.outcome, payment.decline_code) == (Outcome.DECLINED, "116")


def test_a_refusal_is_seen_also_once_its_order_is_closed(bank: Bank) -> None:
    bank.answers(STATUS, status(3, 116))
    payment = bank.gateway.fetch_payment(bank.credentials, PLACED)
    assert payment is not None
    assert (payment.outcome, payment.decline_code) == (Outcome.DECLINED, "116")


def test_money_on_hold_is_let_go(bank: Bank) -> None:
    bank.answers("reverse.do", OK)
    assert void(bank, status(1, 0), status(3, 0)) is Outcome.CANCELLED


@pytest.mark.parametrize("answer", [404, 500, CUT, b"<html></html>"], ids=str)
def test_a_closing_without_an_answer_is_unknown(bank: Bank, answer: Any) -> None:
    bank.answers("decline.do", answer)
    with pytest.raises(OutcomeUnknown):
        void(bank, status(0, -100))


@pytest.mark.parametrize(
    "answer",
    [OK, {"errorCode": 0}, error(2, "Связка неактивна"), error(1, "Связка не найдена"), error(7, "Binding not found")],
)
def test_a_card_is_forgotten_also_when_the_bank_has_forgotten_it(bank: Bank, answer: Any) -> None:
    verb = "unbindCard.do" if bank.flavour == "ecom" else "unBindCard.do"
    bank.answers(verb, answer)
    bank.gateway.forget_card(bank.credentials, StoredCard(BINDING, "**** 0047"))
    assert bank.sent(0)["bindingId"] == BINDING


@pytest.mark.parametrize("answer", [error(7, "Системная ошибка"), error(5, "Ошибка"), 500, b"<html></html>"], ids=str)
def test_a_card_may_still_be_bound_when_the_bank_does_not_say(bank: Bank, answer: Any) -> None:
    bank.answers("unbindCard.do" if bank.flavour == "ecom" else "unBindCard.do", answer)
    with pytest.raises(OutcomeUnknown):
        bank.gateway.forget_card(bank.credentials, StoredCard(BINDING, "**** 0047"))


def test_a_bound_account_is_forgotten_without_asking(bank: Bank) -> None:
    bank.gateway.forget_card(bank.credentials, StoredCard(SUBSCRIPTION, "СБП 100000000111"))
    assert bank.asked == []


@pytest.mark.parametrize("answer", [error(77, "canary-password canary-token"), b"canary-password", 500], ids=str)
def test_no_text_of_an_error_holds_a_secret_or_what_the_bank_echoed(bank: Bank, answer: Any) -> None:
    unbind = "unbindCard.do" if bank.flavour == "ecom" else "unBindCard.do"
    for verb in (REGISTER, unbind):
        bank.answers(verb, answer)
    bank.answers(STATUS, STATUS_PAID, answer)
    bank.answers("refund.do", answer)
    troubles = []
    for call in (
        lambda: start(bank),
        lambda: bank.gateway.refund(bank.credentials, REFUND),
        lambda: bank.gateway.fetch_refund(bank.credentials, REFUND),
        lambda: bank.gateway.void(bank.credentials, PLACED),
        lambda: bank.gateway.forget_card(bank.credentials, StoredCard("canary-token", "**** 0047")),
    ):
        with pytest.raises(Trouble) as caught:
            call()
        troubles.append(caught.value)
    assert "canary" not in repr(troubles)
