"""An order as Sberbank keeps it: what of it is only this protocol's, how it is found, what its sums are."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.sberbank.call import Call
from sandbox.acquirers.sberbank.refusals import NO_ORDER, Refusal

REGISTERED, HELD, PAID, REVERSED, REFUNDED, AT_ACS, DECLINED = range(7)
NOT_BEGUN, EXPIRED, EXHAUSTED, IN_PROGRESS = -100, -2007, -2013, -99
TRIES = 3
CURRENCIES = {"643": "RUB", "810": "RUB", "156": "CNY", "398": "KZT", "840": "USD", "933": "BYN", "978": "EUR"}


def new_order(call: Call, until: datetime, **facts: object) -> Order:
    """An order that nobody has begun to pay; it closes at `until`."""
    fields, bank = call.fields, call.bank
    usual: dict[str, Any] = {
        "flavour": call.flavour,
        "status": REGISTERED,
        "action": NOT_BEGUN,
        "tries": 0,
        "until": until,
        "two_stage": False,
        "features": (),
        "params": fields.get("jsonParams", {}),
        "bundle": fields.get("orderBundle"),
        "email": call.text("email"),
        "return_url": call.text("returnUrl"),
        "fail_url": call.text("failUrl") or call.text("returnUrl"),
        "callback_url": "" if call.is_ecom else call.text("dynamicCallbackUrl"),
        "completes_at": None,
        "by_account": False,
        "scenario": "",
        "qr": "",
        "account": None,
        "entered": None,
        "approved": 0,
        "reversed": 0,
        "part_reversed": False,
        "coming_back": None,
        "refunds": {},
        "operations": [],
        "receipts": [],
        "notices": [],
        "told": 0,
    }
    number = call.text("orderNumber")
    order = Order(
        call.shop,
        number,
        made_uuid("order", call.shop, number),
        fields["amount"],
        CURRENCIES[fields.get("currency", "643")],
        bank.now(),
        customer=call.text("clientId"),
        description=call.text("description"),
        settles_at=until,
        facts=usual | facts,
    )
    bank.orders.append(order)
    return order


def asked_order(call: Call) -> Order:
    """The order a request names by `orderId`, `mdOrder` or `orderNumber`; an id is asked first. Raises Refusal 6."""
    order_id = call.text("orderId") or call.text("mdOrder")
    number = call.text("orderNumber")
    found = call.bank.find(call.shop, order_id=order_id) if order_id else call.bank.find(call.shop, number=number)
    if not found:
        raise Refusal(*NO_ORDER)
    return found[0]


def order_of(bank: Bank, order_id: str) -> Order | None:
    return next((order for order in bank.orders if order.id == order_id), None)


def refunded(order: Order) -> int:
    """What was given back by refunds; what was reversed stands apart."""
    return order.refunded - int(order.facts["reversed"])


def left(order: Order) -> int:
    """What of the money taken can still be given back."""
    coming = order.facts["coming_back"]
    return order.taken - order.refunded - (int(coming["amount"]) if coming else 0)


def made_uuid(*parts: str) -> str:
    """An id of the bank's, the same for the same parts."""
    return str(UUID(bytes=hashlib.sha256(" ".join(parts).encode()).digest()[:16]))
