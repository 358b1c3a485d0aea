"""Fields of CRM items: names in both spellings, types, and how values are read and shown."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from sandbox.call import as_list, yes
from sandbox.crm_store import UserField
from sandbox.errors import RestError
from sandbox.kinds import COMPANY, CONTACT, DEAL, INVOICE, LEAD, QUOTE, Kind
from sandbox.portal import Portal


@dataclass(frozen=True)
class Field:
    """`name` is the key of an item's values; `shown` the camel-case spelling REST uses by default."""

    name: str
    upper: str
    type: str
    title: str = ""
    read_only: bool = False
    multiple: bool = False
    required: bool = False
    custom: bool = False
    enum: tuple[dict[str, Any], ...] = field(default=(), hash=False)

    @property
    def shown(self) -> str:
        return camel(self.name) if self.custom else self.name


_COMMON = {
    "id": "integer!",
    "xmlId": "string",
    "title": "string",
    "createdBy": "user!",
    "updatedBy": "user!",
    "movedBy": "user!",
    "createdTime": "datetime!",
    "updatedTime": "datetime!",
    "movedTime": "datetime!",
    "assignedById": "user",
    "opened": "boolean",
    "webformId": "integer",
    "sourceId": "crm_status",
    "sourceDescription": "text",
    "comments": "text",
    "observers": "user*",
    "originatorId": "string",
    "originId": "string",
}
_MONEY = {
    "opportunity": "double",
    "isManualOpportunity": "boolean",
    "taxValue": "double",
    "currencyId": "crm_currency",
}
_STAGED = {"stageId": "crm_status", "previousStageId": "crm_status!"}
_CLIENT = {"companyId": "crm_company", "contactId": "crm_contact", "contactIds": "crm_contact*"}
_DATES = {"begindate": "date", "closedate": "date"}
_PEOPLE = {"name": "string", "secondName": "string", "lastName": "string", "post": "string", "birthdate": "date"}
_OWN: dict[int, dict[str, str]] = {
    LEAD: _STAGED | _MONEY | _CLIENT | _PEOPLE | {"companyTitle": "string", "fm": "crm_multifield*"},
    DEAL: _STAGED
    | _MONEY
    | _CLIENT
    | _DATES
    | {"categoryId": "crm_category", "typeId": "crm_status", "probability": "integer", "closed": "boolean"}
    | {"stageSemanticId": "string!", "additionalInfo": "text", "leadId": "integer", "mycompanyId": "crm_company"},
    CONTACT: _PEOPLE
    | {"companyId": "crm_company", "companyIds": "crm_company*", "typeId": "crm_status"}
    | {"honorific": "crm_status", "fm": "crm_multifield*"},
    COMPANY: {"typeId": "crm_status", "industry": "crm_status", "isMyCompany": "boolean", "contactIds": "crm_contact*"}
    | {"fm": "crm_multifield*", "currencyId": "crm_currency"},
    QUOTE: _STAGED | _MONEY | _CLIENT | _DATES | {"quoteNumber": "string", "dealId": "integer", "leadId": "integer"},
}
_DYNAMIC = _STAGED | _MONEY | _CLIENT | _DATES | {"categoryId": "crm_category", "mycompanyId": "crm_company"}
_FLAGGED: dict[str, tuple[str, ...]] = {
    "isLinkWithProductsEnabled": tuple(_MONEY),
    "isClientEnabled": tuple(_CLIENT),
    "isBeginCloseDatesEnabled": tuple(_DATES),
    "isMycompanyEnabled": ("mycompanyId",),
    "isSourceEnabled": ("sourceId", "sourceDescription"),
    "isObserversEnabled": ("observers",),
}
_UPPER = {"fm": "FM", "begindate": "BEGINDATE", "closedate": "CLOSEDATE", "birthdate": "BIRTHDATE"}


def fields_of(portal: Portal, kind: Kind) -> dict[str, Field]:
    """Every field of the kind in this portal by the key its value is kept under, custom fields last."""
    own = list(user_fields_of(portal, kind))
    parents = tuple(sorted({DEAL, QUOTE, *portal_parents(portal, kind)}))
    base = _base_fields(kind.entity_type_id, parents, disabled_fields(portal, kind))
    return base | {one.name: _custom(one) for one in own}


def disabled_fields(portal: Portal, kind: Kind) -> frozenset[str]:
    """Fields a smart process does not have because its flags leave them out; REST reads them as null."""
    dynamic = portal.crm.types.get(kind.entity_type_id)
    if dynamic is None:
        return frozenset()
    return frozenset(name for flag, names in _FLAGGED.items() if dynamic.flags.get(flag) != "Y" for name in names)


def user_fields_of(portal: Portal, kind: Kind) -> list[UserField]:
    return [one for one in portal.crm.user_fields.values() if one.entity_id == kind.user_field_entity]


def portal_parents(portal: Portal, kind: Kind) -> list[int]:
    """Entity types whose items may be parents of this kind, by the relations of smart processes."""
    own = portal.crm.types.get(kind.entity_type_id)
    parents = [int(one["entityTypeId"]) for one in as_list((own.relations if own else {}).get("parent"))]
    for dynamic in portal.crm.types.values():
        children = [int(one["entityTypeId"]) for one in as_list(dynamic.relations.get("child"))]
        if kind.entity_type_id in children:
            parents.append(dynamic.entity_type_id)
    return parents


