"""What a client sees: the payment form, 3-D Secure, and the payer's bank behind a QR."""

from __future__ import annotations

import re
from string import Template

from werkzeug.exceptions import NotFound
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.tbank.cards import (
    account_notice,
    bind_account,
    card_id_of,
    exp_date,
    masked,
    refuse_account,
)
from sandbox.acquirers.tbank.known_cards import CARDS, PASSWORD, KnownCard
from sandbox.acquirers.tbank.orders import FAILED, OPEN, status_of
from sandbox.acquirers.tbank.payments import challenge, fail_attempt, move, pay, wait
from sandbox.acquirers.tbank.qr import payload_of, show_qr
from sandbox.acquirers.tbank.refusals import Refusal, message_of
from sandbox.acquirers.templating import templates_beside
from sandbox.acquirers.turns import USUAL, Turn
from sandbox.pages.words import sum_of_minor

_environment = templates_beside(__file__)
_EXPIRY = re.compile(r"(0[1-9]|1[0-2])\s*/\s*(\d\d)")


def form_of(bank: Bank, request: Request, name: str, turn: Turn) -> Response:
    """The payment form behind `PaymentURL`; GET opens it, POST is a button of it."""
    order = _order(bank, "page", name)
    if request.method == "GET":
        if status_of(order) == "NEW":
            move(bank, order, "FORM_SHOWED")
        return _form(order)
    button = request.form.get("do", "")
    if status_of(order) == "3DS_CHECKING":
        return _check_password(bank, order, "" if button == "refuse" else request.form.get("password", ""))
    if not _is_open(order):
        return _form(order)
    if button == "refuse":
        return _leave(order, order.facts["fail_url"])
    if button == "sbp":
        return _to_qr(bank, request, order)
    return _pay_by_card(bank, order, request, turn)


def qr_of(bank: Bank, request: Request, name: str, turn: Turn) -> Response:
    """The payer's bank behind a QR: agree, refuse, and end a binding later."""
    order = _order(bank, "qr", name)
    button = request.form.get("do", "") if request.method == "POST" else ""
    if button == "unbind" and order.facts["link"]:
        _unbind(bank, order)
    elif button and _is_open(order):
        _answer_bank(bank, order, button, turn)
        if status_of(order) == "CONFIRMED":
            return _leave(order, order.facts["success_url"])
    return _page("bank.html", order, open=_is_open(order), link=order.facts["link"] or {})


def uses_a_turn(request: Request) -> bool:
    """Whether a request uses up a turn: only the button that pays does."""
    return request.method == "POST" and request.form.get("do") == "pay"


def _pay_by_card(bank: Bank, order: Order, request: Request, turn: Turn) -> Response:
    pan = re.sub(r"\D", "", request.form.get("pan", ""))
    expiry = _EXPIRY.fullmatch(request.form.get("expiry", "").strip())
    cvc = request.form.get("cvc", "").strip()
    if pan not in CARDS:
        return _form(order, error="Проверьте номер карты: песочница принимает только тестовые карты.")
    if expiry is None:
        return _form(order, error="Проверьте срок действия карты: месяц и год, например 12/30.")
    if not re.fullmatch(r"\d{3}", cvc):
        return _form(order, error="Проверьте код: три цифры на обороте карты.")
    expires = f"20{expiry[2]}-{expiry[1]}"
    order.facts["entered"] = {"mask": masked(pan), "expires": expires}
    order.facts["instrument"] = {
        "CardId": card_id_of(bank, order.shop, order.customer, masked(pan), expires),
        "Pan": masked(pan),
        "ExpDate": exp_date(expires),
    }
    return _answer_card(bank, order, CARDS[pan], turn)


