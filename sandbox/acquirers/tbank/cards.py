"""Saved cards and bound accounts: a RebillId or AccountToken is the token, a CardId names the card for its customer."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from typing import Any

from sandbox.acquirers.bank import Bank, Card, Order

FIRST_CARD_ID = 881_900_001
FIRST_REBILL_ID = 9_007_199_254_740_993
"""The first whole number a 64-bit float cannot hold: who reads a RebillId as one charges another card."""

BANK_MEMBER = {"BankMemberId": "100000000004", "BankMemberName": "Т-Банк"}


def masked(pan: str) -> str:
    return f"{pan[:6]}******{pan[-4:]}"


def is_account(card: Card) -> bool:
    return card.facts.get("kind") == "account"


def card_id(card: Card) -> int:
    """A card that was put in from outside without a number has one all the same."""
    return int(card.facts.get("card_id") or zlib.crc32(card.token.encode()))


def instrument_of(card: Card) -> dict[str, Any]:
    """What notices tell of a saved card."""
    return {
        "CardId": card_id(card),
        "Pan": card.mask,
        "ExpDate": exp_date(card.expires),
        "RebillId": int(card.token) if card.token.isdecimal() else card.token,
    }


def exp_date(expires: str) -> str:
    """`2030-12` as `1230`."""
    return expires[5:7] + expires[2:4]


def save_card(bank: Bank, order: Order) -> None:
    """The card just entered is kept for the customer: the CardId of the same card again, a RebillId of its own."""
    entered = order.facts["entered"]
    card = Card(
        order.shop,
        str(FIRST_REBILL_ID + 2 * len(bank.cards)),
        order.customer,
        entered["mask"],
        entered["expires"],
        facts={"kind": "card", "card_id": str(order.facts["instrument"]["CardId"]), "code": ""},
    )
    bank.cards.append(card)
    order.card = card
    order.facts["instrument"] = instrument_of(card)


def card_id_of(bank: Bank, shop: str, customer: str, mask: str, expires: str) -> int:
    """The number of a customer's card, the same for the same card."""
    for card in bank.cards:
        same = (card.shop, card.customer, card.mask, card.expires) == (shop, customer, mask, expires)
        if same and card.active and customer:
            return card_id(card)
    return FIRST_CARD_ID + len(bank.cards) + len(bank.orders)


def bind_account(bank: Bank, order: Order) -> None:
    """The payer's bank agreed to charges without asking: the token and the notice of it."""
    link = order.facts["link"]
    link["status"] = "ACTIVE"
    link["token"] = hashlib.sha256(f"account {link['key']}".encode()).hexdigest()[:32]
    facts = {"kind": "account", "card_id": "0", "code": "", "key": link["key"]}
    card = Card(order.shop, link["token"], order.customer, "+7(903)XXX-XX-11", "2099-12", facts=facts)
    bank.cards.append(card)
    order.card = card
    order.facts["notices"].append(account_notice(order, BANK_MEMBER | {"AccountToken": card.token}))


def refuse_account(order: Order) -> None:
    order.facts["link"]["status"] = "INACTIVE"
    order.facts["notices"].append(account_notice(order, {}))


def account_notice(order: Order, more: Mapping[str, object]) -> dict[str, object]:
    """The notice of a binding's end, unsigned."""
    bound = bool(more)
    return {
        "TerminalKey": order.shop,
        "RequestKey": str(order.facts["link"]["key"]),
        "NotificationType": "LINKACCOUNT",
        "Success": bound,
        "ErrorCode": "0" if bound else "3012",
        "Status": order.facts["link"]["status"],
    } | dict(more)
