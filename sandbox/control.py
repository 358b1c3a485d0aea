"""The control door of the outside: what a person, an admin or fate would do to portals, over JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import BadRequest
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from sandbox import control_apps, control_bizproc, control_crm, control_portals, control_wire
from sandbox.errors import ControlError, RestError
from sandbox.json_answer import json_answer, read_object

if TYPE_CHECKING:
    from sandbox.outside import Outside

_Door = Callable[..., Any]

_DOORS: dict[str, dict[str, _Door]] = {
    "/portals": {"GET": control_portals.every, "POST": control_portals.create},
    "/portals/<member_id>": {"GET": control_portals.one},
    "/apps": {"GET": control_apps.every, "POST": control_apps.register},
    "/portals/<member_id>/install": {"POST": control_apps.install},
    "/portals/<member_id>/install-finish": {"POST": control_apps.install_finish},
    "/portals/<member_id>/registered": {"GET": control_bizproc.registered},
    "/portals/<member_id>/robots": {"GET": control_bizproc.placed, "POST": control_bizproc.place},
    "/portals/<member_id>/workflows": {"GET": control_bizproc.workflows},
    "/portals/<member_id>/items": {"GET": control_crm.items, "POST": control_crm.add},
    "/portals/<member_id>/items/<int:entity_type_id>/<int:item_id>/move": {"POST": control_crm.move},
    "/portals/<member_id>/history": {"GET": control_wire.history},
    "/idle": {"GET": control_wire.idle},
}
_MAP = Map([Rule(f"/control{path}", endpoint=path, methods=list(doors)) for path, doors in _DOORS.items()])


def control_answer(outside: Outside, request: Request) -> Response:
    """Answer one control request; a wish that cannot be carried out gets 4xx with a sentence."""
    path, values = _MAP.bind_to_environ(request.environ).match()
    wish = read_object(request) | dict(request.args)
    try:
        return json_answer(_DOORS[path][request.method](outside, wish, **values))
    except ControlError as error:
        return json_answer({"error": str(error)}, error.status)
    except RestError as error:
        return json_answer({"error": str(error), "code": error.code}, 400)
    except (KeyError, TypeError, ValueError) as error:
        raise BadRequest(f"{type(error).__name__}: {error}") from error
