"""QIWI's notices: both signatures, over the values as they came, and what a verified one says."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from gateways import Http, Incoming, InvalidSignature, Notice
from gateways.qiwi import Qiwi, QiwiCredentials
from tests.gateways.qiwi_replies import PAYIN, ROOT

# the sample of the official PHP SDK's own test
PUBLISHED_KEY = "test-merchant-secret-for-signature-check"
PUBLISHED = (
    b'{"bill": {"siteId": "test", "billId": "test_bill", "amount": {"value": 1, "currency": "RUB"}, '
    b'"status": {"value": "PAID"}}}'
)
PUBLISHED_SIGNATURE = "07e0ebb10916d97760c196034105d010607a6c6b7d72bfa1c3451448ac484a3b"
SHOP = QiwiCredentials(site_id="test", secret_key=PUBLISHED_KEY, protocol="bill")

PAID: dict[str, Any] = {
    "payment": {
        "paymentId": "134d707d",
        "type": "PAYMENT",
        "createdDateTime": "2021-02-05T11:29:38+03:00",
        "status": {"value": "SUCCESS", "changedDateTime": "2021-02-05T11:29:39+03:00"},
        "amount": {"value": 5.1, "currency": "RUB"},
        "paymentMethod": {"type": "CARD", "maskedPan": "425600******0003", "rrn": 123, "authCode": 181218},
        "customer": {"account": "p1-C_5"},
        "billId": "A-1",
        "tokenData": {"paymentToken": "canary-token", "expiredDate": "2030-12-31T00:00:00+03:00"},
    },
    "type": "PAYMENT",
    "version": "1",
}
SIGNED_TEXT = "134d707d|2021-02-05T11:29:38+03:00|5.1"


def read(credentials: QiwiCredentials, body: bytes, **headers: str) -> Notice:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    incoming = Incoming(named, body)
    return Qiwi(Http(ROOT, lambda: 0.0)).read_webhook(credentials, incoming, lambda _number, _payment_id: None)


def signature(text: str, key: str = "canary-notice-key") -> str:
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


def test_the_published_sample_of_a_bill_is_verified_and_taken() -> None:
    notice = read(SHOP, PUBLISHED, X_Api_Signature_SHA256=PUBLISHED_SIGNATURE)
    assert (notice.order_number, notice.reply, notice.reply_type) == ("test_bill", '{"error":"0"}', "application/json")


def test_the_sum_is_signed_with_two_decimals_however_it_was_sent() -> None:
    for written in (b'"1.00"', b"1.0", b'"1"'):
        body = PUBLISHED.replace(b'"value": 1,', b'"value": ' + written + b",")
        assert read(SHOP, body, X_Api_Signature_SHA256=PUBLISHED_SIGNATURE).order_number == "test_bill"


@pytest.mark.parametrize("place", range(len(PUBLISHED_SIGNATURE)))
def test_any_changed_letter_of_a_bills_signature_is_seen(place: int) -> None:
    changed = (
        PUBLISHED_SIGNATURE[:place]
        + ("0" if PUBLISHED_SIGNATURE[place] != "0" else "1")
        + PUBLISHED_SIGNATURE[place + 1 :]
    )
    with pytest.raises(InvalidSignature):
        read(SHOP, PUBLISHED, X_Api_Signature_SHA256=changed)


@pytest.mark.parametrize("value", ["test_bill", "PAID", "RUB", '"test"', "1"])
def test_any_changed_letter_of_what_is_signed_is_seen(value: str) -> None:
    at = PUBLISHED.index(value.encode())
    for place in range(at, at + len(value)):
        if PUBLISHED[place : place + 1] == b'"':
            continue
        changed = PUBLISHED[:place] + (b"2" if PUBLISHED[place : place + 1] != b"2" else b"3") + PUBLISHED[place + 1 :]
        with pytest.raises(InvalidSignature):
            read(SHOP, changed, X_Api_Signature_SHA256=PUBLISHED_SIGNATURE)


def test_a_forged_notice_with_half_a_letter_in_what_is_signed_is_refused() -> None:
    for value in (b'"RUB"', b'"test_bill"', b'"test"', b'"PAID"'):
        with pytest.raises(InvalidSignature):
            read(SHOP, PUBLISHED.replace(value, rb'"\ud800"'), X_Api_Signature_SHA256=PUBLISHED_SIGNATURE)
    for name in ("paymentId", "createdDateTime"):
        forged = json.dumps({**PAID, "payment": PAID["payment"] | {name: "\ud800"}}).encode()
        with pytest.raises(InvalidSignature):
            read(PAYIN, forged, Signature=signature(SIGNED_TEXT))


def test_a_token_that_expires_on_no_day_of_the_calendar_is_kept_without_one() -> None:
    token = PAID["payment"]["tokenData"] | {"expiredDate": "0001-01-01T00:00:00+03:00"}
    body = json.dumps({**PAID, "payment": PAID["payment"] | {"tokenData": token}}).encode()
    notice = read(PAYIN, body, Signature=signature(SIGNED_TEXT))
    assert notice.stored_card is not None
    assert (notice.stored_card.token, notice.stored_card.expires) == ("canary-token", "")


def test_a_payment_on_a_page_names_its_bill_and_the_card_it_saved() -> None:
    notice = read(PAYIN, json.dumps(PAID).encode(), Signature=signature(SIGNED_TEXT))
    assert (notice.order_number, notice.payment_id, notice.reply) == ("A-1", "134d707d", "OK")
    assert notice.stored_card is not None
    assert (notice.stored_card.token, notice.stored_card.mask) == ("canary-token", "425600******0003")
    assert (notice.stored_card.expires, notice.stored_card.gateway_customer_id) == ("2030-12", "p1-C_5")


def test_a_charge_without_a_bill_of_ours_names_our_number_itself() -> None:
    body = json.dumps({**PAID, "payment": PAID["payment"] | {"billId": "autogenerated-19cf2596"}}).encode()
    assert read(PAYIN, body, Signature=signature(SIGNED_TEXT)).order_number == "134d707d"


def test_a_declined_payment_saves_nothing() -> None:
    body = json.dumps({**PAID, "payment": PAID["payment"] | {"status": {"value": "DECLINE"}}}).encode()
    assert read(PAYIN, body, Signature=signature(SIGNED_TEXT)).stored_card is None


def test_a_sum_signed_with_two_decimals_and_a_signature_in_base64_are_known_too() -> None:
    body = json.dumps(PAID).encode()
    assert read(PAYIN, body, Signature=signature(SIGNED_TEXT + "0")).order_number == "A-1"
    digest = bytes.fromhex(signature(SIGNED_TEXT))
    assert read(PAYIN, body, Signature=base64.b64encode(digest).decode()).order_number == "A-1"


def test_any_changed_letter_of_a_payments_signature_is_seen() -> None:
    body, given = json.dumps(PAID).encode(), signature(SIGNED_TEXT)
    for place in range(len(given)):
        changed = given[:place] + ("0" if given[place] != "0" else "1") + given[place + 1 :]
        with pytest.raises(InvalidSignature):
            read(PAYIN, body, Signature=changed)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("paymentId", "134d707e"),
        ("createdDateTime", "2021-02-05T11:29:38+04:00"),
        ("amount", {"value": 5.2, "currency": "RUB"}),
    ],
)
def test_a_changed_value_of_a_payment_is_seen(name: str, value: object) -> None:
    body = json.dumps({**PAID, "payment": PAID["payment"] | {name: value}}).encode()
    with pytest.raises(InvalidSignature):
        read(PAYIN, body, Signature=signature(SIGNED_TEXT))


def test_the_secret_key_signs_where_there_is_no_key_of_notices() -> None:
    shop = QiwiCredentials(site_id="s", secret_key="one-key")
    assert read(shop, json.dumps(PAID).encode(), Signature=signature(SIGNED_TEXT, "one-key")).order_number == "A-1"


def test_a_refund_names_our_number_of_it() -> None:
    refund = {"refundId": "A-1-R1", "createdDateTime": "2021-02-05T11:31:40+03:00", "amount": {"value": 3}}
    body = json.dumps({"refund": refund, "type": "REFUND", "version": "1"}).encode()
    text = "A-1-R1|2021-02-05T11:31:40+03:00|3"
    assert read(PAYIN, body, Signature=signature(text)) == Notice(refund_number="A-1-R1")


def test_a_checked_card_and_a_capture_are_verified_and_tell_nothing() -> None:
    card = {"requestUid": "acd7bf20", "checkOperationDate": "2021-07-29T16:30:00+03:00"}
    body = json.dumps({"checkPaymentMethod": card, "type": "CHECK_CARD"}).encode()
    assert read(PAYIN, body, Signature=signature("acd7bf20|2021-07-29T16:30:00+03:00")) == Notice()
    capture = {"captureId": "c1", "createdDateTime": "2021-02-05T11:31:40+03:00", "amount": {"value": 3}}
    body = json.dumps({"capture": capture, "type": "CAPTURE"}).encode()
    assert read(PAYIN, body, Signature=signature("c1|2021-02-05T11:31:40+03:00|3")) == Notice()
    with pytest.raises(InvalidSignature):
        read(PAYIN, body, Signature=signature("c2|2021-02-05T11:31:40+03:00|3"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"not json",
        b'{"bill": 1}',
        b'{"bill": {"billId": "b"}}',
        b'{"type": "PAYMENT"}',
        b'{"type": "NEW_KIND", "payment": {}}',
        b'{"type": "PAYMENT", "payment": {"paymentId": "1", "createdDateTime": "2", "amount": {"value": "NaN"}}}',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_anything_else_is_no_notice(body: bytes) -> None:
    with pytest.raises(InvalidSignature):
        read(PAYIN, body, Signature="x", X_Api_Signature_SHA256="x")


def test_a_notice_without_a_signature_is_refused() -> None:
    with pytest.raises(InvalidSignature):
        read(PAYIN, json.dumps(PAID).encode())
    with pytest.raises(InvalidSignature):
        read(SHOP, PUBLISHED)