def _answer_card(bank: Bank, order: Order, card: KnownCard, turn: Turn) -> Response:
    code = _initiator_refusal(order)
    if not code and turn.end == "declined":
        code = turn.code or "1051"
    if not code and turn == USUAL:
        code = card.code
    if turn.end == "nothing":
        return _form(order, error="Не удалось провести платёж. Попробуйте ещё раз.")
    if code:
        return _failed(bank, order, code)
    if turn.end in ("pending_paid", "pending_declined"):
        wait(bank, order, turn, "AUTHORIZING")
        return _form(order)
    if turn.end == "needs_client" or (turn == USUAL and card.asks):
        challenge(bank, order)
        return _form(order)
    pay(bank, order, turn.extra)
    return _leave(order, order.facts["success_url"])


def _check_password(bank: Bank, order: Order, password: str) -> Response:
    if password != PASSWORD:
        return _failed(bank, order, "101", bank.settings["failed_3ds"])
    order.facts["statuses"].append("3DS_CHECKED")
    pay(bank, order)
    return _leave(order, order.facts["success_url"])


def _failed(bank: Bank, order: Order, code: str, status: str = "REJECTED") -> Response:
    fail_attempt(bank, order, code, status)
    if status_of(order) in FAILED:
        return _leave(order, order.facts["fail_url"])
    return _form(order, error=message_of(code))


def _to_qr(bank: Bank, request: Request, order: Order) -> Response:
    try:
        show_qr(bank, order)
    except Refusal as refusal:
        return _form(order, error=refusal.details)
    return redirect(payload_of(request.root_url, order), 303, Response=Response)


def _answer_bank(bank: Bank, order: Order, button: str, turn: Turn) -> None:
    order.facts["by_account"] = True
    refused = button != "pay" or turn.end == "declined"
    if order.facts["binds"]:
        order.settles_at = None
        if refused:
            refuse_account(order)
        else:
            bind_account(bank, order)
    elif refused:
        fail_attempt(bank, order, turn.code or "3009")
    elif turn.end in ("pending_paid", "pending_declined"):
        wait(bank, order, turn, "AUTHORIZING")
    elif turn.end != "nothing":
        order.settles_at = None
        pay(bank, order, turn.extra)


def _unbind(bank: Bank, order: Order) -> None:
    link = order.facts["link"]
    card = bank.card(order.shop, link["token"])
    if card is None or not card.active:
        return
    card.active, link["status"] = False, "INACTIVE"
    order.facts["notices"].append(account_notice(order, {"AccountToken": link["token"]}))


def _is_open(order: Order) -> bool:
    if order.facts["binds"]:
        return bool(order.facts["link"]["status"] == "NEW")
    return status_of(order) in OPEN and order.state == "new"


def _initiator_refusal(order: Order) -> str:
    """A payment announced as one without its client cannot be paid on a page."""
    return "1126" if order.facts["data"].get("OperationInitiatorType") in ("2", "R", "I") else ""


def _order(bank: Bank, kind: str, name: str) -> Order:
    order = next((one for one in bank.orders if one.facts.get(kind) == name), None)
    if order is None:
        raise NotFound("Такой страницы нет")
    return order


def _form(order: Order, error: str = "") -> Response:
    return _page("form.html", order, open=_is_open(order), error=error, cards=CARDS, password=PASSWORD)


def _page(template: str, order: Order, **shown: object) -> Response:
    text = _environment.get_template(template).render(
        order=order,
        status=status_of(order),
        sum=sum_of_minor(order.amount, order.currency),
        reason=message_of(order.code) if order.code else "",
        back=_filled(order, order.facts["success_url" if order.state in ("paid", "held") else "fail_url"]),
        **shown,
    )
    return Response(text, content_type="text/html; charset=utf-8")


def _leave(order: Order, url: str) -> Response:
    """Back to the shop, or the page's own last word when the shop gave no address."""
    return redirect(_filled(order, url), 303, Response=Response) if url else _form(order)


def _filled(order: Order, url: str) -> str:
    """The shop's address with `${OrderId}` and its like filled in."""
    return Template(url).safe_substitute(
        OrderId=order.number,
        PaymentId=order.id,
        Amount=order.amount,
        Success="true" if order.state in ("paid", "held") else "false",
        ErrorCode=order.code or "0",
    )
