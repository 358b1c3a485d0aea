"""Control of portals: create, look at, change their traits, switches, people, address and pace."""

from __future__ import annotations

from dataclasses import fields as dataclass_fields
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfoNotFoundError

from sandbox.errors import ControlError
from sandbox.portal import Portal, Traits, User
from sandbox.switches import check

if TYPE_CHECKING:
    from sandbox.outside import Outside

_USERS: list[dict[str, Any]] = [
    {"id": 1, "name": "Анна", "last_name": "Админ", "email": "anna@example.com", "admin": True},
    {"id": 2, "name": "Мария", "last_name": "Менеджер", "email": "maria@example.com"},
]
_TRAITS = frozenset(one.name for one in dataclass_fields(Traits))


def create(outside: Outside, wish: dict[str, Any]) -> Any:
    """POST /control/portals"""
    _check_names(wish.keys() - {"users", "port", "member_id", "switches"})
    traits = Traits(**{name: value for name, value in wish.items() if name in _TRAITS})
    _check_traits(traits)
    users = [User(**one) for one in wish.get("users", _USERS)]
    portal = outside.create_portal(traits, users, int(wish.get("port", 0)), str(wish.get("member_id", "")))
    portal.switches.update({name: check(name, value) for name, value in wish.get("switches", {}).items()})
    return shown(portal)


def every(outside: Outside, _wish: dict[str, Any]) -> Any:
    """GET /control/portals"""
    return [shown(portal) for portal in outside.world.portals.values()]


def one(outside: Outside, _wish: dict[str, Any], member_id: str) -> Any:
    """GET /control/portals/<member_id>"""
    return shown(outside.world.portal(member_id))


def change_traits(outside: Outside, wish: dict[str, Any], member_id: str) -> Any:
    """POST /control/portals/<member_id>/traits"""
    portal = outside.world.portal(member_id)
    _check_names(wish.keys())
    traits = replace(portal.traits, **wish)
    _check_traits(traits)
    with portal.lock:
        portal.traits = traits
        portal.bucket.rate, portal.bucket.size = portal.traits.limits
    return shown(portal)


def change_switches(outside: Outside, wish: dict[str, Any], member_id: str) -> Any:
    """POST /control/portals/<member_id>/switches"""
    portal = outside.world.portal(member_id)
    portal.switches.update({name: check(name, value) for name, value in wish.items()})
    return portal.switches


def put_user(outside: Outside, wish: dict[str, Any], member_id: str) -> Any:
    """POST /control/portals/<member_id>/users: a new user, or changes of a known one."""
    portal = outside.world.portal(member_id)
    number = int(wish["id"])
    known = portal.users.get(number)
    portal.users[number] = User(**((vars(known) if known else {"name": f"User {number}"}) | wish))
    return vars(portal.users[number])


def change_address(outside: Outside, wish: dict[str, Any], member_id: str) -> Any:
    """POST /control/portals/<member_id>/address: `rename` to another port, `open` or close, `deleted` for good."""
    portal = outside.world.portal(member_id)
    if "rename" in wish:
        outside.rename(portal, int(wish["rename"]))
    if "open" in wish:
        outside.listen(portal, bool(wish["open"]))
    if "deleted" in wish:
        portal.deleted = bool(wish["deleted"])
    return shown(portal)


def change_pace(outside: Outside, wish: dict[str, Any], member_id: str) -> Any:
    """POST /control/portals/<member_id>/pace: how long things take and what they are counted as."""
    portal = outside.world.portal(member_id)
    with portal.lock:
        portal.bizproc.step_seconds = float(wish.get("step_seconds", portal.bizproc.step_seconds))
        portal.bizproc.save_seconds = float(wish.get("save_seconds", portal.bizproc.save_seconds))
        if "costs" in wish:
            portal.operating.costs = [(str(name), float(seconds)) for name, seconds in wish["costs"].items()]
        if "operating_limit" in wish:
            portal.operating.limit = float(wish["operating_limit"]) if wish["operating_limit"] else None
        if wish.get("empty_bucket"):
            portal.bucket.empty()
        if "bucket" in wish:
            portal.bucket.rate, portal.bucket.size = (float(one) for one in wish["bucket"])
    return {"rate": portal.bucket.rate, "size": portal.bucket.size, "limit": portal.operating.limit}


def shown(portal: Portal) -> dict[str, Any]:
    return {
        "member_id": portal.member_id,
        "url": f"{portal.scheme}://{portal.host}",
        "domain": portal.host,
        "tls_domain": portal.tls_host,
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
        "hits": portal.bucket.hits,
        "refused_by_bucket": portal.bucket.refused,
    }


def _check_names(names: set[str] | Any) -> None:
    if unknown := set(names) - _TRAITS:
        raise ControlError(
            f"Not a trait of a portal: {', '.join(sorted(unknown))}; known: {', '.join(sorted(_TRAITS))}"
        )


def _check_traits(traits: Traits) -> None:
    if traits.dates not in ("ru", "us"):
        raise ControlError(f"dates is ru (25.09.2026) or us (09/25/2026); received {traits.dates}")
    try:
        _ = traits.zone
    except (ZoneInfoNotFoundError, ValueError):
        raise ControlError(f"No time zone {traits.time_zone}") from None
