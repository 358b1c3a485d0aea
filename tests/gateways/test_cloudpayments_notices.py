"""CloudPayments' notices: both signatures by values of another program, what a notice tells, and answers to Check."""

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from typing import Any
from urllib.parse import quote_plus, unquote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateways import (
    Awaited,
    AwaitedOrder,
    Incoming,
    InvalidSignature,
    Notice,
    ReceiptNotice,
    Settlement,
    StoredCard,
)
from tests.gateways.cloudpayments_replies import CREDENTIALS, RUB, gateway

# made by `openssl dgst -sha256 -hmac canary_api_secret -binary | base64` of the text as it is here, and of the same
# text decoded, spaces for `+` or not
BODY = (
    b"TransactionId=897728064&Amount=25000.00&Currency=RUB&DateTime=2026-01-31+12%3A00%3A05&CardFirstSix=424242"
    b"&CardLastFour=4242&CardType=Visa&CardExpDate=12%2F28&TestMode=0&Status=Completed&OperationType=Payment"
    b"&GatewayName=Test&InvoiceId=A-1&AccountId=p1-C_5&Name=&Email=client%40example.com"
    b"&Description=%D0%9F%D0%BB%D0%B0%D1%82%D1%91%D0%B6+1+%D0%B8%D0%B7+4&Token=tk_canary9000&TotalFee=0.00"
    b"&CardProduct=F&PaymentMethod="
)
OF_BODY = "lQMKxLOlWcBhPiRNBMlnztSA0CXnwemeU53g0pJWNVw="
OF_DECODED = "6/p7uxaLsyZ/E5Z7ey74tdzbi01dEWSf3CBFdTEmllY="
OF_DECODED_WITH_PLUS = "VnitcYnXGpJUtSuvYOChojrIJlSftIzn5SvbWXpgQFM="
AS_JSON = (
    b'{"TransactionId":897728064,"Amount":25000.00,"Currency":"RUB","Status":"Completed","GatewayName":"Test",'
    b'"InvoiceId":"A-1","Token":"tk_canary9000","AccountId":"p1-C_5","CardFirstSix":"424242","CardLastFour":"4242",'
    b'"CardExpDate":"12/28"}'
)
OF_JSON = "KVSdTOYQHLgCwSgHXYpCmRzz+4NVqY9zkB0deiKZFqc="
CARD = StoredCard("tk_canary9000", "424242******4242", "2028-12", "p1-C_5")
PAY = Notice("A-1", "897728064", stored_card=CARD, reply='{"code":0}', reply_type="application/json")
CHECK = {
    "TransactionId": "504",
    "Amount": "25000.50",
    "Currency": "RUB",
    "PaymentAmount": "25000.50",
    "PaymentCurrency": "RUB",
    "DateTime": "2026-01-31 12:00:00",
    "CardFirstSix": "424242",
    "CardLastFour": "4242",
    "CardType": "Visa",
    "CardExpDate": "12/28",
    "TestMode": "0",
    "Status": "Completed",
    "OperationType": "Payment",
    "InvoiceId": "A-1",
    "AccountId": "p1-C_5",
}


def nobody(_number: str, _payment_id: str) -> AwaitedOrder | None:
    return None


def awaiting(number: str, _payment_id: str) -> AwaitedOrder | None:
    return AwaitedOrder(RUB, "C_5", "p1-C_5") if number == "A-1" else None


def read(
    body: bytes, headers: dict[str, str], awaited: Awaited = nobody, query: bytes = b"", method: str = "POST"
) -> Notice:
    return gateway().read_webhook(CREDENTIALS, Incoming(headers, body, query, method), awaited)


def hashed(message: bytes) -> str:
    return base64.b64encode(hmac.new(b"canary_api_secret", message, hashlib.sha256).digest()).decode()


def sent(fields: dict[str, Any], awaited: Awaited = nobody) -> Notice:
    body = urlencode(fields).encode()
    return read(body, {"Content-HMAC": hashed(body)}, awaited)


def code(fields: dict[str, Any]) -> int:
    notice = sent(fields, awaiting)
    assert notice.stored_card is None
    assert notice.reply_type == "application/json"
    return int(json.loads(notice.reply)["code"])


def test_a_notice_is_genuine_by_the_text_as_it_travelled() -> None:
    assert read(BODY, {"Content-HMAC": OF_BODY}) == PAY
    assert read(BODY, {"Content-HMAC": OF_BODY, "X-Content-HMAC": "another"}) == PAY


@pytest.mark.parametrize("signature", [OF_DECODED, OF_DECODED_WITH_PLUS])
def test_a_notice_is_genuine_by_the_decoded_text_and_keeps_no_card_then(signature: str) -> None:
    notice = read(BODY, {"X-Content-HMAC": signature, "Content-HMAC": "encoded in another way"})
    assert (notice.order_number, notice.payment_id, notice.stored_card) == ("A-1", "897728064", None)


