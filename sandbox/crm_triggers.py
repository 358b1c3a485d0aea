"""crm.automation.trigger.*: an app moves an item to the stage where a person placed its trigger."""

from __future__ import annotations

import re
from typing import Any

from sandbox.call import Call
from sandbox.crm_item_methods import run_later
from sandbox.crm_items import change, kind_or_refuse
from sandbox.crm_store import Trigger
from sandbox.errors import RestError

_CODE = re.compile(r"[a-z0-9.\-_]+", re.IGNORECASE)
_TYPES = (1, 2, 7, 31)


def add(call: Call) -> Any:
    """crm.automation.trigger.add: a known CODE only gets the new name."""
    given = call.upper()
    code, name = _code(given.get("CODE")), given.get("NAME")
    if not name or not isinstance(name, str):
        raise RestError(400, "", "Empty trigger name!")
    known = _own(call, code)
    if known:
        known.name = name
    else:
        call.portal.crm.triggers.append(Trigger(call.client_id, code, name))
    return True


def delete(call: Call) -> Any:
    """crm.automation.trigger.delete"""
    trigger = _own(call, _code(call.upper().get("CODE")))
    if trigger is None:
        raise RestError(400, "", "Trigger not found")
    call.portal.crm.triggers.remove(trigger)
    return True


def list_triggers(call: Call) -> Any:
    """crm.automation.trigger.list"""
    return [{"NAME": one.name, "CODE": one.code} for one in call.portal.crm.triggers if one.client_id == call.client_id]


def execute(call: Call) -> Any:
    """crm.automation.trigger.execute: `true` says it was sent; robots of the new stage run before the answer."""
    given = call.upper()
    code = _code(given.get("CODE"))
    trigger = _own(call, code)
    if trigger is None:
        raise RestError(400, "", f"Trigger with code {code} is not registered.")
    type_text, id_text = str(given.get("OWNER_TYPE_ID")), str(given.get("OWNER_ID"))
    entity_type_id = int(type_text) if type_text.isdigit() else 0
    if entity_type_id not in _TYPES and entity_type_id not in call.portal.crm.types:
        raise RestError(400, "", "Incorrect parameter OWNER_TYPE_ID.")
    item = call.portal.crm.item(entity_type_id, int(id_text)) if id_text.isdigit() else None
    if item is None:
        raise RestError(400, "", "Incorrect parameter OWNER_ID.")
    for placed in call.portal.crm.placed_triggers:
        same = (placed.entity_type_id, placed.code, placed.client_id) == (entity_type_id, code, call.client_id)
        if same and placed.stage_id != item.values.get("stageId"):
            kind = kind_or_refuse(call.portal, entity_type_id)
            values = {"stageId": placed.stage_id}
            run_later(call, change(call.world, call.portal, kind, item, values, call.caller.user.id))
            break
    return True


def _own(call: Call, code: str) -> Trigger | None:
    own = [one for one in call.portal.crm.triggers if one.client_id == call.client_id]
    return next((one for one in own if one.code == code), None)


def _code(value: Any) -> str:
    code = str(value or "")
    if not code:
        raise RestError(400, "", "Empty trigger code!")
    if not _CODE.fullmatch(code):
        raise RestError(400, "", "Wrong trigger code!")
    return code
