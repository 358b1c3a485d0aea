"""crm.type.*: smart processes."""

from __future__ import annotations

from typing import Any

from sandbox.call import Call, as_list, as_map, paged, yes
from sandbox.crm_seed import open_funnel
from sandbox.crm_store import DynamicType
from sandbox.errors import RestError, access_denied, not_found
from sandbox.portal import Portal

FLAGS = (
    "isCategoriesEnabled",
    "isStagesEnabled",
    "isBeginCloseDatesEnabled",
    "isClientEnabled",
    "isUseInUserfieldEnabled",
    "isLinkWithProductsEnabled",
    "isMycompanyEnabled",
    "isDocumentsEnabled",
    "isSourceEnabled",
    "isObserversEnabled",
    "isRecyclebinEnabled",
    "isAutomationEnabled",
    "isBizProcEnabled",
    "isSetOpenPermissions",
    "isPaymentsEnabled",
    "isCountersEnabled",
)
_FIRST_FREE = 1030


def add(call: Call) -> Any:
    """crm.type.add: the new type has one funnel with stages."""
    if not call.caller.user.admin:
        raise access_denied()
    fields = call.mapping("fields")
    if not fields.get("title"):
        raise RestError(400, "0", "Field 'TITLE' is required")
    dynamic = DynamicType(
        id=call.portal.crm.next_id("type"),
        entity_type_id=_entity_type_id(call.portal, fields.get("entityTypeId")),
        title=str(fields["title"]),
        flags={name: "Y" if yes(fields.get(name)) else "N" for name in FLAGS},
        relations=_relations(fields.get("relations")),
        linked_user_fields=_linked(fields.get("linkedUserFields")),
    )
    call.portal.crm.types[dynamic.entity_type_id] = dynamic
    name = "Общая" if call.portal.traits.language == "ru" else "Common"
    open_funnel(call.portal, call.portal.kind(dynamic.entity_type_id), name, default=True)
    return {"type": _shown(call, dynamic)}


def update(call: Call) -> Any:
    """crm.type.update"""
    if not call.caller.user.admin:
        raise access_denied()
    dynamic, fields = _by_id(call), call.mapping("fields")
    dynamic.title = str(fields.get("title") or dynamic.title)
    dynamic.flags.update({name: "Y" if yes(fields[name]) else "N" for name in FLAGS if name in fields})
    if "relations" in fields:
        dynamic.relations = _relations(fields["relations"])
    if "linkedUserFields" in fields:
        dynamic.linked_user_fields.update(_linked(fields["linkedUserFields"]))
    return {"type": _shown(call, dynamic)}


def get(call: Call) -> Any:
    """crm.type.get"""
    return {"type": _shown(call, _by_id(call))}


def get_by_entity_type_id(call: Call) -> Any:
    """crm.type.getByEntityTypeId"""
    dynamic = call.portal.crm.types.get(call.integer("entityTypeId"))
    if dynamic is None:
        raise not_found("Smart process not found")
    return {"type": _shown(call, dynamic)}


def delete(call: Call) -> Any:
    """crm.type.delete: only a type without items goes."""
    if not call.caller.user.admin:
        raise access_denied()
    dynamic = _by_id(call)
    if call.portal.crm.items[dynamic.entity_type_id]:
        raise RestError(400, "0", "The type still has items")
    del call.portal.crm.types[dynamic.entity_type_id]
    return None


def list_types(call: Call) -> Any:
    """crm.type.list"""
    conditions = {str(key).lstrip("=").lower(): str(value) for key, value in call.mapping("filter").items()}
    known = ("id", "title", "entitytypeid")
    found = [
        dynamic
        for dynamic in call.portal.crm.types.values()
        if all(_plain(dynamic, name) == value for name, value in conditions.items() if name in known)
    ]
    shown = [_shown(call, dynamic) for dynamic in found]
    return paged(shown, call.params.get("start"), lambda page: {"types": page})


def fields(_call: Call) -> Any:
    """crm.type.fields"""
    names = {"id": "integer", "title": "string", "entityTypeId": "integer", "relations": "relations"}
    names |= dict.fromkeys(FLAGS, "boolean")
    described = {
        name: {"type": kind, "isRequired": name == "title", "isReadOnly": name == "id", "title": name}
        for name, kind in names.items()
    }
    return {"fields": described}


def _plain(dynamic: DynamicType, name: str) -> str:
    return {"id": str(dynamic.id), "title": dynamic.title, "entitytypeid": str(dynamic.entity_type_id)}[name]


def _by_id(call: Call) -> DynamicType:
    wanted = call.integer("id")
    found = next((one for one in call.portal.crm.types.values() if one.id == wanted), None)
    if found is None:
        raise not_found("Smart process not found")
    return found


def _entity_type_id(portal: Portal, given: Any) -> int:
    taken = portal.crm.types
    if given in (None, "", 0, "0"):
        return next(number for number in range(_FIRST_FREE, 100_000, 2) if number not in taken)
    number = int(str(given)) if str(given).isdigit() else 0
    if not 128 <= number <= 192 and (number < _FIRST_FREE or number % 2):
        raise RestError(400, "INVALID_ARG_VALUE", "entityTypeId is out of allowed range")
    if number in taken:
        raise RestError(400, "INVALID_ARG_VALUE", f"entityTypeId {number} is already taken")
    return number


def _relations(given: Any) -> dict[str, Any]:
    """Parents and children; `isChildrenListEnabled` counts only as "true", Y is not understood there."""
    relations: dict[str, Any] = {}
    for side in ("parent", "child"):
        relations[side] = [
            {
                "entityTypeId": int(str(one["entityTypeId"])),
                "isChildrenListEnabled": "Y" if _true(one.get("isChildrenListEnabled")) else "N",
                "isPredefined": "N",
            }
            for one in as_list(as_map(given, "relations").get(side))
        ]
    return relations


def _linked(given: Any) -> dict[str, str]:
    return {str(name): "Y" if _true(value) else "N" for name, value in as_map(given, "linkedUserFields").items()}


def _true(value: Any) -> bool:
    return value is True or value == "true"


def _shown(call: Call, dynamic: DynamicType) -> dict[str, Any]:
    moment = call.portal.local(call.world.clock.now()).isoformat(timespec="seconds")
    return {
        "id": dynamic.id,
        "createdBy": 1,
        "entityTypeId": dynamic.entity_type_id,
        **dynamic.flags,
        "createdTime": moment,
        "updatedTime": moment,
        "updatedBy": 1,
        "title": dynamic.title,
        "relations": {side: dynamic.relations.get(side, []) for side in ("parent", "child")},
        "linkedUserFields": dynamic.linked_user_fields,
        "customSections": [],
        "customSectionId": None,
    }
