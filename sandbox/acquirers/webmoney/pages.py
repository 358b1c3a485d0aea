"""The service's page: a form of a shop, paid from a purse of the client's, and the way back."""

from __future__ import annotations

import base64
import binascii

from werkzeug.exceptions import NotFound
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.notices import Letter
from sandbox.acquirers.templating import templates_beside
from sandbox.acquirers.turns import Turn
from sandbox.acquirers.webmoney.letters import ask_shop, result_letters
from sandbox.acquirers.webmoney.life import CODE, PAYERS, begin, pay, reject, wait
from sandbox.acquirers.webmoney.orders import WrongForm, facts_of, order_of_form
from sandbox.pages.words import sum_of_minor

BY_POST, AS_A_LINK = "1", "2"
_environment = templates_beside(__file__)


def open_form(bank: Bank, request: Request, turn: Turn) -> Response:
    """A shop's form as a browser posts it; from here on it has a ticket like any other."""
    form = {name.lower() if name.upper().startswith("LMI_") else name: text for name, text in request.form.items()}
    encoded = form.pop("lmi_payment_desc_base64", "")
    try:
        if encoded:
            form["lmi_payment_desc"] = base64.b64decode(encoded, validate=True).decode()
        if turn.end in ("declined", "nothing"):
            raise WrongForm("Сервис временно не принимает платежи")
        with bank.lock:
            order = order_of_form(bank, form)
    except (WrongForm, binascii.Error, UnicodeDecodeError) as wrong:
        return Response(_environment.get_template("wrong.html").render(why=str(wrong)), 400, content_type=HTML)
    return redirect(f"{request.base_url}?gid={order.id}", 303, Response=Response)


def form_answer(bank: Bank, request: Request, turn: Turn) -> tuple[Response, list[Letter]]:
    """The page of a ticket: GET shows it, POST is a button of it; and what the shop is told of it."""
    gid = request.args.get("gid", "")
    order = next((one for one in bank.orders if one.id == gid), None)
    if order is None:
        raise NotFound("Такого платежа нет")
    button = request.form.get("do", "") if request.method == "POST" else ""
    error, letters = _press(bank, order, request, button, turn) if button else ("", [])
    if not error and button and order.state in ("paid", "declined"):
        return _leave(order) or _page(order), letters
    return _page(order, error), letters


def _press(bank: Bank, order: Order, request: Request, button: str, turn: Turn) -> tuple[str, list[Letter]]:
    if order.state == "needs_client" and button == "confirm":
        if request.form.get("code", "").strip() != CODE:
            return "Код подтверждения неверен.", []
        return _move(bank, order, turn)
    if order.state != "new":
        return "", []
    if button == "refuse":
        with bank.lock:
            reject(order)
        return "", []
    payer = request.form.get("payer", "")
    if payer not in PAYERS:
        return "Выберите кошелёк.", []
    return _begin(bank, order, payer, turn)


def _begin(bank: Bank, order: Order, payer: str, turn: Turn) -> tuple[str, list[Letter]]:
    if turn.end == "nothing":
        return "Не удалось провести платёж. Попробуйте ещё раз.", []
    same = bank.find(order.shop, number=order.number)
    before = [one for one in same if one.state == "paid" and not facts_of(one).played]
    if before and bank.settings["unique_numbers"]:
        return "Платёж с таким номером уже проведён.", []
    with bank.lock:
        begin(bank, order, payer)
    said = ask_shop(bank, order)
    if said != "YES":
        with bank.lock:
            facts_of(order).begun = False
        return f"Магазин отказался принять платёж: {said}", []
    with bank.lock:
        match turn.end:
            case "declined":
                reject(order, turn.code or "13")
                return "", []
            case "needs_client":
                order.state = "needs_client"
                return "", []
            case "pending_paid" | "pending_declined":
                wait(bank, order, turn)
                return "", []
    return _move(bank, order, turn)


def _move(bank: Bank, order: Order, turn: Turn) -> tuple[str, list[Letter]]:
    with bank.lock:
        if bank.settings["mode"] == "1" and facts_of(order).sim_mode == "1":
            reject(order)
            return "", []
        pay(bank, order, turn.extra)
        return "", result_letters(bank, order, turn.notice)


def _leave(order: Order) -> Response | None:
    """By GET the browser is led on at once; by POST and as a link there is something to press."""
    facts = facts_of(order)
    paid = order.state == "paid"
    url, method = (facts.success_url, facts.success_method) if paid else (facts.fail_url, facts.fail_method)
    return redirect(url, 303, Response=Response) if url and method not in (BY_POST, AS_A_LINK) else None


def _page(order: Order, error: str = "") -> Response:
    facts = facts_of(order)
    paid = order.state == "paid"
    text = _environment.get_template("form.html").render(
        order=order,
        sum=sum_of_minor(order.amount, order.currency),
        error=error,
        payers=[order.shop[0] + payer[1:] for payer in PAYERS],
        values=list(PAYERS),
        code=CODE,
        back=facts.success_url if paid else facts.fail_url,
        by_post=(facts.success_method if paid else facts.fail_method) == BY_POST,
    )
    return Response(text, content_type=HTML)


HTML = "text/html; charset=utf-8"
