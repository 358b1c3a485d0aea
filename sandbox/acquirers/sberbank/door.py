"""The HTTP door: which flavour a path is of, who asks; the request is followed and the shop told; and the pages."""

from __future__ import annotations

import hmac
from dataclasses import replace
from typing import Any

from werkzeug.wrappers import Request, Response

from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.sberbank.call import Answer, Call, Flavour
from sandbox.acquirers.sberbank.fields import loosely, read_form, read_json, strictly
from sandbox.acquirers.sberbank.letters import send_letters, take_letters
from sandbox.acquirers.sberbank.life import settle_order
from sandbox.acquirers.sberbank.methods import FORM_PATH, METHODS, RECEIPTS_PATH, Method
from sandbox.acquirers.sberbank.pages import is_page, page_answer, uses_a_turn
from sandbox.acquirers.sberbank.qr import DYNAMIC_STATUS, SHORT_STATUS
from sandbox.acquirers.sberbank.receipts import NoReceipt
from sandbox.acquirers.sberbank.recurrent import envelope, recurrent_payment
from sandbox.acquirers.sberbank.refusals import NO_ACCESS, Refusal
from sandbox.acquirers.turns import USUAL, Turn
from sandbox.json_answer import json_answer

FLAVOURS: dict[str, Flavour] = {"rbs": "rbs", "ecom": "ecom", "yookassa": "yookassa"}


def accepts(status: int, _answer: str) -> bool:
    """A notice is taken by HTTP 200, whatever the shop says with it."""
    return status == 200


def answer(bank: Bank, request: Request, path: str) -> Response:
    """Refusals are HTTP 200 as well; what is no request at all is an empty page of HTML."""
    if path in METHODS and not _is_switched_off(bank, path):
        return _method_answer(bank, request, path)
    if is_page(path):
        return _page_answer(bank, request, path)
    return _empty_page(404)


def settle(bank: Bank, order: Order) -> None:
    """Nothing, when a request that came at the same moment has settled it already."""
    with bank.lock:
        if order.settles_at is None or order.settles_at > bank.now():
            return
        settle_order(bank, order)
        letters = take_letters(bank)
    send_letters(bank, letters, before_answer=False)


def _method_answer(bank: Bank, request: Request, path: str) -> Response:
    method = METHODS[path]
    if request.method != "POST" and not (request.method == "GET" and path.startswith(FORM_PATH)):
        return _empty_page(405)
    try:
        call = _read_call(bank, request, path, method)
    except Refusal as refusal:
        return _refused(bank, path, method, refusal)
    with bank.lock:
        turn = bank.turns.next(method.verb)
    if turn.answer == "busy":
        return _empty_page(429)
    if instead := bank.turns.before(turn):
        return instead
    with bank.lock:
        for order in bank.due():
            settle_order(bank, order)
        try:
            response = json_answer(_drifted(bank, method.follow(replace(call, turn=turn))))
        except Refusal as refusal:
            response = _refused(bank, path, method, refusal)
        except NoReceipt:
            response = json_answer({"message": "Чек не найден"}, 404)
        letters = take_letters(bank, turn.notice)
    send_letters(bank, letters, _tells_first(bank, turn))
    return bank.turns.after(turn, response)


def _read_call(bank: Bank, request: Request, path: str, method: Method) -> Call:
    """Raises Refusal: 5 for a login that is not this flavour's or a wrong password, 4 and 5 for fields."""
    is_form = path.startswith(FORM_PATH)
    values = read_form(request) if is_form else read_json(request)
    shop = _authentic(bank, values)
    flavour = FLAVOURS[bank.shops[shop].get("flavour", "rbs")]
    if (flavour == "ecom") == is_form:
        raise Refusal(*NO_ACCESS)
    fields = loosely(values, method.shape) if is_form else strictly(values, method.shape)
    return Call(bank, shop, flavour, fields, request.root_url)


def _authentic(bank: Bank, values: dict[str, Any]) -> str:
    """By login and password, or by the open token of a shop."""
    token = values.get("token")
    if token:
        found = next((shop for shop, secrets in bank.shops.items() if secrets.get("token") == token), None)
    else:
        name, password = str(values.get("userName", "")), str(values.get("password", ""))
        secrets = bank.shops.get(name)
        same = secrets is not None and hmac.compare_digest(secrets["password"].encode(), password.encode())
        found = name if same else None
    if found is None:
        raise Refusal(*NO_ACCESS)
    return found


def _refused(bank: Bank, path: str, method: Method, refusal: Refusal) -> Response:
    if path.startswith(RECEIPTS_PATH):
        return json_answer({"message": refusal.text}, 451)
    if method.follow is recurrent_payment:
        return json_answer(envelope(refusal))
    return json_answer(_drifted(bank, {"errorCode": refusal.code, "errorMessage": refusal.text}))


def _drifted(bank: Bank, body: Answer) -> Answer:
    """The type of `errorCode` as the setting says: text, number, or nothing at all where it would be 0."""
    if "errorCode" not in body or bank.settings["error_code"] == "text":
        return body
    if bank.settings["error_code"] == "absent":
        return (
            body if body["errorCode"] != "0" else {name: value for name, value in body.items() if name != "errorCode"}
        )
    return body | {"errorCode": int(body["errorCode"])}


def _page_answer(bank: Bank, request: Request, path: str) -> Response:
    if request.method not in ("GET", "POST"):
        return _empty_page(405)
    with bank.lock:
        turn = bank.turns.next("page") if uses_a_turn(request) else USUAL
    if instead := bank.turns.before(turn):
        return instead
    with bank.lock:
        for order in bank.due():
            settle_order(bank, order)
        shown = page_answer(bank, request, path, turn)
        letters = take_letters(bank, turn.notice)
    send_letters(bank, letters, _tells_first(bank, turn))
    return bank.turns.after(turn, shown)


def _is_switched_off(bank: Bank, path: str) -> bool:
    """Of two spellings of the QR's status a bank may have one."""
    off = {"dynamic": SHORT_STATUS, "short": DYNAMIC_STATUS}.get(bank.settings["sbp_status_paths"])
    return off is not None and path == FORM_PATH + off


def _tells_first(bank: Bank, turn: Turn) -> bool:
    return turn.notice == "before" or bool(bank.settings["notices_first"])


def _empty_page(status: int) -> Response:
    return Response("", status=status, content_type="text/html")
