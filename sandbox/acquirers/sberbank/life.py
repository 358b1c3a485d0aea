"""The life of one order: its statuses and actionCodes, the money they mean, and what the clock does to it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.sberbank.bindings import bind_account, bind_card
from sandbox.acquirers.sberbank.bodies import notice_of
from sandbox.acquirers.sberbank.orders import (
    AT_ACS,
    DECLINED,
    EXHAUSTED,
    EXPIRED,
    HELD,
    IN_PROGRESS,
    PAID,
    REFUNDED,
    REGISTERED,
    REVERSED,
    TRIES,
    made_uuid,
    refunded,
)
from sandbox.acquirers.turns import Turn

HOLD = timedelta(days=7)
USUAL_REFUSAL = 116
STATES: dict[int, Any] = {HELD: "held", PAID: "paid", REFUNDED: "paid", REVERSED: "cancelled", AT_ACS: "needs_client"}


def move(order: Order, status: int, action: int) -> None:
    order.facts["status"], order.facts["action"] = status, action
    order.code = "" if action == 0 else str(action)
    order.state = STATES.get(status, order.state)


def tell(order: Order, operation: str, good: bool = True) -> None:
    order.facts["notices"].append(notice_of(order, operation, good))


def pay(bank: Bank, order: Order, extra: int = 0) -> None:
    """The issuer agreed: checked only, held, or taken; the card is kept where the order names its client."""
    facts = order.facts
    order.settles_at = None
    if facts["by_account"]:
        _pay_by_account(bank, order, extra)
        return
    if order.customer and order.card is None and facts["entered"]:
        bind_card(bank, order)
    facts["approved"] = order.amount + extra
    if "VERIFY" in facts["features"]:
        move(order, REVERSED, 0)
        tell(order, "approved")
        tell(order, "reversed")
    elif facts["two_stage"]:
        keep_operation(bank, order, "PREAUTHORIZATION", facts["approved"])
        move(order, HELD, 0)
        order.settles_at = facts["completes_at"] or bank.now() + HOLD
        tell(order, "approved")
    else:
        _take(bank, order, facts["approved"], "AUTHORIZATION")


def complete(bank: Bank, order: Order, amount: int) -> None:
    """Money on hold is taken, whole or in part."""
    order.settles_at = None
    _take(bank, order, amount, "COMPLETION")


def refuse(bank: Bank, order: Order, action: int) -> None:
    """A try failed. While tries are left the order may stay open; `settings` say how."""
    facts = order.facts
    facts["tries"] += 1
    exhausted = facts["tries"] >= TRIES
    order.card = None
    keep_operation(bank, order, "AUTHORIZATION", order.amount, action)
    if exhausted and bank.settings["third_refusal"] == "exhausted":
        move(order, bank.settings["closed_status"], EXHAUSTED)
    elif exhausted or bank.settings["after_refusal"] == "final":
        move(order, DECLINED, action)
    else:
        move(order, REGISTERED, action)
        order.state, order.settles_at = "new", facts["until"]
        tell(order, "deposited", good=False)
        return
    order.state, order.settles_at = "declined", None
    tell(order, "deposited", good=False)


def challenge(order: Order) -> None:
    """The bank's ACS wants its client."""
    move(order, AT_ACS, order.facts["action"])
    order.settles_at = order.facts["until"]


def wait(bank: Bank, order: Order, turn: Turn) -> None:
    """The end of it is not known yet; `settles_as` says what it will be."""
    order.settles_as = "paid" if turn.end == "pending_paid" else "declined"
    order.facts["settles_with"] = turn.code
    order.settles_at = bank.now() + timedelta(seconds=bank.pending_seconds)
    code = IN_PROGRESS if order.facts["by_account"] else bank.settings["pending_code"]
    move(order, bank.settings["pending_status"], code)
    order.state = "pending"


def expire(bank: Bank, order: Order) -> None:
    order.settles_at = None
    move(order, bank.settings["closed_status"], EXPIRED)
    order.state = "cancelled"
    tell(order, "declinedByTimeout", good=False)


def close(bank: Bank, order: Order) -> None:
    """The shop gave the order up before it was paid."""
    order.settles_at = None
    move(order, bank.settings["declined_status"], order.facts["action"])
    order.state = "cancelled"


def reverse(bank: Bank, order: Order, amount: int) -> None:
    """Money on hold is let go, or money taken today goes back before the day is settled."""
    facts = order.facts
    held = order.state == "held"
    whole = amount == facts["approved"] - facts["reversed"]
    if not held:
        bank.give_back(order, amount)
        facts["reversed"] += amount
    else:
        facts["approved"] -= amount
    facts["part_reversed"] |= not whole
    keep_operation(bank, order, "REVERSAL", amount)
    if whole:
        order.settles_at = None
        move(order, REVERSED, 0)
    tell(order, "reversed")


