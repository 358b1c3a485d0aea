"""Refunds under the shop's own numbers: of a payment at Payin, of a bill at the bill API."""

from __future__ import annotations

from datetime import timedelta

from sandbox.acquirers.bank import Order
from sandbox.acquirers.qiwi.call import Answer, Call
from sandbox.acquirers.qiwi.life import give_back, tell
from sandbox.acquirers.qiwi.orders import Return, facts_of, not_found, paid_try, peek
from sandbox.acquirers.qiwi.refusals import Refusal
from sandbox.acquirers.qiwi.shown import refund_shown


def put_refund(call: Call) -> Answer:
    order, _ = paid_try(call.bank, call.shop, call.names[0])
    return _put(call, order)


def get_refund(call: Call) -> Answer:
    order, _ = paid_try(call.bank, call.shop, call.names[0])
    return refund_shown(call.bank, order, _back(call, order))


def get_refunds(call: Call) -> Answer:
    order, _ = paid_try(call.bank, call.shop, call.names[0])
    return [refund_shown(call.bank, order, back) for back in facts_of(order).returns]


def put_bill_refund(call: Call) -> Answer:
    return _put(call, _bill(call))


def get_bill_refund(call: Call) -> Answer:
    order = _bill(call)
    return refund_shown(call.bank, order, _back(call, order))


def _put(call: Call, order: Order) -> Answer:
    """A number that is there already answers with its refund, whatever sum comes with it."""
    amount, _ = call.fields.amount()
    facts, turn = facts_of(order), call.turn
    back = next((one for one in facts.returns if one.id == call.names[1]), None)
    if back is None:
        waiting = sum(one.amount for one in facts.returns if one.status == "WAITING")
        if order.state != "paid" or order.refunded + waiting + amount > order.taken:
            raise Refusal("refund.incorrect.amount")
        if turn.end == "nothing" or (turn.end == "declined" and facts.old):
            raise Refusal(turn.code or "internal.error", 400 if turn.code else 500)
        back = Return(call.names[1], amount, call.bank.now())
        facts.returns.append(back)
        _follow(call, order, back)
    return refund_shown(call.bank, order, back, first=True)


def _follow(call: Call, order: Order, back: Return) -> None:
    turn = call.turn
    if turn.end == "declined":
        back.status, back.code = "DECLINED", turn.code or "GATEWAY_TECHNICAL_ERROR"
        tell(facts_of(order), "refund", back.id)
    elif turn.end in ("pending_paid", "pending_declined") and not facts_of(order).old:
        back.status, back.code = "WAITING", turn.code
        back.settles_as = "COMPLETED" if turn.end == "pending_paid" else "DECLINED"
        order.settles_at = call.bank.now() + timedelta(seconds=call.bank.pending_seconds)
    else:
        give_back(call.bank, order, back)


def _back(call: Call, order: Order) -> Return:
    back = next((one for one in facts_of(order).returns if one.id == call.names[1]), None)
    if back is None:
        raise Refusal("api.refund.not.found", 404) if facts_of(order).old else not_found(call.bank)
    return back


def _bill(call: Call) -> Order:
    order = peek(call.bank, call.shop, "bill", call.names[0])
    if order is None:
        raise Refusal("api.invoice.not.found", 404, "invoicing-api")
    return order
