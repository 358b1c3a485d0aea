"""What a client sees: the payment form, 3-D Secure, and the payer's bank behind an SBP link."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from werkzeug.exceptions import NotFound
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.cloudpayments.cards import entered
from sandbox.acquirers.cloudpayments.charges import AUTHENTICATED
from sandbox.acquirers.cloudpayments.check import refusal_by_check
from sandbox.acquirers.cloudpayments.known_cards import CARDS, PASSWORD, KnownCard
from sandbox.acquirers.cloudpayments.life import challenge, decline, pay, wait
from sandbox.acquirers.cloudpayments.placed import pages_of, payload_of
from sandbox.acquirers.cloudpayments.reasons import message_of
from sandbox.acquirers.cloudpayments.transactions import new_payment, status_of
from sandbox.acquirers.templating import templates_beside
from sandbox.acquirers.turns import USUAL, Turn
from sandbox.pages.words import sum_of_minor

LINK_LIFE = timedelta(hours=72)

_environment = templates_beside(__file__)
_EXPIRY = re.compile(r"(0[1-9]|1[0-2])\s*/\s*(\d\d)")


def uses_a_turn(request: Request) -> bool:
    """Whether a request uses up a turn: only the button that pays does."""
    return request.method == "POST" and request.form.get("do") == "pay"


def form_of(bank: Bank, request: Request, name: str, turn: Turn) -> Response:
    """The page of an order; GET opens it, POST is a button of it. A refused try leaves it open."""
    page = pages_of(bank).get(name)
    if page is None:
        raise NotFound("Такой страницы нет")
    last = _last(bank, name)
    button = request.form.get("do", "") if request.method == "POST" else ""
    if last and status_of(last) == "AwaitingAuthentication" and button:
        return _check_password(bank, page, last, "" if button == "refuse" else request.form.get("password", ""))
    if page["status"] != "Created" or not button or (last and last.state in ("pending", "needs_client")):
        return _form(bank, name, page)
    if button == "refuse":
        return _leave(bank, name, page, page["fail_url"])
    if button == "sbp":
        return _to_qr(bank, request, name, page)
    return _pay_by_card(bank, name, page, request, turn)


def qr_of(bank: Bank, request: Request, name: str, turn: Turn) -> Response:
    """The payer's bank behind a link; one link may be paid again, as another payment."""
    order = next((one for one in bank.orders if name and one.facts["qr"] == name), None)
    if order is None:
        raise NotFound("Такой ссылки нет")
    button = request.form.get("do", "") if request.method == "POST" else ""
    if button == "unbind" and order.card is not None:
        order.card.active = False
        return _bank(order)
    if button == "pay" and order.state == "paid" and bank.settings["sbp_link_pays_again"]:
        pay(bank, _same_again(bank, order))
    elif button and order.state == "new":
        _answer_bank(bank, order, button, turn)
    url = order.facts["url"]
    return redirect(url, 303, Response=Response) if button and url and _is_paid(order) else _bank(order)


def acs_of(bank: Bank, request: Request, name: str, _turn: Turn) -> Response:
    """The issuer's page of a charge: a shop leads its client here with PaReq, MD and TermUrl, and gets PaRes."""
    order = next((one for one in bank.orders if one.id == name), None)
    if order is None or request.form.get("PaReq") != f"pareq-{name}":
        raise NotFound("Такой страницы нет")
    sum_asked = sum_of_minor(order.amount, order.currency)
    return _html("acs.html", order=order, sum=sum_asked, back=request.form.get("TermUrl", ""), says=AUTHENTICATED)


PAGES: dict[str, Callable[[Bank, Request, str, Turn], Response]] = {"d": form_of, "qr": qr_of, "acs": acs_of}


def _pay_by_card(bank: Bank, name: str, page: dict[str, Any], request: Request, turn: Turn) -> Response:
    pan = re.sub(r"\D", "", request.form.get("pan", ""))
    expiry = _EXPIRY.fullmatch(request.form.get("expiry", "").strip())
    if pan not in CARDS:
        return _form(bank, name, page, "Проверьте номер карты: песочница принимает только тестовые карты.")
    if expiry is None or f"20{expiry[2]}-{expiry[1]}" < bank.now().strftime("%Y-%m"):
        return _form(bank, name, page, "Проверьте срок действия карты: месяц и год, например 12/30.")
    if not re.fullmatch(r"\d{3}", request.form.get("cvc", "").strip()):
        return _form(bank, name, page, "Проверьте код: три цифры на обороте карты.")
    if turn.end == "nothing":
        return _form(bank, name, page, "Не удалось провести платёж. Попробуйте ещё раз.")
    card = CARDS[pan]
    order = _try(bank, name, page, instrument=entered(pan, f"{expiry[1]}/{expiry[2]}", card.kind), pan=pan)
    return _answer_card(bank, name, page, order, card, turn)


