"""Control of what travels: history of requests, deliveries to handlers, waiting until all is quiet."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from sandbox.deliveries import Delivery
from sandbox.engine import merged
from sandbox.errors import ControlError
from sandbox.history import Entry, History, masked

if TYPE_CHECKING:
    from sandbox.outside import Outside


def history(outside: Outside, wish: dict[str, Any], member_id: str) -> Any:
    """GET /control/portals/<member_id>/history"""
    portal = outside.world.portal(member_id)
    return shown(portal.history, wish) | {"refused_by_bucket": portal.bucket.refused, "hits": portal.bucket.hits}


def forget(outside: Outside, _wish: dict[str, Any], member_id: str) -> Any:
    """DELETE /control/portals/<member_id>/history: entries and counters begin anew."""
    portal = outside.world.portal(member_id)
    portal.history = History()
    portal.bucket.refused = portal.bucket.hits = 0
    return {"count": 0}


def oauth_history(outside: Outside, wish: dict[str, Any]) -> Any:
    """GET /control/oauth/history"""
    return shown(outside.world.oauth_history, wish) | {"renewals": outside.world.tokens.renewals}


def deliveries(outside: Outside, wish: dict[str, Any]) -> Any:
    """GET /control/deliveries?since=0&subject=pay&member_id=..."""
    since, subject, member_id = int(wish.get("since", 0)), str(wish.get("subject", "")), str(wish.get("member_id", ""))
    return [
        shown_delivery(one)
        for one in list(outside.world.deliveries.kept)
        if one.id > since and subject in ("", one.subject) and member_id in ("", one.member_id)
    ]


def again(outside: Outside, wish: dict[str, Any], number: int) -> Any:
    """POST /control/deliveries/<id>/again: the same call once more, with `overrides` a changed one."""
    delivery = outside.world.deliveries.delivery(number)
    if delivery is None:
        raise ControlError(f"No delivery {number}", 404)
    body = delivery.body if isinstance(delivery.body, str) else merged(delivery.body, wish.get("overrides", {}))
    copy = outside.world.deliveries.again(delivery, body)
    outside.world.deliveries.wait_done(copy, float(wish.get("seconds", 10)))
    return shown_delivery(copy)


def hold(outside: Outside, wish: dict[str, Any]) -> Any:
    """POST /control/deliveries/hold: `held` true keeps everything in the queue, false lets it go."""
    outside.world.deliveries.hold(bool(wish.get("held", True)))
    return {"held": outside.world.deliveries.held}


def idle(outside: Outside, wish: dict[str, Any]) -> Any:
    """GET /control/idle?seconds=10&workflows=1: wait until nothing is on its way, with `workflows` until nothing waits.

    What the handlers do by themselves after answering is not seen from here.
    """
    until = time.monotonic() + float(wish.get("seconds", 10))
    calm = outside.world.deliveries.wait_idle(until - time.monotonic())
    while calm and wish.get("workflows") and _running(outside) and time.monotonic() < until:
        time.sleep(0.02)
    waiting = _running(outside)
    return {"idle": calm and not (wish.get("workflows") and waiting), "running": waiting}


def _running(outside: Outside) -> list[str]:
    found = []
    for portal in list(outside.world.portals.values()):
        with portal.lock:
            found += [flow.id for flow in portal.bizproc.workflows.values() if flow.alive]
    return found


def shown(kept: History, wish: dict[str, Any]) -> dict[str, Any]:
    """Entries after `since`, narrowed to `method` (alone or in a batch), with counters of everything."""
    since, method = int(wish.get("since", 0)), str(wish.get("method", "")).lower()
    entries = [one for one in list(kept.entries) if one.id > since and (not method or _names(one, method))]
    return {
        "entries": [] if wish.get("counters_only") else [_entry(one) for one in entries],
        "count": kept.count,
        "statuses": {str(key): value for key, value in kept.statuses.items()},
        "methods": dict(kept.methods),
        "errors": dict(kept.errors),
    }


def shown_delivery(one: Delivery) -> dict[str, Any]:
    return {
        "id": one.id,
        "member_id": one.member_id,
        "kind": one.kind,
        "subject": one.subject,
        "url": one.url,
        "body": one.body if isinstance(one.body, str) else masked(one.body),
        "fault": one.fault,
        "state": one.state,
        "status": one.status,
        "error": one.error,
        "answer": one.answer,
        "attempts": one.attempts,
        "took_ms": round(one.took_ms, 3),
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
        "user_agent": one.user_agent,
        "duration_ms": round(one.duration_ms, 3),
        "batch_size": one.batch_size,
        "commands": [{"key": key, "method": method, "error": error} for key, method, error in one.commands],
    }
