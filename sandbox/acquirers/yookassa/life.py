"""The life of one payment: its statuses, the money they mean, and what the clock does to it."""

from __future__ import annotations

from datetime import timedelta

from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.turns import Turn
from sandbox.acquirers.yookassa.orders import status_of
from sandbox.acquirers.yookassa.reasons import party_of
from sandbox.acquirers.yookassa.receipts import ring_up
from sandbox.acquirers.yookassa.refunds import settle_refunds
from sandbox.acquirers.yookassa.refusals import reason_of
from sandbox.acquirers.yookassa.saved import save_method
from sandbox.acquirers.yookassa.shown import payment_object, saved_object

TIME_TO_PAY = timedelta(hours=1)
HOLD = timedelta(days=7)


def pay(bank: Bank, order: Order, extra: int = 0) -> None:
    """The issuer agreed: a binding is there, a payment is taken or, in two stages, held. SBP knows no hold."""
    if order.facts["save"] and order.card is None:
        save_method(bank, order)
    if order.facts["binds"]:
        _move(bank, order, "succeeded")
        order.settles_at = None
        return
    order.facts["held"] = order.amount + extra
    if order.facts["capture"] or order.facts["method"]["type"] == "sbp":
        capture(bank, order, order.facts["held"])
        return
    order.facts["expires_at"] = order.settles_at = bank.now() + HOLD
    order.state = "held"
    _move(bank, order, "waiting_for_capture")


def capture(bank: Bank, order: Order, amount: int) -> None:
    """What is held is taken, whole or in part; the rest goes back."""
    order.facts["captured"], order.facts["held"] = amount, 0
    order.facts["captured_at"] = bank.now()
    bank.take(order, amount)
    if order.facts["receipt"]:
        ring_up(bank, order.shop, order.facts["receipt"], payment_id=order.id, amount=amount)
    _move(bank, order, "succeeded")


def cancel(bank: Bank, order: Order, reason: str, party: str = "") -> None:
    """The end without money; a shop's reason or the clock's is nobody's refusal."""
    order.code, order.facts["party"] = reason, party or party_of(reason)
    order.settles_at = None
    nobody_refused = reason in ("canceled_by_merchant", "expired_on_confirmation", "expired_on_capture")
    order.state = "cancelled" if nobody_refused else "declined"
    _move(bank, order, "canceled")


def wait(bank: Bank, order: Order, turn: Turn) -> None:
    """The end of it is not known yet; `settles_as` says what it will be."""
    order.settles_as = "paid" if turn.end == "pending_paid" else "declined"
    order.facts["settles_with"] = reason_of(turn, "insufficient_funds")
    order.facts["settles_extra"] = turn.extra
    order.settles_at = bank.now() + timedelta(seconds=bank.pending_seconds)
    order.state = "pending"


def challenge(order: Order) -> None:
    """The issuer wants its client: 3-D Secure."""
    order.state, order.facts["asks"] = "needs_client", True


def settle_payment(bank: Bank, order: Order) -> None:
    """What the clock does to a payment whose moment has come."""
    order.settles_at = None
    status = status_of(order)
    if status == "waiting_for_capture":
        cancel(bank, order, "expired_on_capture")
    elif status == "succeeded":
        settle_refunds(bank, order)
    elif order.state != "pending":
        cancel(bank, order, "expired_on_confirmation")
    elif order.settles_as == "paid":
        pay(bank, order, order.facts["settles_extra"])
    else:
        cancel(bank, order, order.facts["settles_with"])


def _move(bank: Bank, order: Order, status: str) -> None:
    """The payment comes to a status, and a notice of it is put aside."""
    order.facts["status"] = status
    if not order.facts["binds"]:
        order.facts["notices"].append((f"payment.{status}", payment_object(bank, order)))
    elif status == "succeeded":
        order.facts["notices"].append(("payment_method.active", saved_object(order)))
