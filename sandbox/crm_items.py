"""CRM items: created, changed and removed with everything that follows from it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from sandbox.automation import set_off
from sandbox.bizproc_store import Workflow
from sandbox.call import as_list, yes
from sandbox.crm_fields import Field, disabled_fields, fields_of, read_value, show_value
from sandbox.crm_store import Item, Status
from sandbox.errors import RestError, not_found
from sandbox.events import emit
from sandbox.kinds import INVOICE, Kind
from sandbox.portal import Portal
from sandbox.world import World


def kind_or_refuse(portal: Portal, entity_type_id: int) -> Kind:
    """The kind of an existing entity type; old invoices and smart processes nobody made are refused."""
    if entity_type_id in (1, 2, 3, 4, 7, 31) or entity_type_id in portal.crm.types:
        return portal.kind(entity_type_id)
    if entity_type_id == 5:
        raise RestError(400, "ENTITY_TYPE_NOT_SUPPORTED", "Entity type 5 is not supported")
    raise not_found("Smart process not found")


def item_or_refuse(portal: Portal, kind: Kind, item_id: int) -> Item:
    item = portal.crm.item(kind.entity_type_id, item_id)
    if item is None:
        raise not_found("Element not found")
    return item


def written(portal: Portal, kind: Kind, given: dict[str, Any], original_names: bool) -> dict[str, Any]:
    """The values of the fields a client may write; names the kind does not have are dropped without a word."""
    by_name: dict[str, Field] = {}
    for one in fields_of(portal, kind).values():
        by_name[one.name if original_names and one.custom else one.shown] = one
    values: dict[str, Any] = {}
    for name, value in given.items():
        known = by_name.get(name)
        if known is not None and not known.read_only:
            values[known.name] = read_value(portal, known, value)
    return values


def create(
    world: World, portal: Portal, kind: Kind, values: dict[str, Any], user_id: int
) -> tuple[Item, list[Workflow]]:
    """A new item with the portal's defaults, and the workflows it set off."""
    now = world.clock.now()
    item = Item(kind.entity_type_id, portal.crm.next_id(f"item {kind.entity_type_id}"), {})
    item.values = {
        "id": item.id,
        "createdTime": now,
        "updatedTime": now,
        "movedTime": now,
        "createdBy": user_id,
        "updatedBy": user_id,
        "movedBy": user_id,
        "assignedById": user_id,
        "opened": True,
        **_defaults(world, portal, kind),
        **{name: value for name, value in values.items() if value is not None},
    }
    if not item.values.get("title"):
        item.values["title"] = f"{kind.title} #{item.id}"
    if kind.entity_type_id == INVOICE:
        item.values["accountNumber"] = str(item.id)
    _settle_client(item, values)
    _settle_stage(portal, kind, item, values)
    settle_sum(portal, item)
    portal.crm.items[kind.entity_type_id][item.id] = item
    flows = set_off(world, portal, item, user_id, created=True, moved=True)
    _tell(world, portal, kind, item.id, "ADD", user_id)
    return item, flows


def change(
    world: World,
    portal: Portal,
    kind: Kind,
    item: Item,
    values: dict[str, Any],
    user_id: int,
    by: Workflow | None = None,
) -> list[Workflow]:
    """Write values; a write that changes nothing leaves no trace. Gives the workflows it set off."""
    if all(item.values.get(name) == value for name, value in values.items()):
        return []
    kept = dict(item.values)
    previous = kept.get("stageId")
    item.values.update(values)
    try:
        _settle_client(item, values)
        _settle_stage(portal, kind, item, values)
    except RestError:
        item.values = kept
        raise
    settle_sum(portal, item)
    now = world.clock.now()
    item.values |= {"updatedTime": now, "updatedBy": user_id}
    moved = item.values.get("stageId") != previous
    if moved:
        item.values |= {"movedTime": now, "movedBy": user_id, "previousStageId": previous}
    flows = set_off(world, portal, item, user_id, created=False, moved=moved, but=by)
    _tell(world, portal, kind, item.id, "UPDATE", None if by else user_id)
    return flows


def remove(world: World, portal: Portal, kind: Kind, item: Item, user_id: int) -> None:
    """Delete an item; its workflows are found dead when somebody answers them."""
    del portal.crm.items[kind.entity_type_id][item.id]
    _tell(world, portal, kind, item.id, "DELETE", user_id)


def write_from_workflow(world: World, portal: Portal, flow: Workflow, fields: dict[str, Any]) -> list[Workflow]:
    """A workflow changes its own document, by upper-case or REST names."""
    item = portal.crm.item(flow.entity_type_id, flow.item_id)
    if item is None:
        return []
    kind = portal.kind(flow.entity_type_id)
    values: dict[str, Any] = {}
    for one in fields_of(portal, kind).values():
        for name in (one.upper, one.name):
            if name in fields:
                values[one.name] = read_value(portal, one, fields[name])
    return change(world, portal, kind, item, values, flow.started_by, by=flow)


