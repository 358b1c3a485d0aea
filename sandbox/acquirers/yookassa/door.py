"""The HTTP door: who asks is proved by Basic auth, then the request is followed and the shop told; and the pages."""

from __future__ import annotations

import hmac

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Request, Response

from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.turns import MAINTENANCE, Turn
from sandbox.acquirers.yookassa.cabinet import cabinet_answer
from sandbox.acquirers.yookassa.call import Call
from sandbox.acquirers.yookassa.fields import Fields, read_fields
from sandbox.acquirers.yookassa.keys import HEADER, check_key, follow_once, print_of
from sandbox.acquirers.yookassa.letters import send_letters, take_letters
from sandbox.acquirers.yookassa.life import settle_payment
from sandbox.acquirers.yookassa.pages import page_answer, turn_of_page
from sandbox.acquirers.yookassa.refusals import Refusal, planned, processing
from sandbox.acquirers.yookassa.routes import Route, route_of
from sandbox.json_answer import json_answer

HTML_ONES = frozenset({401, 403, 429})


def accepts(status: int, _answer: str) -> bool:
    """A notice is taken by 200, whatever stands in the answer."""
    return status == 200


def answer(bank: Bank, request: Request, path: str) -> Response:
    kind, _, rest = path.partition("/")
    match kind:
        case "v3":
            return _api_answer(bank, request, rest)
        case "pay" | "qr":
            return _page_answer(bank, request, kind, rest)
        case "cabinet":
            with bank.lock:
                return cabinet_answer(bank, rest)
    raise NotFound("У эквайринга нет такого адреса")


def settle(bank: Bank, order: Order) -> None:
    """Nothing, when a request that came at the same moment has settled it already."""
    with bank.lock:
        if order.settles_at is None or order.settles_at > bank.now():
            return
        settle_payment(bank, order)
        letters = take_letters(bank)
    send_letters(bank, letters, before_answer=False)


def _api_answer(bank: Bank, request: Request, path: str) -> Response:
    try:
        shop = _shop_of(bank, request)
        route, name = route_of(request.method, path)
        fields = read_fields(request) if request.method == "POST" else Fields({})
        key = check_key(request.headers.get(HEADER)) if request.method == "POST" else ""
    except Refusal as refusal:
        return _refused(bank, refusal)
    with bank.lock:
        turn = bank.turns.next(route.verb_of(fields))
    if instead := bank.turns.before(turn):
        return instead
    call = Call(bank, shop, fields, request.args, request.root_url, name, key, turn)
    with bank.lock:
        _settle_due(bank)
        proper = _follow(route, call, print_of(request.path, request.get_data()))
        letters = take_letters(bank, turn.notice)
    send_letters(bank, letters, _tells_first(bank, turn))
    return bank.turns.after(turn, proper)


def _shop_of(bank: Bank, request: Request) -> str:
    """Raises Refusal 401."""
    given = request.authorization
    shop, secret = (given.username or "", given.password or "") if given and given.type == "basic" else ("", "")
    known = bank.shops.get(shop, {}).get("secret", "")
    if not known or not hmac.compare_digest(secret.encode(), known.encode()):
        raise Refusal("invalid_credentials", "The shopId or the secret key is wrong", "Authorization")
    return shop


def _follow(route: Route, call: Call, request: str) -> Response:
    try:
        if route.method == "POST":
            body = follow_once(call, request, route.follow)
        elif call.turn.end in ("declined", "nothing"):
            raise planned(call.turn)
        else:
            body = route.follow(call)()
    except Refusal as refusal:
        return _refused(call.bank, refusal)
    return json_answer(processing(), 202) if call.turn.code == "processing" else json_answer(body)


def _refused(bank: Bank, refusal: Refusal) -> Response:
    if bank.settings["refusals"] == "html" and refusal.status in HTML_ONES:
        return Response(MAINTENANCE, status=refusal.status, content_type="text/html; charset=utf-8")
    return json_answer(refusal.answer(), refusal.status)


def _page_answer(bank: Bank, request: Request, kind: str, name: str) -> Response:
    with bank.lock:
        turn = turn_of_page(bank, request)
    if instead := bank.turns.before(turn):
        return instead
    with bank.lock:
        _settle_due(bank)
        shown = page_answer(bank, request, kind, name, turn)
        letters = take_letters(bank, turn.notice)
    send_letters(bank, letters, _tells_first(bank, turn))
    return bank.turns.after(turn, shown)


def _settle_due(bank: Bank) -> None:
    for order in bank.due():
        settle_payment(bank, order)


def _tells_first(bank: Bank, turn: Turn) -> bool:
    return turn.notice == "before" or bool(bank.settings["notices_first"])
