"""Bodies of requests to QIWI, and the address of its page with the way back."""

from urllib.parse import urlencode

from gateways._orders import PageOrder, SavedCardOrder
from gateways._qiwi_line import sum_of

LONGEST_COMMENT = 255
BIND = "BIND_PAYMENT_TOKEN"
AT_ONCE = "SALE"  # taken at once, not held


def bill_body(order: PageOrder) -> dict[str, object]:
    return {
        "amount": sum_of(order.amount),
        "comment": _comment(order),
        "expirationDateTime": order.valid_until.isoformat(timespec="seconds"),
        "customer": _customer(order),
        "customFields": {},
    }


def payin_bill_body(order: PageOrder) -> dict[str, object]:
    return bill_body(order) | {
        "customFields": {"invoice_callback_url": order.notice_url} if order.notice_url else {},
        "flags": [AT_ONCE, BIND] if order.save_card else [AT_ONCE],
    }


def saved_card_body(order: SavedCardOrder) -> dict[str, object]:
    body: dict[str, object] = {
        "amount": sum_of(order.amount),
        "paymentMethod": {
            "type": "TOKEN",
            "paymentToken": order.token,
            "cardTokenPaymentType": "INITIATED_BY_MERCHANT",
        },
        "customer": _customer(order),
        "comment": _comment(order),
        "flags": [AT_ONCE],
    }
    return body | {"callbackUrl": order.notice_url} if order.notice_url else body


def page_of(pay_url: str, return_url: str) -> str:
    return f"{pay_url}{'&' if '?' in pay_url else '?'}{urlencode({'successUrl': return_url})}"


def _comment(order: PageOrder | SavedCardOrder) -> str:
    return order.description[:LONGEST_COMMENT] or order.number


def _customer(order: PageOrder | SavedCardOrder) -> dict[str, str]:
    """A token is bound to the account it was made for: without it nothing is charged by it."""
    fields = {"account": order.gateway_customer_id, "email": order.receipt_email}
    return {name: value for name, value in fields.items() if value}
