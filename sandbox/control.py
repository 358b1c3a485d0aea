"""The control door of the outside: what a person, an admin or fate would do to portals, over JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import BadRequest
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from sandbox import control_apps, control_bizproc, control_crm, control_faults, control_portals, control_wire
from sandbox.errors import ControlError, RestError
from sandbox.json_answer import json_answer, read_object

if TYPE_CHECKING:
    from sandbox.outside import Outside

_Door = Callable[..., Any]

# README.md beside this file has one example for each.
_OUTSIDE: dict[str, dict[str, _Door]] = {
    "/portals": {"GET": control_portals.every, "POST": control_portals.create},
    "/apps": {"GET": control_apps.every, "POST": control_apps.register},
    "/switches": {"GET": control_faults.switches},
    "/faults": {"GET": control_faults.names},
    "/oauth/faults": {
        "GET": control_faults.oauth_planned,
        "POST": control_faults.plan_oauth,
        "DELETE": control_faults.clear_oauth,
    },
    "/oauth/history": {"GET": control_wire.oauth_history},
    "/deliveries": {"GET": control_wire.deliveries},
    "/deliveries/hold": {"POST": control_wire.hold},
    "/deliveries/<int:number>/again": {"POST": control_wire.again},
    "/idle": {"GET": control_wire.idle},
}
_PORTAL: dict[str, dict[str, _Door]] = {
    "": {"GET": control_portals.one},
    "/traits": {"POST": control_portals.change_traits},
    "/switches": {"POST": control_portals.change_switches},
    "/users": {"POST": control_portals.put_user},
    "/address": {"POST": control_portals.change_address},
    "/pace": {"POST": control_portals.change_pace},
    "/install": {"POST": control_apps.install},
    "/install-finish": {"POST": control_apps.install_finish},
    "/update": {"POST": control_apps.update},
    "/uninstall": {"POST": control_apps.uninstall},
    "/open": {"POST": control_apps.open_page},
    "/tokens": {"POST": control_apps.issue_tokens},
    "/tokens/expire": {"POST": control_apps.expire_tokens},
    "/events": {"GET": control_apps.events},
    "/frames": {"GET": control_apps.frames},
    "/placements": {"GET": control_apps.placements},
    "/registered": {"GET": control_bizproc.registered},
    "/robots": {"GET": control_bizproc.placed, "POST": control_bizproc.place, "DELETE": control_bizproc.clear_placed},
    "/templates": {"GET": control_bizproc.templates, "POST": control_bizproc.define},
    "/workflows": {"GET": control_bizproc.workflows, "POST": control_bizproc.start},
    "/workflows/<workflow_id>": {"GET": control_bizproc.workflow, "DELETE": control_bizproc.terminate},
    "/robot-call": {"POST": control_bizproc.robot_call},
    "/triggers": {"GET": control_crm.triggers, "POST": control_crm.place_trigger},
    "/items": {"GET": control_crm.items, "POST": control_crm.add},
    "/items/<int:entity_type_id>/<int:item_id>": {
        "GET": control_crm.item,
        "POST": control_crm.write,
        "DELETE": control_crm.delete,
    },
    "/items/<int:entity_type_id>/<int:item_id>/move": {"POST": control_crm.move},
    "/types": {"GET": control_crm.types},
    "/stages": {"GET": control_crm.stage_list},
    "/todos": {"GET": control_crm.todos},
    "/comments": {"GET": control_crm.comments},
    "/notices": {"GET": control_crm.notices},
    "/history": {"GET": control_wire.history, "DELETE": control_wire.forget},
    "/faults": {"GET": control_faults.planned, "POST": control_faults.plan, "DELETE": control_faults.clear},
}
DOORS = _OUTSIDE | {f"/portals/<member_id>{path}": doors for path, doors in _PORTAL.items()}
_MAP = Map([Rule(f"/control{path}", endpoint=path, methods=list(doors)) for path, doors in DOORS.items()])


def control_answer(outside: Outside, request: Request) -> Response:
    """Answer one control request; a wish that cannot be carried out gets 4xx with a sentence."""
    path, values = _MAP.bind_to_environ(request.environ).match()
    wish = read_object(request) | dict(request.args)
    try:
        return json_answer(DOORS[path][request.method](outside, wish, **values))
    except ControlError as error:
        return json_answer({"error": str(error)}, error.status)
    except RestError as error:
        return json_answer({"error": error.description, "code": error.code}, 400)
    except (KeyError, TypeError, ValueError) as error:
        raise BadRequest(f"{type(error).__name__}: {error}") from error
