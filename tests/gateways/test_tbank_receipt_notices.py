"""T-Bank's notices of receipts: what is taken from them, and what is left alone."""

import json
from typing import Any

import pytest

from calculations.money import Money
from gateways import Http, Incoming, InvalidSignature, Notice, ReceiptNotice, Settlement
from gateways._tbank_requests import token
from gateways.tbank import TBank, TBankCredentials

CREDENTIALS = TBankCredentials(terminal_key="1321054611234DEMO", password="canary-password")
ITEM = {"Name": "Курс", "Price": 100_000, "Quantity": 1, "Amount": 100_000, "Tax": "vat22"}
# NotificationFiscalization of the acquirer's OpenAPI document
MADE: dict[str, Any] = {
    "TerminalKey": "1321054611234DEMO",
    "OrderId": "21050",
    "Success": True,
    "Status": "RECEIPT",
    "PaymentId": 13660,
    "ErrorCode": "0",
    "Amount": 100_000,
    "FiscalNumber": 7,
    "ShiftNumber": 2,
    "ReceiptDatetime": "2026-01-31T12:00:00+03:00",
    "FnNumber": "9999078900001341",
    "EcrRegNumber": "0000000004030187",
    "FiscalDocumentNumber": 141,
    "FiscalDocumentAttribute": 3_221_220_045,
    "Receipt": {"Items": [ITEM | {"PaymentMethod": "full_payment"}], "Taxation": "osn"},
    "Type": "Income",
    "Ofd": "OFD",
    "Url": "https://ofd.example/1",
}
NOT_MADE: dict[str, Any] = {
    **{name: MADE[name] for name in ("TerminalKey", "OrderId", "Status", "PaymentId", "Amount", "Receipt", "Type")},
    "Success": False,
    "ErrorCode": "311",
    "ErrorMessage": "Касса не ответила",
}
PLAIN = Notice(order_number="21050", payment_id="13660")


def read(fields: dict[str, Any], password: str = "canary-password") -> Notice:
    body = json.dumps({**fields, "Token": token(fields, password)}).encode()
    tbank = TBank(Http("https://acquirer.example/", lambda: 0.0))
    return tbank.read_webhook(CREDENTIALS, Incoming({}, body), lambda _number, _payment_id: None)


def test_a_receipt_that_was_made_is_told_with_its_fiscal_numbers() -> None:
    assert read(MADE) == ReceiptNotice(
        order_number="21050",
        payment_id="13660",
        status="done",
        returned=False,
        amount=Money(100_000, "RUB"),
        settlements=frozenset({Settlement.FULL_PAYMENT}),
        receipt_id="9999078900001341-141-3221220045",
        reason="",
    )


def test_a_receipt_that_was_not_made_is_told_with_the_tills_words() -> None:
    notice = read(NOT_MADE)
    assert isinstance(notice, ReceiptNotice)
    assert (notice.status, notice.reason, notice.receipt_id) == ("failed", "311: Касса не ответила", "")


def test_the_tills_words_are_left_out_where_they_repeat_the_password() -> None:
    notice = read(NOT_MADE | {"ErrorMessage": "wrong canary-password"})
    assert isinstance(notice, ReceiptNotice)
    assert notice.reason == "311"


def test_a_receipt_of_money_given_back_is_told_from_one_of_money_taken() -> None:
    notice = read(MADE | {"Type": "IncomeReturn"})
    assert isinstance(notice, ReceiptNotice)
    assert notice.returned


@pytest.mark.parametrize(
    "change",
    [
        {"Type": "Expense"},
        {"Type": None},
        {"Amount": None},
        {"Amount": "1.5"},
        {"ErrorCode": "311"},
        {"Success": "perhaps"},
    ],
    ids=str,
)
def test_a_notice_of_a_receipt_without_direction_sum_or_clear_outcome_speaks_of_its_order_only(
    change: dict[str, Any],
) -> None:
    assert read(MADE | change) == PLAIN


@pytest.mark.parametrize("name", ["FnNumber", "FiscalDocumentNumber", "FiscalDocumentAttribute"])
@pytest.mark.parametrize("value", [None, "", "<script>", [1]])
def test_a_receipt_has_no_number_where_one_part_of_it_cannot_be_read(name: str, value: Any) -> None:
    notice = read(MADE | {name: value})
    assert isinstance(notice, ReceiptNotice)
    assert (notice.status, notice.receipt_id) == ("done", "")


@pytest.mark.parametrize(
    "content",
    [
        None,
        "text",
        {},
        {"Items": None},
        {"Items": ["x"]},
        {"Items": [ITEM]},
        {"Items": [{"PaymentMethod": 1}]},
        {"Items": [{"PaymentMethod": "advance"}, {"PaymentMethod": "a word nobody knows"}]},
    ],
    ids=str,
)
def test_what_the_lines_are_for_is_not_guessed(content: Any) -> None:
    notice = read(MADE | {"Receipt": content})
    assert isinstance(notice, ReceiptNotice)
    assert notice.settlements == frozenset()


@pytest.mark.parametrize("name", [name for name in MADE if name != "Receipt"])
def test_a_value_of_the_root_that_was_changed_is_refused(name: str) -> None:
    signature = token(MADE, "canary-password")
    value = MADE[name]
    changed = not value if isinstance(value, bool) else f"{value}1"
    body = json.dumps({**MADE, name: changed, "Token": signature}).encode()
    with pytest.raises(InvalidSignature):
        TBank(Http("https://acquirer.example/", lambda: 0.0)).read_webhook(
            CREDENTIALS, Incoming({}, body), lambda _number, _payment_id: None
        )


def test_a_notice_of_a_receipt_that_somebody_else_signed_is_refused() -> None:
    with pytest.raises(InvalidSignature):
        read(MADE, password="another")
