"""What follows a payment: holds taken or let go, money given back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sandbox.acquirers.bank import Order
from sandbox.acquirers.cloudpayments.call import Answer, Call, succeeded
from sandbox.acquirers.cloudpayments.life import finish_refund, let_go, take
from sandbox.acquirers.cloudpayments.refusals import Refusal
from sandbox.acquirers.cloudpayments.transactions import next_id, payment_of, status_of


def confirm(call: Call) -> Answer:
    order = payment_of(call.bank, call.shop, call.fields.number("TransactionId"))
    amount = call.fields.amount()
    if status_of(order) != "Authorized":
        raise Refusal("Invalid transaction status")
    if amount > order.facts["held"]:
        raise Refusal("Amount exceeds the authorized one")
    take(call.bank, order, amount, "Confirm")
    return succeeded()


def void(call: Call) -> Answer:
    order = payment_of(call.bank, call.shop, call.fields.number("TransactionId"))
    if status_of(order) != "Authorized":
        raise Refusal("Invalid transaction status")
    let_go(call.bank, order)
    return succeeded()


def refund(call: Call) -> Answer:
    """By SBP a refund is told of when it has come to its end."""
    bank, turn = call.bank, call.turn
    order = payment_of(bank, call.shop, call.fields.number("TransactionId"))
    amount, data = call.fields.amount(), call.fields.data()
    if turn.end == "nothing":
        raise Refusal("Сервис временно недоступен")
    if status_of(order) != "Completed":
        raise Refusal("Invalid transaction status")
    if amount > _left(order):
        raise Refusal("Amount exceeds what is left of the payment")
    if turn.end == "declined":
        raise Refusal("Insufficient funds")
    made: dict[str, Any] = {
        "id": next_id(bank),
        "amount": amount,
        "at": bank.now(),
        "data": data,
        "status": bank.settings["pending_status"],
        "code": "",
        "settles_with": "",
    }
    order.facts["refunds"].append(made)
    by_sbp = order.facts["method"] == "Sbp" and bank.settings["sbp_refund"] == "async"
    if turn.end in ("pending_paid", "pending_declined") or by_sbp:
        made["settles_with"] = (turn.code or "6014") if turn.end == "pending_declined" else ""
        order.settles_at = bank.now() + timedelta(seconds=bank.pending_seconds)
    else:
        finish_refund(bank, order, made)
    return succeeded({"TransactionId": int(made["id"])})


def _left(order: Order) -> int:
    coming = sum(one["amount"] for one in order.facts["refunds"] if one["status"] not in ("Completed", "Declined"))
    return order.taken - order.refunded - int(coming)
