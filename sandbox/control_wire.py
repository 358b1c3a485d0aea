"""Control of what travels: history of requests, deliveries, faults, waiting until all is quiet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.history import Entry, History, masked

if TYPE_CHECKING:
    from sandbox.outside import Outside


def history(outside: Outside, wish: dict[str, Any], member_id: str) -> Any:
    """GET /control/portals/<member_id>/history"""
    portal = outside.world.portal(member_id)
    return shown(portal.history, wish) | {"refused_by_bucket": portal.bucket.refused, "hits": portal.bucket.hits}


def idle(outside: Outside, wish: dict[str, Any]) -> Any:
    """GET /control/idle?seconds=10"""
    return {"idle": outside.world.deliveries.wait_idle(float(wish.get("seconds", 10)))}


def shown(kept: History, wish: dict[str, Any]) -> dict[str, Any]:
    """Entries from `since` on, narrowed to `method` when it is given, with counters of everything."""
    since, method = int(wish.get("since", 0)), str(wish.get("method", ""))
    entries = [one for one in list(kept.entries) if one.id > since and (not method or _names(one, method))]
    return {
        "entries": [_entry(one) for one in entries],
        "count": kept.count,
        "statuses": {str(key): value for key, value in kept.statuses.items()},
        "methods": dict(kept.methods),
        "errors": dict(kept.errors),
    }


def _names(one: Entry, method: str) -> bool:
    return one.method == method or any(command[1] == method for command in one.commands)


def _entry(one: Entry) -> dict[str, Any]:
    return {
        "id": one.id,
        "at": one.at.isoformat(),
        "method": one.method,
        "params": masked(one.params),
        "status": one.status,
        "error": one.error,
        "fault": one.fault,
        "duration_ms": round(one.duration_ms, 3),
        "commands": [{"key": key, "method": method, "error": error} for key, method, error in one.commands],
    }
