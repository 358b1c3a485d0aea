"""What the OAuth host answers: /oauth/token/, /oauth/authorize/ and /rest/app.info."""

from __future__ import annotations

import json
import time
from typing import Any

from werkzeug.wrappers import Request, Response

from sandbox.encoding import parse_query
from sandbox.errors import RestError
from sandbox.fault_effects import after, before, strike_request
from sandbox.faults import Fault
from sandbox.oauth import Grant
from sandbox.portal import Installation, Portal
from sandbox.world import World

_OWN_FAULTS = frozenset({"renewal_refused", "wrong_client"})


def answer_oauth(world: World, request: Request) -> Response | None:
    """The answer to an address of the OAuth host, None when the address is not one of its own."""
    path = request.path.rstrip("/").removesuffix(".json")
    name = {"/oauth/token": "token", "/oauth/authorize": "authorize", "/rest/app.info": "app.info"}.get(path)
    if name is None:
        return None
    params = parse_query(request.query_string.decode()) | parse_query(request.get_data().decode("utf-8", "replace"))
    if request.mimetype == "application/json":
        params |= request.get_json()
    started = time.perf_counter()
    agent, source = request.headers.get("User-Agent", ""), request.remote_addr or ""
    entry = world.oauth_history.begin(world.clock.now(), name, params, source, agent)
    fault = strike_request(world.oauth_faults, [name]) or world.oauth_faults.take(name, _OWN_FAULTS)
    entry.fault = fault.name if fault else ""
    try:
        response, entry.error = _answer(world, request, name, params, fault)
    except Exception as lost:
        world.oauth_history.finish(entry, 0, type(lost).__name__, 0.0)
        raise
    world.oauth_history.finish(entry, response.status_code, entry.error, (time.perf_counter() - started) * 1000)
    return response


def _answer(
    world: World, request: Request, name: str, params: dict[str, Any], fault: Fault | None
) -> tuple[Response, str]:
    error = ""
    try:
        if instead := before(None, request, fault):
            return instead, ""
        if fault and fault.name == "renewal_refused":
            raise RestError(400, "invalid_grant")
        if fault and fault.name == "wrong_client":
            raise RestError(200, "wrong_client")
        if name == "authorize":
            return _authorize(world, params), ""
        body, status = (_token(world, params) if name == "token" else _app_info(world, params, request)), 200
    except RestError as refused:
        body, status, error = refused.body(), refused.status, str(refused.code)
        if not refused.description:
            del body["error_description"]
    return after(fault, Response(json.dumps(body), status=status, content_type="application/json")), error


def _token(world: World, params: dict[str, Any]) -> dict[str, Any]:
    kind = params.get("grant_type")
    client_id, secret = str(params.get("client_id", "")), str(params.get("client_secret", ""))
    if kind not in ("refresh_token", "authorization_code"):
        raise RestError(400, "invalid_request", 'No "grant_type" parameter found')
    app = world.apps.get(client_id)
    if app is None:
        raise RestError(200, "wrong_client")
    if app.client_secret != secret:
        raise RestError(400, "invalid_client")
    name = "refresh_token" if kind == "refresh_token" else "code"
    shown = str(params.get(name) or "")
    if not shown:
        raise RestError(400, "invalid_request", f'No "{name}" parameter found')
    spend = world.tokens.spend_refresh if kind == "refresh_token" else world.tokens.spend_code
    grant = spend(shown, client_id, world.clock.now())
    if grant is None:
        raise RestError(400, "invalid_grant")
    portal, installation = _installed(world, grant)
    world.tokens.renewals += 1
    pair = world.tokens.issue(client_id, portal.member_id, grant.user_id, world.clock.now())
    host = world.oauth_url.partition("://")[2]
    return {
        "access_token": pair.access,
        "refresh_token": pair.refresh,
        "expires": int(pair.expires.timestamp()),
        "expires_in": 3600,
        "scope": str(portal.switch("scope_separator")).join(app.scopes),
        "domain": host,
        "server_endpoint": world.server_endpoint,
        "status": installation.status,
        "client_endpoint": portal.client_endpoint,
        "member_id": portal.member_id,
        "user_id": grant.user_id,
    }


def _app_info(world: World, params: dict[str, Any], request: Request) -> dict[str, Any]:
    token = str(params.get("auth") or request.headers.get("Authorization", "").removeprefix("Bearer "))
    if not token:
        raise RestError(401, "NO_AUTH_FOUND", "Wrong authorization data")
    grant = world.tokens.access.get(token)
    if grant is None:
        raise RestError(400, "invalid_client")
    now = world.clock.now()
    if grant.expires <= now:
        raise RestError(401, "expired_token", "The access token provided has expired.")
    portal, installation = _installed(world, grant)
    app = installation.app
    scope = ",".join(app.scopes)
    return {
        "result": {
            "client_id": app.client_id,
            "scope": scope,
            "expires": grant.expires.isoformat(timespec="seconds"),
            "install": {
                "installed": installation.finished,
                "version": installation.version,
                "status": installation.status,
                "scope": scope,
                "domain": portal.host,
                "uri": f"{portal.scheme}://{portal.host}",
                "client_endpoint": portal.client_endpoint,
                "member_id": portal.member_id,
                "member_type": "b24",
            },
            "user_id": grant.user_id,
        },
        "time": {
            "start": now.timestamp(),
            "finish": now.timestamp(),
            "duration": 0.001,
            "processing": 0.0,
            "date_start": now.isoformat(timespec="seconds"),
            "date_finish": now.isoformat(timespec="seconds"),
        },
    }


def _authorize(world: World, params: dict[str, Any]) -> Response:
    """The admin agrees at once: back to the app with a code."""
    app = world.apps.get(str(params.get("client_id", "")))
    portal = next((one for one in world.portals.values() if app and app.client_id in one.installations), None)
    if app is None or portal is None:
        raise RestError(401, "NOT_INSTALLED", "Application not installed")
    user_id = portal.installations[app.client_id].user_id
    code = world.tokens.issue_code(app.client_id, portal.member_id, user_id, world.clock.now())
    query = f"code={code}&state={params.get('state', '')}&domain={portal.host}&member_id={portal.member_id}"
    scope, server = ",".join(app.scopes), world.oauth_url.partition("://")[2]
    return Response(status=302, headers={"Location": f"{app.app_page}?{query}&scope={scope}&server_domain={server}"})


def _installed(world: World, grant: Grant) -> tuple[Portal, Installation]:
    portal = world.portals.get(grant.member_id)
    installation = portal.installations.get(grant.client_id) if portal else None
    if portal is None or installation is None:
        raise RestError(401, "NOT_INSTALLED", "Application not installed")
    return portal, installation
