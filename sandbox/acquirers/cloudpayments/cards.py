"""Saved cards and bound accounts: a token, the account it is kept for, and how it is shown."""

from __future__ import annotations

import hashlib
from typing import Any

from sandbox.acquirers.bank import Bank, Card, Order
from sandbox.acquirers.cloudpayments.transactions import NOBODYS

ACCOUNT_MASK = "СБП"


def is_account(card: Card) -> bool:
    return bool(card.facts.get("kind") == "account")


def instrument_of(card: Card) -> dict[str, str]:
    if is_account(card):
        return NOBODYS
    return {
        "first_six": card.mask[:6],
        "last_four": card.mask[-4:],
        "expires": f"{card.expires[5:7]}/{card.expires[2:4]}",
        "kind": str(card.facts.get("brand", "Visa")),
    }


def entered(pan: str, expires: str, kind: str) -> dict[str, str]:
    """What is shown of a card from its form; `expires` as `MM/YY`."""
    return {"first_six": pan[:6], "last_four": pan[-4:], "expires": expires, "kind": kind}


def keep(bank: Bank, order: Order, token_code: str = "") -> None:
    """A token for the payment's account; the cabinet's switch decides."""
    account = order.facts["account"]
    if not (order.facts["saves"] and account and bank.settings["token_saving"]):
        return
    instrument, by_sbp = order.facts["instrument"], order.facts["method"] == "Sbp"
    token = "tk_" + hashlib.sha256(f"{order.shop} {order.id}".encode()).hexdigest()[:29]
    facts: dict[str, Any] = {"kind": "account" if by_sbp else "card", "code": token_code, "brand": instrument["kind"]}
    mask = ACCOUNT_MASK if by_sbp else f"{instrument['first_six']}******{instrument['last_four']}"
    expires = "2099-12" if by_sbp else f"20{instrument['expires'][3:]}-{instrument['expires'][:2]}"
    card = Card(order.shop, token, account, mask, expires, facts=facts)
    bank.cards.append(card)
    order.card = card


def refusal_of(bank: Bank, card: Card) -> str:
    """Why a token is refused, or empty."""
    if not card.active:
        return "6010" if is_account(card) else "5017"
    if card.expires < bank.now().strftime("%Y-%m"):
        return "5054"
    return str(card.facts.get("code", ""))
