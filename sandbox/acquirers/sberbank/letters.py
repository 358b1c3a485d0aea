"""Notices on their way: RBS's as a query or a form with their checksum, ECOM's as JSON that nobody signs."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.notices import Letter
from sandbox.acquirers.sberbank.checksums import by_key_pair, by_shared_key
from sandbox.acquirers.turns import NoticeManner

NOT_ITS_KEY = "not the shop's key"


def take_letters(bank: Bank, manner: NoticeManner = "once") -> list[Letter]:
    """What was put aside since the last time, in the manner of the turn; called under the bank's lock."""
    letters: list[Letter] = []
    for order in bank.orders:
        notices, told = order.facts["notices"], order.facts["told"]
        order.facts["told"] = len(notices)
        url = order.facts["callback_url"] or bank.webhooks.get(order.shop, "")
        if not url or manner == "never":
            continue
        for body in notices[told:]:
            letters += _letters(bank, order, url, body, manner)
        if manner == "stale" and told < len(notices) and len(notices) > 1:
            letters += _letters(bank, order, url, notices[-2], "once")
    return letters


def send_letters(bank: Bank, letters: list[Letter], before_answer: bool) -> None:
    """Queue them; with `before_answer` wait until the shop has answered, as long as it takes."""
    if not letters:
        return
    bank.notices.send(*letters, at_once=before_answer)
    if before_answer:
        bank.notices.wait()


def _letters(bank: Bank, order: Order, url: str, body: dict[str, Any], manner: NoticeManner) -> list[Letter]:
    true = _letter(bank, order, url, body)
    match manner:
        case "twice":
            return [true, true]
        case "forged":
            return [_forged(bank, order, url, body), true]
    return [true]


def _letter(bank: Bank, order: Order, url: str, body: dict[str, Any], key: str = "") -> Letter:
    if order.facts["flavour"] == "ecom":
        return Letter(url, json.dumps(body, ensure_ascii=False).encode(), {"Content-Type": "application/json"})
    secrets = bank.shops[order.shop]
    parameters = {name: str(value) for name, value in body.items()}
    if key or secrets.get("callback_key"):
        parameters["checksum"] = by_shared_key(parameters, key or secrets["callback_key"])
    elif secrets.get("callback_private_key"):
        parameters["sign_alias"] = "SHA-256 with RSA"
        hash_name = secrets.get("callback_hash", "sha512")
        parameters["checksum"] = by_key_pair(parameters, secrets["callback_private_key"], hash_name)
    text = urlencode(parameters)
    if secrets.get("callback_method") == "POST":
        return Letter(url, text.encode(), {"Content-Type": "application/x-www-form-urlencoded"})
    return Letter(f"{url}{'&' if '?' in url else '?'}{text}")


def _forged(bank: Bank, order: Order, url: str, body: dict[str, Any]) -> Letter:
    """Anybody can write one to ECOM; to RBS one needs a key, and has another."""
    return _letter(bank, order, url, body | {"operation": "deposited", "status": 1}, NOT_ITS_KEY)