@lru_cache(maxsize=256)
def _base_fields(entity_type_id: int, parents: tuple[int, ...], disabled: frozenset[str]) -> dict[str, Field]:
    described = dict(_COMMON) | _OWN.get(entity_type_id, _DYNAMIC)
    if entity_type_id == INVOICE:
        described["accountNumber"] = "string!"
    if entity_type_id not in (CONTACT, COMPANY):
        described |= {f"parentId{parent}": "crm_entity" for parent in parents if parent != entity_type_id}
    return {name: _described(name, text) for name, text in described.items() if name not in disabled}


def _described(name: str, text: str) -> Field:
    return Field(
        name,
        _UPPER.get(name) or re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[a-z])(?=[0-9])", "_", name).upper(),
        text.rstrip("!*"),
        title=name,
        read_only="!" in text,
        multiple="*" in text,
    )


def _custom(one: UserField) -> Field:
    title = one.labels.get("ru") or one.labels.get("en") or one.name
    return Field(
        one.name, one.name, one.type, title, multiple=one.multiple, required=one.mandatory, custom=True,
        enum=tuple(one.enum),
    )  # fmt: skip


@lru_cache(maxsize=4096)
def camel(name: str) -> str:
    """A custom field's name as crm.item.* spells it: `UF_CRM_3_PAY_DATE` is `ufCrm3PayDate`.

    Names that mix letters and digits, or have digits alone, only change their prefix: `ufCrm_3_DIGIT10`.
    https://apidocs.bitrix24.com/api-reference/crm/universal/index.html
    """
    words = re.fullmatch(r"UF_CRM_(?:(\d+)_)?([A-Z_]+)", name)
    if words:
        tail = "".join(word.capitalize() for word in words[2].split("_"))
        return f"ufCrm{words[1] or ''}{tail}"
    digits = re.fullmatch(r"UF_CRM_(\d+)_(\d+)", name)
    if digits:
        return f"ufCrm{digits[1]}_{digits[2]}"
    return "ufCrm_" + name.removeprefix("UF_CRM_")


def read_value(portal: Portal, one: Field, value: Any) -> Any:
    """A value as it is kept, from what a client wrote; a value the field cannot hold is an error."""
    if one.multiple and one.type != "crm_multifield":
        return [read for item in as_list(value) if (read := _read(portal, one, item)) not in (None, "")]
    return _read(portal, one, value)


def _read(portal: Portal, one: Field, value: Any) -> Any:
    if one.type == "crm_multifield":
        return [{"id": number, "valueType": "WORK"} | dict(entry) for number, entry in enumerate(as_list(value), 1)]
    if value in (None, "", []):
        return None if one.type not in ("string", "text") else ""
    try:
        return _typed(portal, one, value)
    except (ValueError, TypeError, InvalidOperation):
        raise RestError(400, "CRM_FIELD_ERROR_VALUE_NOT_VALID", f'Field "{one.title}" has an invalid value.') from None


def _typed(portal: Portal, one: Field, value: Any) -> Any:
    match one.type:
        case "integer" | "user" | "employee" | "crm_contact" | "crm_company" | "crm_category" | "crm_entity":
            return int(str(value).removeprefix("user_"))
        case "enumeration":
            if str(value) not in {str(option["id"]) for option in one.enum}:
                raise ValueError(value)
            return int(str(value))
        case "double":
            return Decimal(str(value)).quantize(Decimal("0.01"))
        case "boolean":
            return yes(value)
        case "date":
            return date.fromisoformat(str(value)[:10])
        case "datetime":
            return moment(portal, str(value))
        case "money":
            amount, _, currency = str(value).partition("|")
            return f"{Decimal(amount or 0):f}|{currency or portal.traits.currency}" if amount else ""
    return value if isinstance(value, dict) else str(value)


def moment(portal: Portal, text: str) -> datetime:
    """An ISO moment, in the portal's zone when it names none."""
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=portal.traits.zone)


def show_value(portal: Portal, one: Field, value: Any) -> Any:
    """A kept value as REST gives it back."""
    if one.multiple and one.type != "crm_multifield":
        return [_show(portal, one, item) for item in value or []]
    return _show(portal, one, value)


def _show(portal: Portal, one: Field, value: Any) -> Any:
    if isinstance(value, bool):
        return ("1" if value else "0") if one.custom else ("Y" if value else "N")
    if isinstance(value, datetime):
        return portal.local(value).isoformat(timespec="seconds")
    if isinstance(value, date):
        return _day_text(portal, value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if value is None:
        return {"integer": 0, "crm_contact": 0, "crm_company": 0, "crm_entity": 0}.get(one.type)
    return value


def _day_text(portal: Portal, value: date) -> str:
    """A date comes back as the moment its day begins in UTC, on the portal's clock: `2026-09-25T03:00:00+03:00`."""
    midnight = datetime.combine(value, time(), portal.traits.zone)
    offset = midnight.utcoffset() or timedelta(0)
    shown = midnight + max(offset, timedelta(0))
    return shown.isoformat(timespec="seconds")
