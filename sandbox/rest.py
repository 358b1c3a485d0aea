"""The REST door of a portal: who calls, what the bucket says, one method or a batch, and the envelope of the answer."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from werkzeug.wrappers import Request, Response

from sandbox.batch import inner_methods, run_batch
from sandbox.call import Caller, Page
from sandbox.command import ALL_SCOPES, envelope_time, perform
from sandbox.encoding import nest, parse_query
from sandbox.errors import RestError
from sandbox.fault_effects import after, before, strike_request
from sandbox.faults import Fault
from sandbox.history import Entry
from sandbox.portal import Portal
from sandbox.world import World


@dataclass
class Asked:
    """A request taken apart: the method, its parameters and what it shows as proof."""

    method: str
    params: dict[str, Any]
    token: str
    webhook: tuple[int, str] | None
    source: str


def answer_rest(world: World, portal: Portal, request: Request) -> Response:
    """Answer one request under `/rest/`."""
    started = time.perf_counter()
    asked = read_request(request, int(portal.switch("form_fields")))
    agent = request.headers.get("User-Agent", "")
    entry = portal.history.begin(world.clock.now(), asked.method, asked.params, asked.source, agent)
    commands = inner_methods(asked.params) if asked.method == "batch" else []
    entry.batch_size = len(commands)
    fault = strike_request(portal.faults, [asked.method, *commands])
    entry.fault = fault.name if fault else ""
    try:
        response = _answer(world, portal, request, asked, entry, fault, started)
    except Exception as lost:
        portal.history.finish(entry, 0, type(lost).__name__, _elapsed_ms(started))
        raise
    portal.history.finish(entry, response.status_code, entry.error, _elapsed_ms(started))
    return response


def read_request(request: Request, form_fields: int) -> Asked:
    """Method, parameters and token of a REST request: JSON, form, multipart or query, with or without `.json`."""
    parts = [part for part in request.path.split("/") if part][1:]
    webhook = None
    if len(parts) >= 3 and parts[0].isdigit():
        webhook = int(parts[0]), parts[1]
        parts = parts[2:]
    method = (parts[0] if parts else "").lower().removesuffix(".json")
    params = parse_query(request.query_string.decode())
    params.update(_body(request, form_fields))
    bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
    token = params.pop("auth", "") or bearer
    return Asked(method, params, str(token), webhook, request.remote_addr or "")


def _body(request: Request, form_fields: int) -> dict[str, Any]:
    if request.mimetype == "multipart/form-data":
        return nest(list(request.form.items(multi=True)))
    raw = request.get_data()
    if request.mimetype != "application/json" and raw[:1] != b"{":
        return parse_query(raw.decode("utf-8", "replace"), form_fields)
    try:
        body = json.loads(raw)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _answer(
    world: World, portal: Portal, request: Request, asked: Asked, entry: Entry, fault: Fault | None, started: float
) -> Response:
    try:
        if instead := before(portal, request, fault):
            return instead
        body, status = _carry_out(world, portal, asked, entry, started), 200
    except RestError as error:
        body, status = error.body(), error.status
        entry.error = str(error.code or error.description)
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return after(fault, Response(text, status=status, content_type="application/json; charset=utf-8"))


def _carry_out(world: World, portal: Portal, asked: Asked, entry: Entry, started: float) -> dict[str, Any]:
    if not portal.bucket.admit(asked.source, bool(portal.switch("refused_counts"))):
        raise RestError(503, "QUERY_LIMIT_EXCEEDED", "Too many requests")
    caller = authorise(world, portal, asked)
    if asked.method == "batch":
        result: Any = run_batch(world, portal, caller, asked.params, entry)
    else:
        result, _ = perform(world, portal, caller, asked.method, asked.params)
    page = result if isinstance(result, Page) else Page(result)
    body: dict[str, Any] = {"result": page.result}
    if page.following is not None:
        body["next"] = page.following
    if page.total is not None:
        body["total"] = page.total
    return body | {"time": envelope_time(world, portal, caller, asked.method, started)}


def authorise(world: World, portal: Portal, asked: Asked) -> Caller:
    """Who is behind the webhook's secret or the access token."""
    if portal.deleted:
        raise RestError(int(portal.switch("portal_deleted_status")), "PORTAL_DELETED", "Portal was deleted")
    if not portal.traits.commercial:
        raise RestError(403, "ACCESS_DENIED", "REST API is available only on commercial plans")
    if asked.webhook:
        user_id, secret = asked.webhook
        known = portal.users.get(user_id)
        if known is None or portal.webhooks.get(secret) != user_id:
            raise RestError(403, "INVALID_CREDENTIALS", "Invalid request credentials")
        return Caller(known, None, ALL_SCOPES)
    if not asked.token:
        raise RestError(401, "NO_AUTH_FOUND", "Wrong authorization data")
    grant = world.tokens.access.get(asked.token)
    if grant is None or grant.member_id != portal.member_id:
        raise RestError(401, "invalid_token", "Unable to get application by token")
    if grant.expires <= world.clock.now():
        raise RestError(401, "expired_token", "The access token provided has expired.")
    installation = portal.installations.get(grant.client_id)
    if installation is None:
        raise RestError(401, "APPLICATION_NOT_FOUND", "Application not found")
    user = portal.users.get(grant.user_id)
    if user is None or not user.active:
        raise RestError(401, "authorization_error", "Unable to authorize user")
    return Caller(user, installation, installation.app.scopes)


def _elapsed_ms(started: float) -> float:
    return (time.perf_counter() - started) * 1000
