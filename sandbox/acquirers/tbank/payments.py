"""The life of one payment: its statuses, the money they mean, and what the clock does to it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.tbank.bodies import receipt_notice, status_notice
from sandbox.acquirers.tbank.cards import bind_account, refuse_account, save_card
from sandbox.acquirers.tbank.orders import HELD, OPEN, status_of
from sandbox.acquirers.turns import Turn

TOLD = frozenset(
    {
        "AUTHORIZED",
        "CONFIRMED",
        "PARTIAL_REVERSED",
        "REVERSED",
        "CANCELED",
        "PARTIAL_REFUNDED",
        "REFUNDED",
        "REJECTED",
    }
)
STATES: dict[str, Any] = {
    "NEW": "new",
    "FORM_SHOWED": "new",
    "3DS_CHECKING": "needs_client",
    "AUTHORIZED": "held",
    "PARTIAL_REVERSED": "held",
    "REJECTED": "declined",
    "AUTH_FAIL": "declined",
    "DEADLINE_EXPIRED": "cancelled",
    "CANCELED": "cancelled",
    "REVERSED": "cancelled",
}
HOLD = timedelta(days=7)
CHALLENGE = timedelta(hours=36)


def move(bank: Bank, order: Order, status: str, code: str = "") -> None:
    """The payment comes to a status; a notice of it is put aside when the protocol has one."""
    order.facts["status"], order.code = status, code
    order.facts["statuses"].append(status)
    order.state = STATES.get(status, order.state)
    if status in TOLD or (status == "DEADLINE_EXPIRED" and bank.settings["notify_expired"]):
        order.facts["notices"].append(status_notice(bank, order))


def pay(bank: Bank, order: Order, extra: int = 0) -> None:
    """The issuer agreed: held in a two-stage payment, taken in a one-stage one; SBP knows no hold."""
    if order.facts["by_account"]:
        if order.facts["link"] and order.card is None:
            bind_account(bank, order)
        _take(bank, order, order.amount + extra)
        return
    if order.facts["recurrent"] and order.card is None:
        save_card(bank, order)
    order.facts["held"] = order.amount + extra
    move(bank, order, "AUTHORIZED")
    order.settles_at = bank.now() + HOLD
    if order.facts["pay_type"] == "O":
        confirm(bank, order, order.facts["held"])


def confirm(bank: Bank, order: Order, amount: int) -> None:
    """Money that is held is taken, whole or in part."""
    move(bank, order, "CONFIRMING")
    _take(bank, order, amount)


def decline(bank: Bank, order: Order, code: str, status: str = "REJECTED") -> None:
    order.settles_at = None
    move(bank, order, status, code)


def fail_attempt(bank: Bank, order: Order, code: str, status: str = "REJECTED") -> None:
    """A try on the client's page failed: the shop is told, and the page stays open while tries are left."""
    order.facts["attempts"] += 1
    tries = 3 if order.facts["by_account"] else bank.settings["page_attempts"]
    if order.facts["attempts"] >= tries:
        decline(bank, order, code, status)
    elif order.facts["by_account"]:
        move(bank, order, "FORM_SHOWED")
    else:
        move(bank, order, status, code)
        move(bank, order, "FORM_SHOWED")
        order.settles_at = order.facts["until"]


def wait(bank: Bank, order: Order, turn: Turn, status: str) -> None:
    """The end of it is not known yet; the turn says what it will be and how the shop is told."""
    order.settles_as = "paid" if turn.end == "pending_paid" else "declined"
    order.facts |= {"settles_with": turn.code, "manner": turn.notice}
    order.settles_at = bank.now() + timedelta(seconds=bank.pending_seconds)
    move(bank, order, status)
    order.state = "pending"


def challenge(bank: Bank, order: Order) -> None:
    """The issuer wants its client (3-D Secure)."""
    move(bank, order, "3DS_CHECKING")
    order.settles_at = bank.now() + CHALLENGE


def reverse(bank: Bank, order: Order, amount: int) -> None:
    """Let go of money that was held."""
    order.facts["held"] -= amount
    if order.facts["held"]:
        move(bank, order, "PARTIAL_REVERSED")
        return
    order.settles_at = None
    move(bank, order, "REVERSED")


def refund(bank: Bank, order: Order, amount: int) -> None:
    bank.give_back(order, amount)
    move(bank, order, "REFUNDED" if order.refunded == order.taken else "PARTIAL_REFUNDED")


def start_refund(bank: Bank, order: Order, amount: int, status: str, turn: Turn) -> None:
    """Money is on its way back; it moves when the refund is settled."""
    order.facts["refunding"] = {"amount": amount, "before": status_of(order)}
    wait(bank, order, turn, status)
    order.state = "paid"


def settle_payment(bank: Bank, order: Order) -> None:
    """What the clock does to a payment or a binding whose moment has come."""
    order.settles_at = None
    status = status_of(order)
    if order.facts["binds"]:
        refuse_account(order)
    elif status in HELD:
        reverse(bank, order, order.facts["held"])
    elif status == "3DS_CHECKING" or (status in OPEN and order.state == "new"):
        move(bank, order, "DEADLINE_EXPIRED")
    elif "refunding" in order.facts:
        _finish_refund(bank, order)
    elif order.settles_as == "paid":
        pay(bank, order)
    else:
        usual = "3009" if order.facts["by_account"] else "1051"
        decline(bank, order, order.facts["settles_with"] or usual)


def _finish_refund(bank: Bank, order: Order) -> None:
    refunding = order.facts.pop("refunding")
    if order.settles_as == "paid":
        refund(bank, order, refunding["amount"])
        return
    order.facts["refund_code"] = order.facts["settles_with"] or "I05043"
    order.facts["status"] = refunding["before"]
    order.facts["statuses"].append(refunding["before"])


def _take(bank: Bank, order: Order, amount: int) -> None:
    bank.take(order, amount)
    move(bank, order, "CONFIRMED")
    receipt = order.facts["receipt"]
    if receipt is None:
        return
    status = bank.settings["receipts"]
    order.facts["receipts"].append({"kind": "payment", "receipt": receipt, "status": status})
    if status != "pending":
        order.facts["notices"].append(receipt_notice(bank, order, receipt, "Income"))
