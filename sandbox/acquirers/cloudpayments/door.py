"""The HTTP door: who asks is told by HTTP Basic, then the method is followed and the shop told; and the pages."""

from __future__ import annotations

import hmac
import json

from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.wrappers import Request, Response

from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.cloudpayments.call import Answer, Call
from sandbox.acquirers.cloudpayments.fields import read_fields
from sandbox.acquirers.cloudpayments.keys import HEADER, keep_answer, kept_answer
from sandbox.acquirers.cloudpayments.letters import send_letters, take_letters
from sandbox.acquirers.cloudpayments.life import settle_payment
from sandbox.acquirers.cloudpayments.methods import METHODS, Method
from sandbox.acquirers.cloudpayments.pages import PAGES, uses_a_turn
from sandbox.acquirers.cloudpayments.refusals import Refusal
from sandbox.acquirers.turns import USUAL, Turn
from sandbox.json_answer import json_answer

NOT_LET_IN = "Unauthorized: Access is denied due to invalid credentials"


def accepts(status: int, answer: str) -> bool:
    """A notice is taken by 200 and code zero; anything else is sent again."""
    try:
        said = json.loads(answer)
    except ValueError:
        return False
    return status == 200 and isinstance(said, dict) and said.get("code") == 0


def answer(bank: Bank, request: Request, path: str) -> Response:
    """Refusals are HTTP 200 as well; `Success` tells."""
    if path in METHODS:
        return _method_answer(bank, request, path, METHODS[path])
    kind, _, name = path.partition("/")
    if kind not in PAGES:
        raise NotFound("У эквайринга нет такого метода")
    return _page_answer(bank, request, kind, name)


def settle(bank: Bank, order: Order) -> None:
    """Nothing, when a request that came at the same moment has settled it already."""
    with bank.lock:
        if order.settles_at is None or order.settles_at > bank.now():
            return
        settle_payment(bank, order)
        letters = take_letters(bank, order.facts.pop("manner", "once"))
    send_letters(bank, letters, before_answer=False)


def _method_answer(bank: Bank, request: Request, path: str, method: Method) -> Response:
    if request.method != "POST" and path != "test":
        raise MethodNotAllowed(["POST"])
    shop = _shop(bank, request)
    if shop is None:
        return Response(NOT_LET_IN, status=401, content_type="text/html", headers={"WWW-Authenticate": "Basic"})
    with bank.lock:
        turn = bank.turns.next(method.verb)
    if instead := bank.turns.before(turn):
        return instead
    key = request.headers.get(HEADER, "")
    with bank.lock:
        _settle_due(bank)
        body = kept_answer(bank, shop, path, key)
        if body is None:
            body = _follow(bank, shop, request, method, turn)
            keep_answer(bank, shop, path, key, body)
        letters = take_letters(bank, turn.notice)
    send_letters(bank, letters, _tells_first(bank, turn))
    return bank.turns.after(turn, json_answer(body))


def _shop(bank: Bank, request: Request) -> str | None:
    given = request.authorization
    if given is None or given.username is None or given.password is None:
        return None
    known = bank.shops.get(given.username, {}).get("api_secret", "")
    return given.username if known and hmac.compare_digest(given.password.encode(), known.encode()) else None


def _follow(bank: Bank, shop: str, request: Request, method: Method, turn: Turn) -> Answer:
    try:
        return method.follow(Call(bank, shop, read_fields(request), request.root_url, turn))
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
        _settle_due(bank)
        shown = PAGES[kind](bank, request, name, turn)
        letters = take_letters(bank, turn.notice)
    send_letters(bank, letters, _tells_first(bank, turn))
    return bank.turns.after(turn, shown)


def _settle_due(bank: Bank) -> None:
    for order in bank.due():
        settle_payment(bank, order)


def _tells_first(bank: Bank, turn: Turn) -> bool:
    return turn.notice == "before" or bool(bank.settings["notices_first"])
