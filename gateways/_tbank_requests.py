"""Requests to T-Bank: the signature over their fields, and the bodies of orders and receipts."""

import hashlib
from collections.abc import Mapping
from datetime import timedelta, timezone
from urllib.parse import urlencode

from gateways._orders import PageOrder, RefundOrder, SavedCardOrder
from gateways._receipt import Receipt

SBP = "sbp:"  # before the token of an SBP account, to tell it from a card's
FFD_105, FFD_12 = "1.05", "1.2"  # versions of the format of fiscal data
LONGEST_DESCRIPTION = 140
LONGEST_NAME = 128
MOSCOW = timezone(timedelta(hours=3))  # as in the acquirer's own example of a moment
BY_SHOP, SAVING, ONCE = "R", "1", "0"
# of a notice's address, where the notice itself may name neither; signed it is not, and nothing but a hint
ORDER_IN_ADDRESS, CUSTOMER_IN_ADDRESS = "order", "customer"


def token(fields: Mapping[str, object], password: str) -> str:
    """SHA-256 of the values of the root's plain fields and the password, put together in the order of their names."""
    plain = {name: value for name, value in fields.items() if not isinstance(value, Mapping | list) and name != "Token"}
    signed = {**{name: _written(value) for name, value in plain.items()}, "Password": password}
    return hashlib.sha256("".join(signed[name] for name in sorted(signed)).encode(errors="surrogatepass")).hexdigest()


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def page_body(order: PageOrder, ffd: str) -> dict[str, object]:
    body = _body(order, ffd) | {
        "SuccessURL": order.return_url,
        "FailURL": order.return_url,
        "RedirectDueDate": order.valid_until.astimezone(MOSCOW).isoformat(timespec="seconds"),
    }
    if order.save_card:
        body |= {"Recurrent": "Y", "CustomerKey": order.gateway_customer_id}
    if order.save_card and order.notice_url:
        hints = {ORDER_IN_ADDRESS: order.number, CUSTOMER_IN_ADDRESS: order.gateway_customer_id}
        body["NotificationURL"] = f"{order.notice_url}?{urlencode(hints)}"
    if order.method == "sbp":
        return body | ({"DATA": {"QR": "true"}} if order.save_card else {})
    return body | {"DATA": {"OperationInitiatorType": SAVING if order.save_card else ONCE}}


def saved_card_body(order: SavedCardOrder, ffd: str) -> dict[str, object]:
    """An account of SBP is charged under a recurrent order, a card under one that names who initiates it."""
    if order.token.startswith(SBP):
        customer = {"CustomerKey": order.gateway_customer_id} if order.gateway_customer_id else {}
        return _body(order, ffd) | {"Recurrent": "Y", "DATA": {"QR": "true"}} | customer
    return _body(order, ffd) | {"DATA": {"OperationInitiatorType": BY_SHOP}}


def _body(order: PageOrder | SavedCardOrder, ffd: str) -> dict[str, object]:
    body: dict[str, object] = {
        "Amount": order.amount.minor,
        "OrderId": order.number,
        "Description": order.description[:LONGEST_DESCRIPTION] or order.number,
        "PayType": "O",
    }
    if order.notice_url:
        body["NotificationURL"] = order.notice_url
    if order.receipt:
        body["Receipt"] = receipt_body(order.receipt, ffd)
    return body


def receipt_body(receipt: Receipt, ffd: str) -> dict[str, object]:
    """Words for tags 1055, 1199, 1212 and 1214 are the same as ours; format 1.05 is the default, 1.2 wants a unit."""
    contacts = {"Email": receipt.email, "Phone": receipt.phone}
    body: dict[str, object] = {name: value for name, value in contacts.items() if value}
    if ffd == FFD_12:
        body["FfdVersion"] = FFD_12
    body["Taxation"] = receipt.tax_system.value
    body["Items"] = [
        {
            "Name": line.name[:LONGEST_NAME],
            "Price": line.amount.minor,
            "Quantity": 1,
            "Amount": line.amount.minor,
            "Tax": line.vat.value,
            "PaymentMethod": line.settlement.value,
            "PaymentObject": line.subject.value,
            **({"MeasurementUnit": "шт"} if ffd == FFD_12 else {}),
        }
        for line in receipt.lines
    ]
    if receipt.offset:
        body["Payments"] = {"Electronic": 0, "AdvancePayment": receipt.total.minor}
    return body


def cancel_body(order: RefundOrder, payment_id: str, ffd: str) -> dict[str, object]:
    body: dict[str, object] = {
        "PaymentId": payment_id,
        "Amount": order.amount.minor,
        "ExternalRequestId": order.number,
    }
    if order.receipt:
        body["Receipt"] = receipt_body(order.receipt, ffd)
    return body
