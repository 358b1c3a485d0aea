"""Control of apps: register at the OAuth host, install, open pages, update, remove, and their tokens."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from sandbox import install as installing
from sandbox.bx24 import page_url, placement_options
from sandbox.errors import ControlError
from sandbox.portal import App, Installation, Portal

if TYPE_CHECKING:
    from sandbox.outside import Outside

SCOPES = ("crm", "bizproc", "placement", "user", "userfieldconfig", "im")


def register(outside: Outside, wish: dict[str, Any]) -> Any:
    """POST /control/apps: `app_url` is the base of the app's addresses; `install_url` and `app_page` go first."""
    base = str(wish.get("app_url", "")).rstrip("/")
    local = bool(wish.get("local", True))
    prefix = "local" if local else "app"
    app = App(
        client_id=str(wish.get("client_id") or f"{prefix}.{secrets.token_hex(7)}.{secrets.randbelow(10**8):08d}"),
        client_secret=str(wish.get("client_secret") or secrets.token_urlsafe(36)),
        scopes=tuple(wish.get("scopes") or SCOPES),
        local=local,
        with_pages=bool(wish.get("with_pages", True)),
        install_url=str(wish.get("install_url") or f"{base}/bitrix24/install"),
        app_page=str(wish.get("app_page") or f"{base}/bitrix24/app"),
    )
    outside.world.apps[app.client_id] = app
    return vars(app)


def every(outside: Outside, _wish: dict[str, Any]) -> Any:
    """GET /control/apps"""
    return [vars(app) for app in outside.world.apps.values()]


def install(outside: Outside, wish: dict[str, Any], member_id: str) -> Any:
    """POST /control/portals/<member_id>/install: what an admin's browser does, or the backend for an app without pages.

    `finish` auto: installFinish is called when the page came with 200 and names it, as its script would do. `open`
    false: the app only stands in the portal's list, for a browser to open.
    """
    world = outside.world
    portal = world.portal(member_id)
    app = world.apps.get(str(wish.get("client_id", "")))
    if app is None:
        raise ControlError(f"No app {wish.get('client_id')}; register it at /control/apps first", 404)
    elsewhere = [one for one in world.portals.values() if one is not portal and app.client_id in one.installations]
    if app.local and elsewhere:
        raise ControlError(f"{app.client_id} is a local app of {elsewhere[0].member_id}; register one with local false")
    user_id = int(wish.get("user_id", 1))
    installation = portal.installations.get(app.client_id) or installing.install(portal, app, user_id)
    if not app.with_pages:
        installing.send_install_event(world, portal, installation, app.install_url)
        return {"application_token": installation.application_token, "finished": True}
    if wish.get("open") is False:
        return {"application_token": installation.application_token, "finished": installation.finished}
    post = installing.open_frame(world, portal, installation, user_id, app.install_url)
    page = installing.load(post)
    finish = wish.get("finish", "auto")
    if finish == "always" or (finish == "auto" and page.status == 200 and "installFinish" in page.html):
        installing.finish(world, portal, installation)
    return vars(page) | {
        "app_sid": post.app_sid,
        "finished": installation.finished,
        "application_token": installation.application_token,
    }


def install_finish(outside: Outside, wish: dict[str, Any], member_id: str) -> Any:
    """POST /control/portals/<member_id>/install-finish"""
    portal, installation = _installed(outside, wish, member_id)
    installing.finish(outside.world, portal, installation)
    return {"finished": True}


def update(outside: Outside, wish: dict[str, Any], member_id: str) -> Any:
    """POST /control/portals/<member_id>/update: a new version; `new_token` false keeps the application token."""
    portal, installation = _installed(outside, wish, member_id)
    installing.update(outside.world, portal, installation, bool(wish.get("new_token", True)))
    return {"version": installation.version, "application_token": installation.application_token}


def uninstall(outside: Outside, wish: dict[str, Any], member_id: str) -> Any:
    """POST /control/portals/<member_id>/uninstall: `clean` is the checkbox that deletes the app's data."""
    portal, installation = _installed(outside, wish, member_id)
    installing.uninstall(outside.world, portal, installation, bool(wish.get("clean", False)))
    return {"application_token": installation.application_token}


def open_page(outside: Outside, wish: dict[str, Any], member_id: str) -> Any:
    """POST /control/portals/<member_id>/open: the app's page, or that of `placement` on card `id`."""
    portal, installation = _installed(outside, wish, member_id)
    placement = str(wish.get("placement", "DEFAULT"))
    url = page_url(portal, installation, placement)
    options = dict(wish["options"]) if "options" in wish else None
    if options is None and placement != "DEFAULT":
        options = placement_options(portal, placement, int(wish.get("id", 0)))
    user_id = int(wish.get("user_id", 1))
    post = installing.open_frame(outside.world, portal, installation, user_id, url, placement, options)
    return vars(installing.load(post)) | {"url": post.url, "app_sid": post.app_sid}


def issue_tokens(outside: Outside, wish: dict[str, Any], member_id: str) -> Any:
    """POST /control/portals/<member_id>/tokens: a fresh pair of a user."""
    portal, installation = _installed(outside, wish, member_id)
    user_id, now = int(wish.get("user_id", 1)), outside.world.clock.now()
    pair = outside.world.tokens.issue(installation.app.client_id, portal.member_id, user_id, now)
    return {"access_token": pair.access, "refresh_token": pair.refresh, "expires": int(pair.expires.timestamp())}


def expire_tokens(outside: Outside, _wish: dict[str, Any], member_id: str) -> Any:
    """POST /control/portals/<member_id>/tokens/expire: every access token of the portal has just run out."""
    portal = outside.world.portal(member_id)
    return {"expired": outside.world.tokens.expire(portal.member_id, outside.world.clock.now())}


def events(outside: Outside, _wish: dict[str, Any], member_id: str) -> Any:
    """GET /control/portals/<member_id>/events"""
    return [vars(one) for one in outside.world.portal(member_id).events]


def placements(outside: Outside, _wish: dict[str, Any], member_id: str) -> Any:
    """GET /control/portals/<member_id>/placements"""
    return [vars(one) for one in outside.world.portal(member_id).placements]


def frames(outside: Outside, _wish: dict[str, Any], member_id: str) -> Any:
    """GET /control/portals/<member_id>/frames: iframes opened so far and what their pages asked BX24 for."""
    portal = outside.world.portal(member_id)
    return [vars(one) | {"opened_at": one.opened_at.isoformat(), "app_sid": sid} for sid, one in portal.frames.items()]


def _installed(outside: Outside, wish: dict[str, Any], member_id: str) -> tuple[Portal, Installation]:
    portal = outside.world.portal(member_id)
    return portal, outside.world.installation(portal, str(wish.get("client_id", "")))
