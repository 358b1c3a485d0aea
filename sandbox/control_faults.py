"""Control of faults: plan, look at and clear them; the catalogue of switches."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sandbox.faults import DELIVERY_FAULTS, OAUTH_FAULTS, REQUEST_FAULTS, Faults
from sandbox.switches import SWITCHES

if TYPE_CHECKING:
    from sandbox.outside import Outside


def names(_outside: Outside, _wish: dict[str, Any]) -> Any:
    """GET /control/faults: every name with what it does."""
    return {"requests": REQUEST_FAULTS, "oauth": OAUTH_FAULTS, "deliveries": DELIVERY_FAULTS}


def switches(_outside: Outside, _wish: dict[str, Any]) -> Any:
    """GET /control/switches: every name with its answers and the usual one."""
    return {name: asdict(switch) for name, switch in SWITCHES.items()}


def planned(outside: Outside, _wish: dict[str, Any], member_id: str) -> Any:
    """GET /control/portals/<member_id>/faults"""
    return _shown(outside.world.portal(member_id).faults)


def plan(outside: Outside, wish: dict[str, Any], member_id: str) -> Any:
    """POST /control/portals/<member_id>/faults"""
    return _plan(outside.world.portal(member_id).faults, wish)


def clear(outside: Outside, _wish: dict[str, Any], member_id: str) -> Any:
    """DELETE /control/portals/<member_id>/faults"""
    faults = outside.world.portal(member_id).faults
    faults.clear()
    return _shown(faults)


def oauth_planned(outside: Outside, _wish: dict[str, Any]) -> Any:
    """GET /control/oauth/faults"""
    return _shown(outside.world.oauth_faults)


def plan_oauth(outside: Outside, wish: dict[str, Any]) -> Any:
    """POST /control/oauth/faults: `match` is token, app.info or authorize."""
    return _plan(outside.world.oauth_faults, wish)


def clear_oauth(outside: Outside, _wish: dict[str, Any]) -> Any:
    """DELETE /control/oauth/faults"""
    outside.world.oauth_faults.clear()
    return _shown(outside.world.oauth_faults)


def _plan(faults: Faults, wish: dict[str, Any]) -> Any:
    given = dict(wish)
    name, match = str(given.pop("name")), str(given.pop("match", "*"))
    times, skip = int(given.pop("times", 1)), int(given.pop("skip", 0))
    return asdict(faults.plan(name, match, times, skip, **given))


def _shown(faults: Faults) -> Any:
    return [asdict(one) for one in faults.planned]
