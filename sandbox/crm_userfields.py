"""userfieldconfig.*: custom fields of CRM items."""

from __future__ import annotations

import re
from typing import Any

from sandbox.call import Call, as_list, as_map, paged, yes
from sandbox.crm_store import UserField
from sandbox.errors import RestError, bad_argument
from sandbox.kinds import fixed_kinds

TYPES = (
    "string",
    "integer",
    "double",
    "boolean",
    "date",
    "datetime",
    "money",
    "url",
    "address",
    "file",
    "enumeration",
    "employee",
    "crm",
    "crm_status",
    "iblock_element",
    "iblock_section",
)
_NAME = re.compile(r"UF_CRM_[A-Z0-9_]+")
LONGEST_NAME = 50


def add(call: Call) -> Any:
    """userfieldconfig.add: of the labels only editFormLabel is kept, as on a real portal."""
    _check_module(call)
    given = call.mapping("field")
    entity_id, name = str(given.get("entityId", "")), str(given.get("fieldName", ""))
    type_id = str(given.get("userTypeId", ""))
    _check_entity(call, entity_id)
    if not _NAME.fullmatch(name) or len(name) > LONGEST_NAME or not name.startswith(_prefix(entity_id)):
        raise RestError(400, "", "You cannot create custom fields")
    if type_id not in TYPES:
        raise RestError(400, "", f"Invalid custom type: {type_id}")
    known = call.portal.crm.user_fields.values()
    if any((one.entity_id, one.name) == (entity_id, name) for one in known):
        raise RestError(400, "", f"Field {name} for {entity_id} already exists.")
    field = UserField(
        id=call.portal.crm.next_id("user field"),
        entity_id=entity_id,
        name=name,
        type=type_id,
        multiple=yes(given.get("multiple")),
        mandatory=yes(given.get("mandatory")),
        sort=int(str(given.get("sort") or 100)),
        settings=as_map(given.get("settings"), "settings"),
        labels=_labels(given.get("editFormLabel")),
        xml_id=str(given.get("xmlId") or ""),
        show_filter="Y" if given.get("showFilter") not in (None, "", "N") else "N",
    )
    field.enum = [_option(call, one, number) for number, one in enumerate(as_list(given.get("enum")), start=1)]
    call.portal.crm.user_fields[field.id] = field
    return {"field": _shown(field)}


def update(call: Call) -> Any:
    """userfieldconfig.update"""
    _check_module(call)
    field, given = _found(call), call.mapping("field")
    if "editFormLabel" in given:
        field.labels = _labels(given["editFormLabel"])
    if "settings" in given:
        field.settings |= as_map(given["settings"], "settings")
    if "mandatory" in given:
        field.mandatory = yes(given["mandatory"])
    if "sort" in given:
        field.sort = int(str(given["sort"]))
    if "enum" in given:
        field.enum = [_option(call, one, number) for number, one in enumerate(as_list(given["enum"]), start=1)]
    return {"field": _shown(field)}


def get(call: Call) -> Any:
    """userfieldconfig.get"""
    _check_module(call)
    return {"field": _shown(_found(call))}


def delete(call: Call) -> Any:
    """userfieldconfig.delete"""
    _check_module(call)
    del call.portal.crm.user_fields[_found(call).id]
    return None


def list_fields(call: Call) -> Any:
    """userfieldconfig.list"""
    _check_module(call)
    conditions = call.mapping("filter")
    found = [
        one for one in call.portal.crm.user_fields.values() if all(_meets(one, *pair) for pair in conditions.items())
    ]
    shown = [{key: value for key, value in _shown(one).items() if key != "enum"} for one in found]
    return paged(shown, call.params.get("start"), lambda page: {"fields": page})


def types(call: Call) -> Any:
    """userfieldconfig.getTypes"""
    _check_module(call)
    return {"types": {name: {"userTypeId": name, "description": name} for name in TYPES}}


def _check_module(call: Call) -> None:
    if call.params.get("moduleId") != "crm":
        raise bad_argument("Could not find value for parameter {moduleId}")


def _check_entity(call: Call, entity_id: str) -> None:
    fixed = {kind.user_field_entity for kind in fixed_kinds()}
    dynamic = {f"CRM_{one.id}" for one in call.portal.crm.types.values()}
    if entity_id not in fixed | dynamic:
        raise RestError(400, "", "You cannot create custom fields")


def _prefix(entity_id: str) -> str:
    """Fields of a smart process carry the type's id in their names."""
    number = entity_id.removeprefix("CRM_")
    return f"UF_CRM_{number}_" if number.isdigit() else "UF_CRM_"


def _found(call: Call) -> UserField:
    field = call.portal.crm.user_fields.get(call.integer("id"))
    if field is None:
        raise RestError(400, "", "Custom field not found")
    return field


def _meets(field: UserField, key: str, value: Any) -> bool:
    own = {"entityid": field.entity_id, "fieldname": field.name, "usertypeid": field.type, "id": str(field.id)}
    name = key.lstrip("=@%").lower()
    wanted = [str(one) for one in as_list(value)]
    return name not in own or own[name] in wanted


def _labels(given: Any) -> dict[str, str]:
    if isinstance(given, str):
        return {"ru": given, "en": given}
    return {str(language): str(text) for language, text in as_map(given, "editFormLabel").items()}


def _option(call: Call, given: dict[str, Any], number: int) -> dict[str, Any]:
    known = given.get("id")
    option_id = int(str(known)) if known else call.portal.crm.next_id("enum option")
    return {
        "id": option_id,
        "value": str(given.get("value", "")),
        "def": "Y" if yes(given.get("def")) else "N",
        "sort": str(given.get("sort") or number * 100),
        "xmlId": str(given.get("xmlId") or f"option{option_id}"),
    }


def _shown(field: UserField) -> dict[str, Any]:
    return {
        "id": str(field.id),
        "entityId": field.entity_id,
        "fieldName": field.name,
        "userTypeId": field.type,
        "xmlId": field.xml_id or None,
        "sort": str(field.sort),
        "multiple": "Y" if field.multiple else "N",
        "mandatory": "Y" if field.mandatory else "N",
        "showFilter": field.show_filter,
        "showInList": "Y",
        "editInList": "Y",
        "isSearchable": "N",
        "settings": field.settings or [],
        "languageId": {language: language for language in field.labels},
        "editFormLabel": field.labels,
        "listColumnLabel": None,
        "listFilterLabel": None,
        "errorMessage": None,
        "helpMessage": None,
        "enum": [one | {"id": str(one["id"]), "userFieldId": str(field.id)} for one in field.enum],
    }
