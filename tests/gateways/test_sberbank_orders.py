"""Sberbank's pages, SBP, closing, refunds, cards and receipts, by canned replies of its documents."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from calculations.money import Money
from gateways import (
    Misconfigured,
    NotSent,
    Outcome,
    OutcomeUnknown,
    PageOrder,
    Receipt,
    ReceiptLine,
    ReceiptStatus,
    Refunded,
    RefundOrder,
    SentReceipt,
    Settlement,
    Started,
    StoredCard,
    Subject,
    TaxSystem,
    Trouble,
    Vat,
)
from tests.gateways.sberbank_replies import (
    BINDING,
    CUT,
    FLAVOURS,
    ORDER,
    ORDER_ID,
    PAGE,
    PAID_WELL,
    PAY,
    PLACED,
    RECEIPTS,
    REGISTER,
    REGISTERED,
    RUB,
    SENT_AT,
    STATUS,
    STATUS_PAID,
    SUBSCRIPTION,
    Bank,
    bank_of,
    credentials_of,
    error,
    given_back,
    status,
)

OK = {"errorCode": "0", "errorMessage": "Обработка запроса прошла без системных ошибок"}
QR = "https://qr.nspk.ru/AD10006MNS72CPM49QGO1NIUBH13VD8H?type=02&bank=100000000111&sum=19900&cur=RUB&crc=6CB3"
GET_QR = "sbp/c2b/qr/dynamic/get.do"
ON_PAGE = PageOrder(
    number="A-1",
    amount=RUB,
    description="Платёж 1 из 4",
    method="card",
    save_card=False,
    gateway_customer_id="C_5",
    return_url="https://our.example/pay/token",
    notice_url="https://our.example/webhooks/sberbank/k",
    valid_until=datetime(2026, 2, 1, 22, 30, tzinfo=UTC),
)
REFUND = RefundOrder("A-1", ORDER_ID, "A-1-R1", Money(5_000, "RUB"), Money(0, "RUB"), SENT_AT)
DONE = Refunded("A-1-R1", Outcome.SUCCEEDED, Money(5_000, "RUB"))
LINES = (
    ReceiptLine("Доставка", Money(9_900, "RUB"), Vat.VAT20, Settlement.FULL_PAYMENT, Subject.SERVICE),
    ReceiptLine("Аванс\n№ 1", Money(10_000, "RUB"), Vat.NONE, Settlement.ADVANCE, Subject.PAYMENT),
)
RECEIPT = Receipt(LINES, "client@example.com", "", TaxSystem.USN_INCOME)
COMPANY = {"company_email": "shop@example.com", "company_inn": "5027119066", "company_site": "https://shop.example"}


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


def test_money_on_hold_is_let_go(bank: Bank) -> None:
    bank.answers("reverse.do", OK)
    assert void(bank, status(1, 0), status(3, 0)) is Outcome.CANCELLED


@pytest.mark.parametrize("answer", [404, 500, CUT, b"<html></html>"], ids=str)
def test_a_closing_without_an_answer_is_unknown(bank: Bank, answer: Any) -> None:
    bank.answers("decline.do", answer)
    with pytest.raises(OutcomeUnknown):
        void(bank, status(0, -100))


def refund(bank: Bank, answer: Any, *words: Any, **more: Any) -> Refunded:
    bank.answers("refund.do", answer)
    bank.answers(STATUS, *words)
    return bank.gateway.refund(bank.credentials, replace(REFUND, **more))


def operation(code: int | None, number: str = "A-1-R1", amount: Any = 5000) -> dict[str, Any]:
    return {"type": "REFUND", "amount": amount, "actionCode": code, "externalRefundId": number}


def test_a_refund_is_done_when_the_total_given_back_has_grown_by_it(bank: Bank) -> None:
    assert refund(bank, OK, given_back(0), given_back(5000)) == DONE
    assert (bank.sent(1)["orderId"], int(bank.sent(1)["amount"])) == (ORDER_ID, 5000)


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
    with pytest.raises(OutcomeUnknown, match="700"):
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


def test_ecom_takes_the_receipt_with_the_order(ecom: Bank) -> None:
    ecom.credentials = credentials_of("ecom", **COMPANY, ffd_version="1.2")
    ecom.answers(REGISTER, REGISTERED)
    start(ecom, receipt=RECEIPT)
    sent = ecom.sent(0)
    bundle = sent["orderBundle"]
    assert sent["email"] == "client@example.com"
    assert (bundle["ffdVersion"], bundle["receiptType"], bundle["total"]) == ("1.2", "sell", 19900)
    assert bundle["payments"] == [{"type": 1, "sum": 19900}]
    assert bundle["company"] == {
        "email": "shop@example.com",
        "sno": "usn_income",
        "inn": "5027119066",
        "paymentAddress": "https://shop.example",
    }
    assert bundle["cartItems"]["items"] == [
        {
            "positionId": "1",
            "itemCode": "1",
            "name": "Доставка",
            "itemPrice": 9900,
            "itemAmount": 9900,
            "tax": {"taxType": 6},
            "quantity": {"value": 1, "measure": "0"},
            "paymentMethod": "full_payment",
            "paymentObject": "4",
        },
        {
            "positionId": "2",
            "itemCode": "2",
            "name": "Аванс № 1",
            "itemPrice": 10000,
            "itemAmount": 10000,
            "tax": {"taxType": 0},
            "quantity": {"value": 1, "measure": "0"},
            "paymentMethod": "advance",
            "paymentObject": "10",
        },
    ]


def test_the_older_format_names_things_in_words(ecom: Bank) -> None:
    ecom.credentials = credentials_of("ecom", **COMPANY)
    ecom.answers(REGISTER, REGISTERED)
    start(ecom, receipt=RECEIPT)
    items = ecom.sent(0)["orderBundle"]["cartItems"]["items"]
    assert [item["paymentObject"] for item in items] == ["service", "payment"]
    assert items[0]["quantity"] == {"value": 1}


def test_the_form_flavours_take_the_receipt_as_text(form: Bank) -> None:
    form.answers(REGISTER, REGISTERED)
    form.answers(PAY, PAID_WELL)
    form.answers(STATUS, STATUS_PAID)
    form.gateway.charge_saved_card(form.credentials, replace(ORDER, receipt=RECEIPT), form.place)
    sent = form.sent(0)
    bundle = json.loads(sent["orderBundle"])
    assert sent["taxSystem"] == "1"
    assert bundle["customerDetails"] == {"email": "client@example.com"}
    item = bundle["cartItems"]["items"][0]
    assert (item["quantity"], item["tax"]) == ({"value": 1, "measure": "шт"}, {"taxType": 6})
    assert item["itemAttributes"]["attributes"] == [
        {"name": "paymentMethod", "value": "4"},
        {"name": "paymentObject", "value": "4"},
    ]


@pytest.mark.parametrize("vat", Vat)
def test_every_rate_has_a_code_of_its_own_that_the_credentials_may_change(ecom: Bank, vat: Vat) -> None:
    receipt = replace(RECEIPT, lines=tuple(replace(line, vat=vat) for line in LINES))
    codes = []
    for changed in ("", f"{vat.value} = 77"):
        ecom.credentials = credentials_of("ecom", **COMPANY, tax_codes=changed)
        ecom.answers(REGISTER, REGISTERED)
        start(ecom, receipt=receipt)
        codes.append(ecom.sent(-1)["orderBundle"]["cartItems"]["items"][0]["tax"]["taxType"])
    assert codes[0] in range(14)
    assert codes[1] == 77


def test_a_receipt_of_a_shop_whose_company_is_not_known_stops_before_anything_is_sent(ecom: Bank) -> None:
    with pytest.raises(Misconfigured, match="company_inn"):
        start(ecom, receipt=RECEIPT)
    assert ecom.asked == []


def test_a_refund_takes_its_receipt_along(ecom: Bank) -> None:
    ecom.credentials = credentials_of("ecom", **COMPANY)
    refund(ecom, OK, given_back(0), given_back(5000), receipt=RECEIPT)
    assert ecom.sent(1)["orderBundle"]["receiptType"] == "sell_refund"


def test_a_closing_receipt_sets_off_what_was_paid(ecom: Bank) -> None:
    ecom.credentials = credentials_of("ecom", **COMPANY)
    ecom.answers("doReceipt", {"message": "Успешно", "orderId": ORDER_ID, "receiptId": "r-1"}, base=RECEIPTS)
    sent = ecom.gateway.send_receipt(ecom.credentials, PLACED, "A-1-C", replace(RECEIPT, offset=True))
    assert sent == SentReceipt("r-1", "pending")
    assert ecom.sent(0)["orderBundle"]["payments"] == [{"type": 2, "sum": 19900}]
    assert ecom.sent(0)["orderId"] == ORDER_ID


@pytest.mark.parametrize("answer", [500, CUT, b"<html></html>", {"message": "Успешно"}], ids=str)
def test_a_closing_receipt_without_an_answer_may_have_been_made(ecom: Bank, answer: Any) -> None:
    ecom.credentials = credentials_of("ecom", **COMPANY)
    ecom.answers("doReceipt", answer, base=RECEIPTS)
    with pytest.raises(OutcomeUnknown):
        ecom.gateway.send_receipt(ecom.credentials, PLACED, "A-1-C", RECEIPT)


@pytest.mark.parametrize("answer", [400, 404, 451])
def test_a_closing_receipt_the_bank_does_not_take_has_failed(ecom: Bank, answer: int) -> None:
    ecom.credentials = credentials_of("ecom", **COMPANY)
    ecom.answers("doReceipt", answer, base=RECEIPTS)
    assert ecom.gateway.send_receipt(ecom.credentials, PLACED, "A-1-C", RECEIPT) == SentReceipt("", "failed")


def receipts(*of: tuple[str, str, Any]) -> dict[str, Any]:
    listed = [{"receiptId": one, "operationType": kind, "receiptStatus": code} for one, kind, code in of]
    return {"orderId": ORDER_ID, "receipts": listed}


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (receipts(("r", "AUTHORIZATION", 3)), "done"),
        (receipts(("r", "AUTHORIZATION", "3")), "done"),
        (receipts(("q", "AUTHORIZATION", 4), ("r", "AUTHORIZATION", 3)), "done"),
        *[(receipts(("r", "AUTHORIZATION", code)), "pending") for code in (0, 1, 2)],
        *[(receipts(("r", "AUTHORIZATION", code)), "failed") for code in (4, 5, 6)],
        (receipts(("r", "REFUND", 3)), "none"),
        ({"receipts": None}, "none"),
        (404, "none"),
    ],
)
def test_the_receipt_of_a_payment_stands_as_the_bank_says(ecom: Bank, answer: Any, state: ReceiptStatus) -> None:
    ecom.answers("getReceiptStatus", answer, base=RECEIPTS)
    assert ecom.gateway.fetch_receipt(ecom.credentials, PLACED, "") == SentReceipt("", state)


def test_a_receipt_of_its_own_is_asked_for_by_its_id(ecom: Bank) -> None:
    ecom.answers("getReceiptStatus", receipts(("r-1", "REFUND", 3), ("r-2", "AUTHORIZATION", 4)), base=RECEIPTS)
    assert ecom.gateway.fetch_receipt(ecom.credentials, PLACED, "r-1") == SentReceipt("r-1", "done")
    assert ecom.sent(0)["receiptId"] == "r-1"


@pytest.mark.parametrize("answer", [400, 451, 500, b"<html></html>", []], ids=str)
def test_no_word_on_a_receipt_is_no_failure(ecom: Bank, answer: Any) -> None:
    ecom.answers("getReceiptStatus", answer, base=RECEIPTS)
    with pytest.raises(OutcomeUnknown):
        ecom.gateway.fetch_receipt(ecom.credentials, PLACED, "")


def test_the_form_flavours_neither_take_closing_receipts_nor_tell_of_any(form: Bank) -> None:
    assert form.gateway.send_receipt(form.credentials, PLACED, "A-1-C", RECEIPT).status == "failed"
    assert form.gateway.fetch_receipt(form.credentials, PLACED, "").status == "none"
    assert form.asked == []


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
