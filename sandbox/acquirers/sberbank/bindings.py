"""Bindings: a card kept for a client under a bindingId, an SBP account under a subscriptionId and its bank."""

from __future__ import annotations

from typing import Any

from sandbox.acquirers.bank import Bank, Card, Order
from sandbox.acquirers.sberbank.call import Answer, Call, accepted
from sandbox.acquirers.sberbank.orders import made_uuid
from sandbox.acquirers.sberbank.refusals import (
    ACTIVE_BINDING,
    DISABLED_BINDING,
    FORBIDDEN,
    INACTIVE_BINDING,
    NO_BINDING,
    NO_BINDING_RBS,
    NO_BINDINGS,
    Refusal,
    planned,
)

MEMBER = "100000000111"


def is_card(card: Card) -> bool:
    return bool(card.facts.get("kind", "card") == "card")


def bind_card(bank: Bank, order: Order) -> None:
    """The card just entered is kept for the order's client; the same card again is the same binding."""
    if order.facts["flavour"] == "yookassa" and not bank.settings["facade_bindings"]:
        return
    entered = order.facts["entered"]
    token = made_uuid("binding", order.shop, order.customer, entered["mask"], entered["expires"])
    card = bank.card(order.shop, token)
    if card is None:
        facts = {"kind": "card", "system": entered["system"], "code": entered["code"]}
        card = Card(order.shop, token, order.customer, entered["mask"], entered["expires"], facts=facts)
        bank.cards.append(card)
    card.active = True
    order.card = card
    if bank.settings["binding_notices"] and order.facts["flavour"] != "ecom":
        order.facts["notices"].append(
            {"bindingId": token, "clientId": order.customer, "operation": "bindingCreated", "status": 1}
        )


def bind_account(bank: Bank, order: Order) -> None:
    token = made_uuid("subscription", order.shop, order.id).replace("-", "")
    facts = {"kind": "account", "member": MEMBER, "code": ""}
    order.card = Card(order.shop, token, order.customer, "***********1232", "2099-12", facts=facts)
    bank.cards.append(order.card)
    order.facts["account"] = {"subscriptionId": token, "memberId": MEMBER}


def usable_card(call: Call) -> Card:
    """The binding a request names. Raises Refusal where it is not there or switched off."""
    want_bindings(call)
    card = call.bank.card(call.shop, call.text("bindingId"))
    if card is None or not is_card(card):
        raise Refusal(*(NO_BINDING if call.is_ecom else NO_BINDING_RBS))
    if card.facts.get("disabled"):
        raise Refusal(*DISABLED_BINDING)
    if not card.active:
        raise Refusal(*INACTIVE_BINDING)
    return card


def want_bindings(call: Call) -> None:
    if call.flavour == "yookassa" and not call.bank.settings["facade_bindings"]:
        raise Refusal(*FORBIDDEN)


def unbind(call: Call) -> Answer:
    card = _known_card(call)
    if not card.active:
        raise Refusal(*INACTIVE_BINDING)
    card.active = False
    return accepted()


def bind_again(call: Call) -> Answer:
    card = _known_card(call)
    if card.active:
        raise Refusal(*ACTIVE_BINDING)
    card.active = True
    return accepted()


def extend_binding(call: Call) -> Answer:
    expiry = call.text("newExpiry")
    _known_card(call).expires = f"{expiry[:4]}-{expiry[4:]}"
    return accepted()


def get_bindings(call: Call) -> Answer:
    """A client's bindings; RBS calls it an error when there are none."""
    want_bindings(call)
    customer = call.text("clientId")
    shown = [_shown(card) for card in _cards(call) if card.customer == customer]
    if not shown and not call.is_ecom:
        raise Refusal(*NO_BINDINGS)
    return accepted(bindings=shown)


def get_bindings_by_id(call: Call) -> Answer:
    want_bindings(call)
    token = call.text("bindingId")
    shown = [_shown(card) | {"clientId": card.customer} for card in _cards(call) if card.token == token]
    if not shown:
        raise Refusal(*NO_BINDINGS)
    return accepted(bindings=shown)


def _known_card(call: Call) -> Card:
    want_bindings(call)
    if call.turn.end in ("declined", "nothing"):
        raise planned(call.turn.code)
    card = call.bank.card(call.shop, call.text("bindingId"))
    if card is None or not is_card(card):
        raise Refusal(*(NO_BINDING if call.is_ecom else NO_BINDING_RBS))
    return card


def _cards(call: Call) -> list[Card]:
    """Cards on file; expired and inactive ones only when they are asked for."""
    month = call.bank.now().strftime("%Y-%m")
    return [
        card
        for card in call.bank.cards
        if card.shop == call.shop
        and is_card(card)
        and (card.active or call.fields.get("showInactive"))
        and (card.expires >= month or call.fields.get("showExpired"))
    ]


def _shown(card: Card) -> dict[str, Any]:
    return {
        "bindingId": card.token,
        "maskedPan": card.mask,
        "expiryDate": card.expires.replace("-", ""),
        "bindingStatus": "1" if card.active else "0",
        "paymentWay": "CARD",
        "paymentSystem": card.facts.get("system", "MIR"),
    }
