"""`recurrentPayment.do` of ECOM: an order is made and paid in one request, answered in an envelope of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sandbox.acquirers.bank import Order
from sandbox.acquirers.sberbank.baskets import check_basket
from sandbox.acquirers.sberbank.bindings import usable_card
from sandbox.acquirers.sberbank.call import Answer, Call
from sandbox.acquirers.sberbank.charges import CONFIRMATION_WANTED, follow
from sandbox.acquirers.sberbank.life import refuse
from sandbox.acquirers.sberbank.orders import new_order
from sandbox.acquirers.sberbank.refusals import WRONG_SUM, Refusal, planned
from sandbox.acquirers.sberbank.register import LIFE, check_number
from sandbox.acquirers.sberbank.states import status_of


def recurrent_payment(call: Call) -> Answer:
    check_number(call)
    if call.fields["amount"] == 0:
        raise Refusal(*WRONG_SUM)
    check_basket(call, call.fields["amount"])
    card = usable_card(call)
    if call.turn.end == "nothing":
        raise planned(call.turn.code)
    order = new_order(call, call.bank.now() + LIFE, features=("AUTO_PAYMENT",))
    order.customer = card.customer
    if call.turn.end == "needs_client":
        refuse(call.bank, order, int(call.turn.code or CONFIRMATION_WANTED))
    else:
        follow(call, order, card, asks=False)
    if order.state == "paid" and call.turn.code:
        raise planned(call.turn.code)
    return {
        "success": True,
        "data": {"orderId": order.id, "orderNumber": order.number},
        "orderStatus": _status(call, order),
    }


def envelope(refusal: Refusal) -> Answer:
    error = {"code": refusal.code, "description": refusal.text, "message": refusal.text}
    return {"success": False, "error": error}


def _status(call: Call, order: Order) -> dict[str, Any]:
    """The order's status as it stands here: the masked card is called `pan`."""
    status = status_of(replace(call, flavour="ecom"), order)
    for name in ("errorCode", "errorMessage", "attributes", "orderNumber", "bindingInfo"):
        status.pop(name, None)
    if "cardAuthInfo" in status:
        status["cardAuthInfo"]["pan"] = status["cardAuthInfo"].pop("maskedPan")
    return status
