"""Customers and their saved cards: `AddCustomer` and its kin, `GetCardList`, `RemoveCard`."""

from __future__ import annotations

from typing import Any

from sandbox.acquirers.bank import Bank, Card
from sandbox.acquirers.tbank.call import Call
from sandbox.acquirers.tbank.cards import card_id, exp_date, is_account
from sandbox.acquirers.tbank.orders import succeeded
from sandbox.acquirers.tbank.refusals import Refusal


def know_customer(bank: Bank, shop: str, key: str, data: dict[str, str]) -> None:
    """A customer named by Init or AddCustomer, with e-mail and telephone when they came along."""
    known = customers_of(bank, shop).setdefault(key, {})
    known |= {name: data[name] for name in ("Email", "Phone") if data.get(name)}


def customers_of(bank: Bank, shop: str) -> dict[str, dict[str, str]]:
    everyone: dict[str, dict[str, dict[str, str]]] = bank.facts.setdefault("customers", {})
    return everyone.setdefault(shop, {})


def add_customer(call: Call) -> dict[str, object]:
    key = call.fields.text("CustomerKey", 36, "216")
    data = {name: call.fields.optional_text(name, 64, "225") for name in ("Email", "Phone")}
    know_customer(call.bank, call.shop, key, data)
    return succeeded(TerminalKey=call.shop, CustomerKey=key)


def get_customer(call: Call) -> dict[str, object]:
    key, known = _customer(call)
    return succeeded(TerminalKey=call.shop, CustomerKey=key, **known)


def remove_customer(call: Call) -> dict[str, object]:
    key, _ = _customer(call)
    del customers_of(call.bank, call.shop)[key]
    return succeeded(TerminalKey=call.shop, CustomerKey=key)


def get_card_list(call: Call) -> list[dict[str, object]]:
    """A bare array, one entry a CardId with its latest RebillId; removed cards stay on it with Status D."""
    key, _ = _customer(call)
    call.fields.flag("SavedCard")
    return [_shown(card) for card in _cards(call, key).values()]


def remove_card(call: Call) -> dict[str, object]:
    """Every RebillId of the card ends with it."""
    key, _ = _customer(call)
    asked = call.fields.text("CardId", 40)
    card = _cards(call, key).get(asked)
    again = card is not None and not card.active and call.bank.settings["removed_card_again"] == "refused"
    if card is None or again or call.turn.end in ("declined", "nothing"):
        raise Refusal(
            call.turn.code or "107",
            "Не удалось удалить карту клиента, для данного клиента такая карта не существует",
            TerminalKey=call.shop,
            CustomerKey=key,
            CardId=asked,
        )
    for one in call.bank.cards:
        if one.shop == call.shop and card_id(one) == card_id(card) and one.customer == key:
            one.active = False
    return succeeded(TerminalKey=call.shop, CustomerKey=key, CardId=asked, Status="D", CardType=0)


def _customer(call: Call) -> tuple[str, dict[str, str]]:
    key = call.fields.text("CustomerKey", 36, "216")
    known = customers_of(call.bank, call.shop).get(key)
    if known is None:
        raise Refusal("7", f"Покупатель {key} не найден", TerminalKey=call.shop, CustomerKey=key)
    return key, known


def _cards(call: Call, key: str) -> dict[str, Card]:
    """The customer's cards by CardId; of several with one CardId the latest."""
    return {
        str(card_id(card)): card
        for card in call.bank.cards
        if (card.shop, card.customer) == (call.shop, key) and not is_account(card)
    }


def _shown(card: Card) -> dict[str, Any]:
    return {
        "CardId": str(card_id(card)),
        "Pan": card.mask,
        "Status": "A" if card.active else "D",
        "RebillId": card.token,
        "CardType": 0,
        "ExpDate": exp_date(card.expires),
    }
