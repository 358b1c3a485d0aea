"""Requests of WebMoney to the Result URL: the question before a payment, and the signed word after it."""

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl

from gateways._errors import InvalidSignature
from gateways._notice import Awaited, Incoming, Notice
from gateways._webmoney_numbers import payment_numbers
from gateways._webmoney_purses import money_of

ORDER = "order_number"  # a field of our own in the form, which comes back with every request
AGREED = "YES"
NOT_AWAITED = "NO: this payment is not awaited. Этот платёж не ожидается: откройте страницу оплаты заново."
REAL = "0"  # LMI_MODE: money moved
MOST_FIELDS = 100


def read_notice(incoming: Incoming, purse: str, secret_key: str, awaited: Awaited) -> Notice:
    """Only a real payment to this purse is a notice; anything else raises InvalidSignature."""
    fields = _fields(incoming.body)
    if fields.get("LMI_PREREQUEST") == "1":
        return Notice(reply=AGREED if _is_awaited(fields, purse, awaited) else NOT_AWAITED)
    if not _is_signed(fields, secret_key):
        raise InvalidSignature("neither LMI_HASH2 nor LMI_HASH fits")
    if fields["LMI_PAYEE_PURSE"] != purse:
        raise InvalidSignature("the payment went to another purse")
    if fields["LMI_MODE"] != REAL:
        raise InvalidSignature("a payment of the test mode: no money moved")
    number = fields["LMI_PAYMENT_NO"]
    return Notice(order_number=_order_of(fields), payment_id=number, reply=AGREED)


def form_signature(purse: str, amount: str, number: int, x20_secret: str) -> str:
    """LMI_PAYMENTFORM_SIGN: so that nobody changes the form on its way."""
    return hashlib.sha256(f"{purse};{amount};{number};{x20_secret};".encode()).hexdigest()


def _is_awaited(fields: Mapping[str, str], purse: str, awaited: Awaited) -> bool:
    """It proves nothing and is no payment; without its parameters there is nothing to agree to. WebMoney's own number
    tells the order where our field did not come back; one that came with another order's is nobody's."""
    order, number = _order_of(fields), fields.get("LMI_PAYMENT_NO", "")
    is_told_apart = not order and (ORDER in fields or ORDER.upper() in fields)
    expected = None if is_told_apart else awaited(order, number)
    if expected is None or fields.get("LMI_PAYEE_PURSE") != purse:
        return False
    return money_of(fields.get("LMI_PAYMENT_AMOUNT", ""), purse) == expected.amount


def _order_of(fields: Mapping[str, str]) -> str:
    """Our own number, as far as WebMoney's follows from it: our field is not among what is signed."""
    order = fields.get(ORDER) or fields.get(ORDER.upper(), "")
    if not order.isascii():
        return ""
    return order if fields.get("LMI_PAYMENT_NO", "") in map(str, payment_numbers(order)) else ""


def _is_signed(fields: Mapping[str, str], secret_key: str) -> bool:
    """Of the two hashes the one with separators decides where it is there: the other is ambiguous."""
    signed = [fields.get(name, "") for name in ("LMI_PAYEE_PURSE", "LMI_PAYMENT_AMOUNT", "LMI_PAYMENT_NO", "LMI_MODE")]
    signed += [fields.get(name, "") for name in ("LMI_SYS_INVS_NO", "LMI_SYS_TRANS_NO", "LMI_SYS_TRANS_DATE")]
    signed += [secret_key, fields.get("LMI_PAYER_PURSE", ""), fields.get("LMI_PAYER_WM", "")]
    name, separator = ("LMI_HASH2", ";") if "LMI_HASH2" in fields else ("LMI_HASH", "")
    expected = hashlib.sha256(separator.join(signed).encode("utf-8", "surrogateescape")).hexdigest().upper()
    return hmac.compare_digest(expected.encode(), fields.get(name, "").encode("utf-8", "surrogateescape"))


def _fields(body: bytes) -> dict[str, str]:
    """Names may come once only; what is not ASCII (windows-1251 or UTF-8) is kept byte for byte."""
    try:
        pairs = parse_qsl(
            body.decode("ascii", "surrogateescape"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="surrogateescape",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError:
        raise InvalidSignature("the request has too many fields") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise InvalidSignature("a field came twice")
    return fields
