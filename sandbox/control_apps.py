"""Control of apps: register at the OAuth host, install, finish, update and remove."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from sandbox import install as installing
from sandbox.errors import ControlError
from sandbox.portal import App

if TYPE_CHECKING:
    from sandbox.outside import Outside

SCOPES = ("crm", "bizproc", "placement", "user", "user_basic", "userfieldconfig", "im", "imnotify")


def register(outside: Outside, wish: dict[str, Any]) -> Any:
    """POST /control/apps: `app_url` is the base of the app's addresses unless `install_url` and the like are given."""
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
    """POST /control/portals/<member_id>/install"""
    world = outside.world
    portal = world.portal(member_id)
    app = world.apps.get(str(wish.get("client_id", "")))
    if app is None:
        raise ControlError(f"No app {wish.get('client_id')}; register it at /control/apps first", 404)
    user_id = int(wish.get("user_id", 1))
    installation = portal.installations.get(app.client_id) or installing.install(portal, app, user_id)
    if not app.with_pages:
        installing.send_install_event(world, portal, installation, app.install_url)
        return {"application_token": installation.application_token, "finished": True}
    post = installing.open_frame(world, portal, installation, user_id, app.install_url)
    page = installing.load(post)
    finish = wish.get("finish", "auto")
    if finish == "always" or (finish == "auto" and page.status == 200 and "installFinish" in page.html):
        installing.finish(world, portal, installation)
    return {
        "status": page.status,
        "html": page.html,
        "headers": page.headers,
        "app_sid": post.app_sid,
        "finished": installation.finished,
        "application_token": installation.application_token,
    }


def install_finish(outside: Outside, wish: dict[str, Any], member_id: str) -> Any:
    """POST /control/portals/<member_id>/install-finish"""
    portal = outside.world.portal(member_id)
    installation = outside.world.installation(portal, str(wish.get("client_id", "")))
    installing.finish(outside.world, portal, installation)
    return {"finished": True}
