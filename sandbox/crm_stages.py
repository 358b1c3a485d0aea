"""crm.category.* and crm.status.*: funnels, their stages and other directories."""

from __future__ import annotations

import re
from typing import Any

from sandbox.call import Call, as_list, paged, yes
from sandbox.crm_items import kind_or_refuse, stage_entity
from sandbox.crm_seed import open_funnel
from sandbox.crm_store import Category, Status
from sandbox.errors import RestError, access_denied, not_found
from sandbox.kinds import Kind

_RANK = {"": 0, "S": 1, "F": 2}
LONGEST_DEAL_CODE = 21


def add_category(call: Call) -> Any:
    """crm.category.add"""
    kind, fields = _funnel_kind(call), call.mapping("fields")
    if not call.caller.user.admin:
        raise access_denied()
    if not fields.get("name"):
        raise RestError(400, "0", "Field 'NAME' is required")
    default = yes(fields.get("isDefault"))
    if default:
        for other in _categories(call, kind):
            other.default = False
    category = open_funnel(call.portal, kind, str(fields["name"]), int(str(fields.get("sort") or 500)), default)
    return {"category": _category(category)}


def update_category(call: Call) -> Any:
    """crm.category.update"""
    category, fields = _one_category(call), call.mapping("fields")
    category.name = str(fields.get("name") or category.name)
    category.sort = int(str(fields.get("sort") or category.sort))
    return {"category": _category(category)}


def get_category(call: Call) -> Any:
    """crm.category.get"""
    return {"category": _category(_one_category(call))}


def list_categories(call: Call) -> Any:
    """crm.category.list"""
    found = sorted(_categories(call, _funnel_kind(call)), key=lambda one: (one.sort, one.id))
    shown = [_category(one) for one in found]
    return paged(shown, call.params.get("start"), lambda page: {"categories": page})


def delete_category(call: Call) -> Any:
    """crm.category.delete: a funnel with items or the last one stays."""
    category = _one_category(call)
    items = call.portal.crm.items[category.entity_type_id].values()
    if category.default or any(item.values.get("categoryId") == category.id for item in items):
        raise RestError(400, "0", "The funnel is in use")
    call.portal.crm.categories.remove(category)
    return None


def add_status(call: Call) -> Any:
    """crm.status.add: the funnel's prefix is put before STATUS_ID."""
    fields = {str(key).upper(): value for key, value in as_fields(call).items()}
    for name in ("ENTITY_ID", "STATUS_ID", "NAME"):
        if not fields.get(name):
            raise RestError(400, "", f"The field {name} is required.")
    entity, code = str(fields["ENTITY_ID"]), str(fields["STATUS_ID"])
    known = next((one for one in _entities(call) if one["ID"] == entity), None)
    if known is None:
        raise RestError(400, "", "The ENTITY_ID is unknown.")
    prefix = str(known["PREFIX"])
    if entity.startswith(("DEAL_STAGE", "STATUS")) and len(code) > LONGEST_DEAL_CODE:
        raise RestError(400, "", "The field STATUS_ID is too long.")
    status_id = code if not prefix or code.startswith(f"{prefix}:") else f"{prefix}:{code}"
    if any((one.entity_id, one.status_id) == (entity, status_id) for one in call.portal.crm.statuses):
        raise RestError(400, "ERROR_CORE", "Status with this STATUS_ID already exists.")
    status = Status(
        call.portal.crm.next_id("status"),
        entity,
        status_id,
        str(fields["NAME"]),
        int(str(fields.get("SORT") or 500)),
        str(fields.get("COLOR") or ""),
        str(fields.get("SEMANTICS") or ""),
        known["CATEGORY_ID"],
        system=False,
    )
    _check_order(call, status)
    call.portal.crm.statuses.append(status)
    return status.id


def update_status(call: Call) -> Any:
    """crm.status.update"""
    status = _one_status(call)
    fields = {str(key).upper(): value for key, value in as_fields(call).items()}
    status.name = str(fields.get("NAME") or status.name)
    status.sort = int(str(fields.get("SORT") or status.sort))
    status.color = str(fields.get("COLOR") or status.color)
    return True


def delete_status(call: Call) -> Any:
    """crm.status.delete"""
    status = _one_status(call)
    if status.system and not yes(call.upper().get("PARAMS", {}).get("FORCED", "N")):
        raise RestError(400, "", "System status can't be deleted")
    call.portal.crm.statuses.remove(status)
    return True


def get_status(call: Call) -> Any:
    """crm.status.get"""
    return _status(_one_status(call))


