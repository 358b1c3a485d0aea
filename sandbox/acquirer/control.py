"""The hidden side of the acquirer: how tests and the story set it up and count the money that moved."""

from __future__ import annotations

from datetime import timedelta

from werkzeug.exceptions import BadRequest, MethodNotAllowed
from werkzeug.wrappers import Request, Response

from sandbox.acquirer.acquirer import Acquirer
from sandbox.acquirer.book import Operation
from sandbox.acquirer.door import charge_shape, refund_shape
from sandbox.acquirer.notices import Webhook
from sandbox.acquirer.outcomes import OUTCOMES, Outcome
from sandbox.clock import iso
from sandbox.json_answer import json_answer, read_object


def acquirer_control(acquirer: Acquirer, request: Request) -> Response:
    """`/control/acquirer`: GET shows everything; POST sets what it names.

    GET takes `order` to show one order only. A POST body may carry `shops` (name to secret, added to those known),
    `webhooks` (shop to `{"url", "secret", "copies", "before_answer"}` or null), `pending_seconds`, `slow_seconds`,
    `refund_outcomes` (endings of card tokens, one for each of the next refunds).
    """
    if request.method == "GET":
        return json_answer(everything(acquirer, request.args.get("order"), request.root_url))
    if request.method != "POST":
        raise MethodNotAllowed(["GET", "POST"])
    _set(acquirer, read_object(request))
    return json_answer({"ok": True})


def everything(acquirer: Acquirer, order: str | None, root: str) -> dict[str, object]:
    """Charges, refunds, operations (each successful movement of money) and notices, oldest first."""
    book = acquirer.book
    book.settle()
    with book.lock:
        charges, refunds = list(book.charges.values()), list(book.refunds.values())
        operations = list(book.operations)
    return {
        "shops": sorted(acquirer.shops),
        "charges": [charge_shape(one, root) for one in charges if order in (None, one.wish.order)],
        "refunds": [refund_shape(one) for one in refunds if order in (None, one.order)],
        "operations": [_operation_shape(one) for one in operations if order in (None, one.order)],
        "notices": [
            {"shop": one.shop, "url": one.url, "body": one.body, "attempt": one.attempt, "status": one.status}
            for one in list(acquirer.notices.deliveries)
        ],
    }


def _operation_shape(operation: Operation) -> dict[str, object]:
    return {
        "shop": operation.shop,
        "order": operation.order,
        "kind": operation.kind,
        "amount": operation.amount,
        "currency": operation.currency,
        "token": operation.token,
        "at": iso(operation.at),
    }


def _set(acquirer: Acquirer, wish: dict[str, object]) -> None:
    if unknown := wish.keys() - {"shops", "webhooks", "pending_seconds", "slow_seconds", "refund_outcomes"}:
        raise BadRequest(f"The acquirer does not know: {', '.join(sorted(unknown))}")
    for shop, secret in _map(wish, "shops").items():
        acquirer.shops[shop] = str(secret)
    for shop, webhook in _map(wish, "webhooks").items():
        _set_webhook(acquirer, shop, webhook)
    if "pending_seconds" in wish:
        acquirer.book.pending_for = timedelta(seconds=_number(wish, "pending_seconds"))
    if "slow_seconds" in wish:
        acquirer.slow_seconds = _number(wish, "slow_seconds")
    if "refund_outcomes" in wish:
        acquirer.refund_outcomes[:] = _outcomes(wish["refund_outcomes"])


def _set_webhook(acquirer: Acquirer, shop: str, webhook: object) -> None:
    if webhook is None:
        acquirer.notices.webhooks.pop(shop, None)
        return
    if not isinstance(webhook, dict) or not {"url", "secret"} <= webhook.keys():
        raise BadRequest("A webhook needs url and secret")
    copies = webhook.get("copies", 1)
    acquirer.notices.webhooks[shop] = Webhook(
        str(webhook["url"]), str(webhook["secret"]), int(copies), bool(webhook.get("before_answer", False))
    )


def _map(wish: dict[str, object], name: str) -> dict[str, object]:
    value = wish.get(name, {})
    if not isinstance(value, dict):
        raise BadRequest(f"{name} must be an object")
    return value


def _number(wish: dict[str, object], name: str) -> float:
    value = wish[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise BadRequest(f"{name} must be a number of seconds; received {value!r}")
    return value


def _outcomes(names: object) -> list[Outcome]:
    if not isinstance(names, list) or not set(names) <= OUTCOMES.keys():
        raise BadRequest(f"refund_outcomes must be a list of: {', '.join(OUTCOMES)}")
    return [OUTCOMES[name] for name in names]
