"""What becomes of a form: an invoice to its client, money from purse to purse, a refusal, the clock."""

from __future__ import annotations

from datetime import timedelta

from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.turns import Turn
from sandbox.acquirers.webmoney.orders import facts_of

FIRST_INVOICE, FIRST_TRANSACTION = 365_495_932, 1_649_346_729
PAYERS = {"Z945718891756": "059551878952", "Z847392391238": "898472048237"}
CODE = "12345"  # what the client's phone tells when the service asks to confirm


def begin(bank: Bank, order: Order, payer: str) -> None:
    """The client has said which purse they pay from: there is an invoice."""
    facts = facts_of(order)
    facts.begun, facts.payer_wmid = True, PAYERS[payer]
    facts.payer_purse = order.shop[0] + payer[1:]
    facts.invoice = facts.invoice or str(FIRST_INVOICE + len(bank.orders))


def pay(bank: Bank, order: Order, extra: int = 0) -> None:
    facts = facts_of(order)
    facts.transaction = str(FIRST_TRANSACTION + len(bank.operations))
    if bank.settings["mode"] == "1":
        facts.played = True
        order.state, order.settles_at, order.paid_at = "paid", None, bank.now()
        order.taken = order.amount
        return
    bank.take(order, order.amount + extra)


def reject(order: Order, code: str = "13") -> None:
    order.state, order.code, order.settles_at = "declined", code, None


def wait(bank: Bank, order: Order, turn: Turn) -> None:
    """The invoice is not paid yet; `settles_as` says what it will be."""
    order.state = "pending"
    order.settles_as = "declined" if turn.end == "pending_declined" else "paid"
    order.settles_at = bank.now() + timedelta(seconds=bank.pending_seconds)


def settle_order(bank: Bank, order: Order) -> bool:
    """What the clock does; whether the shop is to be told."""
    order.settles_at = None
    if order.state == "pending" and order.settles_as == "paid":
        pay(bank, order)
        return True
    if order.state in ("pending", "needs_client"):
        reject(order)
    elif order.state == "new":
        order.state = "cancelled"
    return False