def list_statuses(call: Call) -> Any:
    """crm.status.list"""
    given = call.upper()
    conditions = given.get("FILTER") or {}
    found = [one for one in call.portal.crm.statuses if all(_meets(one, *pair) for pair in conditions.items())]
    found.sort(key=lambda one: (one.entity_id, one.sort, one.id))
    return paged([_status(one) for one in found], given.get("START"))


def entity_types(call: Call) -> Any:
    """crm.status.entity.types"""
    return _entities(call)


def entity_items(call: Call) -> Any:
    """crm.status.entity.items"""
    entity = str(call.upper().get("ENTITYID") or "")
    found = [one for one in call.portal.crm.statuses if one.entity_id == entity]
    found.sort(key=lambda one: (one.sort, one.id))
    return [{"NAME": one.name, "SORT": one.sort, "STATUS_ID": one.status_id} for one in found]


def as_fields(call: Call) -> dict[str, Any]:
    return call.mapping("fields", call.upper().get("FIELDS"))


def _entities(call: Call) -> list[dict[str, Any]]:
    portal = call.portal
    entities: list[dict[str, Any]] = [
        {"ID": name, "NAME": name, "PREFIX": "", "ENTITY_TYPE_ID": number, "CATEGORY_ID": None}
        for name, number in (("STATUS", 1), ("SOURCE", None), ("DEAL_TYPE", 2), ("QUOTE_STATUS", 7))
    ]
    for category in portal.crm.categories:
        kind = portal.kind(category.entity_type_id)
        prefix = f"C{category.id}" if kind.entity_type_id == 2 else f"DT{kind.entity_type_id}_{category.id}"
        entities.append(
            {
                "ID": stage_entity(kind, category.id),
                "NAME": category.name,
                "PREFIX": prefix if category.id else "",
                "ENTITY_TYPE_ID": kind.entity_type_id,
                "CATEGORY_ID": category.id,
            }
        )
    return entities


def _check_order(call: Call, new: Status) -> None:
    """Stages in work come before success, success before failure."""
    for other in call.portal.crm.statuses:
        if other.entity_id != new.entity_id or not re.search(r"STAGE|STATUS", new.entity_id):
            continue
        first, second = sorted((new, other), key=lambda one: one.sort)
        if first.sort != second.sort and _RANK[first.semantics] > _RANK[second.semantics]:
            raise RestError(400, "", "The field SORT does not fit the SEMANTICS of the stage.")


def _meets(status: Status, key: str, value: Any) -> bool:
    own = _status(status)
    name = str(key).lstrip("=@").upper()
    return name not in own or str(own[name]) in [str(one) for one in as_list(value)]


def _one_status(call: Call) -> Status:
    wanted = str(call.upper().get("ID") or "")
    found = next((one for one in call.portal.crm.statuses if str(one.id) == wanted), None)
    if found is None:
        raise RestError(400, "", "CRM Status is not found.")
    return found


def _status(one: Status) -> dict[str, Any]:
    meaning = {"": "process", "S": "success", "F": "failure"}[one.semantics]
    return {
        "ID": str(one.id),
        "ENTITY_ID": one.entity_id,
        "STATUS_ID": one.status_id,
        "NAME": one.name,
        "NAME_INIT": one.name if one.system else "",
        "SORT": str(one.sort),
        "SYSTEM": "Y" if one.system else "N",
        "CATEGORY_ID": str(one.category_id) if one.category_id else None,
        "COLOR": one.color,
        "SEMANTICS": one.semantics or None,
        "EXTRA": {"SEMANTICS": meaning, "COLOR": one.color},
    }


def _funnel_kind(call: Call) -> Kind:
    kind = kind_or_refuse(call.portal, call.integer("entityTypeId"))
    if kind.entity_type_id in (1, 7):
        raise RestError(400, "ENTITY_TYPE_NOT_SUPPORTED", f"Entity type {kind.name} is not supported")
    return kind


def _categories(call: Call, kind: Kind) -> list[Category]:
    return [one for one in call.portal.crm.categories if one.entity_type_id == kind.entity_type_id]


def _one_category(call: Call) -> Category:
    wanted = call.integer("id")
    found = next((one for one in _categories(call, _funnel_kind(call)) if one.id == wanted), None)
    if found is None:
        raise not_found()
    return found


def _category(one: Category) -> dict[str, Any]:
    shown = {"id": one.id, "name": one.name, "sort": one.sort, "entityTypeId": one.entity_type_id}
    origin = {"originId": "", "originatorId": ""} if one.entity_type_id == 2 else {}
    return shown | {"isDefault": "Y" if one.default else "N"} | origin
