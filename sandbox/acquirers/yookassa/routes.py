"""Every method of the API by its path, and the verb its turns are planned under."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.acquirers.yookassa.bindings import create_method, get_method
from sandbox.acquirers.yookassa.call import Call, Shown
from sandbox.acquirers.yookassa.fields import Fields
from sandbox.acquirers.yookassa.lists import list_payments, list_receipts, list_refunds
from sandbox.acquirers.yookassa.payments import (
    cancel_payment,
    capture_payment,
    create_payment,
    get_payment,
    verb_of_creation,
)
from sandbox.acquirers.yookassa.receipts import create_receipt, get_receipt
from sandbox.acquirers.yookassa.refunds import create_refund, get_refund
from sandbox.acquirers.yookassa.refusals import Refusal
from sandbox.acquirers.yookassa.stores import get_me


@dataclass(frozen=True)
class Route:
    """`verb` names its turns; that of a payment depends on what is to be charged."""

    method: str
    path: re.Pattern[str]
    verb: str
    follow: Callable[[Call], Shown]

    def verb_of(self, fields: Fields) -> str:
        return verb_of_creation(fields) if self.follow is create_payment else self.verb


def _route(method: str, path: str, verb: str, follow: Callable[[Call], Shown]) -> Route:
    return Route(method, re.compile(path.replace("ID", "([^/]+)")), verb, follow)


ROUTES = (
    _route("POST", "payments", "start", create_payment),
    _route("GET", "payments", "list", list_payments),
    _route("GET", "payments/ID", "fetch", get_payment),
    _route("POST", "payments/ID/capture", "capture", capture_payment),
    _route("POST", "payments/ID/cancel", "void", cancel_payment),
    _route("POST", "refunds", "refund", create_refund),
    _route("GET", "refunds", "list", list_refunds),
    _route("GET", "refunds/ID", "fetch", get_refund),
    _route("POST", "receipts", "receipt", create_receipt),
    _route("GET", "receipts", "list", list_receipts),
    _route("GET", "receipts/ID", "fetch", get_receipt),
    _route("POST", "payment_methods", "start", create_method),
    _route("GET", "payment_methods/ID", "fetch", get_method),
    _route("GET", "me", "check", get_me),
)


def route_of(method: str, path: str) -> tuple[Route, str]:
    """The route and the id in its path. Raises Refusal 404, 405."""
    there = [(route, found) for route in ROUTES if (found := route.path.fullmatch(path))]
    if not there:
        raise Refusal("not_found", "There is no such resource")
    for route, found in there:
        if route.method == method:
            return route, found[1] if found.groups() else ""
    raise Refusal("", f"{method} is not for this resource", status=405)