def shown(
    portal: Portal, kind: Kind, item: Item, original_names: bool, select: list[str] | None = None
) -> dict[str, Any]:
    """An item as REST gives it back."""
    answer: dict[str, Any] = {}
    everything = not select or "*" in select
    for one in fields_of(portal, kind).values():
        name = one.name if original_names and one.custom else one.shown
        if everything or (select and (name in select or one.upper in select or (one.custom and "UF_*" in select))):
            answer[name] = show_value(portal, one, item.values.get(one.name))
        if one.type == "crm_multifield" and name in answer:
            answer |= _first_contacts(item.values.get(one.name) or [])
    answer["id"] = item.id
    if everything:
        answer |= dict.fromkeys(disabled_fields(portal, kind))
        answer["entityTypeId"] = item.entity_type_id
    return answer


def stages(portal: Portal, kind: Kind, category_id: int) -> list[Status]:
    """The stages of a funnel in their order."""
    entity = stage_entity(kind, category_id)
    return sorted((one for one in portal.crm.statuses if one.entity_id == entity), key=lambda one: (one.sort, one.id))


def stage_entity(kind: Kind, category_id: int) -> str:
    match kind.name:
        case "LEAD":
            return "STATUS"
        case "DEAL":
            return f"DEAL_STAGE_{category_id}" if category_id else "DEAL_STAGE"
        case "QUOTE":
            return "QUOTE_STATUS"
        case "SMART_INVOICE":
            return f"SMART_INVOICE_STAGE_{category_id}"
    return f"DYNAMIC_{kind.entity_type_id}_STAGE_{category_id}"


def settle_sum(portal: Portal, item: Item) -> None:
    """The sum follows product rows unless it is set by hand."""
    values = item.values
    if "isManualOpportunity" not in values or yes(values["isManualOpportunity"]):
        return
    if item.rows or portal.switch("rows_drive_sum"):
        values["opportunity"] = sum(
            (Decimal(str(row.values["price"])) * Decimal(str(row.values["quantity"])) for row in item.rows), Decimal(0)
        ).quantize(Decimal("0.01"))


def _first_contacts(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """The first phone and address of a client, as REST shows them beside the whole list."""
    first: dict[str, Any] = {"hasPhone": "N", "hasEmail": "N", "phone": None, "email": None}
    for entry in reversed(entries):
        kind = str(entry.get("typeId", "")).lower()
        if kind in ("phone", "email"):
            first |= {kind: entry.get("value"), f"has{kind.capitalize()}": "Y"}
    return first


def _defaults(world: World, portal: Portal, kind: Kind) -> dict[str, Any]:
    if not kind.stage_field:
        return {}
    today = portal.local(world.clock.now()).date()
    return {
        "opportunity": Decimal(0),
        "isManualOpportunity": False,
        "taxValue": Decimal(0),
        "currencyId": portal.traits.currency,
        "begindate": today,
        "closedate": today + timedelta(days=7),
    }


def _settle_client(item: Item, values: dict[str, Any]) -> None:
    """The first contact and the list of contacts say the same."""
    if values.get("contactIds"):
        item.values["contactId"] = as_list(values["contactIds"])[0]
    elif "contactId" in values:
        item.values["contactIds"] = [values["contactId"]] if values["contactId"] else []


def _settle_stage(portal: Portal, kind: Kind, item: Item, values: dict[str, Any]) -> None:
    """A stage belongs to the item's funnel; a new item without one begins at the first."""
    if not kind.stage_field:
        return
    category = item.values.get("categoryId")
    if category is None and kind.name not in ("LEAD", "QUOTE"):
        own = [one for one in portal.crm.categories if one.entity_type_id == kind.entity_type_id]
        category = next((one.id for one in own if one.default), own[0].id if own else 0)
        item.values["categoryId"] = category
    known = {one.status_id: one for one in stages(portal, kind, category or 0)}
    stage = item.values.get("stageId")
    if stage is None or ("categoryId" in values and "stageId" not in values and stage not in known):
        stage = next(iter(known), "")
        item.values["stageId"] = stage
    if stage not in known:
        raise RestError(400, "CRM_FIELD_ERROR_VALUE_NOT_VALID", f'Field "stageId" has an invalid value: {stage}.')
    if kind.name == "DEAL":
        semantics = known[stage].semantics
        item.values |= {"stageSemanticId": semantics or "P", "closed": bool(semantics)}


def _tell(world: World, portal: Portal, kind: Kind, item_id: int, act: str, user_id: int | None) -> None:
    fields: dict[str, Any] = {"ID": item_id}
    event = f"{kind.event}{act}"
    if kind.dynamic:
        fields["ENTITY_TYPE_ID"] = kind.entity_type_id
        emit(world, portal, f"{event}_{kind.entity_type_id}", {"FIELDS": fields}, user_id)
    emit(world, portal, event, {"FIELDS": fields}, user_id)
