"""Addresses below `partner/`, each with what it does and the verb by which its turn is planned."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from sandbox.acquirers.qiwi.bills import (
    get_details,
    get_old_bill,
    get_payments,
    put_bill,
    put_old_bill,
    reject,
)
from sandbox.acquirers.qiwi.call import Answer, Call
from sandbox.acquirers.qiwi.payments import delete_token, get_payment, put_payment
from sandbox.acquirers.qiwi.refunds import get_bill_refund, get_refund, get_refunds, put_bill_refund, put_refund
from sandbox.acquirers.qiwi.refusals import Refusal


@dataclass(frozen=True)
class Route:
    method: str
    pattern: re.Pattern[str]
    verb: str
    follow: Callable[[Call], Answer]


def _route(method: str, path: str, verb: str, follow: Callable[[Call], Answer]) -> Route:
    return Route(method, re.compile(re.sub(r"\*", "([^/]+)", path)), verb, follow)


BILLS, SITE = "partner/bill/v1/bills/*", r"partner/payin/v1/sites/*/"
ROUTES = (
    _route("PUT", BILLS, "start", put_old_bill),
    _route("GET", BILLS, "fetch", get_old_bill),
    _route("POST", f"{BILLS}/reject", "void", reject),
    _route("PUT", f"{BILLS}/refunds/*", "refund", put_bill_refund),
    _route("GET", f"{BILLS}/refunds?/*", "fetch", get_bill_refund),
    _route("PUT", f"{SITE}bills/*", "start", put_bill),
    _route("GET", f"{SITE}bills/*", "fetch", get_payments),
    _route("GET", f"{SITE}bills/*/details", "fetch", get_details),
    _route("PUT", f"{SITE}payments/*", "charge", put_payment),
    _route("GET", f"{SITE}payments/*", "fetch", get_payment),
    _route("PUT", f"{SITE}payments/*/refunds/*", "refund", put_refund),
    _route("GET", f"{SITE}payments/*/refunds/*", "fetch", get_refund),
    _route("GET", f"{SITE}payments/*/refunds", "fetch", get_refunds),
    _route("DELETE", f"{SITE}tokens", "forget", delete_token),
)


def route_of(method: str, path: str) -> tuple[Route, str, tuple[str, ...]]:
    """The route, the site in the path (empty for the bill API), and the numbers. Raises Refusal."""
    there = False
    for route in ROUTES:
        match = route.pattern.fullmatch(path)
        there = there or match is not None
        if match and route.method == method:
            names = tuple(unquote(one) for one in match.groups())
            return (route, names[0], names[1:]) if path.startswith("partner/payin/") else (route, "", names)
    raise Refusal("http.method.not.supported", 405) if there else Refusal("http.url.not.found", 404)
