"""What becomes of bills and payments: money, refusals, 3-D Secure, the clock; and the letters put aside about it."""

from __future__ import annotations

from datetime import timedelta

from sandbox.acquirers.bank import Bank, Card, Order
from sandbox.acquirers.qiwi.orders import OPEN, Facts, Return, Try, facts_of, made_uuid
from sandbox.acquirers.turns import Turn

USUAL_REFUSAL = "ACQUIRING_NOT_PERMITTED 05"
TOKEN_LIFE = timedelta(days=3 * 365)
TIME_FOR_3DS = timedelta(minutes=15)


def pay(bank: Bank, order: Order, one: Try, extra: int = 0) -> None:
    facts = facts_of(order)
    bank.take(order, order.amount + extra)
    one.amount = one.captured = order.amount + extra
    if facts.binds and not one.token:
        _save(bank, order, one)
    _end(bank, one, "COMPLETED")
    tell(facts, "payment", one.id)
    if facts.kind == "bill":
        close(bank, order, "PAID")


def decline(bank: Bank, order: Order, one: Try, code: str) -> None:
    """A bill stays open for another try; a payment by a token has ended."""
    facts = facts_of(order)
    _end(bank, one, "DECLINED", code or USUAL_REFUSAL)
    order.code = one.code
    tell(facts, "payment", one.id)
    order.settles_at = facts.until
    order.state = "new" if facts.kind == "bill" else "declined"


def wait(bank: Bank, order: Order, turn: Turn) -> None:
    """The end of it is not known yet."""
    order.state = "pending"
    order.settles_as = "declined" if turn.end == "pending_declined" else "paid"
    order.facts["settles_with"] = turn.code
    order.settles_at = bank.now() + timedelta(seconds=bank.pending_seconds)


def challenge(bank: Bank, order: Order, one: Try) -> None:
    """The issuer wants its client (3-D Secure)."""
    one.asks = True
    order.state = "needs_client"
    order.settles_at = bank.now() + TIME_FOR_3DS


def answer_challenge(bank: Bank, order: Order, agreed: bool) -> None:
    one = facts_of(order).tries[-1]
    one.asks = False
    if agreed:
        pay(bank, order, one)
    else:
        decline(bank, order, one, "DECLINED_BY_MPI")


def close(bank: Bank, order: Order, status: str) -> None:
    """A bill has come to its end."""
    facts = facts_of(order)
    facts.status, facts.changed_at = status, bank.now()
    order.settles_at = None
    if status != "PAID":
        order.state = "cancelled"
    elif facts.old:
        facts.letters.append(("bill", order.number))


def give_back(bank: Bank, order: Order, back: Return) -> None:
    back.status = "COMPLETED"
    bank.give_back(order, back.amount)
    tell(facts_of(order), "refund", back.id)


def settle_order(bank: Bank, order: Order) -> None:
    """What the clock does to an order whose moment has come."""
    facts = facts_of(order)
    order.settles_at = None
    waiting = next((one for one in facts.returns if one.status == "WAITING"), None)
    if waiting:
        _settle_return(bank, order, waiting)
    elif order.state == "needs_client":
        decline(bank, order, facts.tries[-1], "PAYMENT_EXPIRED_3DS")
    elif order.state == "pending" and order.settles_as == "paid":
        pay(bank, order, facts.tries[-1])
    elif order.state == "pending":
        decline(bank, order, facts.tries[-1], order.facts["settles_with"])
    elif facts.status in OPEN:
        close(bank, order, "EXPIRED")
    if facts.status in OPEN and facts.until and facts.until <= bank.now() and order.state == "new":
        close(bank, order, "EXPIRED")


def _settle_return(bank: Bank, order: Order, back: Return) -> None:
    if back.settles_as == "COMPLETED":
        give_back(bank, order, back)
        return
    back.status, back.code = "DECLINED", back.code or "GATEWAY_TECHNICAL_ERROR"
    tell(facts_of(order), "refund", back.id)


def tell(facts: Facts, kind: str, name: str) -> None:
    """The bill API tells of paid bills alone."""
    if not facts.old:
        facts.letters.append((kind, name))


def _end(bank: Bank, one: Try, status: str, code: str = "") -> None:
    one.status, one.code, one.changed_at = status, code, bank.now()


def _save(bank: Bank, order: Order, one: Try) -> None:
    """A token of the card, for this account only."""
    facts: Facts = facts_of(order)
    one.token, one.expires = made_uuid(bank, "token"), f"{bank.now() + TOKEN_LIFE:%Y-%m}"
    order.card = Card(order.shop, one.token, facts.account, one.mask, one.expires, facts={"code": ""})
    bank.cards.append(order.card)
