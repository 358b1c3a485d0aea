"""The engine of business processes: runs steps until every branch waits or has ended."""

from __future__ import annotations

import heapq
import time
from datetime import datetime, timedelta
from typing import Any

from sandbox.bizproc_store import Branch, Execution, Frame, Registered, Step, Waiting, Workflow
from sandbox.crm_items import write_from_workflow
from sandbox.expressions import resolve
from sandbox.portal import Portal
from sandbox.robot_call import FIVE_YEARS, call_body, filled_properties, new_token
from sandbox.values import plain_text, returned_value
from sandbox.workflow import end, note
from sandbox.world import World

MOST_STEPS_A_HIT = 10_000


def run(world: World, portal: Portal, flow: Workflow) -> None:
    """Carry a workflow on as far as it goes; call it without the portal's lock, holding the workflow (`busy`)."""
    for _ in range(MOST_STEPS_A_HIT):
        with portal.lock:
            branch = next((one for one in flow.branches if _ready(one)), None) if flow.alive else None
            if branch is None:
                break
            set_off = _advance(world, portal, flow, branch)
        if portal.bizproc.step_seconds:
            time.sleep(portal.bizproc.step_seconds)
        for other in set_off:
            run(world, portal, other)
    if portal.bizproc.save_seconds:
        time.sleep(portal.bizproc.save_seconds)
    with portal.lock:
        flow.busy = False
        if flow.alive and all(branch.done for branch in flow.branches):
            end(world, flow, "completed")


def answer(
    world: World, portal: Portal, flow: Workflow, branch: Branch, values: dict[str, Any], timed_out: bool = False
) -> None:
    """Complete the step a branch waits in; the caller holds the portal's lock and runs the workflow afterwards."""
    waiting = branch.waiting
    if waiting is None:
        return
    branch.waiting = None
    execution = next((one for one in reversed(flow.executions) if one.token == waiting.token), None)
    if execution is None:
        return
    registered = portal.bizproc.registered.get(waiting.step.get("internal", ""))
    returned = _matched(portal, registered, values) if registered else {}
    flow.results[execution.step] = returned | {"IsTimeout": int(timed_out)}
    execution.finished = world.clock.now()
    execution.outcome = "timeout" if timed_out else "answered"
    execution.returned = returned
    note(world, flow, execution.step, "timeout" if timed_out else "answered", "")


def wake_due(world: World, portal: Portal) -> int:
    """Let branches whose time has come go on; gives how many did. Called from the timer, without the lock."""
    woken = 0
    while due := _take_due(world, portal):
        flow, branch = due
        with portal.lock:
            if portal.crm.item(flow.entity_type_id, flow.item_id) is None:
                end(world, flow, "terminated", "The document was deleted")
            timed_out = flow.alive and branch.waiting is not None and branch.waiting.token != ""
            if timed_out:
                answer(world, portal, flow, branch, {}, timed_out=True)
            branch.waiting = None
        run(world, portal, flow)
        woken += 1
    return woken


def _take_due(world: World, portal: Portal) -> tuple[Workflow, Branch] | None:
    now = world.clock.now()
    with portal.lock:
        postponed = []
        found = None
        heap = portal.bizproc.wakeups
        while heap and heap[0][0] <= now and found is None:
            entry = heapq.heappop(heap)
            flow = portal.bizproc.workflows.get(entry[2])
            branch = next((one for one in flow.branches if one.id == entry[3]), None) if flow else None
            if flow is None or branch is None or not flow.alive or not _still_waits(branch, entry[4], now):
                continue
            if flow.busy:
                postponed.append(entry)
                continue
            flow.busy = True
            found = flow, branch
        for entry in postponed:
            heapq.heappush(heap, entry)
        return found


def _still_waits(branch: Branch, token: str, now: datetime) -> bool:
    waiting = branch.waiting
    return waiting is not None and waiting.token == token and waiting.until is not None and waiting.until <= now


def _ready(branch: Branch) -> bool:
    return not branch.done and branch.waiting is None and branch.children == 0


