"""The `auth` block portals put into events and robot calls, and the token answer of the OAuth host."""

from __future__ import annotations

from typing import Any

from sandbox.portal import App, Installation, Portal
from sandbox.world import World


def scopes(portal: Portal, app: App) -> str:
    return str(portal.switch("scope_separator")).join(app.scopes)


def tokenless_auth(world: World, portal: Portal, installation: Installation) -> dict[str, Any]:
    """What is left when there is no user to speak for: after removal, or when a robot made the change."""
    return {
        "domain": portal.host,
        "server_endpoint": world.server_endpoint,
        "client_endpoint": portal.client_endpoint,
        "member_id": portal.member_id,
        "application_token": installation.application_token,
    }


def user_auth(
    world: World, portal: Portal, installation: Installation, user_id: int, with_refresh: bool
) -> dict[str, Any]:
    """A fresh pair of tokens of the user with everything an event says about the installation."""
    pair = world.tokens.issue(installation.app.client_id, portal.member_id, user_id, world.clock.now())
    auth: dict[str, Any] = {"access_token": pair.access}
    if not portal.switch("old_payloads"):
        auth["expires"] = int(pair.expires.timestamp())
    auth |= {
        "expires_in": 3600,
        "scope": scopes(portal, installation.app),
        "domain": portal.host,
        "server_endpoint": world.server_endpoint,
        "status": installation.status,
        "client_endpoint": portal.client_endpoint,
        "member_id": portal.member_id,
    }
    if not portal.switch("old_payloads"):
        auth["user_id"] = user_id
    if with_refresh:
        auth["refresh_token"] = pair.refresh
    return auth | {"application_token": installation.application_token}
