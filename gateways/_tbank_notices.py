"""Notices of T-Bank: signed over the values of the root's plain fields, digit for digit as they came."""

import hmac
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from gateways._errors import InvalidSignature
from gateways._notice import Incoming, Notice
from gateways._orders import StoredCard
from gateways._tbank_cards import kept_card
from gateways._tbank_codes import GIVEN_BACK, GIVEN_BACK_IN_PART
from gateways._tbank_receipts import receipt_notice
from gateways._tbank_requests import CUSTOMER_IN_ADDRESS, ORDER_IN_ADDRESS, SBP, token

SAVES_A_CARD = frozenset({"AUTHORIZED", "CONFIRMED"})
ACCOUNT = re.compile(r"[A-Za-z0-9_-]{1,128}")


class _Digits(str):
    """A JSON number by its digits: read as a number and written again it might not be the one that was signed."""

    __slots__ = ()


def read_notice(incoming: Incoming, terminal_key: str, password: str) -> Notice:
    """Raises InvalidSignature for a notice of another terminal, too."""
    fields = _fields(incoming.body)
    expected = token(fields, password)
    given = _text(fields, "Token").encode(errors="surrogatepass")
    if not hmac.compare_digest(expected.encode(), given.lower()):
        raise InvalidSignature("Token does not fit the notice")
    if _text(fields, "TerminalKey") != terminal_key:
        raise InvalidSignature("the notice speaks of another terminal")
    customer = _text(fields, "CustomerKey") or _hint(incoming, CUSTOMER_IN_ADDRESS)
    if _text(fields, "NotificationType") == "LINKACCOUNT":
        number = _text(fields, "OrderId") or _hint(incoming, ORDER_IN_ADDRESS)
        return Notice(order_number=number, stored_card=_account(fields, customer))
    notice = Notice(
        order_number=_text(fields, "OrderId"),
        payment_id=_text(fields, "PaymentId"),
        stored_card=_card(fields, customer),
        of_refund=_text(fields, "Status") in GIVEN_BACK | GIVEN_BACK_IN_PART,
    )
    return receipt_notice(fields, notice, password) if _text(fields, "Status") == "RECEIPT" else notice


def _fields(body: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(body, parse_int=_Digits, parse_float=_Digits, parse_constant=_Digits)
    except (ValueError, RecursionError):
        raise InvalidSignature("the notice is no JSON") from None
    if not isinstance(fields, dict):
        raise InvalidSignature("the notice is no JSON object")
    return fields


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _succeeded(fields: Mapping[str, Any]) -> bool:
    return fields.get("Success") is True or _text(fields, "Success").casefold() == "true"


def _card(fields: Mapping[str, Any], customer: str) -> StoredCard | None:
    """The card that a payment has saved."""
    if not (_succeeded(fields) and _text(fields, "Status") in SAVES_A_CARD):
        return None
    return kept_card(_text(fields, "RebillId"), _text(fields, "Pan"), _text(fields, "ExpDate"), customer)


def _account(fields: Mapping[str, Any], customer: str) -> StoredCard | None:
    """The account that a payment by SBP has bound; it has no number to show but the end of its token's digits."""
    account = _text(fields, "AccountToken")
    if not (_succeeded(fields) and _text(fields, "Status") == "ACTIVE" and ACCOUNT.fullmatch(account)):
        return None
    digits = "".join(sign for sign in account if sign.isdecimal())[-4:].rjust(4, "0")
    bank = _text(fields, "BankMemberName")[:40]
    return StoredCard(
        token=SBP + account,
        mask=f"{bank} {digits}".strip(),
        gateway_customer_id=customer,
        method="sbp",
    )


def _hint(incoming: Incoming, name: str) -> str:
    """From the address that Init was given for this order's notices."""
    return parse_qs(incoming.query.decode("ascii", errors="replace")).get(name, [""])[0]
