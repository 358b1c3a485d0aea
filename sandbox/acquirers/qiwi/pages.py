"""QIWI's form, where a client pays a bill: a test card, 3-D Secure, and the way back to the shop."""

from __future__ import annotations

import re
from datetime import timedelta

from werkzeug.exceptions import NotFound
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.qiwi.known_cards import (
    CARDS,
    CVC_OF_3DS,
    REFUSAL,
    REFUSED_MONTHS,
    SECONDS,
    SLOW_MONTHS,
    masked,
)
from sandbox.acquirers.qiwi.life import answer_challenge, challenge, decline, pay, wait
from sandbox.acquirers.qiwi.orders import OPEN, facts_of, new_try
from sandbox.acquirers.templating import templates_beside
from sandbox.acquirers.turns import USUAL, Turn
from sandbox.pages.words import sum_of_minor

_environment = templates_beside(__file__)
_EXPIRY = re.compile(r"(0[1-9]|1[0-2])\s*/\s*(\d\d)")


def form_answer(bank: Bank, request: Request, turn: Turn) -> Response:
    """GET opens the form of `invoiceUid`, POST is a button of it."""
    uid = request.args.get("invoiceUid", "")
    order = next((one for one in bank.orders if one.id == uid and facts_of(one).kind == "bill"), None)
    if order is None:
        raise NotFound("Такого счёта нет")
    back = request.args.get("successUrl", "")
    button = request.form.get("do", "") if request.method == "POST" else ""
    if order.state == "needs_client" and button in ("confirm", "refuse"):
        answer_challenge(bank, order, button == "confirm")
    elif button == "pay" and order.state == "new" and facts_of(order).status in OPEN:
        error = _pay(bank, order, request, turn)
        if error:
            return _form(order, back, error)
    if button and order.state == "paid" and back:
        return redirect(back, 303, Response=Response)
    return _form(order, back)


def uses_a_turn(request: Request) -> bool:
    return request.method == "POST" and request.form.get("do") == "pay"


def _pay(bank: Bank, order: Order, request: Request, turn: Turn) -> str:
    """What is wrong with the card as it was entered; empty when the try was made."""
    pan = re.sub(r"\D", "", request.form.get("pan", ""))
    expiry = _EXPIRY.fullmatch(request.form.get("expiry", "").strip())
    cvc = request.form.get("cvc", "").strip()
    if pan not in CARDS:
        return "Проверьте номер карты: песочница принимает только тестовые карты."
    if expiry is None:
        return "Проверьте срок действия карты: месяц и год, например 12/30."
    if not re.fullmatch(r"\d{3}", cvc):
        return "Проверьте код: три цифры на обороте карты."
    if turn.end == "nothing":
        return "Не удалось провести платёж. Попробуйте ещё раз."
    one = new_try(bank, order)
    one.mask = masked(pan)
    if turn != USUAL:
        _as_planned(bank, order, turn)
    elif cvc == CVC_OF_3DS:
        challenge(bank, order, one)
    elif expiry[1] in SLOW_MONTHS:
        wait(bank, order, Turn("pending_declined" if expiry[1] in REFUSED_MONTHS else "pending_paid", REFUSAL))
        order.settles_at = bank.now() + timedelta(seconds=SECONDS)
    elif expiry[1] in REFUSED_MONTHS:
        decline(bank, order, one, REFUSAL)
    else:
        pay(bank, order, one)
    return ""


def _as_planned(bank: Bank, order: Order, turn: Turn) -> None:
    one = facts_of(order).tries[-1]
    match turn.end:
        case "declined":
            decline(bank, order, one, turn.code)
        case "needs_client":
            challenge(bank, order, one)
        case "pending_paid" | "pending_declined":
            wait(bank, order, turn)
        case _:
            pay(bank, order, one, turn.extra)


def _form(order: Order, back: str, error: str = "") -> Response:
    facts = facts_of(order)
    refused = facts.tries[-1].code if facts.tries and facts.tries[-1].status == "DECLINED" else ""
    text = _environment.get_template("form.html").render(
        order=order,
        sum=sum_of_minor(order.amount, order.currency),
        open=facts.status in OPEN and order.state == "new",
        status=facts.status,
        binds=facts.binds,
        error=error or (f"Платёж отклонён: {refused}. Попробуйте другую карту." if refused else ""),
        cards=CARDS,
        cvc_of_3ds=CVC_OF_3DS,
        back=back,
    )
    return Response(text, content_type="text/html; charset=utf-8")
