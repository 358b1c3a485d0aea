"""The acquirer's HTTP door under `/acquirer/`, as docs/gateways/sandbox.md describes it."""

from __future__ import annotations

import hmac
import re
import time
from datetime import datetime

from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Request, Response

from sandbox.acquirer.acquirer import Acquirer
from sandbox.acquirer.book import Charge, Refund, Refused, Wish
from sandbox.acquirer.outcomes import OUTCOMES, Outcome, UnknownToken
from sandbox.clock import iso
from sandbox.json_answer import json_answer, read_object
from sandbox.servers import ConnectionCut

MAINTENANCE = "<!doctype html><title>503</title><h1>Ведутся технические работы</h1>"


def acquirer_answer(acquirer: Acquirer, request: Request) -> Response:
    """Answer one request of a shop."""
    try:
        shop = _shop(acquirer, request)
        return _follow(acquirer, shop, request)
    except UnknownToken:
        return json_answer({"error": "unknown_token", "field": "token"}, 400)
    except BadRequest as error:
        return json_answer({"error": "bad_request", "field": None, "text": error.description}, 400)
    except Refused as refused:
        return json_answer({"error": refused.error, "field": refused.field}, refused.status)


def charge_shape(charge: Charge, root: str) -> dict[str, object]:
    """A charge as shops read it; `root` is the address the sandbox is reached at, with its final slash."""
    waits = charge.status == "action_required"
    return {
        "id": charge.id,
        "order": charge.wish.order,
        "status": charge.status,
        "amount": charge.amount,
        "currency": charge.wish.currency,
        "paid_at": _moment(charge.paid_at),
        "card_mask": charge.card_mask,
        "decline_code": charge.decline_code,
        "decline_text": charge.decline_text,
        "action_url": f"{root}acquirer/pages/{charge.id}" if waits else None,
        "receipt_status": charge.receipt_status,
    }


def refund_shape(refund: Refund) -> dict[str, object]:
    return {
        "refund": refund.refund,
        "order": refund.order,
        "id": refund.charge_id,
        "status": "done",
        "amount": refund.amount,
        "currency": refund.currency,
        "refunded_at": iso(refund.refunded_at),
    }


def _follow(acquirer: Acquirer, shop: str, request: Request) -> Response:
    match request.method, request.path.removeprefix("/acquirer"):
        case "GET", "/check":
            return json_answer({"ok": True, "permissions": ["recurring"]})
        case "POST", "/charges":
            return _charge(acquirer, shop, request)
        case "GET", "/charges":
            found = acquirer.book.find(shop, _argument(request, "order"))
            return json_answer(charge_shape(found, request.root_url))
        case "POST", "/refunds":
            return _refund(acquirer, shop, request)
        case "GET", "/refunds":
            return json_answer(refund_shape(acquirer.book.find_refund(shop, _argument(request, "refund"))))
        case "POST", "/cards/forget":
            acquirer.book.forget(shop, _text(read_object(request), "token"))
            return json_answer({"ok": True})
    raise Refused(404, "no_such_address")


def _charge(acquirer: Acquirer, shop: str, request: Request) -> Response:
    charge, outcome = acquirer.book.charge(shop, _wish(read_object(request)))
    acquirer.notices.hold_answer(shop)
    if instead := _in_place_of_answer(acquirer, outcome):
        return instead
    assert charge is not None
    return json_answer(charge_shape(charge, request.root_url))


def _refund(acquirer: Acquirer, shop: str, request: Request) -> Response:
    body = read_object(request)
    order, number, amount = _text(body, "order"), _text(body, "refund"), _amount(body)
    outcome = acquirer.refund_outcomes.pop(0) if acquirer.refund_outcomes else OUTCOMES["paid"]
    if outcome.status is None:
        return _in_place_of_answer(acquirer, outcome) or json_answer({"error": "nothing_done"}, 500)
    refund = acquirer.book.refund(shop, order, number, amount)
    acquirer.notices.hold_answer(shop)
    return _in_place_of_answer(acquirer, outcome) or json_answer(refund_shape(refund))


def _in_place_of_answer(acquirer: Acquirer, outcome: Outcome) -> Response | None:
    """What comes instead of the proper answer, after whatever happened to the money."""
    match outcome.manner:
        case "dropped":
            raise ConnectionCut
        case "error_500":
            return json_answer({"error": "internal_error"}, 500)
        case "html":
            return Response(MAINTENANCE, content_type="text/html; charset=utf-8")
        case "slow":
            time.sleep(acquirer.slow_seconds)
    return None


def _shop(acquirer: Acquirer, request: Request) -> str:
    who = request.authorization
    name = (who.username if who else None) or ""
    secret = (who.password if who else None) or ""
    expected = acquirer.shops.get(name)
    if expected is None or not hmac.compare_digest(secret.encode(), expected.encode()):
        raise Refused(401, "invalid_credentials")
    return name


def _wish(body: dict[str, object]) -> Wish:
    currency = _text(body, "currency")
    if not re.fullmatch(r"[A-Z]{3}", currency):
        raise Refused(400, "bad_request", "currency")
    email = body.get("email")
    if email is not None and (not isinstance(email, str) or "@" not in email):
        raise Refused(400, "bad_request", "email")
    return Wish(
        order=_text(body, "order"),
        token=_text(body, "token"),
        amount=_amount(body),
        currency=currency,
        description=_text(body, "description"),
        customer=_text(body, "customer"),
        email=email,
    )


def _text(body: dict[str, object], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= 255:
        raise Refused(400, "bad_request", name)
    return value


def _amount(body: dict[str, object]) -> int:
    value = body.get("amount")
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise Refused(400, "bad_request", "amount")
    return value


def _argument(request: Request, name: str) -> str:
    value = request.args.get(name, "")
    if not value:
        raise Refused(400, "bad_request", name)
    return value


def _moment(moment: datetime | None) -> str | None:
    return iso(moment) if moment else None
