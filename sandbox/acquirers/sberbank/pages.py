"""What a client sees: the bank's payment page, the ACS that asks for a password, and the payer's bank behind a QR."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from werkzeug.exceptions import NotFound
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.sberbank.known_cards import ACS_PASSWORD, CARDS, KnownCard, system_of
from sandbox.acquirers.sberbank.life import USUAL_REFUSAL, challenge, pay, refuse, wait
from sandbox.acquirers.sberbank.orders import AT_ACS, EXPIRED, order_of
from sandbox.acquirers.sberbank.qr import is_open_qr, payload_of, show_qr
from sandbox.acquirers.sberbank.refusals import words_of
from sandbox.acquirers.templating import templates_beside
from sandbox.acquirers.turns import USUAL, Turn
from sandbox.pages.words import sum_of_minor

PAGES = frozenset({"pp/pay_ru", "payment/merchants/sbersafe/payment_ru.html"})
QR = "qr/"
WRONG_CVC, EXPIRED_CARD, NOT_AUTHENTICATED, NO_FUNDS = 82, 101, -2006, 116
_environment = templates_beside(__file__)
_EXPIRY = re.compile(r"(0[1-9]|1[0-2])\s*/\s*(\d\d)")


def is_page(path: str) -> bool:
    return path in PAGES or path.startswith(QR)


def uses_a_turn(request: Request) -> bool:
    """Whether a request uses up a turn: only the button that pays does."""
    return request.method == "POST" and request.form.get("do") == "pay"


def page_answer(bank: Bank, request: Request, path: str, turn: Turn) -> Response:
    """GET opens a page, POST is a button of it."""
    button = request.form.get("do", "") if request.method == "POST" else ""
    if path.startswith(QR):
        return _bank_page(bank, _order_of_qr(bank, path.removeprefix(QR)), button, turn)
    order = order_of(bank, request.args.get("orderId", "") or request.args.get("mdOrder", ""))
    if order is None:
        raise NotFound("Такой страницы нет")
    if order.facts["status"] == AT_ACS and button:
        return _check_password(bank, order, "" if button == "refuse" else request.form.get("password", ""))
    if not button or order.state != "new":
        return _form(order)
    if button == "refuse":
        return _leave(order, order.facts["fail_url"])
    if button == "sbp":
        show_qr(request.root_url, order)
        return redirect(payload_of(request.root_url, order), 303, Response=Response)
    return _pay_by_card(bank, order, request, turn)


def _pay_by_card(bank: Bank, order: Order, request: Request, turn: Turn) -> Response:
    pan = re.sub(r"\D", "", request.form.get("pan", ""))
    expiry = _EXPIRY.fullmatch(request.form.get("expiry", "").strip())
    cvc = request.form.get("cvc", "").strip()
    if pan not in CARDS:
        return _form(order, "Проверьте номер карты: песочница принимает только тестовые карты.")
    if expiry is None:
        return _form(order, "Проверьте срок действия карты: месяц и год, например 12/30.")
    if not re.fullmatch(r"\d{3}", cvc):
        return _form(order, "Проверьте код: три цифры на обороте карты.")
    card = CARDS[pan]
    expires = f"20{expiry[2]}-{expiry[1]}"
    order.facts["entered"] = {
        "mask": f"{pan[:6]}******{pan[-4:]}",
        "expires": expires,
        "system": system_of(pan),
        "code": "",
        "refusal": _refusal(bank, order, card, cvc, expires),
    }
    return _answer_card(bank, order, card, turn)


def _refusal(bank: Bank, order: Order, card: KnownCard, cvc: str, expires: str) -> int:
    """Why the card's own bank will say no, or 0."""
    if cvc != card.cvc:
        return WRONG_CVC
    if expires < bank.now().strftime("%Y-%m"):
        return EXPIRED_CARD
    return NO_FUNDS if card.most is not None and order.amount > card.most else int(card.code or 0)


def _answer_card(bank: Bank, order: Order, card: KnownCard, turn: Turn) -> Response:
    if turn.end == "nothing":
        return _form(order, "Не удалось провести платёж. Попробуйте ещё раз.")
    if turn.end == "declined":
        return _failed(bank, order, int(turn.code or USUAL_REFUSAL))
    if turn.end in ("pending_paid", "pending_declined"):
        wait(bank, order, turn)
        return _form(order)
    if turn.end == "needs_client" or (turn == USUAL and card.asks):
        challenge(order)
        return _form(order)
    if turn == USUAL and order.facts["entered"]["refusal"]:
        return _failed(bank, order, order.facts["entered"]["refusal"])
    pay(bank, order, turn.extra)
    return _leave(order, order.facts["return_url"])


def _check_password(bank: Bank, order: Order, password: str) -> Response:
    if password != ACS_PASSWORD:
        return _failed(bank, order, NOT_AUTHENTICATED)
    refusal = (order.facts["entered"] or {}).get("refusal", 0)
    if refusal:
        return _failed(bank, order, refusal)
    pay(bank, order)
    return _leave(order, order.facts["return_url"])


def _failed(bank: Bank, order: Order, action: int) -> Response:
    refuse(bank, order, action)
    return _form(order, words_of(action)) if order.state == "new" else _leave(order, order.facts["fail_url"])


def _bank_page(bank: Bank, order: Order, button: str, turn: Turn) -> Response:
    """The payer's bank: agree, refuse, and end a binding later."""
    if button == "unbind" and order.card and order.facts["account"]:
        order.card.active = False
    elif button and is_open_qr(order):
        _answer_bank(bank, order, button, turn)
        if order.state == "paid":
            return _leave(order, order.facts["return_url"])
    return _page(
        "bank.html", order, open=is_open_qr(order), binds=order.facts["scenario"].startswith("C2B_SUBSCRIPTION")
    )


def _answer_bank(bank: Bank, order: Order, button: str, turn: Turn) -> None:
    order.facts["by_account"] = True
    if button != "pay" or turn.end == "declined":
        refuse(bank, order, int(turn.code or 902))
    elif turn.end in ("pending_paid", "pending_declined"):
        wait(bank, order, turn)
    elif turn.end != "nothing":
        pay(bank, order, turn.extra)


def _order_of_qr(bank: Bank, qr_id: str) -> Order:
    order = next((one for one in bank.orders if one.facts["qr"] == qr_id), None)
    if order is None:
        raise NotFound("Такой страницы нет")
    return order


def _form(order: Order, error: str = "") -> Response:
    return _page(
        "form.html", order, error=error, cards=CARDS, password=ACS_PASSWORD, at_acs=order.facts["status"] == AT_ACS
    )


def _page(template: str, order: Order, **shown: object) -> Response:
    good = order.state in ("paid", "held") or _is_checked(order)
    text = _environment.get_template(template).render(
        order=order,
        good=good,
        expired=order.facts["action"] == EXPIRED,
        sum=sum_of_minor(order.amount, order.currency),
        reason=words_of(order.facts["action"]),
        back=_return(order, order.facts["return_url" if good else "fail_url"]),
        **shown,
    )
    return Response(text, content_type="text/html; charset=utf-8")


def _is_checked(order: Order) -> bool:
    """An order that only checked a card ends reversed, and went well."""
    return order.state == "cancelled" and order.facts["action"] == 0


def _leave(order: Order, url: str) -> Response:
    return redirect(_return(order, url), 303, Response=Response)


def _return(order: Order, url: str) -> str:
    """The shop's address with the order in its query, as the bank leads clients back."""
    return f"{url}{'&' if '?' in url else '?'}{urlencode({'orderId': order.id, 'lang': 'ru'})}"
