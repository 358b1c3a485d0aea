"""Refunds: objects of their own beside the payment, whole or in part."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.yookassa.call import Call, Shown
from sandbox.acquirers.yookassa.fields import roubles
from sandbox.acquirers.yookassa.orders import moment, new_id, payment_of, status_of
from sandbox.acquirers.yookassa.reasons import party_of_refund
from sandbox.acquirers.yookassa.receipts import read_receipt, ring_up
from sandbox.acquirers.yookassa.refusals import Refusal, planned, reason_of

LONGEST_DESCRIPTION = 250


@dataclass
class Refund:
    id: str
    order: Order
    amount: int
    made_at: datetime
    description: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    receipt: dict[str, Any] | None = None
    status: str = "pending"
    reason: str = ""
    moved_at: datetime | None = None
    settles_at: datetime | None = None
    settles_as: str = ""  # a reason, or empty for money
    settles_amount: int = 0


def create_refund(call: Call) -> Shown:
    bank, fields, turn = call.bank, call.fields, call.turn
    order = payment_of(bank, call.shop, fields.text("payment_id"))
    amount = fields.amount()
    description, metadata = fields.optional_text("description", LONGEST_DESCRIPTION), fields.metadata()
    receipt = read_receipt(call, fields, amount) if fields.values.get("receipt") is not None else None
    if order is None:
        raise Refusal("invalid_request", "The payment does not exist or belongs to another store", "payment_id")
    if status_of(order) != "succeeded":
        raise Refusal("invalid_request", "Only a payment that succeeded can be refunded", "payment_id")
    if amount > _left(bank, order):
        raise fields.wrong("amount", "The sum is more than what is left of the payment")
    if turn.end == "nothing":
        raise planned(turn)
    refund = Refund(
        new_id(bank, "0015", len(bank.facts["refunds"]) + 1), order, amount, bank.now(), description, metadata, receipt
    )
    bank.facts["refunds"].append(refund)
    if turn.end in ("pending_paid", "pending_declined"):
        refund.settles_at = bank.now() + timedelta(seconds=bank.pending_seconds)
        refund.settles_as = "" if turn.end == "pending_paid" else reason_of(turn, "general_decline")
        _set_alarm(bank, order)
    elif turn.end == "declined":
        _cancel(refund, reason_of(turn, "insufficient_funds"))
    else:
        _give_back(bank, refund, turn.extra)
    return lambda: refund_object(bank, refund)


def get_refund(call: Call) -> Shown:
    found = next((one for one in refunds_of(call.bank, call.shop) if one.id == call.name), None)
    if found is None:
        raise Refusal("not_found", "The refund does not exist or belongs to another store", "refund_id")
    return lambda: refund_object(call.bank, found)


def refunds_of(bank: Bank, shop: str) -> list[Refund]:
    return [one for one in bank.facts["refunds"] if one.order.shop == shop]


def settle_refunds(bank: Bank, order: Order) -> None:
    """Refunds of a payment whose moment has come."""
    for refund in _of(bank, order):
        if refund.settles_at and refund.settles_at <= bank.now():
            refund.settles_at = None
            if refund.settles_as:
                _cancel(refund, refund.settles_as)
            else:
                _give_back(bank, refund)
    _set_alarm(bank, order)


def refund_object(bank: Bank, refund: Refund) -> dict[str, object]:
    shown: dict[str, object] = {
        "id": refund.id,
        "payment_id": refund.order.id,
        "status": refund.status,
        "created_at": moment(refund.made_at),
        "amount": roubles(refund.amount),
    }
    if refund.description:
        shown["description"] = refund.description
    if bank.settings["refund_metadata"]:
        shown["metadata"] = refund.metadata
    if refund.receipt:
        shown["receipt_registration"] = bank.settings["receipts"]
    if refund.status == "canceled":
        shown["cancellation_details"] = {"party": party_of_refund(refund.reason), "reason": refund.reason}
    return shown


def _give_back(bank: Bank, refund: Refund, extra: int = 0) -> None:
    order = refund.order
    refund.amount += extra
    bank.give_back(order, refund.amount)
    refund.status, refund.moved_at = "succeeded", bank.now()
    if refund.receipt:
        ring_up(bank, order.shop, refund.receipt, payment_id=order.id, amount=refund.amount, refund_id=refund.id)
    order.facts["notices"].append(("refund.succeeded", refund_object(bank, refund)))


def _cancel(refund: Refund, reason: str) -> None:
    """YooKassa has no notice of a refund that was cancelled."""
    refund.status, refund.reason = "canceled", reason


def _left(bank: Bank, order: Order) -> int:
    return order.taken - sum(one.amount for one in _of(bank, order) if one.status != "canceled")


def _of(bank: Bank, order: Order) -> list[Refund]:
    return [one for one in bank.facts["refunds"] if one.order is order]


def _set_alarm(bank: Bank, order: Order) -> None:
    order.settles_at = min((one.settles_at for one in _of(bank, order) if one.settles_at), default=None)
