"""Control of automation: place robots, define and start processes, look at what runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.bizproc_registry import allowed_for, internal_code
from sandbox.bizproc_store import Execution, PlacedRobot, Registered, Step, Template, Workflow, walk
from sandbox.bizproc_workflows import begin
from sandbox.control_wire import shown_delivery
from sandbox.engine import run
from sandbox.errors import ControlError
from sandbox.portal import Portal
from sandbox.workflow import Start, end
from sandbox.workflow import start as start_workflow

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
        _check_offered(portal, step, int(wish.get("entityTypeId", 2)), on_stage=True)
        placed_robot = PlacedRobot(number, int(wish.get("entityTypeId", 2)), str(wish["stage"]), step)
        portal.bizproc.placed.append(placed_robot)
        return {"id": number, "step": step["name"]}


def placed(outside: Outside, _wish: dict[str, Any], member_id: str) -> Any:
    """GET /control/portals/<member_id>/robots"""
    portal = outside.world.portal(member_id)
    with portal.lock:
        return [vars(one) for one in portal.bizproc.placed]


def clear_placed(outside: Outside, wish: dict[str, Any], member_id: str) -> Any:
    """DELETE /control/portals/<member_id>/robots: all of them, or those of `stage`."""
    bizproc = outside.world.portal(member_id).bizproc
    stage = str(wish.get("stage", ""))
    bizproc.placed = [one for one in bizproc.placed if stage and one.stage_id != stage]
    return {"left": len(bizproc.placed)}


def define(outside: Outside, wish: dict[str, Any], member_id: str) -> Any:
    """POST /control/portals/<member_id>/templates: a process drawn in the designer.

    A step with `code` is an app's; other types are wait (`seconds` or `until`), set_fields (`fields`), log (`text`),
    if (`value`, `equals`, `steps`, `otherwise`), repeat (`times`, `steps`) and parallel (`branches`).
    """
    portal = outside.world.portal(member_id)
    with portal.lock:
        kind = portal.kind(int(wish.get("entityTypeId", 2)))
        number = portal.bizproc.next_id()
        template = Template(
            id=number,
            document_type=kind.document_type,
            name=str(wish.get("name", f"Process {number}")),
            description=str(wish.get("description", "")),
            auto_execute=int(wish.get("auto_execute", 0)),
            steps=_steps(portal, wish["steps"], f"A{number}"),
            parameters={name: {"Default": value} for name, value in wish.get("parameters", {}).items()},
            variables=dict(wish.get("variables", {})),
            constants=dict(wish.get("constants", {})),
            modified=outside.world.clock.now(),
        )
        for step in walk(template.steps):
            _check_offered(portal, step, kind.entity_type_id, on_stage=False)
        portal.bizproc.templates[number] = template
        return {"id": number, "steps": [step["name"] for step in walk(template.steps)]}


def templates(outside: Outside, _wish: dict[str, Any], member_id: str) -> Any:
    """GET /control/portals/<member_id>/templates"""
    portal = outside.world.portal(member_id)
    with portal.lock:
        return [vars(one) | {"modified": str(one.modified)} for one in portal.bizproc.templates.values()]


def start(outside: Outside, wish: dict[str, Any], member_id: str) -> Any:
    """POST /control/portals/<member_id>/workflows: a person starts template `template_id` on an item."""
    portal = outside.world.portal(member_id)
    with portal.lock:
        template = portal.bizproc.templates.get(int(wish["template_id"]))
        if template is None:
            raise ControlError(f"No template {wish['template_id']}", 404)
        document = portal.kind(int(wish.get("entityTypeId", 2))).document_id(int(wish["id"]))
        parameters, user_id = dict(wish.get("parameters", {})), int(wish.get("user_id", 1))
        flow = begin(outside.world, portal, template, document, parameters, user_id)
    run(outside.world, portal, flow)
    return shown(portal, flow)


def workflows(outside: Outside, wish: dict[str, Any], member_id: str) -> Any:
    """GET /control/portals/<member_id>/workflows?state=running"""
    portal = outside.world.portal(member_id)
    state = str(wish.get("state", ""))
    with portal.lock:
        return [shown(portal, flow) for flow in portal.bizproc.workflows.values() if state in ("", flow.state)]


def workflow(outside: Outside, _wish: dict[str, Any], member_id: str, workflow_id: str) -> Any:
    """GET /control/portals/<member_id>/workflows/<id>"""
    portal = outside.world.portal(member_id)
    with portal.lock:
        return shown(portal, _flow(portal, workflow_id))


def terminate(outside: Outside, _wish: dict[str, Any], member_id: str, workflow_id: str) -> Any:
    """DELETE /control/portals/<member_id>/workflows/<id>: a person stops it."""
    portal = outside.world.portal(member_id)
    with portal.lock:
        flow = _flow(portal, workflow_id)
        end(outside.world, flow, "terminated", "Stopped by a person")
        return shown(portal, flow)


def robot_call(outside: Outside, wish: dict[str, Any], member_id: str) -> Any:
    """POST /control/portals/<member_id>/robot-call: one call sent by hand, with anything in it changed.

    `overrides` replaces values of the body at any depth (null takes a key away), `raw` is a body as it stands,
    `url` another address. The workflow behind it is real: it waits for the answer.
    """
    portal, world = outside.world.portal(member_id), outside.world
    with portal.lock:
        step = robot_step(portal, wish, f"A{portal.bizproc.next_id()}")
        step |= {name: wish[name] for name in ("overrides", "raw", "url") if name in wish}
        entity_type_id, item_id = int(wish.get("entityTypeId", 2)), int(wish.get("id", 0))
        flow = start_workflow(world, portal, Start("Sent by hand", [step], entity_type_id, item_id, 1))
        known = len(world.deliveries.kept)
    run(world, portal, flow)
    sent = [one for one in list(world.deliveries.kept)[known:] if one.subject == wish["code"]]
    for delivery in sent:
        world.deliveries.wait_done(delivery, float(wish.get("seconds", 10)))
    token = flow.executions[-1].token if flow.executions else ""
    return {"workflow_id": flow.id, "event_token": token, "deliveries": [shown_delivery(one) for one in sent]}


def _check_offered(portal: Portal, step: Step, entity_type_id: int, on_stage: bool) -> None:
    """The designer offers a step only where its FILTER lets it, and on stages robots only."""
    if step["type"] != "robot":
        return
    found, kind = portal.bizproc.registered[step["internal"]], portal.kind(entity_type_id)
    if not allowed_for(found, kind.document_type) or (on_stage and not found.robot):
        raise ControlError(f"The designer does not offer {found.code} for {kind.name}")


def _flow(portal: Portal, workflow_id: str) -> Workflow:
    flow = portal.bizproc.workflows.get(workflow_id)
    if flow is None:
        raise ControlError(f"No workflow {workflow_id}", 404)
    return flow


def _steps(portal: Portal, wishes: list[dict[str, Any]], prefix: str) -> list[Step]:
    return [_one_step(portal, wish, f"{prefix}_{number}") for number, wish in enumerate(wishes, start=1)]


def _one_step(portal: Portal, wish: dict[str, Any], name: str) -> Step:
    if "code" in wish:
        return robot_step(portal, wish, name)
    step = {"name": name} | wish
    if step.get("type") not in ("wait", "set_fields", "log", "if", "repeat", "parallel"):
        raise ControlError(f"A step has a code or a known type; received {wish}")
    for inner in ("steps", "otherwise"):
        if inner in step:
            step[inner] = _steps(portal, step[inner], f"{name}_{inner}")
    if "branches" in step:
        step["branches"] = [_steps(portal, one, f"{name}_{index}") for index, one in enumerate(step["branches"], 1)]
    return step


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
