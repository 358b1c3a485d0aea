"""The HTTP door: the XML interfaces, the shop's forms and the page of a ticket."""

from __future__ import annotations

from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.wrappers import Request, Response

from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.turns import USUAL, Turn
from sandbox.acquirers.webmoney.letters import result_letters, send_letters
from sandbox.acquirers.webmoney.life import settle_order
from sandbox.acquirers.webmoney.pages import form_answer, open_form
from sandbox.acquirers.webmoney.xml_doors import read_xml, ticket_save, transaction_get

XML_DOORS = {
    "conf/xml/XMLTransGet.asp": ("fetch", transaction_get),
    "conf/xml/XMLTransSave.asp": ("start", ticket_save),
}
PAGES = frozenset({"lmi/payment.asp", "lmi/payment_utf.asp"})


def accepts(_status: int, _answer: str) -> bool:
    """The service asks and tells once; it does not repeat itself."""
    return True


def answer(bank: Bank, request: Request, path: str) -> Response:
    if path in XML_DOORS:
        return _xml_answer(bank, request, path)
    if path not in PAGES:
        raise NotFound("У сервиса нет такого адреса")
    if request.method not in ("GET", "POST"):
        raise MethodNotAllowed(["GET", "POST"])
    if "gid" not in request.args:
        return _form_answer(bank, request)
    return _page_answer(bank, request)


def settle(bank: Bank, order: Order) -> None:
    """Nothing, when a request that came at the same moment has settled it already."""
    with bank.lock:
        if order.settles_at is None or order.settles_at > bank.now():
            return
        letters = result_letters(bank, order) if settle_order(bank, order) else []
    send_letters(bank, letters, before_answer=False)


def _xml_answer(bank: Bank, request: Request, path: str) -> Response:
    if request.method != "POST":
        raise MethodNotAllowed(["POST"])
    verb, follow = XML_DOORS[path]
    turn = _next(bank, verb)
    if instead := bank.turns.before(turn):
        return instead
    settle_due(bank)
    with bank.lock:
        proper = follow(bank, read_xml(request), turn)
    return bank.turns.after(turn, proper)


def _form_answer(bank: Bank, request: Request) -> Response:
    turn = _next(bank, "start")
    return bank.turns.before(turn) or bank.turns.after(turn, open_form(bank, request, turn))


def _page_answer(bank: Bank, request: Request) -> Response:
    presses = request.method == "POST" and request.form.get("do") == "pay"
    turn = _next(bank, "page") if presses else USUAL
    if instead := bank.turns.before(turn):
        return instead
    settle_due(bank)
    shown, letters = form_answer(bank, request, turn)
    send_letters(bank, letters, turn.notice == "before")
    return bank.turns.after(turn, shown)


def _next(bank: Bank, verb: str) -> Turn:
    with bank.lock:
        return bank.turns.next(verb)


def settle_due(bank: Bank) -> None:
    for order in bank.due():
        settle(bank, order)
