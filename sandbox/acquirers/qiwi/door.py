"""The HTTP door: who asks is proved by a bearer key, then the request is followed and the shop told; and the form."""

from __future__ import annotations

import hmac

from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.wrappers import Request, Response

from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.qiwi.call import Call
from sandbox.acquirers.qiwi.fields import read_fields
from sandbox.acquirers.qiwi.letters import send_letters, take_letters
from sandbox.acquirers.qiwi.life import settle_order
from sandbox.acquirers.qiwi.orders import not_found
from sandbox.acquirers.qiwi.pages import form_answer, uses_a_turn
from sandbox.acquirers.qiwi.refusals import Refusal
from sandbox.acquirers.qiwi.reports import report_answer
from sandbox.acquirers.qiwi.routes import Route, route_of
from sandbox.acquirers.turns import USUAL, Turn
from sandbox.json_answer import json_answer


def accepts(status: int, _answer: str) -> bool:
    """A notice is taken by 200, whatever stands in the answer."""
    return status == 200


def answer(bank: Bank, request: Request, path: str) -> Response:
    if path.rstrip("/") == "form":
        return _form_answer(bank, request)
    if path.startswith("cabinet/"):
        with bank.lock:
            return report_answer(bank, path.removeprefix("cabinet/"))
    if not path.startswith("partner/"):
        raise NotFound("У QIWI нет такого адреса")
    try:
        route, site, names = route_of(request.method, path)
        call = Call(bank, _shop_of(bank, request, site), names, read_fields(request), request.root_url)
    except Refusal as refusal:
        return json_answer(refusal.answer(), refusal.status)
    with bank.lock:
        turn = bank.turns.next(route.verb)
    if instead := bank.turns.before(turn):
        return instead
    with bank.lock:
        _settle_due(bank)
        proper = _follow(route, Call(bank, call.shop, names, call.fields, call.root, turn))
        letters = take_letters(bank, turn.notice)
    send_letters(bank, letters, _tells_first(bank, turn))
    if turn.answer == "error_500" and bank.settings["error_500_body"] == "json":
        return json_answer(Refusal("internal.error").answer(), 500)
    return bank.turns.after(turn, proper)


def settle(bank: Bank, order: Order) -> None:
    """Nothing, when a request that came at the same moment has settled it already."""
    with bank.lock:
        if order.settles_at is None or order.settles_at > bank.now():
            return
        settle_order(bank, order)
        letters = take_letters(bank)
    send_letters(bank, letters, before_answer=False)


def _shop_of(bank: Bank, request: Request, site: str) -> str:
    """Raises Refusal: 401 for a key nobody has, the protocol's "not found" for a site that is not the key's."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    shop = next(
        (name for name, secrets in bank.shops.items() if hmac.compare_digest(secrets["key"].encode(), given.encode())),
        None,
    )
    if shop is None:
        raise Refusal("auth.unauthorized", 401)
    if site and site != shop:
        raise not_found(bank)
    return shop


def _follow(route: Route, call: Call) -> Response:
    try:
        body = route.follow(call)
    except Refusal as refusal:
        return json_answer(refusal.answer(), refusal.status)
    return Response(status=204) if body is None else json_answer(body)


def _form_answer(bank: Bank, request: Request) -> Response:
    if request.method not in ("GET", "POST"):
        raise MethodNotAllowed(["GET", "POST"])
    with bank.lock:
        turn = bank.turns.next("page") if uses_a_turn(request) else USUAL
    if instead := bank.turns.before(turn):
        return instead
    with bank.lock:
        _settle_due(bank)
        shown = form_answer(bank, request, turn)
        letters = take_letters(bank, turn.notice)
    send_letters(bank, letters, _tells_first(bank, turn))
    return bank.turns.after(turn, shown)


def _settle_due(bank: Bank) -> None:
    for order in bank.due():
        settle_order(bank, order)


def _tells_first(bank: Bank, turn: Turn) -> bool:
    return turn.notice == "before" or bool(bank.settings["notices_first"])
