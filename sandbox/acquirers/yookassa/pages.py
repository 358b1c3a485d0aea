"""What a client sees: the payment form, 3-D Secure, and the payer's bank behind a QR."""

from __future__ import annotations

import re

from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.turns import USUAL, Turn
from sandbox.acquirers.yookassa.known_cards import CARDS
from sandbox.acquirers.yookassa.life import cancel, challenge, pay, wait
from sandbox.acquirers.yookassa.orders import status_of
from sandbox.acquirers.yookassa.reasons import message_of
from sandbox.acquirers.yookassa.refusals import reason_of
from sandbox.acquirers.yookassa.saved import card_method, sbp_method
from sandbox.acquirers.yookassa.shown import is_test
from sandbox.acquirers.yookassa.templating import html_page
from sandbox.pages.words import sum_of_minor

_EXPIRY = re.compile(r"(0[1-9]|1[0-2])\s*/\s*(\d\d)")


def turn_of_page(bank: Bank, request: Request) -> Turn:
    """Only the button that pays uses up a turn of `page`."""
    pays = request.method == "POST" and request.form.get("do") == "pay"
    return bank.turns.next("page") if pays else USUAL


def page_answer(bank: Bank, request: Request, kind: str, name: str, turn: Turn) -> Response:
    """`pay` is the form behind `confirmation_url`, `qr` the bank behind `confirmation_data`; POST is a button."""
    if request.method not in ("GET", "POST"):
        raise MethodNotAllowed(["GET", "POST"])
    order = next((one for one in bank.orders if name and one.facts["page"] == name), None)
    if order is None:
        raise NotFound("Такой страницы нет")
    button = request.form.get("do", "") if request.method == "POST" else ""
    if kind == "qr":
        return _bank(bank, order, button, turn)
    if order.state == "needs_client" and button:
        return _check_code(bank, order, button, request.form.get("code", ""))
    if not _is_open(order) or not button:
        return _form(bank, order)
    if button == "refuse":
        return _leave(bank, order)
    if button == "sbp":
        return redirect(request.path.replace("/pay/", "/qr/"), 303, Response=Response)
    return _pay_by_card(bank, order, request, turn)


def _pay_by_card(bank: Bank, order: Order, request: Request, turn: Turn) -> Response:
    pan = re.sub(r"\D", "", request.form.get("pan", ""))
    expiry = _EXPIRY.fullmatch(request.form.get("expiry", "").strip())
    if pan not in CARDS:
        return _form(bank, order, "Проверьте номер карты: песочница принимает только тестовые карты.")
    if expiry is None or f"20{expiry[2]}-{expiry[1]}" < bank.now().strftime("%Y-%m"):
        return _form(bank, order, "Проверьте срок действия карты: месяц и год, например 12/30.")
    if not re.fullmatch(r"\d{3}", request.form.get("cvc", "").strip()):
        return _form(bank, order, "Проверьте код: три цифры на обороте карты.")
    if turn.end == "nothing":
        return _form(bank, order, "Не удалось провести платёж. Попробуйте ещё раз.")
    card = CARDS[pan]
    order.facts["method"] = card_method(order.id, pan, card.kind, f"20{expiry[2]}-{expiry[1]}")
    if turn.end == "needs_client" or (turn == USUAL and card.asks):
        challenge(order)
        return _form(bank, order)
    if turn == USUAL and card.reason:
        cancel(bank, order, card.reason, card.party)
        return _leave(bank, order)
    return _end(bank, order, turn)


def _check_code(bank: Bank, order: Order, button: str, code: str) -> Response:
    """Any digits are the right code."""
    if button == "refuse" or not re.fullmatch(r"\d{3,8}", code.strip()):
        cancel(bank, order, "3d_secure_failed")
    else:
        order.facts["secure"] = True
        pay(bank, order)
    return _leave(bank, order)


def _bank(bank: Bank, order: Order, button: str, turn: Turn) -> Response:
    """The payer's bank: agree, refuse, and end a binding later."""
    if button == "unbind" and order.card is not None:
        order.card.active = False
    elif button and turn.end != "nothing" and _is_open(order):
        order.facts["method"] = sbp_method(order.id)
        if button == "refuse":
            cancel(bank, order, "general_decline")
            return _leave(bank, order)
        return _end(bank, order, turn)
    can_unbind = order.card is not None and order.card.active and order.facts["save"]
    return _page("bank.html", order, can_unbind=can_unbind)


def _end(bank: Bank, order: Order, turn: Turn) -> Response:
    """The payer has agreed, and the turn says what comes of it."""
    if turn.end == "declined":
        cancel(bank, order, reason_of(turn, "insufficient_funds"))
    elif turn.end in ("pending_paid", "pending_declined"):
        wait(bank, order, turn)
    else:
        pay(bank, order, turn.extra)
    return _leave(bank, order)


def _is_open(order: Order) -> bool:
    return status_of(order) == "pending" and order.state == "new"


def _form(bank: Bank, order: Order, error: str = "") -> Response:
    by_account = order.facts["wants"] != "bank_card" and not order.facts["binds"]
    sbp = by_account and bank.settings["sbp_enabled"] and not is_test(bank, order.shop)
    by_card = order.facts["wants"] != "sbp"
    return _page("form.html", order, error=error, sbp=sbp, by_card=by_card, cards=CARDS)


def _page(template: str, order: Order, **shown: object) -> Response:
    return html_page(
        template,
        order=order,
        status=status_of(order),
        open=_is_open(order),
        sum=sum_of_minor(order.amount, order.currency),
        reason=message_of(order.code) if order.code else "",
        back=order.facts["return_url"],
        **shown,
    )


def _leave(bank: Bank, order: Order) -> Response:
    """Back to the shop, or the page's own last word when the shop gave no address. The address says nothing of the
    end: a shop asks."""
    url = order.facts["return_url"]
    return redirect(url, 303, Response=Response) if url else _form(bank, order)
