"""What an app says to a running workflow: bizproc.event.send and bizproc.activity.log."""

from __future__ import annotations

from functools import partial
from typing import Any

from sandbox.bizproc_store import Branch, Workflow
from sandbox.call import Call, as_map
from sandbox.engine import answer, run
from sandbox.errors import RestError, access_denied
from sandbox.fault_effects import locked, numeric_code
from sandbox.portal import Portal
from sandbox.robot_call import read_token
from sandbox.workflow import end, note

_NOT_FOUND = {"ru": "Бизнес-процесс не найден. Возможно, он был завершён.", "en": "Business process instance not found"}


def send(call: Call) -> Any:
    """bizproc.event.send: completes the waiting step and lets the workflow go on before the answer is given."""
    given = call.upper()
    token = str(given.get("EVENT_TOKEN") or "")
    flow = _workflow(call, token)
    _count_answer(flow, token)
    if not flow.alive:
        raise _gone(call.portal)
    if flow.busy:
        raise locked(call.portal)
    if call.portal.crm.item(flow.entity_type_id, flow.item_id) is None:
        end(call.world, flow, "terminated", "The document was deleted")
        return True
    branch = _waiting(flow, token)
    if branch is None:
        execution = next((one for one in flow.executions if one.token == token), None)
        if execution and not execution.subscribed and call.portal.switch("unsubscribed_answer") == "404":
            raise _gone(call.portal)
        return True
    if text := str(given.get("LOG_MESSAGE") or ""):
        note(call.world, flow, branch.waiting.step["name"] if branch.waiting else "", "message", text)
    answer(call.world, call.portal, flow, branch, as_map(given.get("RETURN_VALUES"), "RETURN_VALUES"))
    flow.busy = True
    call.later.append(partial(run, call.world, call.portal, flow))
    return True


def log(call: Call) -> Any:
    """bizproc.activity.log: a line in the journal of a step that still waits."""
    given = call.upper()
    text = str(given.get("LOG_MESSAGE") or "")
    if not text:
        raise RestError(400, "ERROR_EMPTY_LOG_MESSAGE", "Empty log message")
    token = str(given.get("EVENT_TOKEN") or "")
    flow = _workflow(call, token)
    if not flow.alive:
        raise _gone(call.portal)
    if flow.busy:
        raise locked(call.portal)
    branch = _waiting(flow, token)
    if branch and branch.waiting:
        note(call.world, flow, branch.waiting.step["name"], "message", text)
    return True


def _workflow(call: Call, token: str) -> Workflow:
    workflow_id = read_token(call.portal, token)
    if workflow_id is None:
        raise access_denied()
    flow = call.portal.bizproc.workflows.get(workflow_id)
    if flow is None:
        raise _gone(call.portal)
    return flow


def _waiting(flow: Workflow, token: str) -> Branch | None:
    return next((one for one in flow.branches if one.waiting and one.waiting.token == token), None)


def _count_answer(flow: Workflow, token: str) -> None:
    for execution in flow.executions:
        if execution.token == token:
            execution.answers += 1


def _gone(portal: Portal) -> RestError:
    language = "ru" if portal.traits.language == "ru" else "en"
    return RestError(400, numeric_code(portal, 404), _NOT_FOUND[language])
