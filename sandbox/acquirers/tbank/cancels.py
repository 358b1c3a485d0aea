"""`Cancel` and `Confirm`: a payment is called off, a hold let go or taken, money given back."""

from __future__ import annotations

from sandbox.acquirers.bank import Order
from sandbox.acquirers.tbank.call import Call
from sandbox.acquirers.tbank.orders import HELD, OPEN, REFUNDABLE, identity, payment_of, status_of, succeeded
from sandbox.acquirers.tbank.payments import confirm, decline, move, refund, reverse, start_refund
from sandbox.acquirers.tbank.receipts import keep_receipt, read_receipt
from sandbox.acquirers.tbank.refusals import Refusal


def confirm_payment(call: Call) -> dict[str, object]:
    """Take what is held, or a part of it."""
    order = payment_of(call.bank, call.shop, call.fields.text("PaymentId", 20))
    amount = call.fields.optional_amount()
    if status_of(order) not in HELD:
        raise Refusal("8", f"Статус {status_of(order)}", **identity(order))
    if amount is not None and amount > order.facts["held"]:
        raise Refusal("330", **identity(order))
    if call.turn.end == "declined":
        decline(call.bank, order, call.turn.code or "1005")
        raise Refusal(order.code, **identity(order))
    confirm(call.bank, order, order.facts["held"] if amount is None else amount)
    return succeeded(**identity(order), Params=[{"Key": "Route", "Value": "ACQ"}])


def verb_of_cancel(call: Call) -> str:
    """`refund` where money was taken, else `void`."""
    try:
        order = payment_of(call.bank, call.shop, call.fields.text("PaymentId", 20))
    except Refusal:
        return "void"
    return "refund" if status_of(order) in REFUNDABLE else "void"


def cancel(call: Call) -> dict[str, object]:
    order = payment_of(call.bank, call.shop, call.fields.text("PaymentId", 20))
    asked = call.fields.optional_amount()
    key = call.fields.optional_text("ExternalRequestId", 256)
    if call.turn.end == "nothing":
        raise Refusal(call.turn.code or "9999")
    known = order.facts["cancels"].get(key) if key and not order.facts["by_account"] else None
    if known is not None:
        return _repeated(call, order, known)
    before = _left(order)
    if order.state == "pending" or "refunding" in order.facts:
        raise Refusal("4", "Платёж обрабатывается", **identity(order))
    closes_challenge = call.bank.settings["cancel_of_challenge"] == "taken" and status_of(order) == "3DS_CHECKING"
    if status_of(order) in OPEN or closes_challenge:
        order.settles_at = None
        move(call.bank, order, "CANCELED")
    elif status_of(order) in HELD:
        reverse(call.bank, order, _part(order, asked, order.facts["held"]))
    elif status_of(order) in REFUNDABLE:
        _refund(call, order, _part(order, asked, order.taken - order.refunded))
    else:
        raise Refusal("4", f"Статус {status_of(order)}", **identity(order))
    answer = _answer(call, order, before, key)
    if key:
        order.facts["cancels"][key] = answer
    return answer


def _part(order: Order, asked: int | None, left: int) -> int:
    if asked is not None and asked > left:
        raise Refusal("330", f"Осталось {left}", **identity(order))
    return left if asked is None else asked


def _refund(call: Call, order: Order, amount: int) -> None:
    bank, turn = call.bank, call.turn
    receipt = None
    if call.fields.values.get("Receipt") is not None:
        receipt = read_receipt(call, amount)
    elif order.facts["receipt"] is not None and amount < order.taken - order.refunded:
        raise Refusal("309", "При частичном возврате передаются возвращаемые позиции", **identity(order))
    if turn.end == "declined":
        order.facts["refund_code"] = turn.code or "3002"
        raise Refusal(turn.code or "3002", **identity(order))
    order.facts.pop("refund_code", None)
    by_account = order.facts["by_account"]
    if turn.end in ("pending_paid", "pending_declined") or (by_account and bank.settings["sbp_refund"] == "async"):
        start_refund(bank, order, amount, "ASYNC_REFUNDING" if by_account else "REFUNDING", turn)
        order.settles_as = "declined" if turn.end == "pending_declined" else "paid"
    else:
        refund(bank, order, amount)
    returned = receipt or order.facts["receipt"]
    if returned is not None:
        keep_receipt(call, order, returned, "refund")


def _repeated(call: Call, order: Order, first: dict[str, object]) -> dict[str, object]:
    """An ExternalRequestId comes again: nothing is done, and the payment's present state is told."""
    if call.bank.settings["repeated_cancel"] == "first":
        return first
    return first | {"Status": status_of(order), "OriginalAmount": _left(order), "NewAmount": _left(order)}


def _left(order: Order) -> int:
    """What of the payment still stands: wanted, held or taken and not given back."""
    if order.taken:
        coming_back = order.facts["refunding"]["amount"] if "refunding" in order.facts else 0
        return order.taken - order.refunded - int(coming_back)
    if order.state == "cancelled":
        return 0
    return int(order.facts["held"]) or order.amount


def _answer(call: Call, order: Order, before: int, key: str) -> dict[str, object]:
    as_number = call.bank.settings["cancel_payment_id"] == "number"
    answer = succeeded(
        TerminalKey=order.shop,
        OrderId=order.number,
        Status=status_of(order),
        OriginalAmount=before,
        NewAmount=_left(order),
        PaymentId=int(order.id) if as_number else order.id,
    )
    return answer | ({"ExternalRequestId": key} if key else {})
