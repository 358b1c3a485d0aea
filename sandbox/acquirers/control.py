"""The hidden side of every acquirer: how tests and the story set it up and count the money that moved."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from werkzeug.exceptions import BadRequest, MethodNotAllowed
from werkzeug.wrappers import Request, Response

from sandbox.acquirers.bank import Bank, Card
from sandbox.clock import iso
from sandbox.json_answer import json_answer, read_object

KEYS = frozenset({"shops", "webhooks", "cards", "turns", "settings", "pending_seconds", "slow_seconds"})


def bank_control(bank: Bank, request: Request) -> Response:
    """GET shows orders, operations, cards, notices and settings; POST sets what it names.

    A POST body may carry `shops` (name to its secrets, added to those known), `webhooks` (shop to address, null for
    none), `cards` (list of shop, token, customer, mask, expires, facts), `turns` (verb to list of turns, see turns.py),
    `settings` (those of the acquirer), `pending_seconds`, `slow_seconds`.
    """
    if request.method == "GET":
        return json_answer(everything(bank))
    if request.method != "POST":
        raise MethodNotAllowed(["GET", "POST"])
    wish = read_object(request)
    if unknown := wish.keys() - KEYS:
        raise BadRequest(f"The acquirer does not know: {', '.join(sorted(unknown))}")
    with bank.lock:
        _set(bank, wish)
    return json_answer({"ok": True})


def everything(bank: Bank) -> dict[str, Any]:
    with bank.lock:
        shown = {
            "shops": sorted(bank.shops),
            "settings": dict(bank.settings),
            "cards": [asdict(card) for card in bank.cards],
            "orders": [asdict(order) for order in bank.orders],
            "operations": [asdict(operation) for operation in bank.operations],
            "notices": [asdict(delivery) for delivery in bank.notices.deliveries],
            "turns": {verb: [asdict(turn) for turn in turns] for verb, turns in bank.turns.planned.items()},
        }
    plain: dict[str, Any] = _plain(shown)
    return plain


def _set(bank: Bank, wish: dict[str, object]) -> None:
    """The whole wish is read before the first of it is done."""
    shops, webhooks, settings = _map(wish, "shops"), _map(wish, "webhooks"), _map(wish, "settings")
    if not all(isinstance(secrets, dict) for secrets in shops.values()):
        raise BadRequest("A shop's secrets are an object")
    if unknown := settings.keys() - bank.settings.keys():
        raise BadRequest(f"No such setting: {', '.join(sorted(unknown))}; there are: {', '.join(bank.settings)}")
    cards = _cards(wish)
    pending_seconds = _seconds(wish, "pending_seconds", bank.pending_seconds)
    slow_seconds = _seconds(wish, "slow_seconds", bank.turns.slow_seconds)
    bank.turns.plan(_map(wish, "turns"))
    for shop, secrets in shops.items():
        bank.shops[shop] = {str(name): str(value) for name, value in secrets.items()}
    for shop, url in webhooks.items():
        if url is None:
            bank.webhooks.pop(shop, None)
        else:
            bank.webhooks[shop] = str(url)
    bank.settings |= settings
    bank.cards += cards
    bank.pending_seconds, bank.turns.slow_seconds = pending_seconds, slow_seconds


def _cards(wish: dict[str, object]) -> list[Card]:
    cards = wish.get("cards", [])
    if not isinstance(cards, list):
        raise BadRequest("cards must be a list")
    try:
        return [Card(**card) for card in cards]
    except TypeError:
        raise BadRequest(f"A card is an object of: {', '.join(one.name for one in fields(Card))}") from None


def _map(wish: dict[str, object], name: str) -> dict[str, Any]:
    value = wish.get(name, {})
    if not isinstance(value, dict):
        raise BadRequest(f"{name} must be an object")
    return value


def _seconds(wish: dict[str, object], name: str, before: float) -> float:
    value = wish.get(name, before)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise BadRequest(f"{name} must be a number of seconds; received {value!r}")
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
