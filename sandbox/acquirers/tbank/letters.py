"""Notices on their way: signed with the terminal's password, to the order's own address or the terminal's."""

from __future__ import annotations

import json

from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.notices import Letter
from sandbox.acquirers.tbank.tokens import signed
from sandbox.acquirers.turns import NoticeManner


def take_letters(bank: Bank, manner: NoticeManner = "once") -> list[Letter]:
    """What was put aside since the last time, in the manner of the turn; called under the bank's lock.

    A payment that has waited tells its end in the manner of the turn that let it wait.
    """
    letters: list[Letter] = []
    for order in bank.orders:
        notices, told = order.facts["notices"], order.facts["told"]
        if told == len(notices):
            continue
        order.facts["told"] = len(notices)
        its_own: NoticeManner = order.facts.pop("manner", manner)
        if its_own != "never":
            letters += _letters(bank, order, notices[told:], its_own)
            if its_own == "stale" and len(notices) > 1:
                letters += _letters(bank, order, [notices[-2]], "once")
    return letters


def send_letters(bank: Bank, letters: list[Letter], before_answer: bool) -> None:
    """Queue them; with `before_answer` wait until the shop has answered, as long as it takes."""
    if not letters:
        return
    bank.notices.send(*letters, at_once=before_answer)
    if before_answer:
        bank.notices.wait()


def _letters(bank: Bank, order: Order, bodies: list[dict[str, object]], manner: NoticeManner) -> list[Letter]:
    password = bank.shops[order.shop]["password"]
    letters = []
    for body in bodies:
        url = _address(bank, order, body)
        if not url:
            continue
        true = _letter(url, signed(body, password))
        forged = _letter(url, signed(body, "not the terminal's password"))
        letters += {"twice": [true, true], "forged": [forged, true]}.get(manner, [true])
    return letters


def _address(bank: Bank, order: Order, body: dict[str, object]) -> str:
    """Of a bound account's notice it is not told whether it follows the payment's own address."""
    terminals = bank.webhooks.get(order.shop, "")
    if "NotificationType" in body and bank.settings["account_notice_to"] == "terminal":
        return terminals
    return order.facts["notification_url"] or terminals


def _letter(url: str, body: dict[str, object]) -> Letter:
    return Letter(url, json.dumps(body, ensure_ascii=False).encode(), {"Content-Type": "application/json"})
