"""Control of portals: create, look at, change their traits and switches."""

from __future__ import annotations

from dataclasses import fields as dataclass_fields
from typing import TYPE_CHECKING, Any

from sandbox.errors import ControlError
from sandbox.portal import Portal, Traits, User
from sandbox.switches import check

if TYPE_CHECKING:
    from sandbox.outside import Outside

_USERS = [
    {"id": 1, "name": "Анна", "last_name": "Админ", "email": "anna@example.com", "admin": True},
    {"id": 2, "name": "Мария", "last_name": "Менеджер", "email": "maria@example.com"},
]


def create(outside: Outside, wish: dict[str, Any]) -> Any:
    """POST /control/portals"""
    known = {one.name for one in dataclass_fields(Traits)}
    extra = {"users", "port", "member_id", "switches"}
    if unknown := wish.keys() - known - extra:
        raise ControlError(f"Not a trait of a portal: {', '.join(sorted(unknown))}; known: {', '.join(sorted(known))}")
    traits = Traits(**{name: value for name, value in wish.items() if name in known})
    users = [User(**one) for one in wish.get("users", _USERS)]
    portal = outside.create_portal(traits, users, int(wish.get("port", 0)), str(wish.get("member_id", "")))
    portal.switches.update({name: check(name, value) for name, value in wish.get("switches", {}).items()})
    return shown(outside, portal)


def every(outside: Outside, _wish: dict[str, Any]) -> Any:
    """GET /control/portals"""
    return [shown(outside, portal) for portal in outside.world.portals.values()]


def one(outside: Outside, _wish: dict[str, Any], member_id: str) -> Any:
    """GET /control/portals/<member_id>"""
    return shown(outside, outside.world.portal(member_id))


def shown(_outside: Outside, portal: Portal) -> dict[str, Any]:
    return {
        "member_id": portal.member_id,
        "url": f"{portal.scheme}://{portal.host}",
        "domain": portal.host,
        "client_endpoint": portal.client_endpoint,
        "traits": vars(portal.traits),
        "switches": portal.switches,
        "users": [vars(user) for user in portal.users.values()],
        "webhooks": {
            str(user_id): f"{portal.client_endpoint}{user_id}/{secret}/" for secret, user_id in portal.webhooks.items()
        },
        "installed": {
            client_id: {"finished": one.finished, "version": one.version, "application_token": one.application_token}
            for client_id, one in portal.installations.items()
        },
    }
