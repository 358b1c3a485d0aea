"""Notices on their way: a bill's and a payment's are signed each in its own manner, over a few of their values."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.notices import Letter
from sandbox.acquirers.qiwi.orders import facts_of
from sandbox.acquirers.qiwi.shown import bill_shown, moment, payment_told, refund_shown
from sandbox.acquirers.turns import NoticeManner

JSON = {"Content-Type": "application/json", "Accept": "application/json"}


def take_letters(bank: Bank, manner: NoticeManner = "once") -> list[Letter]:
    """What was put aside since the last time, in the manner of the turn; called under the bank's lock."""
    letters: list[Letter] = []
    for order in bank.orders:
        facts = facts_of(order)
        fresh, told = facts.letters[facts.told :], facts.told
        facts.told = len(facts.letters)
        if manner == "never":
            continue
        for one in fresh:
            true = _letter(bank, order, one)
            forged = _letter(bank, order, one, key="not the shop's key")
            letters += {"twice": [true, true], "forged": [forged, true]}.get(manner, [true])
        if manner == "stale" and fresh and told:
            letters.append(_letter(bank, order, facts.letters[told - 1]))
    return [letter for letter in letters if letter.url]


def send_letters(bank: Bank, letters: list[Letter], before_answer: bool) -> None:
    """Queue them; with `before_answer` wait until the shop has answered, as long as it takes."""
    if not letters:
        return
    bank.notices.send(*letters, at_once=before_answer)
    if before_answer:
        bank.notices.wait()


def _letter(bank: Bank, order: Order, one: tuple[str, str], key: str = "") -> Letter:
    kind, number = one
    url = facts_of(order).callback or bank.webhooks.get(order.shop, "")
    key = key or bank.shops[order.shop]["notification_key"]
    if kind == "bill":
        return _of_bill(bank, order, url, key)
    if kind == "payment":
        told = payment_told(bank, order, next(made for made in facts_of(order).tries if made.id == number))
        return _of_payin(bank, url, key, "payment", told, number)
    back = next(made for made in facts_of(order).returns if made.id == number)
    told = refund_shown(bank, order, back) | {"type": "REFUND", "createdDateTime": moment(back.made_at)}
    status = {"COMPLETED": "SUCCESS", "DECLINED": "DECLINE"}[back.status]
    told["status"] = {"value": status, "changedDateTime": moment(back.made_at)}
    return _of_payin(bank, url, key, "refund", told, number)


def _of_bill(bank: Bank, order: Order, url: str, key: str) -> Letter:
    facts = facts_of(order)
    bill = bill_shown(bank, order, "")
    bill.pop("payUrl")
    signed = (order.currency, _two_decimals(order.amount), order.number, order.shop, facts.status)
    signature = hmac.new(key.encode(), "|".join(signed).encode(), hashlib.sha256).hexdigest()
    body = json.dumps({"bill": bill, "version": "1"}, ensure_ascii=False).encode()
    return Letter(url, body, JSON | {"X-Api-Signature-SHA256": signature})


def _of_payin(bank: Bank, url: str, key: str, name: str, told: dict[str, object], number: str) -> Letter:
    amount = told["amount"]
    assert isinstance(amount, dict)
    value = str(amount["value"])
    if bank.settings["signed_sum"] == "two_decimals":
        value = f"{float(value):.2f}"
    signed = "|".join((number, str(told["createdDateTime"]), value))
    digest = hmac.new(key.encode(), signed.encode(), hashlib.sha256).digest()
    signature = digest.hex() if bank.settings["signature"] == "hex" else base64.b64encode(digest).decode()
    body = json.dumps({name: told, "type": name.upper(), "version": "1"}, ensure_ascii=False).encode()
    return Letter(url, body, JSON | {"Signature": signature})


def _two_decimals(amount: int) -> str:
    return f"{amount // 100}.{amount % 100:02d}"
