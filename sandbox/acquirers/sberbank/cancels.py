"""`deposit.do`, `reverse.do`, `refund.do`, `decline.do`: holds, money that goes back, orders given up."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from sandbox.acquirers.bank import Order
from sandbox.acquirers.sberbank.baskets import check_basket
from sandbox.acquirers.sberbank.call import Answer, Call, accepted
from sandbox.acquirers.sberbank.life import (
    close,
    complete,
    give_back,
    keep_receipt,
    refuse,
    refuse_refund,
    reverse,
    start_refund,
)
from sandbox.acquirers.sberbank.orders import asked_order, left, refunded
from sandbox.acquirers.sberbank.refusals import (
    FAILED,
    MORE_THAN_HELD,
    NOTHING_PAID,
    OTHER_REFUND,
    REVERSED_ONCE,
    TOO_MUCH_BACK,
    WRONG_STATE,
    WRONG_SUM,
    Refusal,
    planned,
)

MOSCOW = ZoneInfo("Europe/Moscow")
LARGEST_ERROR_CODE = 15


def deposit(call: Call) -> Answer:
    """Take what is on hold, or a part of it; at RBS 0 is all of it."""
    order, amount = asked_order(call), call.fields["amount"]
    if order.state != "held":
        raise Refusal(*WRONG_STATE)
    if amount == 0 and not call.is_ecom:
        amount = order.facts["approved"]
    if amount == 0:
        raise Refusal(*WRONG_SUM)
    if amount > order.facts["approved"]:
        raise Refusal(*MORE_THAN_HELD)
    if call.turn.end == "nothing":
        raise planned(call.turn.code)
    if call.turn.end == "declined":
        refuse(call.bank, order, int(call.turn.code or 116))
        raise Refusal(*FAILED)
    complete(call.bank, order, amount)
    return accepted()


def reverse_order(call: Call) -> Answer:
    """A hold until it is completed, money taken until the bank's day ends; a part of it once at most."""
    order = asked_order(call)
    if call.turn.end in ("declined", "nothing"):
        raise planned(call.turn.code)
    if order.state != "held" and not _taken_today(call, order):
        raise Refusal(*WRONG_STATE)
    remains = order.facts["approved"] - order.facts["reversed"]
    amount = call.fields.get("amount") or remains
    if amount > remains:
        raise Refusal(*WRONG_SUM)
    if amount < remains and order.facts["part_reversed"]:
        raise Refusal(*REVERSED_ONCE)
    reverse(call.bank, order, amount)
    return accepted()


def decline_order(call: Call) -> Answer:
    """Close an order before its payment begins."""
    order = asked_order(call)
    if call.turn.end in ("declined", "nothing"):
        raise planned(call.turn.code)
    if order.state not in ("new", "needs_client"):
        raise Refusal(*WRONG_STATE)
    close(call.bank, order)
    return accepted()


def refund(call: Call) -> Answer:
    """In parts and many times. ECOM does a refund once under its `externalRefundId`; RBS knows no such thing."""
    order, amount = asked_order(call), call.fields["amount"]
    refund_id = str(call.fields.get("jsonParams", {}).get("externalRefundId", "")) if call.is_ecom else ""
    known = order.facts["refunds"].get(refund_id) if refund_id else None
    if known == amount:
        return accepted()
    if known is not None or len(refund_id) > 36:
        raise Refusal(*OTHER_REFUND)
    if call.turn.end == "nothing":
        raise planned(call.turn.code)
    if not order.taken:
        raise Refusal(*NOTHING_PAID)
    if amount == 0:
        raise Refusal(*WRONG_SUM)
    if amount > left(order):
        raise Refusal(*TOO_MUCH_BACK)
    check_basket(call, amount, "sell_refund")
    if call.turn.end == "declined":
        _refuse(call, order, amount, refund_id)
    if call.turn.end in ("pending_paid", "pending_declined"):
        start_refund(call.bank, order, amount, refund_id, call.turn)
    else:
        give_back(call.bank, order, amount, refund_id)
    if refund_id:
        order.facts["refunds"][refund_id] = amount
    keep_receipt(order, "REFUND", "sell_refund", call.fields.get("orderBundle"))
    return accepted()


def _refuse(call: Call, order: Order, amount: int, refund_id: str) -> None:
    """By the errorCode of the turn; an actionCode there is the word of the card's bank, and is kept with the order."""
    code = call.turn.code
    if not code:
        raise Refusal(*TOO_MUCH_BACK)
    if 0 < int(code) <= LARGEST_ERROR_CODE:
        raise planned(code)
    refuse_refund(call.bank, order, amount, int(code), refund_id)
    if refund_id:
        order.facts["refunds"][refund_id] = amount
    raise Refusal(*FAILED)


def _taken_today(call: Call, order: Order) -> bool:
    if order.state != "paid" or order.paid_at is None or refunded(order):
        return False
    return order.paid_at.astimezone(MOSCOW).date() == call.bank.now().astimezone(MOSCOW).date()
