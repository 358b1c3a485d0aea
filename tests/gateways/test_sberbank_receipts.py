"""Receipts of Sberbank's orders, by canned replies of its documents."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from gateways import (
    Misconfigured,
    OutcomeUnknown,
    ReceiptStatus,
    Refunded,
    SentReceipt,
    Started,
    Vat,
)
from tests.gateways.sberbank_replies import (
    COMPANY,
    CUT,
    LINES,
    OK,
    ON_PAGE,
    ORDER,
    ORDER_ID,
    PAID_WELL,
    PAY,
    PLACED,
    RECEIPT,
    RECEIPTS,
    REFUND,
    REGISTER,
    REGISTERED,
    STATUS,
    STATUS_PAID,
    Bank,
    bank_of,
    credentials_of,
    given_back,
)


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


def refund(bank: Bank, answer: Any, *words: Any, **more: Any) -> Refunded:
    bank.answers("refund.do", answer)
    bank.answers(STATUS, *words)
    return bank.gateway.refund(bank.credentials, replace(REFUND, **more))


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


def test_a_thing_whose_name_the_bank_cannot_print_has_a_name_all_the_same(ecom: Bank) -> None:
    ecom.credentials = credentials_of("ecom", **COMPANY)
    ecom.answers(REGISTER, REGISTERED)
    start(ecom, receipt=replace(RECEIPT, lines=(replace(RECEIPT.lines[0], name="🎓 😀"),)))
    assert [item["name"] for item in ecom.sent(0)["orderBundle"]["cartItems"]["items"]] == ["Оплата"]


def test_the_older_format_names_things_in_words(ecom: Bank) -> None:
    ecom.credentials = credentials_of("ecom", **COMPANY)
    ecom.answers(REGISTER, REGISTERED)
    start(ecom, receipt=RECEIPT)
    items = ecom.sent(0)["orderBundle"]["cartItems"]["items"]
    assert [item["paymentObject"] for item in items] == ["service", "payment"]
    assert items[0]["quantity"] == {"value": 1, "measure": "шт"}


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
