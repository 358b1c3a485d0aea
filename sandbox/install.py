"""Installing, updating and removing an app, as an admin of the portal and Bitrix24's backend do it."""

from __future__ import annotations

import hashlib
import json
import secrets
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from sandbox.payloads import tokenless_auth, user_auth
from sandbox.portal import App, BoundEvent, FrameSession, Installation, Portal
from sandbox.world import World

_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class FramePost:
    """The POST an iframe is loaded with: part of the data stands in the address, part in the body."""

    url: str
    fields: dict[str, str]
    app_sid: str


@dataclass(frozen=True)
class Page:
    """What came back from the app."""

    status: int
    html: str
    headers: dict[str, str]


def install(portal: Portal, app: App, user_id: int) -> Installation:
    """Put the app into the portal. It has tokens from now on; whether anything is delivered to it is another matter."""
    token = _application_token(portal, app, 1)
    installation = Installation(app, user_id, token, status="L" if app.local else "F", finished=not app.with_pages)
    with portal.lock:
        portal.installations[app.client_id] = installation
    return installation


def open_frame(
    world: World,
    portal: Portal,
    installation: Installation,
    user_id: int,
    url: str,
    placement: str = "DEFAULT",
    options: dict[str, Any] | None = None,
) -> FramePost:
    """The POST with which the portal opens one of the app's pages for a user."""
    app_sid = secrets.token_hex(16)
    with portal.lock:
        portal.frames[app_sid] = FrameSession(
            installation.app.client_id, user_id, placement, options or {}, world.clock.now()
        )
    pair = world.tokens.issue(installation.app.client_id, portal.member_id, user_id, world.clock.now())
    query = {
        "DOMAIN": portal.host,
        "PROTOCOL": "1" if portal.scheme == "https" else "0",
        "LANG": portal.traits.language,
        "APP_SID": app_sid,
    }
    fields = {"AUTH_ID": pair.access, "AUTH_EXPIRES": "3600", "REFRESH_ID": pair.refresh}
    if not portal.switch("old_payloads"):
        fields["SERVER_ENDPOINT"] = world.server_endpoint
        fields["APPLICATION_SCOPE"] = ",".join(installation.app.scopes)
        if portal.switch("application_token"):
            fields["APPLICATION_TOKEN"] = installation.application_token
    fields |= {"member_id": portal.member_id, "status": installation.status, "PLACEMENT": placement}
    if options is not None:
        fields["PLACEMENT_OPTIONS"] = json.dumps(options, ensure_ascii=False)
    joint = "&" if "?" in url else "?"
    return FramePost(f"{url}{joint}{urlencode(query)}", fields, app_sid)


def load(post: FramePost, timeout: float = 30.0) -> Page:
    """Fetch the page as the iframe would, without running its scripts."""
    return _post(post.url, urlencode(post.fields), timeout)


def send_install_event(world: World, portal: Portal, installation: Installation, url: str) -> None:
    """ONAPPINSTALL through the queue, with both tokens."""
    data = {
        "VERSION": installation.version,
        "ACTIVE": "Y",
        "INSTALLED": "Y" if installation.finished else "N",
        "LANGUAGE_ID": portal.traits.language,
    }
    auth = user_auth(world, portal, installation, installation.user_id, with_refresh=True)
    ts = int(world.clock.now().timestamp())
    body = {"event": "ONAPPINSTALL", "data": data, "ts": ts, "auth": auth}
    world.deliveries.post(portal, "event", "ONAPPINSTALL", url, body)


def finish(world: World, portal: Portal, installation: Installation) -> None:
    """installFinish: from now on events, widgets and robot calls are delivered."""
    with portal.lock:
        if installation.finished:
            return
        installation.finished = True
        for bound in _handlers(portal, installation, "ONAPPINSTALL"):
            send_install_event(world, portal, installation, bound.handler)


def update(world: World, portal: Portal, installation: Installation, new_token: bool = True) -> None:
    """A new version: registrations are wiped, then ONAPPUPDATE goes to the handlers that were bound."""
    with portal.lock:
        handlers = _handlers(portal, installation, "ONAPPUPDATE")
        previous, installation.version = installation.version, installation.version + 1
        _wipe(portal, installation)
        if new_token:
            installation.application_token = _application_token(portal, installation.app, installation.version)
        data = {"VERSION": installation.version, "PREVIOUS_VERSION": previous, "LANGUAGE_ID": portal.traits.language}
        auth = user_auth(world, portal, installation, installation.user_id, with_refresh=True)
        body = {"event": "ONAPPUPDATE", "data": data, "ts": int(world.clock.now().timestamp()), "auth": auth}
        for bound in handlers:
            world.deliveries.post(portal, "event", "ONAPPUPDATE", bound.handler, body)


def uninstall(world: World, portal: Portal, installation: Installation, clean: bool) -> None:
    """Access is revoked first; then ONAPPUNINSTALL goes out without tokens."""
    with portal.lock:
        handlers = _handlers(portal, installation, "ONAPPUNINSTALL")
        _wipe(portal, installation)
        del portal.installations[installation.app.client_id]
        world.tokens.revoke(installation.app.client_id, portal.member_id)
        body = {
            "event": "ONAPPUNINSTALL",
            "data": {"LANGUAGE_ID": portal.traits.language, "CLEAN": "1" if clean else "0"},
            "ts": int(world.clock.now().timestamp()),
            "auth": tokenless_auth(world, portal, installation),
        }
        for bound in handlers:
            world.deliveries.post(portal, "event", "ONAPPUNINSTALL", bound.handler, body)


def _wipe(portal: Portal, installation: Installation) -> None:
    client_id = installation.app.client_id
    registered = portal.bizproc.registered
    for internal in [key for key, one in registered.items() if one.client_id == client_id]:
        del registered[internal]
    portal.events = [one for one in portal.events if one.client_id != client_id]
    portal.placements = [one for one in portal.placements if one.client_id != client_id]


def _handlers(portal: Portal, installation: Installation, event: str) -> list[BoundEvent]:
    client_id = installation.app.client_id
    return [one for one in portal.events if one.client_id == client_id and one.event == event and not one.offline]


def _application_token(portal: Portal, app: App, version: int) -> str:
    text = f"{portal.member_id}|{app.client_id}|{app.client_secret}|{version}"
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _post(url: str, body: str, timeout: float) -> Page:
    request = urllib.request.Request(url, data=body.encode(), method="POST")
    try:
        with _opener.open(request, timeout=timeout) as answer:
            return Page(answer.status, answer.read().decode("utf-8", "replace"), dict(answer.headers.items()))
    except urllib.error.HTTPError as refused:
        with refused:
            return Page(refused.code, refused.read().decode("utf-8", "replace"), dict(refused.headers.items()))