@pytest.mark.parametrize("header", ["Content-HMAC", "X-Content-HMAC"])
def test_json_is_signed_as_it_travels_under_both_names(header: str) -> None:
    notice = read(AS_JSON, {header: OF_JSON, "Content-Type": "application/json; charset=utf-8"})
    assert (notice.order_number, notice.payment_id) == ("A-1", "897728064")
    assert notice.stored_card == (CARD if header == "Content-HMAC" else None)


@pytest.mark.parametrize("kind", ["text/json", "text/plain", "application/x-www-form-urlencoded", ""])
def test_json_under_another_name_is_read_as_what_it_is(kind: str) -> None:
    headers = {"Content-HMAC": OF_JSON, "Content-Type": kind}
    assert read(AS_JSON, headers) == PAY
    check = json.dumps({**CHECK, "Amount": 25000.51}).encode()
    answered = read(check, {"Content-HMAC": hashed(check), "Content-Type": kind}, awaiting)
    assert json.loads(answered.reply) == {"code": 12}


def test_a_payment_confirmed_on_no_day_of_the_calendar_is_a_payment_all_the_same() -> None:
    body = BODY + b"&ConfirmDateIso=0001-01-01T00:00:00%2B03:00"
    assert read(body, {"Content-HMAC": hashed(body)}) == PAY


def test_a_get_is_signed_over_its_query() -> None:
    assert read(b"", {"Content-HMAC": OF_BODY}, query=BODY, method="GET") == PAY
    with pytest.raises(InvalidSignature):
        read(BODY, {"Content-HMAC": OF_BODY}, query=b"InvoiceId=A-2", method="GET")


@given(st.integers(0, len(BODY) - 1), st.integers(1, 255))
def test_any_changed_byte_is_refused(place: int, by: int) -> None:
    body = bytearray(BODY)
    body[place] ^= by
    with pytest.raises(InvalidSignature):
        read(bytes(body), {"Content-HMAC": OF_BODY})


@given(st.integers(0, len(BODY) - 1), st.integers(1, 255))
def test_any_changed_byte_that_is_read_otherwise_is_refused_by_the_decoded_text_too(place: int, by: int) -> None:
    """A letter in capitals within a percent sign's code is the same letter."""
    body = bytearray(BODY)
    body[place] ^= by
    if unquote_plus(body.decode("latin-1"), "latin-1") == unquote_plus(BODY.decode("latin-1"), "latin-1"):
        return
    with pytest.raises(InvalidSignature):
        read(bytes(body), {"X-Content-HMAC": OF_DECODED})


def test_a_value_that_hides_further_fields_saves_no_card_by_the_decoded_text() -> None:
    """Decoded, a client's name and two fields are signed alike."""
    genuine = "TransactionId=5&Status=Completed&GatewayName=Test&InvoiceId=A-1&AccountId=p1-C_5&Name={}&Rrn=1"
    hidden = genuine.format(quote_plus("A&Token=tk_other"))
    spread = genuine.format("A&Token=tk_other")
    signature = hashed(unquote_plus(hidden).encode())
    assert read(spread.encode(), {"X-Content-HMAC": signature}).stored_card is None
    with pytest.raises(InvalidSignature):
        read(spread.encode(), {"Content-HMAC": hashed(hidden.encode())})


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-HMAC": ""},
        {"Content-HMAC": OF_BODY[:-1]},
        {"Content-HMAC": "подпись"},
        {"X-Content-HMAC": "\ud800"},
    ],
    ids=str,
)
def test_a_notice_without_the_right_signature_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(InvalidSignature):
        read(BODY, headers)


def test_another_shops_secret_does_not_sign_for_this_one() -> None:
    keys = CREDENTIALS.model_copy(update={"api_secret": "another"})
    with pytest.raises(InvalidSignature):
        gateway().read_webhook(keys, Incoming({"Content-HMAC": OF_BODY}, BODY), nobody)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"\xff\xfe=1", "application/x-www-form-urlencoded"),
        (b"a=1&" * 500, "application/x-www-form-urlencoded"),
        (b"[]", "application/json"),
        (b"[" * 100_000, "application/json"),
        (b"InvoiceId=A-1", "application/json"),
    ],
    ids=["no utf-8", "too many", "a list", "nested without end", "no json"],
)
def test_what_is_signed_and_no_notice_is_refused(body: bytes, content_type: str) -> None:
    with pytest.raises(InvalidSignature):
        read(body, {"Content-HMAC": hashed(body), "Content-Type": content_type})


