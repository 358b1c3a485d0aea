"""The life of one payment: its statuses, the money they mean, and what the clock does to it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.cloudpayments.bodies import notice_of, refund_notice
from sandbox.acquirers.cloudpayments.cards import keep
from sandbox.acquirers.cloudpayments.receipts import make_receipt
from sandbox.acquirers.cloudpayments.transactions import new_payment, status_of
from sandbox.acquirers.turns import Turn

HOLD = timedelta(days=7)
CHALLENGE = timedelta(minutes=30)
STATES: dict[str, Any] = {
    "AwaitingAuthentication": "needs_client",
    "Authorized": "held",
    "Cancelled": "cancelled",
    "Declined": "declined",
}


def pay(bank: Bank, order: Order, extra: int = 0, token_code: str = "") -> None:
    """The bank agreed: held where the payment has two stages, else taken."""
    if order.card is None:
        keep(bank, order, token_code)
    order.facts["auth_at"] = bank.now()
    order.facts["held"] = order.amount + extra
    if order.facts["two_stage"]:
        _move(order, "Authorized")
        order.settles_at = bank.now() + HOLD
        order.facts["notices"].append(notice_of(bank, order, "Pay"))
        return
    take(bank, order, order.amount + extra, "Pay")


def take(bank: Bank, order: Order, amount: int, notice: str) -> None:
    order.facts["status"] = "Completed"
    bank.take(order, amount)
    order.facts["notices"].append(notice_of(bank, order, notice))
    make_receipt(bank, order, "payment", order.facts["data"], amount, order.id)


def decline(bank: Bank, order: Order, code: str) -> None:
    """The bank refused; after a technical refusal the second bank may take it, as another payment."""
    order.settles_at, order.code = None, code
    _move(order, "Declined")
    order.facts["notices"].append(notice_of(bank, order, "Fail"))
    if bank.settings["second_bank"] and code in ("5091", "5096"):
        again = new_payment(bank, order.shop, order.number, order.amount, order.currency)
        again.facts = order.facts | {"notices": [], "told": 0, "refunds": [], "fallback": int(order.id), "status": ""}
        again.description, again.customer, again.card = order.description, order.customer, order.card
        pay(bank, again)


def challenge(bank: Bank, order: Order) -> None:
    """The issuer wants its client (3-D Secure)."""
    _move(order, "AwaitingAuthentication")
    order.settles_at = bank.now() + CHALLENGE


def wait(bank: Bank, order: Order, turn: Turn) -> None:
    """The end of it is not known yet; the turn says what it will be and how the shop is told."""
    order.settles_as = "paid" if turn.end == "pending_paid" else "declined"
    order.facts |= {"settles_with": turn.code, "manner": turn.notice, "status": bank.settings["pending_status"]}
    order.settles_at = bank.now() + timedelta(seconds=bank.pending_seconds)
    order.state = "pending"


def let_go(bank: Bank, order: Order) -> None:
    """A hold, or an order nobody paid, is over."""
    order.settles_at = None
    _move(order, "Cancelled")
    order.facts["notices"].append(notice_of(bank, order, "Cancel"))


def finish_refund(bank: Bank, order: Order, refund: dict[str, Any], code: str = "") -> None:
    """The refund comes to its end: money goes back, or with a code it does not."""
    refund["status"], refund["code"] = ("Declined", code) if code else ("Completed", "")
    if not code:
        bank.give_back(order, refund["amount"])
        make_receipt(bank, order, "refund", refund["data"], refund["amount"], refund["id"])
    order.facts["notices"].append(refund_notice(bank, order, refund))


def settle_payment(bank: Bank, order: Order) -> None:
    """What the clock does to a payment whose moment has come."""
    order.settles_at = None
    waiting = [one for one in order.facts["refunds"] if one["status"] not in ("Completed", "Declined")]
    if waiting:
        finish_refund(bank, order, waiting[0], waiting[0]["settles_with"])
    elif status_of(order) == "Authorized":
        let_go(bank, order)
    elif status_of(order) == "AwaitingAuthentication":
        decline(bank, order, "5206")
    elif order.state == "pending" and order.settles_as == "paid":
        pay(bank, order)
    elif order.state in ("pending", "new"):
        decline(bank, order, order.facts["settles_with"] or "5051")


def _move(order: Order, status: str) -> None:
    order.facts["status"] = status
    order.state = STATES[status]
