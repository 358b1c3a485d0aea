"""Payment methods: what a client paid with, and what of it a shop may charge later. The id is the token."""

from __future__ import annotations

from typing import Any

from sandbox.acquirers.bank import Bank, Card, Order

BANK_ID = "100000000111"
BIC = "044525225"


def bare_method(method_id: str, kind: str) -> dict[str, Any]:
    """What is known of a method before its client has shown it."""
    return {"type": kind, "id": method_id, "saved": False, "status": "inactive"}


def card_method(method_id: str, pan: str, kind: str, expires: str) -> dict[str, Any]:
    """A card as payments show it, not saved; `expires` is YYYY-MM."""
    card = {
        "last4": pan[-4:],
        "expiry_year": expires[:4],
        "expiry_month": expires[5:],
        "card_type": kind,
        "issuer_country": "RU",
    }
    known = {"first6": pan[:6]} if pan[:6].isdecimal() else {}
    return bare_method(method_id, "bank_card") | {"title": f"Bank card *{pan[-4:]}", "card": known | card}


def sbp_method(method_id: str) -> dict[str, Any]:
    return bare_method(method_id, "sbp") | {"payer_bank_details": {"bank_id": BANK_ID, "bic": BIC}}


def method_of(card: Card) -> dict[str, Any]:
    """A saved card or account as payments made with it show it."""
    if card.facts.get("type") == "sbp":
        method = sbp_method(card.token)
    else:
        method = card_method(card.token, card.mask, card.facts.get("kind", "Mir"), card.expires)
    return method | _saved(card.active)


def save_method(bank: Bank, order: Order) -> None:
    """What the client has just paid with is kept for the shop under the id it was shown with."""
    method = order.facts["method"]
    mask, expires, kind = "СБП", "2099-12", ""
    if method["type"] == "bank_card":
        shown = method["card"]
        mask = f"{shown['first6']}******{shown['last4']}"
        expires, kind = f"{shown['expiry_year']}-{shown['expiry_month']}", shown["card_type"]
    facts = {"type": method["type"], "kind": kind, "code": ""}
    card = Card(order.shop, method["id"], order.customer, mask, expires, facts=facts)
    bank.cards.append(card)
    order.card = card
    order.facts["method"] = method_of(card)


def is_account(card: Card) -> bool:
    return card.facts.get("type") == "sbp"


def _saved(active: bool) -> dict[str, object]:
    return {"saved": active, "status": "active" if active else "inactive"}
