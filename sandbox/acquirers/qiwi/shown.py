"""Orders as QIWI shows them in answers and notices: moments in Moscow, sums as texts here and numbers there."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.qiwi.orders import Return, Try, facts_of

MOSCOW = timezone(timedelta(hours=3))


def moment(at: datetime) -> str:
    return at.astimezone(MOSCOW).isoformat(timespec="seconds")


def sum_shown(bank: Bank, amount: int, currency: str, *, first: bool) -> dict[str, object]:
    """`first`: in the answer to a PUT; later answers drift to numbers."""
    as_text = {"text": True, "number": False}.get(bank.settings["sums"], first)
    text = f"{amount // 100}.{amount % 100:02d}"
    whole = amount // 100 if amount % 100 == 0 else amount / 100
    return {"currency": currency, "value": text if as_text else whole}


def bill_shown(bank: Bank, order: Order, root: str, *, first: bool = False) -> dict[str, object]:
    facts = facts_of(order)
    shown: dict[str, object] = {
        "billId": order.number,
        "amount": sum_shown(bank, order.amount, order.currency, first=first),
        "status": {"value": facts.status, "changedDateTime": moment(facts.changed_at or order.made_at)},
        "comment": order.description,
        "customFields": {},
        "creationDateTime": moment(order.made_at),
        "payUrl": f"{root}acquirers/qiwi/form?invoiceUid={order.id}",
    }
    if facts.until:
        shown["expirationDateTime"] = moment(facts.until)
    own: dict[str, object] = {"siteId": order.shop} if facts.old else {"invoiceUid": order.id}
    return own | shown


def payment_shown(bank: Bank, order: Order, one: Try, *, first: bool = False) -> dict[str, object]:
    later = bank.settings["captured"] == "later" and first
    back = sum(done.amount for done in facts_of(order).returns if done.status == "COMPLETED")
    shown: dict[str, object] = {
        "paymentId": one.id,
        "billId": one.bill,
        "createdDateTime": moment(one.made_at),
        "amount": sum_shown(bank, one.amount, order.currency, first=first),
        "capturedAmount": sum_shown(bank, 0 if later else one.captured, order.currency, first=first),
        "refundedAmount": sum_shown(bank, back, order.currency, first=first),
        "paymentMethod": {"type": one.kind, "maskedPan": one.mask, "rrn": "309711196151", "authCode": "231181"},
        "status": {"value": one.status, "changedDateTime": moment(one.changed_at)} | _why(one),
        "customer": {"account": order.customer},
        "flags": ["SALE"],
    }
    if one.asks:
        shown["requirements"] = {"threeDS": {"pareq": "eJyrrgUAAXUA+Q==", "acsUrl": "https://acs.example/start"}}
    if one.token and facts_of(order).binds and bank.settings["token_told_in"] != "notice":
        shown["createdToken"] = {"token": one.token, "name": one.mask, "expiredDate": _expired(one)}
    return shown


def payment_told(bank: Bank, order: Order, one: Try) -> dict[str, object]:
    """The `payment` of a notice, where its statuses and the place of its reason have other names."""
    told = payment_shown(bank, order, one)
    for name in ("capturedAmount", "refundedAmount", "createdToken", "requirements"):
        told.pop(name, None)
    reason, _, detail = one.code.partition(" ")
    why = {"reasonCode": reason, "psErrorCode": detail} if reason else {}
    status = {"COMPLETED": "SUCCESS", "DECLINED": "DECLINE"}.get(one.status, one.status)
    told["status"] = {"value": status, "changedDateTime": moment(one.changed_at)} | why
    told["type"] = "PAYMENT"
    if one.token and facts_of(order).binds and bank.settings["token_told_in"] != "answer":
        told["tokenData"] = {"paymentToken": one.token, "expiredDate": _expired(one)}
    return told


def refund_shown(bank: Bank, order: Order, back: Return, *, first: bool = False) -> dict[str, object]:
    amount = sum_shown(bank, back.amount, order.currency, first=first)
    if facts_of(order).old:
        status = "FULL" if order.refunded == order.taken else "PARTIAL"
        return {"amount": amount, "datetime": moment(back.made_at), "refundId": back.id, "status": status}
    reason, _, _detail = back.code.partition(" ")
    status_shown: dict[str, object] = {"value": back.status, "changedDateTime": moment(back.made_at)}
    return {
        "refundId": back.id,
        "createdDateTime": moment(back.made_at),
        "amount": amount,
        "status": status_shown | ({"reason": reason} if reason else {}),
        "flags": [],
    }


def _why(one: Try) -> dict[str, object]:
    reason, _, detail = one.code.partition(" ")
    why = {"reason": reason, "psErrorCode": detail}
    return {name: text for name, text in why.items() if text}


def _expired(one: Try) -> str:
    return f"{one.expires}-15T00:00:00+03:00"
