"""Control of automation: place robots, define and start processes, look at what runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.bizproc_registry import internal_code
from sandbox.bizproc_store import Execution, PlacedRobot, Registered, Step, Workflow
from sandbox.errors import ControlError
from sandbox.portal import Portal

if TYPE_CHECKING:
    from sandbox.outside import Outside


def registered(outside: Outside, _wish: dict[str, Any], member_id: str) -> Any:
    """GET /control/portals/<member_id>/registered"""
    portal = outside.world.portal(member_id)
    with portal.lock:
        return [vars(one) for one in portal.bizproc.registered.values()]


def place(outside: Outside, wish: dict[str, Any], member_id: str) -> Any:
    """POST /control/portals/<member_id>/robots"""
    portal = outside.world.portal(member_id)
    with portal.lock:
        number = portal.bizproc.next_id()
        step = robot_step(portal, wish, f"A{number}")
        placed_robot = PlacedRobot(number, int(wish.get("entityTypeId", 2)), str(wish["stage"]), step)
        portal.bizproc.placed.append(placed_robot)
        return {"id": number, "step": step["name"]}


def placed(outside: Outside, _wish: dict[str, Any], member_id: str) -> Any:
    """GET /control/portals/<member_id>/robots"""
    portal = outside.world.portal(member_id)
    with portal.lock:
        return [vars(one) for one in portal.bizproc.placed]


def workflows(outside: Outside, _wish: dict[str, Any], member_id: str) -> Any:
    """GET /control/portals/<member_id>/workflows"""
    portal = outside.world.portal(member_id)
    with portal.lock:
        return [shown(portal, flow) for flow in portal.bizproc.workflows.values()]


def robot_step(portal: Portal, wish: dict[str, Any], name: str) -> Step:
    """A step of the engine from what the designer's form says."""
    found = _find(portal, wish)
    return {
        "type": "robot",
        "name": str(wish.get("name") or name),
        "internal": found.internal,
        "properties": dict(wish.get("properties", {})),
        "use_subscription": str(wish.get("use_subscription", "")),
        "timeout_seconds": int(wish.get("timeout_seconds", 0)),
        "user_id": int(wish.get("user_id", 0)),
        "parallel": bool(wish.get("parallel", False)),
        "keep_empty": bool(wish.get("keep_empty", False)),
    }


def shown(portal: Portal, flow: Workflow) -> dict[str, Any]:
    kind = portal.kind(flow.entity_type_id)
    return {
        "id": flow.id,
        "name": flow.name,
        "state": flow.state,
        "status_text": flow.status_text,
        "busy": flow.busy,
        "document_id": kind.document_id(flow.item_id),
        "started": flow.started.isoformat(),
        "finished": flow.finished.isoformat() if flow.finished else None,
        "steps": [_execution(one) for one in flow.executions],
        "results": {step: {key: _plain(value) for key, value in found.items()} for step, found in flow.results.items()},
        "log": [
            {"at": line.at.isoformat(), "step": line.step, "kind": line.kind, "text": line.text} for line in flow.log
        ],
    }


def _execution(one: Execution) -> dict[str, Any]:
    return {
        "step": one.step,
        "code": one.code,
        "event_token": one.token,
        "properties": one.properties,
        "subscribed": one.subscribed,
        "outcome": one.outcome,
        "answers": one.answers,
        "returned": {key: _plain(value) for key, value in one.returned.items()},
        "started": one.started.isoformat(),
        "finished": one.finished.isoformat() if one.finished else None,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | bool | None) else str(value)


def _find(portal: Portal, wish: dict[str, Any]) -> Registered:
    code, client_id = str(wish["code"]), str(wish.get("client_id", ""))
    candidates = [one for one in portal.bizproc.registered.values() if one.code == code]
    if client_id:
        candidates = [one for one in candidates if one.internal == internal_code(client_id, code)]
    if len(candidates) != 1:
        known = ", ".join(one.code for one in portal.bizproc.registered.values()) or "none"
        raise ControlError(f"No single robot {code}; registered: {known}", 404)
    return candidates[0]
