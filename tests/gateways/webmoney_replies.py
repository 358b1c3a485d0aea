"""What WebMoney's merchant service answers and asks, and the orders that its tests send."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

from calculations.money import Money
from gateways import PageOrder, PlacedOrder
from gateways._webmoney_numbers import payment_numbers
from gateways.webmoney import WebMoneyCredentials

ROOT = "https://webmoney.example/"
LOOK_UP = f"{ROOT}conf/xml/XMLTransGet.asp"
TICKET = f"{ROOT}conf/xml/XMLTransSave.asp"
ORDER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ-1"
NUMBER, SECOND_NUMBER, *_ = payment_numbers(ORDER)
SHOP = WebMoneyCredentials(
    purse="Z123456789012", wmid="210987654321", secret_key="canary-secret", x20_secret="canary-x20-secret"
)
USD = Money(1208, "USD")
AT = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
PAGE = PageOrder(
    number=ORDER,
    amount=USD,
    description="Платёж 1 из 4 <&>",
    method="card",
    save_card=False,
    gateway_customer_id="p1-C_5",
    return_url="https://robots.example/pay/1?back=1",
    notice_url="https://robots.example/webhooks/webmoney/1",
    valid_until=AT + timedelta(hours=1),
)


def placed(payment_id: str = str(NUMBER)) -> PlacedOrder:
    return PlacedOrder(ORDER, payment_id, USD, AT)


def told(retval: str, operation: str = "") -> str:
    return (
        '<?xml version="1.0" encoding="windows-1251"?>'
        f"<merchant.response>{operation}<retval>{retval}</retval><retdesc>canary-secret</retdesc></merchant.response>"
    )


def paid(order: str = ORDER, amount: str = "12.08", more: str = "") -> bytes:
    operation = (
        f'<operation wmtransid="458" wminvoiceid="821"><amount>{amount}</amount>'
        f"<operdate>20260131 15:04:05</operdate><purpose>{order} Платёж 1 из 4</purpose>"
        f"<pursefrom>Z945718891756</pursefrom><wmidfrom>059551878952</wmidfrom>{more}</operation>"
    )
    return told("0", operation).encode("windows-1251")


def ticketed(token: str = "D31A3F81-B953-4F55-B1B4-8DCBA881076F") -> str:
    return told("0", f"<transtoken>{token}</transtoken><validityperiodinhours>1</validityperiodinhours>")


def asked(request: Any) -> dict[str, str]:
    """A request's texts by their names, the description in clear."""
    root = ElementTree.fromstring(request.body.read() if hasattr(request.body, "read") else request.body)
    fields = {element.tag: element.text or "" for element in root.iter()}
    if "lmi_payment_desc_base64" in fields:
        fields["lmi_payment_desc_base64"] = base64.b64decode(fields["lmi_payment_desc_base64"]).decode()
    return fields


def form(**fields: str) -> bytes:
    return urlencode(fields).encode()