@pytest.mark.parametrize(
    "fields",
    [
        {"TransactionId": "5", "InvoiceId": "A-1", "Status": "Declined", "Reason": "Timeout", "ReasonCode": "5091"},
        {"TransactionId": "5", "InvoiceId": "A-1", "Status": "Completed", "AuthCode": "A1B2C3", "Token": "tk_1"},
        {"TransactionId": "5", "InvoiceId": "A-1", "Amount": "1.00", "DateTime": "2026-01-31 12:00:00"},
    ],
    ids=["fail", "confirm", "cancel"],
)
def test_every_notice_of_a_payment_names_its_order_and_saves_no_card_of_nobodys_account(fields: dict[str, str]) -> None:
    expected = Notice("A-1", "5", reply='{"code":0}', reply_type="application/json")
    assert sent(fields) == expected


@pytest.mark.parametrize("status", ["Authorized", "Declined", "AwaitingAuthentication"])
def test_a_card_is_kept_when_its_payment_is_complete(status: str) -> None:
    fields = {**CHECK, "Status": status, "GatewayName": "Test", "Token": "tk_1"}
    assert sent(fields).stored_card is None
    assert sent({**fields, "Status": "Completed"}).stored_card == StoredCard(
        "tk_1", "424242******4242", "2028-12", "p1-C_5"
    )


def test_a_bound_account_is_kept_as_one() -> None:
    fields = {**CHECK, "GatewayName": "Sbp", "PaymentMethod": "Sbp", "Token": "tk_55", "CardLastFour": ""}
    assert sent(fields).stored_card == StoredCard("tk_55", "СБП **** 0055", "", "p1-C_5", "sbp")


@pytest.mark.parametrize(
    ("data", "number"),
    [('{"refund":"A-1-R1"}', "A-1-R1"), ('{"refund":5}', ""), ("", ""), ("[", ""), ('{"refund":"a b"}', "")],
)
def test_a_refunds_notice_names_the_refund_by_its_label(data: str, number: str) -> None:
    fields = {"TransactionId": "568", "PaymentTransactionId": "504", "Amount": "5000.00", "OperationType": "Refund"}
    notice = sent({**fields, "InvoiceId": "A-1", "Data": data})
    assert (notice.order_number, notice.payment_id, notice.refund_number) == ("A-1", "", number)
    assert notice.reply == '{"code":0}'


def test_a_subscriptions_notice_is_taken_and_speaks_of_nothing_of_ours() -> None:
    fields = {"Id": "sc_1", "AccountId": "p1-C_5", "Status": "Active", "Amount": "1.00", "Currency": "RUB"}
    assert sent(fields) == Notice(reply='{"code":0}', reply_type="application/json")


@pytest.mark.parametrize("number", ["", "a b", "A" * 65, "<script>"])
def test_an_order_number_that_is_none_is_not_passed_on(number: str) -> None:
    assert sent({"TransactionId": "5", "InvoiceId": number}).order_number == ""


RECEIPT = {
    "Id": "4Q7o-1",
    "DocumentNumber": "57",
    "SessionNumber": "3",
    "FiscalSign": "3221220045",
    "DeviceNumber": "0010000000000001",
    "RegNumber": "0000000000000001",
    "Inn": "7708806062",
    "Type": "Income",
    "Ofd": "OFD",
    "Url": "https://ofd.example/1",
    "TransactionId": "504",
    "Amount": "25000.50",
    "DateTime": "2026-01-31 12:00:10",
    "InvoiceId": "A-1",
    "AccountId": "p1-C_5",
    "Receipt": '{"Items":[{"label":"Курс","price":25000.50,"method":2,"object":10}],"taxationSystem":0}',
}
OF_RECEIPT = ReceiptNotice(
    "A-1",
    "504",
    reply='{"code":0}',
    reply_type="application/json",
    status="done",
    returned=False,
    amount=RUB,
    settlements=frozenset({Settlement.PREPAYMENT}),
    receipt_id="4Q7o-1",
    reason="",
)


def test_a_receipt_that_the_till_has_made_is_told_with_its_number_and_what_it_is_of() -> None:
    assert sent(RECEIPT) == OF_RECEIPT
    told = RECEIPT | {"TransactionId": 504, "Amount": 25000.50, "Receipt": json.loads(RECEIPT["Receipt"])}
    body = json.dumps(told).encode()
    assert read(body, {"Content-HMAC": hashed(body), "Content-Type": "application/json"}) == OF_RECEIPT


def test_a_refunds_receipt_names_no_payment_for_its_operation_is_the_refunds_own() -> None:
    assert sent(RECEIPT | {"Type": "IncomeReturn"}) == replace(OF_RECEIPT, payment_id="", returned=True)


