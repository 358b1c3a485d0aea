"""Control of the CRM: what people do with items by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.bizproc_store import Workflow
from sandbox.crm_items import change, create, item_or_refuse, kind_or_refuse, shown, written
from sandbox.engine import run
from sandbox.portal import Portal

if TYPE_CHECKING:
    from sandbox.outside import Outside


def items(outside: Outside, wish: dict[str, Any], member_id: str) -> Any:
    """GET /control/portals/<member_id>/items?entityTypeId=2"""
    portal = outside.world.portal(member_id)
    with portal.lock:
        kind = kind_or_refuse(portal, int(wish["entityTypeId"]))
        return [_whole(portal, kind.entity_type_id, item_id) for item_id in portal.crm.items[kind.entity_type_id]]


def add(outside: Outside, wish: dict[str, Any], member_id: str) -> Any:
    """POST /control/portals/<member_id>/items"""
    portal = outside.world.portal(member_id)
    with portal.lock:
        kind = kind_or_refuse(portal, int(wish["entityTypeId"]))
        fields = dict(wish.get("fields", {}))
        if "opportunity" in fields and not wish.get("rows"):
            fields.setdefault("isManualOpportunity", "Y")
        values = written(portal, kind, fields, original_names=True)
        item, flows = create(outside.world, portal, kind, values, int(wish.get("user_id", 1)))
    run_all(outside, portal, flows)
    with portal.lock:
        return _whole(portal, kind.entity_type_id, item.id)


def move(outside: Outside, wish: dict[str, Any], member_id: str, entity_type_id: int, item_id: int) -> Any:
    """POST /control/portals/<member_id>/items/<entityTypeId>/<id>/move"""
    portal = outside.world.portal(member_id)
    with portal.lock:
        kind = kind_or_refuse(portal, entity_type_id)
        item = item_or_refuse(portal, kind, item_id)
        flows = change(outside.world, portal, kind, item, {"stageId": str(wish["stage"])}, int(wish.get("user_id", 1)))
    run_all(outside, portal, flows)
    return {"workflows": [flow.id for flow in flows]}


def run_all(outside: Outside, portal: Portal, flows: list[Workflow]) -> None:
    for flow in flows:
        run(outside.world, portal, flow)


def _whole(portal: Portal, entity_type_id: int, item_id: int) -> dict[str, Any]:
    kind = portal.kind(entity_type_id)
    item = item_or_refuse(portal, kind, item_id)
    rows = [{"id": row.id, **row.values} for row in item.rows]
    return shown(portal, kind, item, original_names=True) | {"rows": rows}
