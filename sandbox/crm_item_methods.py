"""crm.item.* as REST sees them."""

from __future__ import annotations

from functools import partial
from typing import Any

from sandbox.bizproc_store import Workflow
from sandbox.call import Call, Page, as_list, paged, yes
from sandbox.crm_fields import fields_of
from sandbox.crm_filter import matching
from sandbox.crm_items import change, create, item_or_refuse, kind_or_refuse, remove, shown, written
from sandbox.engine import run
from sandbox.kinds import Kind


def add(call: Call) -> Any:
    """crm.item.add"""
    kind = _kind(call)
    values = written(call.portal, kind, call.mapping("fields"), _original(call))
    item, flows = create(call.world, call.portal, kind, values, call.caller.user.id)
    run_later(call, flows)
    return {"item": shown(call.portal, kind, item, _original(call))}


def update(call: Call) -> Any:
    """crm.item.update"""
    kind = _kind(call)
    item = item_or_refuse(call.portal, kind, call.integer("id"))
    values = written(call.portal, kind, call.mapping("fields"), _original(call))
    flows = change(call.world, call.portal, kind, item, values, call.caller.user.id)
    run_later(call, flows)
    return {"item": shown(call.portal, kind, item, _original(call))}


def get(call: Call) -> Any:
    """crm.item.get"""
    kind = _kind(call)
    item = item_or_refuse(call.portal, kind, call.integer("id"))
    return {"item": shown(call.portal, kind, item, _original(call))}


def delete(call: Call) -> Any:
    """crm.item.delete"""
    kind = _kind(call)
    item = item_or_refuse(call.portal, kind, call.integer("id"))
    remove(call.world, call.portal, kind, item, call.caller.user.id)
    return []


def list_items(call: Call) -> Page:
    """crm.item.list"""
    kind, original = _kind(call), _original(call)
    found = matching(call.portal, kind, call.mapping("filter"), call.mapping("order"), original)
    select = [str(name) for name in as_list(call.params.get("select"))] or None
    page = paged(found, call.params.get("start"))
    page.result = {"items": [shown(call.portal, kind, item, original, select) for item in page.result]}
    return page


def fields(call: Call) -> Any:
    """crm.item.fields"""
    kind, original = _kind(call), _original(call)
    described = {}
    for one in fields_of(call.portal, kind).values():
        entry: dict[str, Any] = {
            "type": one.type,
            "isRequired": one.required,
            "isReadOnly": one.read_only,
            "isImmutable": False,
            "isMultiple": one.multiple,
            "isDynamic": one.custom,
            "title": one.title,
            "upperName": one.upper,
        }
        if one.enum:
            entry["items"] = [{"ID": str(option["id"]), "VALUE": option["value"]} for option in one.enum]
        described[one.name if original and one.custom else one.shown] = entry
    return {"fields": described}


def run_later(call: Call, flows: list[Workflow]) -> None:
    """Workflows a change set off run inside the same hit, after the change is stored."""
    call.later.extend(partial(run, call.world, call.portal, flow) for flow in flows)


def _kind(call: Call) -> Kind:
    return kind_or_refuse(call.portal, call.integer("entityTypeId"))


def _original(call: Call) -> bool:
    return yes(call.params.get("useOriginalUfNames"))
