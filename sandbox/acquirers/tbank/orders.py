"""A payment as T-Bank keeps it: what of it is only this protocol's, how it is found and how answers name it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.tbank.refusals import Refusal

FIRST_ID = 4_700_000_001
OPEN = frozenset({"NEW", "FORM_SHOWED"})
REFUNDABLE = frozenset({"CONFIRMED", "PARTIAL_REFUNDED"})
HELD = frozenset({"AUTHORIZED", "PARTIAL_REVERSED"})
FAILED = frozenset({"REJECTED", "AUTH_FAIL", "DEADLINE_EXPIRED"})


def new_order(
    bank: Bank, shop: str, number: str, amount: int, until: datetime, description: str, **facts: object
) -> Order:
    """A payment in NEW that expires at `until`; `number` (OrderId) may repeat, the id (PaymentId) never does."""
    usual: dict[str, Any] = {
        "status": "NEW",
        "statuses": ["NEW"],
        "notices": [],
        "told": 0,
        "binds": False,
        "by_account": False,
        "recurrent": False,
        "pay_type": "O",
        "held": 0,
        "attempts": 0,
        "until": until,
        "instrument": None,
        "link": None,
        "receipt": None,
        "receipts": [],
        "cancels": {},
        "data": {},
        "notification_url": "",
        "success_url": "",
        "fail_url": "",
    }
    order = Order(
        shop,
        number,
        str(FIRST_ID + len(bank.orders)),
        amount,
        "RUB",
        bank.now(),
        description=description,
        settles_at=until,
        facts=usual | facts,
    )
    bank.orders.append(order)
    return order


def payment_of(bank: Bank, shop: str, payment_id: str) -> Order:
    """The terminal's payment. Raises Refusal 255."""
    found = next((one for one in bank.find(shop, order_id=payment_id) if not one.facts["binds"]), None)
    if found is None:
        raise Refusal("255", f"Платеж {payment_id} не найден")
    return found


def status_of(order: Order) -> str:
    return str(order.facts["status"])


def shown_amount(bank: Bank, order: Order) -> int:
    """The sum a shop is told: what was taken or held, after refunds as the setting says."""
    if order.refunded and bank.settings["amount_after_refund"] == "remaining":
        return order.taken - order.refunded
    return order.taken or int(order.facts["held"]) or order.amount


def identity(order: Order) -> dict[str, object]:
    """What most answers about a payment carry."""
    return {
        "TerminalKey": order.shop,
        "Status": status_of(order),
        "PaymentId": order.id,
        "OrderId": order.number,
    }


def succeeded(**fields: object) -> dict[str, object]:
    """An answer that says yes."""
    return {"Success": True, "ErrorCode": "0", "Message": "OK"} | fields
