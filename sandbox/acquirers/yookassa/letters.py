"""Notices on their way: unsigned, so a forged one is one that lies."""

from __future__ import annotations

import json
from typing import Any

from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.notices import Letter
from sandbox.acquirers.turns import NoticeManner
from sandbox.acquirers.yookassa.fields import roubles

Event = tuple[str, dict[str, Any]]


def take_letters(bank: Bank, manner: NoticeManner = "once") -> list[Letter]:
    """What was put aside since the last time, in the manner of the turn; called under the bank's lock."""
    letters: list[Letter] = []
    for order in bank.orders:
        events, told = order.facts["notices"], order.facts["told"]
        order.facts["told"] = len(events)
        if manner != "never":
            letters += _letters(bank, order, events, told, manner)
    return letters


def send_letters(bank: Bank, letters: list[Letter], before_answer: bool) -> None:
    """Queue them; with `before_answer` wait until the shop has answered, as long as it takes."""
    if not letters:
        return
    bank.notices.send(*letters, at_once=before_answer)
    if before_answer:
        bank.notices.wait()


def _letters(bank: Bank, order: Order, events: list[Event], told: int, manner: NoticeManner) -> list[Letter]:
    url = bank.webhooks.get(order.shop, "")
    if not url:
        return []
    letters = []
    for place in range(told, len(events)):
        true = _letter(url, events[place])
        letters += {"twice": [true, true], "forged": [_letter(url, _lie(events[place])), true]}.get(manner, [true])
        if manner == "stale":
            letters.append(_letter(url, events[place - 1] if place else _before(events[0])))
    return letters


def _lie(event: Event) -> Event:
    """Of money that did not move as told: a success of another sum, and where it was a success, a refusal."""
    name, true = event
    subject = name.partition(".")[0]
    lie = true | {"amount": roubles(100)}
    if name == "payment.succeeded":
        details = {"party": "payment_network", "reason": "insufficient_funds"}
        return f"{subject}.canceled", lie | {"status": "canceled", "paid": False, "cancellation_details": details}
    return f"{subject}.succeeded", lie | {"status": "succeeded", "paid": True}


def _before(event: Event) -> Event:
    """The state before the first that is told: a payment that is still on its way."""
    return "payment.waiting_for_capture", event[1] | {"status": "pending", "paid": False}


def _letter(url: str, event: Event) -> Letter:
    name, subject = event
    body = {"type": "notification", "event": name, "object": subject}
    return Letter(url, json.dumps(body, ensure_ascii=False).encode(), {"Content-Type": "application/json"})