def _advance(world: World, portal: Portal, flow: Workflow, branch: Branch) -> list[Workflow]:
    """Carry out one step of a branch; gives workflows this set off, to be run by the same hit."""
    frame = branch.frames[-1]
    if frame.index >= len(frame.steps):
        branch.frames.pop()
        if not branch.frames:
            _close(flow, branch)
        return []
    step = frame.steps[frame.index]
    frame.index += 1
    now = world.clock.now()
    match step["type"]:
        case "robot":
            _call_robot(world, portal, flow, branch, step)
        case "wait":
            _wait(world, portal, flow, branch, step)
        case "parallel":
            for inner in step["branches"]:
                flow.branches.append(Branch(len(flow.branches) + 1, [Frame(inner)], parent=branch.id))
                branch.children += 1
        case "if":
            holds = plain_text(portal, resolve(portal, flow, step["value"], now)) == str(step["equals"])
            branch.frames.append(Frame(step.get("steps", []) if holds else step.get("otherwise", [])))
        case "repeat":
            branch.frames.extend(Frame(step["steps"]) for _ in range(int(step["times"])))
        case "log":
            note(world, flow, step.get("name", ""), "log", plain_text(portal, resolve(portal, flow, step["text"], now)))
        case "set_fields":
            return write_from_workflow(world, portal, flow, resolve(portal, flow, step["fields"], now))
    return []


def _close(flow: Workflow, branch: Branch) -> None:
    branch.done = True
    parent = next((one for one in flow.branches if one.id == branch.parent), None)
    if parent:
        parent.children -= 1


def _wait(world: World, portal: Portal, flow: Workflow, branch: Branch, step: Step) -> None:
    now = world.clock.now()
    until = now + timedelta(seconds=float(step.get("seconds", 0)))
    if "until" in step:
        told = resolve(portal, flow, step["until"], now)
        until = told if isinstance(told, datetime) else _moment(portal, told) or now
    if until <= now + timedelta(seconds=1):
        return
    branch.waiting = Waiting(step, "", until)
    _wake(portal, until, flow, branch, "")


def _moment(portal: Portal, told: Any) -> datetime | None:
    text = str(told)
    if text.isdigit():
        return datetime.fromtimestamp(int(text), tz=portal.traits.zone)
    return returned_value(portal, {"TYPE": "datetime"}, text) or None


def _wake(portal: Portal, until: datetime, flow: Workflow, branch: Branch, token: str) -> None:
    entry = (until, portal.bizproc.next_id(), flow.id, branch.id, token)
    heapq.heappush(portal.bizproc.wakeups, entry)


def _call_robot(world: World, portal: Portal, flow: Workflow, branch: Branch, step: Step) -> None:
    registered = portal.bizproc.registered.get(step["internal"])
    installation = portal.installations.get(registered.client_id) if registered else None
    if registered is None or installation is None:
        note(world, flow, step["name"], "error", "Rest application not found")
        end(world, flow, "failed", "Rest application not found")
        return
    now = world.clock.now()
    subscription = (
        registered.use_subscription or step.get("use_subscription") or str(portal.switch("empty_subscription"))
    )
    timeout = min(int(step.get("timeout_seconds") or 0), FIVE_YEARS)
    token = new_token(portal, flow.id, step["name"])
    properties = filled_properties(portal, flow, registered, step, now)
    until = now + timedelta(seconds=timeout) if timeout and subscription == "Y" else None
    execution = Execution(step["name"], registered.code, token, now, properties, subscription == "Y", until)
    flow.executions.append(execution)
    if subscription == "Y":
        branch.waiting = Waiting(step, token, until)
        if until:
            _wake(portal, until, flow, branch, token)
    else:
        execution.outcome, execution.finished = "sent", now
        flow.results[step["name"]] = {}
    if installation.app.with_pages and not installation.finished:
        note(world, flow, step["name"], "not_sent", "installFinish has not been called")
        return
    call = call_body(
        world, portal, installation, flow, registered, token, properties, subscription, timeout,
        int(step.get("user_id") or registered.auth_user_id),
    )  # fmt: skip
    body = step["raw"] if "raw" in step else merged(call, step.get("overrides", {}))
    world.deliveries.post(portal, "robot", registered.code, step.get("url") or registered.handler, body)
    note(world, flow, step["name"], "sent", registered.code)


def merged(body: dict[str, Any], overrides: dict[str, Any]) -> dict[str, Any]:
    """A copy of the body with values replaced at any depth; None takes a key away."""
    copy = dict(body)
    for key, value in overrides.items():
        if value is None:
            copy.pop(key, None)
        elif isinstance(value, dict) and isinstance(copy.get(key), dict):
            copy[key] = merged(copy[key], value)
        else:
            copy[key] = value
    return copy


def _matched(portal: Portal, registered: Registered, values: dict[str, Any]) -> dict[str, Any]:
    """Returned values under the declared names, whatever case they came in; unknown ones are dropped."""
    given = {str(key).lower(): value for key, value in values.items()}
    return {
        key: returned_value(portal, described, given[key.lower()])
        for key, described in registered.return_properties.items()
        if key.lower() in given
    }
