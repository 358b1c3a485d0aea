"""bizproc.workflow.template.*: processes an app brings as files."""

from __future__ import annotations

from typing import Any

from sandbox.bizproc_store import Step, Template, walk
from sandbox.bpt import BadTemplate, steps_of, unpack
from sandbox.call import Call, as_map, paged
from sandbox.errors import RestError, access_denied
from sandbox.kinds import entity_type_of_document


def add(call: Call) -> Any:
    """bizproc.workflow.template.add: the app's robots must be registered before."""
    given = call.upper()
    document_type = given.get("DOCUMENT_TYPE")
    if not isinstance(document_type, list) or len(document_type) != 3 or not _known(document_type):
        raise _invalid("Incorrect field DOCUMENT_TYPE!")
    if not given.get("NAME"):
        raise _invalid("Empty template name!")
    auto_execute = _auto_execute(call, given.get("AUTO_EXECUTE", "0"))
    steps, unpacked = _steps(call, given.get("TEMPLATE_DATA"))
    template = Template(
        id=call.portal.bizproc.next_id(),
        document_type=[str(part) for part in document_type],
        name=str(given["NAME"]),
        description=str(given.get("DESCRIPTION") or ""),
        auto_execute=auto_execute,
        steps=steps,
        parameters=as_map(unpacked.get("PARAMETERS"), "PARAMETERS"),
        variables=_defaults(unpacked.get("VARIABLES")),
        constants=_defaults(unpacked.get("CONSTANTS")),
        system_code=_system_code(call),
        modified=call.world.clock.now(),
    )
    call.portal.bizproc.templates[template.id] = template
    return template.id


def update(call: Call) -> Any:
    """bizproc.workflow.template.update"""
    given = call.upper()
    template, fields = (
        _own(call, given.get("ID")),
        {k.upper(): v for k, v in as_map(given.get("FIELDS"), "FIELDS").items()},
    )
    if "NAME" in fields and not fields["NAME"]:
        raise _invalid("Empty template name!")
    template.name = str(fields.get("NAME", template.name))
    template.description = str(fields.get("DESCRIPTION", template.description))
    if "AUTO_EXECUTE" in fields:
        template.auto_execute = _auto_execute(call, fields["AUTO_EXECUTE"])
    if "TEMPLATE_DATA" in fields:
        template.steps, unpacked = _steps(call, fields["TEMPLATE_DATA"])
        template.parameters = as_map(unpacked.get("PARAMETERS"), "PARAMETERS")
    template.modified = call.world.clock.now()
    return True


def delete(call: Call) -> Any:
    """bizproc.workflow.template.delete"""
    template = _own(call, call.upper().get("ID"))
    if any(flow.alive and flow.template_id == template.id for flow in call.portal.bizproc.workflows.values()):
        raise RestError(400, "", "The template has running workflows")
    del call.portal.bizproc.templates[template.id]
    return True


def list_templates(call: Call) -> Any:
    """bizproc.workflow.template.list"""
    given = call.upper()
    conditions = {str(key).upper().lstrip("="): str(value) for key, value in (given.get("FILTER") or {}).items()}
    select = [str(one).upper() for one in given.get("SELECT") or []]
    rows = []
    for one in call.portal.bizproc.templates.values():
        row = {
            "ID": str(one.id),
            "NAME": one.name,
            "DESCRIPTION": one.description,
            "AUTO_EXECUTE": str(one.auto_execute),
            "DOCUMENT_TYPE": one.document_type,
            "USER_ID": "1",
            "SYSTEM_CODE": one.system_code or None,
        }
        if all(str(row.get(name)) == value for name, value in conditions.items()):
            rows.append({name: value for name, value in row.items() if not select or name in ("ID", *select)})
    return paged(rows, given.get("START"))


def _known(document_type: list[Any]) -> bool:
    return document_type[0] == "crm" and entity_type_of_document(str(document_type[2])) is not None


def _system_code(call: Call) -> str:
    return f"rest_app_{call.client_id}"


def _own(call: Call, template_id: Any) -> Template:
    text = str(template_id or "")
    template = call.portal.bizproc.templates.get(int(text)) if text.isdigit() else None
    if template is None:
        raise RestError(400, "", "Template not found")
    if template.system_code != _system_code(call):
        raise RestError(400, "", "You can update or delete only templates created by this application")
    return template


def _steps(call: Call, data: Any) -> tuple[list[Step], dict[str, Any]]:
    try:
        unpacked = unpack(data, call.portal.switch("object_check") == "loose")
        steps = steps_of(unpacked)
    except BadTemplate as error:
        raise _invalid(f"Incorrect field TEMPLATE_DATA! ({error})") from None
    names = [step["name"] for step in walk(steps)]
    if len(set(names)) != len(names):
        raise _invalid("Incorrect field TEMPLATE_DATA! (names of steps repeat)")
    for step in walk(steps):
        if step["type"] == "robot":
            _check_robot(call, step)
    return steps, unpacked


def _check_robot(call: Call, step: Step) -> None:
    registered = call.portal.bizproc.registered.get(step["internal"])
    if registered is None:
        raise _invalid(f"Incorrect field TEMPLATE_DATA! (step {step['name']}: activity not found)")
    given = {str(key).lower(): value for key, value in step["properties"].items()}
    for key, described in registered.properties.items():
        if described["REQUIRED"] == "Y" and given.get(key.lower()) in (None, "", []):
            raise _invalid(f"Incorrect field TEMPLATE_DATA! (step {step['name']}: {key} is required)")
    if step["user_id"] not in (0, registered.auth_user_id) and not call.caller.user.admin:
        raise access_denied()


def _auto_execute(call: Call, value: Any) -> int:
    if not isinstance(value, str) and call.portal.switch("auto_execute_strict"):
        raise _invalid("Incorrect field AUTO_EXECUTE!")
    if str(value) not in ("0", "1", "2", "3"):
        raise _invalid("Incorrect field AUTO_EXECUTE!")
    return int(str(value))


def _defaults(given: Any) -> dict[str, Any]:
    return {str(name): one.get("Default") for name, one in as_map(given, "VARIABLES").items()}


def _invalid(text: str) -> RestError:
    return RestError(400, "ERROR_TEMPLATE_VALIDATION_FAILURE", text)
