"""The HTTP door: who asks is proved by the token, then the method is followed and the shop told; and the pages."""

from __future__ import annotations

import hmac
from dataclasses import replace

from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.wrappers import Request, Response

from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.tbank.call import Answer, Call
from sandbox.acquirers.tbank.fields import read_fields
from sandbox.acquirers.tbank.letters import send_letters, take_letters
from sandbox.acquirers.tbank.methods import METHODS, Method
from sandbox.acquirers.tbank.pages import form_of, qr_of, uses_a_turn
from sandbox.acquirers.tbank.payments import settle_payment
from sandbox.acquirers.tbank.refusals import Refusal
from sandbox.acquirers.tbank.register import register_of
from sandbox.acquirers.tbank.terminals import PAY_METHODS, pay_methods
from sandbox.acquirers.tbank.tokens import token_of
from sandbox.acquirers.turns import USUAL, Turn
from sandbox.json_answer import json_answer


def accepts(status: int, answer: str) -> bool:
    """A notice is taken by 200 and the two letters alone."""
    return status == 200 and answer == "OK"


def answer(bank: Bank, request: Request, path: str) -> Response:
    """Refusals are HTTP 200 as well; `Success` and `ErrorCode` tell."""
    if path in METHODS:
        return _method_answer(bank, request, METHODS[path])
    if path == PAY_METHODS:
        return pay_methods(bank, request)
    kind, _, name = path.partition("/")
    if kind == "register":
        return register_of(bank, name)
    if kind not in ("new", "qr"):
        raise NotFound("У эквайринга нет такого метода")
    return _page_answer(bank, request, kind, name)


def settle(bank: Bank, order: Order) -> None:
    """Nothing, when a request that came at the same moment has settled it already."""
    with bank.lock:
        if order.settles_at is None or order.settles_at > bank.now():
            return
        settle_payment(bank, order)
        letters = take_letters(bank)
    send_letters(bank, letters, before_answer=False)


def _method_answer(bank: Bank, request: Request, method: Method) -> Response:
    if request.method != "POST":
        raise MethodNotAllowed(["POST"])
    try:
        call = _read_call(bank, request)
    except Refusal as refusal:
        return json_answer(refusal.answer())
    with bank.lock:
        turn = bank.turns.next(method.verb_of(call))
    if instead := bank.turns.before(turn):
        return instead
    with bank.lock:
        for order in bank.due():
            settle_payment(bank, order)
        body = _follow(method, replace(call, turn=turn))
        letters = take_letters(bank, turn.notice)
    send_letters(bank, letters, _tells_first(bank, turn))
    return bank.turns.after(turn, json_answer(body))


def _read_call(bank: Bank, request: Request) -> Call:
    """Raises Refusal: 205 for an unknown terminal, 204 for a token that is not its own."""
    fields = read_fields(request, bool(bank.settings["lenient_types"]))
    shop = fields.text("TerminalKey")
    secrets = bank.shops.get(shop)
    if secrets is None:
        raise Refusal("205", "Указанный терминал не найден")
    token = fields.values.get("Token")
    if not isinstance(token, str):
        raise Refusal("204")
    if not hmac.compare_digest(token.encode(), token_of(fields.values, secrets["password"]).encode()):
        raise Refusal("204")
    return Call(bank, shop, fields, request.root_url)


def _follow(method: Method, call: Call) -> Answer:
    try:
        return method.follow(call)
    except Refusal as refusal:
        return refusal.answer()


def _page_answer(bank: Bank, request: Request, kind: str, name: str) -> Response:
    if request.method not in ("GET", "POST"):
        raise MethodNotAllowed(["GET", "POST"])
    with bank.lock:
        turn = bank.turns.next("page") if uses_a_turn(request) else USUAL
    if instead := bank.turns.before(turn):
        return instead
    with bank.lock:
        for order in bank.due():
            settle_payment(bank, order)
        shown = (form_of if kind == "new" else qr_of)(bank, request, name, turn)
        letters = take_letters(bank, turn.notice)
    send_letters(bank, letters, _tells_first(bank, turn))
    return bank.turns.after(turn, shown)


def _tells_first(bank: Bank, turn: Turn) -> bool:
    return turn.notice == "before" or bool(bank.settings["notices_first"])