@pytest.mark.parametrize(
    "content",
    ["", "[", "[]", "null", '{"Items":{}}', '{"Items":[]}', '{"Items":[5]}', '{"Items":[{"method":9}]}', "[" * 100_000],
    ids=str,
)
def test_a_receipt_whose_lines_are_not_told_is_told_without_them(content: str) -> None:
    assert sent(RECEIPT | {"Receipt": content}) == replace(OF_RECEIPT, settlements=frozenset())


@pytest.mark.parametrize("content", ['{"items":[{"Method":"2"}]}', '{"ITEMS":[{"method":2},{"METHOD":2}]}'])
def test_the_lines_of_a_receipt_are_read_in_any_letter_case(content: str) -> None:
    assert sent(RECEIPT | {"Receipt": content}) == OF_RECEIPT


@pytest.mark.parametrize("number", ["", "a b", "<script>"])
def test_a_receipt_without_a_number_is_told_without_one(number: str) -> None:
    assert sent(RECEIPT | {"Id": number}) == replace(OF_RECEIPT, receipt_id="")


@pytest.mark.parametrize("changes", [{"Type": "Expense"}, {"Type": ""}, {"Amount": "1.001"}, {"Amount": ""}])
def test_a_receipt_of_no_money_of_ours_settles_nothing(changes: dict[str, str]) -> None:
    assert sent(RECEIPT | changes) == Notice("A-1", "504", reply='{"code":0}', reply_type="application/json")


def test_a_receipt_is_believed_by_the_text_as_it_travelled_only() -> None:
    body = urlencode(RECEIPT).encode()
    told = read(body, {"X-Content-HMAC": hashed(unquote_plus(body.decode()).encode())})
    assert not isinstance(told, ReceiptNotice)


def test_what_we_wait_for_may_be_taken() -> None:
    assert code(CHECK) == 0
    assert code({name: value for name, value in CHECK.items() if name != "OperationType"}) == 0


@pytest.mark.parametrize("awaited", [awaiting, nobody])
def test_a_question_names_its_order_whatever_is_answered(awaited: Awaited) -> None:
    """A Pay notice may lack all that tells it from a Check: its order is asked about all the same."""
    notice = sent(CHECK, awaited)
    expected = Notice("A-1", "504", reply='{"code":0}', reply_type="application/json")
    assert notice == (expected if awaited is awaiting else replace(expected, reply='{"code":10}'))
    assert sent({**CHECK, "InvoiceId": "A 1", "TransactionId": "five"}, awaited).payment_id == ""
    assert sent({**CHECK, "InvoiceId": "A 1"}, awaited).order_number == ""


def test_a_question_without_an_account_is_answered_by_order_and_sum() -> None:
    without = {name: value for name, value in CHECK.items() if name != "AccountId"}
    assert [code(without), code({**without, "AccountId": ""}), code({**without, "Amount": "1.00"})] == [0, 0, 12]


@pytest.mark.parametrize(("account", "expected"), [("C_5", 0), ("p1-C_5", 11)])
def test_a_card_that_is_kept_under_no_account_is_charged_under_its_client(account: str, expected: int) -> None:
    notice = sent({**CHECK, "AccountId": account}, lambda _number, _payment_id: AwaitedOrder(RUB, "C_5", ""))
    assert json.loads(notice.reply) == {"code": expected}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"InvoiceId": "B-1"}, 10),
        ({"InvoiceId": ""}, 10),
        ({"InvoiceId": "A 1"}, 10),
        ({"AccountId": "p1-C_6"}, 11),
        ({"AccountId": "C_5"}, 11),
        ({"AccountId": "P1-C_5"}, 11),
        ({"AccountId": "p1-C_6", "Amount": "25000.49"}, 11),
        ({"AccountId": "p1-C_6", "InvoiceId": "B-1"}, 10),
        ({"Amount": "25000.49"}, 12),
        ({"Amount": "25000.51"}, 12),
        ({"Amount": "25000.505"}, 12),
        ({"Amount": "25 000.50"}, 12),
        ({"Amount": ""}, 12),
        ({"Amount": "NaN"}, 12),
        ({"Currency": "USD"}, 12),
        ({"Currency": ""}, 12),
        ({"Status": "Authorized"}, 13),
        ({"OperationType": "CardPayout"}, 13),
    ],
    ids=str,
)
def test_what_we_do_not_wait_for_is_refused_with_its_code(change: dict[str, str], expected: int) -> None:
    assert code({**CHECK, **change}) == expected


def test_neither_secret_nor_body_is_in_the_text_of_a_refusal() -> None:
    with pytest.raises(InvalidSignature) as caught:
        read(BODY, {"Content-HMAC": "canary"})
    assert not any(word in str(caught.value) for word in ("canary", "tk_", "A-1"))