def give_back(bank: Bank, order: Order, amount: int, refund_id: str) -> None:
    bank.give_back(order, amount)
    keep_operation(bank, order, "REFUND", amount, refund_id=refund_id)
    move(order, REFUNDED, 0)
    tell(order, "refunded")


def refuse_refund(bank: Bank, order: Order, amount: int, action: int, refund_id: str) -> None:
    keep_operation(bank, order, "REFUND", amount, action, refund_id)
    tell(order, "refunded", good=False)


def start_refund(bank: Bank, order: Order, amount: int, refund_id: str, turn: Turn) -> None:
    """A refund the bank has taken on: it counts when it is settled."""
    order.facts["coming_back"] = {"amount": amount, "id": refund_id}
    order.settles_as = "paid" if turn.end == "pending_paid" else "declined"
    order.facts["settles_with"] = turn.code
    order.settles_at = bank.now() + timedelta(seconds=bank.pending_seconds)
    keep_operation(bank, order, "REFUND", amount, IN_PROGRESS, refund_id)
    order.facts["action"] = IN_PROGRESS


def settle_order(bank: Bank, order: Order) -> None:
    """What the clock does to an order whose moment has come."""
    order.settles_at = None
    if order.facts["coming_back"]:
        _finish_refund(bank, order)
    elif order.state == "pending" and order.settles_as == "paid":
        pay(bank, order)
    elif order.state == "pending":
        refuse(bank, order, int(order.facts["settles_with"] or USUAL_REFUSAL))
    elif order.state == "held" and order.facts["completes_at"]:
        complete(bank, order, order.facts["approved"])
    elif order.state == "held":
        reverse(bank, order, order.facts["approved"])
    elif order.state in ("new", "needs_client"):
        expire(bank, order)


def keep_operation(bank: Bank, order: Order, kind: str, amount: int, action: int = 0, refund_id: str = "") -> None:
    """What `operations` of the order's status lists."""
    operation: dict[str, Any] = {
        "date": milliseconds(bank),
        "type": kind,
        "amount": amount,
        "referenceNumber": f"{len(order.facts['operations']) + 303_112_098_637}",
        "approvalCode": made_uuid(order.id, kind)[:6].upper(),
        "actionCode": action,
    }
    order.facts["operations"].append(operation | ({"externalRefundId": refund_id} if refund_id else {}))


def milliseconds(bank: Bank) -> int:
    return int(bank.now().timestamp() * 1000)


def _take(bank: Bank, order: Order, amount: int, kind: str) -> None:
    order.facts["approved"] = max(amount, order.facts["approved"])
    bank.take(order, amount)
    keep_operation(bank, order, kind, amount)
    move(order, PAID, 0)
    keep_receipt(order, kind, "sell", order.facts["bundle"])
    tell(order, "deposited")


def _pay_by_account(bank: Bank, order: Order, extra: int) -> None:
    if order.facts["scenario"].startswith("C2B_SUBSCRIPTION") and order.card is None:
        bind_account(bank, order)
        tell(order, "subscriptionCreated")
    if order.facts["scenario"] == "C2B_SUBSCRIPTION":
        move(order, PAID, 0)
        return
    order.facts["approved"] = order.amount + extra
    _take(bank, order, order.amount + extra, "AUTHORIZATION")


def keep_receipt(order: Order, operation: str, kind: str, bundle: dict[str, Any] | None) -> str:
    """A receipt goes to the cash desk where the basket asks for one; gives its id."""
    if not bundle or "receiptType" not in bundle:
        return ""
    receipts = order.facts["receipts"]
    receipt_id = made_uuid("receipt", order.id, str(len(receipts)))
    receipts.append({"id": receipt_id, "operation": operation, "type": kind, "total": bundle["total"]})
    return receipt_id


def _finish_refund(bank: Bank, order: Order) -> None:
    coming = order.facts["coming_back"]
    order.facts["coming_back"] = None
    order.facts["operations"] = [one for one in order.facts["operations"] if one["actionCode"] != IN_PROGRESS]
    if order.settles_as == "paid":
        give_back(bank, order, coming["amount"], coming["id"])
        return
    move(order, REFUNDED if refunded(order) else PAID, 0)
    refuse_refund(bank, order, coming["amount"], int(order.facts["settles_with"] or 125), coming["id"])
