"""bizproc.workflow.start, terminate, kill and instances."""

from __future__ import annotations

from functools import partial
from typing import Any

from sandbox.bizproc_store import Template, Workflow
from sandbox.call import Call, as_list, as_map, paged
from sandbox.engine import run
from sandbox.errors import RestError
from sandbox.kinds import entity_type_of_document
from sandbox.portal import Portal
from sandbox.workflow import Start, end
from sandbox.workflow import start as start_workflow
from sandbox.world import World


def start(call: Call) -> Any:
    """bizproc.workflow.start: runs as far as it goes inside the call."""
    given = call.upper()
    template_id = str(given.get("TEMPLATE_ID") or "")
    if not template_id:
        raise RestError(400, "ERROR_WRONG_WORKFLOW_ID", "Empty TEMPLATE_ID")
    template = call.portal.bizproc.templates.get(int(template_id)) if template_id.isdigit() else None
    if template is None:
        raise RestError(400, "ERROR_WRONG_WORKFLOW_ID", "Template not found")
    document = given.get("DOCUMENT_ID")
    parameters = as_map(given.get("PARAMETERS"), "PARAMETERS")
    flow = begin(call.world, call.portal, template, document, parameters, call.caller.user.id)
    call.later.append(partial(run, call.world, call.portal, flow))
    return flow.id


def begin(
    world: World, portal: Portal, template: Template, document: Any, parameters: dict[str, Any], user_id: int
) -> Workflow:
    """A workflow of a template on a document named by its three parts."""
    if not isinstance(document, list) or len(document) != 3:
        raise RestError(400, "", "Wrong DOCUMENT_ID!")
    found = entity_type_of_document(str(document[2]))
    if found is None or not found[1] or portal.crm.item(*found) is None:
        raise RestError(400, "", "Wrong DOCUMENT_ID!")
    if portal.kind(found[0]).document_type[:2] != [str(part) for part in document[:2]]:
        raise RestError(400, "", "Incorrect document type!")
    if template.document_type != portal.kind(found[0]).document_type:
        raise RestError(400, "", "Template type and DOCUMENT_ID mismatch!")
    defaults = {name: described.get("Default") for name, described in template.parameters.items()}
    wish = Start(template.name, template.steps, found[0], found[1], user_id, False, template, defaults | parameters)
    return start_workflow(world, portal, wish)


def terminate(call: Call) -> Any:
    """bizproc.workflow.terminate: ends it and keeps what it did."""
    given = call.upper()
    flow = _flow(call, given.get("ID"))
    end(call.world, flow, "terminated", str(given.get("STATUS") or ""))
    return True


def kill(call: Call) -> Any:
    """bizproc.workflow.kill: ends it and forgets it."""
    flow = _flow(call, call.upper().get("ID"))
    end(call.world, flow, "terminated")
    del call.portal.bizproc.workflows[flow.id]
    return True


def instances(call: Call) -> Any:
    """bizproc.workflow.instances: what is running now."""
    given = call.upper()
    conditions = as_map(given.get("FILTER"), "FILTER")
    select = [str(one).upper() for one in as_list(given.get("SELECT"))]
    rows = []
    for flow in call.portal.bizproc.workflows.values():
        if not flow.alive:
            continue
        kind = call.portal.kind(flow.entity_type_id)
        row = {
            "ID": flow.id,
            "MODULE_ID": "crm",
            "ENTITY": kind.document_class,
            "DOCUMENT_ID": f"{kind.name}_{flow.item_id}",
            "STARTED": call.portal.local(flow.started).isoformat(timespec="seconds"),
            "OWNED_UNTIL": None,
            "TEMPLATE_ID": str(flow.template_id or 0),
            "STARTED_BY": str(flow.started_by),
        }
        if all(_meets(row, str(key).upper(), value) for key, value in conditions.items()):
            rows.append({name: value for name, value in row.items() if not select or name in ("ID", *select)})
    return paged(rows, given.get("START"))


def _flow(call: Call, workflow_id: Any) -> Workflow:
    flow = call.portal.bizproc.workflows.get(str(workflow_id or ""))
    if flow is None or not flow.alive:
        raise RestError(400, "ERROR_WRONG_WORKFLOW_ID", "Workflow not found")
    return flow


def _meets(row: dict[str, Any], key: str, value: Any) -> bool:
    name = key.lstrip("=<>!@")
    own = str(row.get(name))
    wanted = [str(one) for one in as_list(value)]
    if key.startswith(">"):
        return own > wanted[0]
    if key.startswith("<"):
        return own < wanted[0]
    return (own not in wanted) if key.startswith("!") else (own in wanted)
