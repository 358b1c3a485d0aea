"""Control of the CRM: what people do with items by hand, and what they see."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from sandbox.bizproc_store import Workflow
from sandbox.crm_items import change, create, item_or_refuse, kind_or_refuse, remove, settle_sum, shown, stages, written
from sandbox.crm_rows import shown_row, write_rows
from sandbox.crm_store import PlacedTrigger
from sandbox.engine import run
from sandbox.errors import ControlError
from sandbox.portal import Portal

if TYPE_CHECKING:
    from sandbox.outside import Outside


def items(outside: Outside, wish: dict[str, Any], member_id: str) -> Any:
    """GET /control/portals/<member_id>/items?entityTypeId=2"""
    portal = outside.world.portal(member_id)
    with portal.lock:
        kind = kind_or_refuse(portal, int(wish["entityTypeId"]))
        return [whole(portal, kind.entity_type_id, item_id) for item_id in portal.crm.items[kind.entity_type_id]]


def item(outside: Outside, _wish: dict[str, Any], member_id: str, entity_type_id: int, item_id: int) -> Any:
    """GET /control/portals/<member_id>/items/<entityTypeId>/<id>"""
    portal = outside.world.portal(member_id)
    with portal.lock:
        return whole(portal, entity_type_id, item_id)


def add(outside: Outside, wish: dict[str, Any], member_id: str) -> Any:
    """POST /control/portals/<member_id>/items: a sum without product rows counts as set by hand."""
    portal = outside.world.portal(member_id)
    with portal.lock:
        kind = kind_or_refuse(portal, int(wish["entityTypeId"]))
        fields, rows = dict(wish.get("fields", {})), wish.get("rows", [])
        if "opportunity" in fields and not rows:
            fields.setdefault("isManualOpportunity", "Y")
        values = written(portal, kind, fields, original_names=True)
        if unknown := [name for name in fields if name not in values]:
            raise ControlError(f"{kind.name} has no field {', '.join(unknown)}")
        made, flows = create(outside.world, portal, kind, values, int(wish.get("user_id", 1)))
        if rows:
            write_rows(partial(portal.crm.next_id, "row"), made, rows)
            settle_sum(portal, made)
    run_all(outside, portal, flows)
    with portal.lock:
        return whole(portal, kind.entity_type_id, made.id)


def write(outside: Outside, wish: dict[str, Any], member_id: str, entity_type_id: int, item_id: int) -> Any:
    """POST /control/portals/<member_id>/items/<entityTypeId>/<id>: a person edits the card."""
    portal = outside.world.portal(member_id)
    with portal.lock:
        kind = kind_or_refuse(portal, entity_type_id)
        found = item_or_refuse(portal, kind, item_id)
        values = written(portal, kind, dict(wish.get("fields", {})), original_names=True)
        flows = change(outside.world, portal, kind, found, values, int(wish.get("user_id", 1)))
        if "rows" in wish:
            write_rows(partial(portal.crm.next_id, "row"), found, wish["rows"])
            settle_sum(portal, found)
    run_all(outside, portal, flows)
    with portal.lock:
        return whole(portal, entity_type_id, item_id)


def delete(outside: Outside, wish: dict[str, Any], member_id: str, entity_type_id: int, item_id: int) -> Any:
    """DELETE /control/portals/<member_id>/items/<entityTypeId>/<id>"""
    portal = outside.world.portal(member_id)
    with portal.lock:
        kind = kind_or_refuse(portal, entity_type_id)
        found = item_or_refuse(portal, kind, item_id)
        remove(outside.world, portal, kind, found, int(wish.get("user_id", 1)))
    return {"deleted": True}


def move(outside: Outside, wish: dict[str, Any], member_id: str, entity_type_id: int, item_id: int) -> Any:
    """POST /control/portals/<member_id>/items/<entityTypeId>/<id>/move"""
    portal = outside.world.portal(member_id)
    with portal.lock:
        kind = kind_or_refuse(portal, entity_type_id)
        found = item_or_refuse(portal, kind, item_id)
        values = {"stageId": str(wish["stage"])}
        flows = change(outside.world, portal, kind, found, values, int(wish.get("user_id", 1)))
    run_all(outside, portal, flows)
    return {"workflows": [flow.id for flow in flows]}


def types(outside: Outside, _wish: dict[str, Any], member_id: str) -> Any:
    """GET /control/portals/<member_id>/types: its smart processes"""
    portal = outside.world.portal(member_id)
    with portal.lock:
        return [{"entityTypeId": one.entity_type_id, "title": one.title} for one in portal.crm.types.values()]


def stage_list(outside: Outside, wish: dict[str, Any], member_id: str) -> Any:
    """GET /control/portals/<member_id>/stages?entityTypeId=31"""
    portal = outside.world.portal(member_id)
    with portal.lock:
        kind = kind_or_refuse(portal, int(wish["entityTypeId"]))
        own = [one.id for one in portal.crm.categories if one.entity_type_id == kind.entity_type_id] or [0]
        return [
            {"category": number, "stage": one.status_id, "name": one.name, "semantics": one.semantics}
            for number in own
            for one in stages(portal, kind, number)
        ]


def triggers(outside: Outside, _wish: dict[str, Any], member_id: str) -> Any:
    """GET /control/portals/<member_id>/triggers"""
    crm = outside.world.portal(member_id).crm
    return {"registered": [vars(one) for one in crm.triggers], "placed": [vars(one) for one in crm.placed_triggers]}


def place_trigger(outside: Outside, wish: dict[str, Any], member_id: str) -> Any:
    """POST /control/portals/<member_id>/triggers: executing `code` moves an item to `stage`."""
    portal = outside.world.portal(member_id)
    with portal.lock:
        known = next((one for one in portal.crm.triggers if one.code == wish["code"]), None)
        if known is None:
            raise ControlError(f"No trigger {wish['code']} is registered", 404)
        placed = PlacedTrigger(int(wish.get("entityTypeId", 2)), str(wish["stage"]), known.code, known.client_id)
        portal.crm.placed_triggers.append(placed)
        return vars(placed)


def todos(outside: Outside, _wish: dict[str, Any], member_id: str) -> Any:
    """GET /control/portals/<member_id>/todos"""
    return [_dated(one) for one in outside.world.portal(member_id).crm.activities]


def comments(outside: Outside, _wish: dict[str, Any], member_id: str) -> Any:
    """GET /control/portals/<member_id>/comments"""
    return [_dated(one) for one in outside.world.portal(member_id).crm.comments]


def notices(outside: Outside, _wish: dict[str, Any], member_id: str) -> Any:
    """GET /control/portals/<member_id>/notices"""
    return [_dated(one) for one in outside.world.portal(member_id).notices]


def run_all(outside: Outside, portal: Portal, flows: list[Workflow]) -> None:
    for flow in flows:
        run(outside.world, portal, flow)


def whole(portal: Portal, entity_type_id: int, item_id: int) -> dict[str, Any]:
    """An item with its own names of custom fields and its product rows."""
    kind = kind_or_refuse(portal, entity_type_id)
    found = item_or_refuse(portal, kind, item_id)
    rows = [shown_row(found, row) for row in found.rows]
    return shown(portal, kind, found, original_names=True) | {"rows": rows}


def _dated(one: Any) -> dict[str, Any]:
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in vars(one).items()}
