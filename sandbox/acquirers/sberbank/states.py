"""`getOrderStatusExtended.do` and the old `getOrderStatus.do`: the bank's word on an order."""

from __future__ import annotations

from typing import Any

from sandbox.acquirers.bank import Order
from sandbox.acquirers.sberbank.bindings import is_card
from sandbox.acquirers.sberbank.call import Answer, Call, accepted
from sandbox.acquirers.sberbank.orders import asked_order, refunded
from sandbox.acquirers.sberbank.refusals import DONE, MISSING, NO_ORDER, Refusal, planned, words_of

TERMINAL = "20235777"
CODES = {"RUB": "643", "CNY": "156", "KZT": "398", "USD": "840", "BYN": "933", "EUR": "978"}
PAYMENT_STATES = {
    "new": "CREATED",
    "needs_client": "CREATED",
    "pending": "CREATED",
    "held": "APPROVED",
    "paid": "DEPOSITED",
}


def get_order_status_extended(call: Call) -> Answer:
    return status_of(call, _order(call))


def get_order_status(call: Call) -> Answer:
    """The older request: its keys begin with capitals, here and there."""
    order = _order(call)
    entered = order.card or order.facts["entered"]
    answer: Answer = {
        "ErrorCode": "0",
        "ErrorMessage": DONE,
        "OrderStatus": order.facts["status"],
        "OrderNumber": order.number,
        "Amount": order.amount,
        "currency": currency_of(call, order),
        "depositAmount": order.taken - order.refunded,
    }
    if entered:
        mask, expires = _card(order)
        answer |= {"Pan": mask, "expiration": expires.replace("-", "")}
    if order.card and order.customer and is_card(order.card):
        answer |= {"bindingId": order.card.token, "clientId": order.customer}
    return answer


def status_of(call: Call, order: Order) -> Answer:
    facts = order.facts
    answer = accepted(
        orderNumber=order.number,
        orderStatus=facts["status"],
        actionCode=facts["action"],
        actionCodeDescription=words_of(facts["action"]),
        amount=order.amount,
        currency=currency_of(call, order),
        date=int(order.made_at.timestamp() * 1000),
        orderDescription=order.description,
        merchantOrderParams=[],
        attributes=_attributes(order),
        terminalId=TERMINAL,
        paymentAmountInfo=_amounts(call, order),
        bankInfo={"bankCountryCode": "643"},
    )
    if facts["email"]:
        answer["payerData"] = {"email": facts["email"]}
    if order.paid_at:
        paid = int(order.paid_at.timestamp() * 1000)
        answer |= {"depositedDate": paid, "authDateTime": paid, "authRefNum": "303112098637"}
    if (order.card or facts["entered"]) and not facts["by_account"]:
        answer["cardAuthInfo"] = _card_info(call, order)
    if order.card and order.customer and is_card(order.card) and order.state != "new":
        answer["bindingInfo"] = {"clientId": order.customer, "bindingId": order.card.token}
    if call.bank.settings["operations"] == "all" or (call.bank.settings["operations"] == "ecom" and call.is_ecom):
        answer["operations"] = list(facts["operations"])
    return answer


def currency_of(call: Call, order: Order) -> str | int:
    code = CODES[order.currency]
    match call.bank.settings["currency"]:
        case "number":
            return int(code)
        case "810":
            return "810" if code == "643" else code
    return code


def _order(call: Call) -> Order:
    """Raises Refusal: an order nobody knows, in one of the words for it."""
    if call.turn.end in ("declined", "nothing"):
        raise planned(call.turn.code)
    if not (call.text("orderId") or call.text("orderNumber")):
        raise Refusal(*MISSING)
    try:
        return asked_order(call)
    except Refusal:
        raise Refusal(call.bank.settings["unknown_order"], NO_ORDER[1]) from None


def _amounts(call: Call, order: Order) -> dict[str, Any]:
    facts = order.facts
    deposited = order.taken - facts["reversed"]
    if call.bank.settings["deposited_after_refund"] == "remaining":
        deposited -= refunded(order)
    state = PAYMENT_STATES.get(order.state, "DECLINED")
    if refunded(order):
        state = "REFUNDED"
    elif order.state == "cancelled" and facts["approved"]:
        state = "REVERSED"
    approved = 0 if state in ("CREATED", "DECLINED") else facts["approved"]
    return {
        "approvedAmount": approved,
        "depositedAmount": deposited,
        "refundedAmount": refunded(order),
        "paymentState": state,
    }


def _card_info(call: Call, order: Order) -> dict[str, Any]:
    mask, expires = _card(order)
    return {
        "maskedPan" if call.is_ecom else "pan": mask,
        "expiration": expires.replace("-", ""),
        "approvalCode": "433187",
        "paymentSystem": "MIR",
        "paymentWay": "CARD",
    }


def _card(order: Order) -> tuple[str, str]:
    if order.card:
        return order.card.mask, order.card.expires
    return order.facts["entered"]["mask"], order.facts["entered"]["expires"]


def _attributes(order: Order) -> list[dict[str, str]]:
    named = {"mdOrder": order.id}
    if order.facts["account"]:
        named |= {"qrcId": order.facts["qr"], **order.facts["account"]}
    return [{"name": name, "value": value} for name, value in named.items()]
