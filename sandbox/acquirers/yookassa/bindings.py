"""`/payment_methods`: a card that is saved without a payment, and how it stands."""

from __future__ import annotations

from sandbox.acquirers.yookassa.call import Call, Shown
from sandbox.acquirers.yookassa.life import TIME_TO_PAY
from sandbox.acquirers.yookassa.orders import new_order
from sandbox.acquirers.yookassa.payments import LONGEST_ADDRESS, page_of
from sandbox.acquirers.yookassa.refusals import Refusal, planned
from sandbox.acquirers.yookassa.saved import method_of
from sandbox.acquirers.yookassa.shown import GATEWAY_ID, saved_object


def create_method(call: Call) -> Shown:
    bank, fields = call.bank, call.fields
    if (fields.one_of("type", frozenset({"bank_card"})) or fields.text("type")) != "bank_card":
        raise fields.wrong("type", "Only cards are saved without a payment")
    confirmation = fields.inner("confirmation")
    if confirmation is None:
        raise fields.wrong("confirmation", "The parameter is required")
    return_url = confirmation.text("return_url", LONGEST_ADDRESS)
    if not bank.settings["recurring_enabled"]:
        raise Refusal("forbidden", "The store may not make recurring payments: ask your YooMoney manager")
    if call.turn.end in ("declined", "nothing"):
        raise planned(call.turn)
    until = bank.now() + TIME_TO_PAY
    order = new_order(bank, call.shop, call.key, 0, until, "", binds=True, save=True, return_url=return_url)
    order.facts["confirmation"] = {"type": "redirect", "confirmation_url": page_of(call, order)}
    return lambda: saved_object(order)


def get_method(call: Call) -> Shown:
    """A saved method, or one that is being saved."""
    bank = call.bank
    order = next((one for one in bank.find(call.shop, order_id=call.name) if one.facts["binds"]), None)
    card = bank.card(call.shop, call.name)
    if card is not None:
        return lambda: method_of(card) | {"holder": {"account_id": call.shop, "gateway_id": GATEWAY_ID}}
    if order is None:
        raise Refusal("not_found", "The payment method does not exist", "payment_method_id")
    return lambda: saved_object(order)
