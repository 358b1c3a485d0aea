"""Notices on their way: signed with the API secret twice, over the text as it travels and over it decoded."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from urllib.parse import unquote_plus, urlencode

from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.cloudpayments.bodies import Body
from sandbox.acquirers.notices import Letter
from sandbox.acquirers.turns import NoticeManner

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
NUMBERS = frozenset({"TransactionId", "PaymentTransactionId", "TestMode", "ReasonCode"})


def take_letters(bank: Bank, manner: NoticeManner = "once") -> list[Letter]:
    """What was put aside since the last time, in the manner of the turn; called under the bank's lock."""
    letters: list[Letter] = []
    for order in bank.orders:
        notices, told = order.facts["notices"], order.facts["told"]
        order.facts["told"] = len(notices)
        if manner != "never":
            letters += _letters(bank, order, notices[told:], manner)
            if manner == "stale" and told < len(notices):
                letters += _letters(bank, order, _told_before(bank, order), "once")
    return letters


def send_letters(bank: Bank, letters: list[Letter], before_answer: bool) -> None:
    """Queue them; with `before_answer` wait until the shop has answered, as long as it takes."""
    if not letters:
        return
    bank.notices.send(*letters, at_once=before_answer)
    if before_answer:
        bank.notices.wait()


def letter(bank: Bank, shop: str, body: Body, secret: str = "") -> Letter:
    """As the settings say: a form, JSON, or the address of a GET."""
    url, kind = bank.webhooks[shop], bank.settings["notice_format"]
    text = _json(body) if kind == "json" else urlencode(body)
    secret = secret or bank.shops[shop]["api_secret"]
    headers = {
        "Content-HMAC": _signature(text, secret),
        "X-Content-HMAC": _signature(text if kind == "json" else unquote_plus(text), secret),
    }
    if kind == "get":
        return Letter(f"{url}?{text}", None, headers)
    return Letter(url, text.encode(), headers | {"Content-Type": JSON if kind == "json" else FORM})


def _letters(bank: Bank, order: Order, bodies: list[Body], manner: NoticeManner) -> list[Letter]:
    if not bank.webhooks.get(order.shop):
        return []
    letters = []
    for body in bodies:
        true = letter(bank, order.shop, body)
        forged = letter(bank, order.shop, body, "not the site's secret")
        letters += {"twice": [true, true], "forged": [forged, true]}.get(manner, [true])
    return letters


def _told_before(bank: Bank, order: Order) -> list[Body]:
    """The last but one notice of this order's number: of an earlier try, as a rule."""
    told = [body for one in bank.find(order.shop, number=order.number) for body in one.facts["notices"]]
    return told[-2:-1]


def _json(body: Body) -> str:
    plain = {name: int(value) if name in NUMBERS and value else value for name, value in body.items()}
    return json.dumps(plain, ensure_ascii=False)


def _signature(text: str, secret: str) -> str:
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()).decode()