def _answer_card(bank: Bank, name: str, page: dict[str, Any], order: Order, card: KnownCard, turn: Turn) -> Response:
    code = refusal_by_check(bank, order) or (turn.code or "5051" if turn.end == "declined" else "")
    if not code and turn.end in ("pending_paid", "pending_declined"):
        wait(bank, order, turn)
        return _form(bank, name, page)
    if not code and (turn.end == "needs_client" or (turn == USUAL and card.asks)):
        challenge(bank, order)
        return _form(bank, name, page)
    if not code and turn == USUAL:
        code = card.code
    return _end(bank, name, page, order, code, turn.extra)


def _check_password(bank: Bank, page: dict[str, Any], order: Order, password: str) -> Response:
    code = "5206" if password != PASSWORD else CARDS[order.facts["pan"]].code
    return _end(bank, order.facts["page"], page, order, code, 0)


def _end(bank: Bank, name: str, page: dict[str, Any], order: Order, code: str, extra: int) -> Response:
    if code:
        decline(bank, order, "" if code == "0" else code)
        return _form(bank, name, page, message_of(code))
    order.settles_at = None
    pay(bank, order, extra, CARDS[order.facts["pan"]].token_code)
    page["status"] = "Paid"
    return _leave(bank, name, page, page["success_url"])


def _try(bank: Bank, name: str, page: dict[str, Any], **facts: object) -> Order:
    """Each try on a page is a payment of its own."""
    order = new_payment(
        bank,
        page["shop"],
        page["number"],
        page["amount"],
        page["currency"],
        account=page["account"],
        email=page["email"],
        data=page["data"],
        two_stage=page["two_stage"],
        saves=bool(page["account"]),
        page=name,
        **facts,
    )
    order.description, order.customer = page["description"], page["account"]
    return order


def _to_qr(bank: Bank, request: Request, name: str, page: dict[str, Any]) -> Response:
    if not bank.settings["sbp_enabled"] or page["currency"] != "RUB":
        return _form(bank, name, page, "Оплата через СБП не подключена.")
    order = _try(bank, name, page, method="Sbp", status=bank.settings["pending_status"], url=page["success_url"])
    order.facts |= {"qr": f"AS{order.id}{name.upper()}", "settles_with": "6009"}
    order.settles_at = bank.now() + LINK_LIFE
    return redirect(payload_of(request.root_url, order), 303, Response=Response)


def _answer_bank(bank: Bank, order: Order, button: str, turn: Turn) -> None:
    if button != "pay" or turn.end == "declined":
        decline(bank, order, turn.code or "5051")
    elif turn.end in ("pending_paid", "pending_declined"):
        wait(bank, order, turn)
    elif turn.end != "nothing":
        order.settles_at = None
        pay(bank, order, turn.extra)
    page = pages_of(bank).get(order.facts["page"])
    if page and _is_paid(order):
        page["status"] = "Paid"


def _same_again(bank: Bank, order: Order) -> Order:
    again = new_payment(bank, order.shop, order.number, order.amount, order.currency)
    again.facts = order.facts | {"notices": [], "told": 0, "refunds": [], "receipts": [], "saves": False}
    again.description = order.description
    return again


def _is_paid(order: Order) -> bool:
    return order.state == "paid"


def _last(bank: Bank, name: str) -> Order | None:
    return next((one for one in reversed(bank.orders) if one.facts["page"] == name), None)


def _form(bank: Bank, name: str, page: dict[str, Any], error: str = "") -> Response:
    last = _last(bank, name)
    return _html(
        "form.html",
        page=page,
        asks=last is not None and status_of(last) == "AwaitingAuthentication",
        waits=last is not None and last.state == "pending",
        sum=sum_of_minor(page["amount"], page["currency"]),
        error=error,
        cards=CARDS,
        password=PASSWORD,
        saves=bool(page["account"]) and bank.settings["token_saving"],
        sbp=bank.settings["sbp_enabled"] and page["currency"] == "RUB",
        back=page["success_url"] if page["status"] == "Paid" else page["fail_url"],
    )


def _bank(order: Order) -> Response:
    bound = order.card is not None and order.card.active and order.facts["saves"]
    return _html("bank.html", order=order, sum=sum_of_minor(order.amount, order.currency), bound=bound)


def _html(template: str, **shown: object) -> Response:
    text = _environment.get_template(template).render(**shown)
    return Response(text, content_type="text/html; charset=utf-8")


def _leave(bank: Bank, name: str, page: dict[str, Any], url: str) -> Response:
    """Back to the shop, or the page's own last word when the shop gave no address."""
    return redirect(url, 303, Response=Response) if url else _form(bank, name, page)
