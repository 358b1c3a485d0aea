"""What Sberbank's orders are made of: the fields of `register.do` for a page and for a saved card."""

import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from zoneinfo import ZoneInfo

from gateways._orders import PageOrder, SavedCardOrder
from gateways._sberbank_credentials import SberbankCredentials
from gateways._sberbank_receipts import receipt_fields

BANK_ZONE = ZoneInfo("Europe/Moscow")  # the bank's dates carry no zone
LONGEST_DESCRIPTION = 99
LONGEST_ACCOUNT = 64
NOT_DESCRIPTION = re.compile(r"[^ -$&-*,-~А-Яа-яЁё№«»]")  # RBS forbids % and + too
EMAIL = re.compile(r"[ -~]{3,128}")
SBP_TOKEN = re.compile(r"sbp:([^:]+):([^:]+)")  # a bound account: its subscription and its bank
CURRENCY_CODES: Mapping[str, str] = MappingProxyType(
    {"RUB": "643", "CNY": "156", "KZT": "398", "USD": "840", "BYN": "933", "EUR": "978"}
)


def page_fields(credentials: SberbankCredentials, order: PageOrder) -> dict[str, object]:
    """An order of nothing only checks and saves the card."""
    fields = _common_fields(credentials, order)
    fields["returnUrl"] = fields["failUrl"] = order.return_url
    fields["expirationDate"] = order.valid_until.astimezone(BANK_ZONE).strftime("%Y-%m-%dT%H:%M:%S")
    if not order.amount:
        fields["features"] = "VERIFY"
    if order.save_card and order.method == "card":
        fields["clientId"] = order.gateway_customer_id
    if not credentials.is_ecom:
        return fields
    if order.method == "sbp":
        fields["jsonParams"] = _sbp_params(order)
    elif order.gateway_customer_id:  # whose account it is: this raises the share of payments that banks let through
        fields["jsonParams"] = {"acctId": order.gateway_customer_id[:LONGEST_ACCOUNT]}
    return fields


def saved_card_fields(credentials: SberbankCredentials, order: SavedCardOrder, page: str) -> dict[str, object]:
    """`page`: an address to come back to is a must, also from a page that nobody opens."""
    fields = _common_fields(credentials, order) | {"returnUrl": page}
    if SBP_TOKEN.fullmatch(order.token):
        return fields | {"jsonParams": {"qrType": "DYNAMIC_QR_SBP", "sbp.scenario": "C2B"}}
    return fields | {"clientId": order.gateway_customer_id or order.customer, "features": "AUTO_PAYMENT"}


def form_value(value: object) -> str:
    """A value as the form flavours take it: what has parts goes as JSON."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)


def email_field(order: SavedCardOrder | PageOrder) -> dict[str, object]:
    """The client's e-mail where the bank can read it: it is no reason to refuse a payment."""
    return {"email": order.receipt_email} if EMAIL.fullmatch(order.receipt_email) else {}


def _common_fields(credentials: SberbankCredentials, order: SavedCardOrder | PageOrder) -> dict[str, object]:
    """Nothing empty is among them: ECOM refuses that."""
    fields: dict[str, object] = {"description": _description(order), **email_field(order)}
    if order.notice_url and not credentials.is_ecom:
        fields["dynamicCallbackUrl"] = order.notice_url
    if order.receipt:
        fields |= receipt_fields(credentials, order.receipt)
    return fields


def _sbp_params(order: PageOrder) -> dict[str, object]:
    if not order.save_card:
        return {"qrType": "DYNAMIC_QR_SBP", "sbp.scenario": "C2B"}
    return {
        "qrType": "DYNAMIC_QR_SBP",
        "sbp.scenario": "C2B_SUBSCRIPTION_WITH_PAYMENT",
        "sbp.subscriptionPurpose": _description(order),
    }


def _description(order: SavedCardOrder | PageOrder) -> str:
    text = NOT_DESCRIPTION.sub(" ", order.description)[:LONGEST_DESCRIPTION].strip()
    return text or order.number
