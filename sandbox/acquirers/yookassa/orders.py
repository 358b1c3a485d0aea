"""A payment as YooKassa keeps it: what of it is only this protocol's, and how it is found."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.yookassa.refusals import Refusal

FIRST_MOMENT = datetime(2000, 1, 1, tzinfo=UTC)


def new_order(
    bank: Bank, shop: str, number: str, amount: int, until: datetime, description: str, **facts: object
) -> Order:
    """A payment in `pending` that nobody has begun to pay. YooKassa knows no numbers of shops: `number` is the key of
    the request that made it, which is all a shop calls it by."""
    usual: dict[str, Any] = {
        "status": "pending",
        "notices": [],
        "told": 0,
        "binds": False,
        "capture": True,
        "save": False,
        "asks": False,
        "wants": "",
        "method": None,
        "metadata": {},
        "confirmation": None,
        "party": "",
        "held": 0,
        "captured": 0,
        "captured_at": None,
        "expires_at": None,
        "receipt": None,
        "secure": False,
        "page": "",
        "return_url": "",
    }
    place = len(bank.orders) + 1
    order = Order(
        shop,
        number,
        new_id(bank, "000f", place),
        amount,
        "RUB",
        bank.now(),
        description=description,
        settles_at=until,
        facts=usual | facts,
    )
    bank.orders.append(order)
    return order


def new_id(bank: Bank, kind: str, place: int) -> str:
    """36 characters: seconds since 2000, the kind of object, its place among its like."""
    seconds = int((bank.now() - FIRST_MOMENT).total_seconds())
    return f"{seconds:08x}-{kind}-5000-8000-{place:012x}"


def payments_of(bank: Bank, shop: str) -> list[Order]:
    return [order for order in bank.orders if order.shop == shop and not order.facts["binds"]]


def payment_of(bank: Bank, shop: str, payment_id: str) -> Order | None:
    return next((order for order in payments_of(bank, shop) if order.id == payment_id), None)


def wanted_payment(bank: Bank, shop: str, payment_id: str) -> Order:
    """The shop's payment that a path names. Raises Refusal 404."""
    found = payment_of(bank, shop, payment_id)
    if found is None:
        raise Refusal("not_found", "The payment does not exist or belongs to another store", "payment_id")
    return found


def status_of(order: Order) -> str:
    return str(order.facts["status"])


def amount_of(order: Order) -> int:
    """The sum of a payment: what was captured or is held, what was wanted before."""
    return int(order.facts["captured"] or order.facts["held"] or order.amount)


def moment(at: datetime) -> str:
    """The way YooKassa writes moments: `2026-01-31T10:00:00.000Z`."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
