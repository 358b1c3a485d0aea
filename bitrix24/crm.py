"""CRM items: read into one frozen shape, written by the names the portal gave their fields."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from bitrix24.client import PortalClient
from bitrix24.errors import NotFound
from bitrix24.lanes import Lane
from schemas.binding import Binding

PARENTS = ("parentId1", "parentId2", "parentId7")


def _number(value: object) -> object:
    """PHP gives a number, its text, an empty text, false or nothing."""
    return 0 if value in (None, "", False, []) else value


def _day(value: object) -> object:
    """The calendar day the portal wrote: its own zone's day stands first in every form it sends."""
    text = str(value or "")[:10]
    return date.fromisoformat(text) if text else None


def _list(value: object) -> object:
    return list(value.values()) if isinstance(value, dict) else value or []


Number = Annotated[int, BeforeValidator(_number)]
Day = Annotated[date | None, BeforeValidator(_day)]


class Item(BaseModel):
    """One CRM item. `fields` is everything the portal sent, user fields by their original names (`UF_CRM_...`)."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    entity_type_id: Number = Field(alias="entityTypeId")
    id: Number
    title: str = ""
    sum: Annotated[Decimal, BeforeValidator(_number)] = Field(default=Decimal(0), alias="opportunity")
    currency: str = Field(default="", alias="currencyId")
    company_id: Number = Field(default=0, alias="companyId")
    contact_ids: Annotated[tuple[int, ...], BeforeValidator(_list)] = Field(default=(), alias="contactIds")
    my_company_id: Number = Field(default=0, alias="mycompanyId")
    assigned_by_id: Number = Field(default=0, alias="assignedById")
    category_id: Number = Field(default=0, alias="categoryId")
    stage_id: str = Field(default="", alias="stageId")
    begin_date: Day = Field(default=None, alias="begindate")
    close_date: Day = Field(default=None, alias="closedate")
    xml_id: str = Field(default="", alias="xmlId")
    fields: Mapping[str, Any] = {}

    @property
    def binding(self) -> Binding:
        return Binding(self.entity_type_id, self.id)

    def holds(self, name: str) -> bool:
        return name in self.fields or camel(name) in self.fields

    def value(self, name: str) -> Any:
        """A user field by its original name, also from a portal too old to give original names."""
        return self.fields.get(name, self.fields.get(camel(name)))

    @property
    def parents(self) -> Mapping[str, int]:
        """The lead, deal and quote it hangs on, as fields of another item."""
        return {name: int(self.fields[name]) for name in PARENTS if int(self.fields.get(name) or 0)}


def camel(name: str) -> str:
    """`UF_CRM_PAY_DEBT` -> `ufCrmPayDebt`: how portals before `useOriginalUfNames` (CRM 25.0.0) name our fields."""
    first, *others = name.lower().split("_")
    return first + "".join(part.capitalize() for part in others)


def read_item(entity_type_id: int, sent: Mapping[str, Any]) -> Item:
    known = {name: value for name, value in sent.items() if value is not None}
    contacts = _list(known.get("contactIds")) or ([known["contactId"]] if int(known.get("contactId") or 0) else [])
    return Item.model_validate({**known, "entityTypeId": entity_type_id, "contactIds": contacts, "fields": dict(sent)})


def get_item(client: PortalClient, binding: Binding) -> Item:
    """Read an item as it is now. Raises NotFound when it was deleted."""
    answer = client.call(
        "crm.item.get",
        {"entityTypeId": binding.entity_type_id, "id": binding.item_id, "useOriginalUfNames": "Y"},
    )
    item = answer.get("item") if isinstance(answer, dict) else None
    if not item:
        raise NotFound("crm.item.get", f"{binding} is not in the CRM any more")
    return read_item(binding.entity_type_id, item)


def update_item(client: PortalClient, binding: Binding, fields: Mapping[str, object], lane: Lane = Lane.DATA) -> None:
    client.call(
        "crm.item.update",
        {
            "entityTypeId": binding.entity_type_id,
            "id": binding.item_id,
            "fields": _in_both_manners(fields),
            "useOriginalUfNames": "Y",
        },
        lane=lane,
    )


def _in_both_manners(fields: Mapping[str, object]) -> dict[str, object]:
    """User fields by both names: a portal ignores the one it does not know."""
    return {**fields, **{camel(name): value for name, value in fields.items() if name.startswith("UF_")}}


def items_by_xml_id(client: PortalClient, entity_type_id: int, xml_ids: Sequence[str]) -> list[Item]:
    """The items that carry one of these keys: how a repeat finds what an earlier run made."""
    rows = client.list_all(
        "crm.item.list",
        {
            "entityTypeId": entity_type_id,
            "select": ["id", "xmlId"],
            "filter": {"@xmlId": list(xml_ids)},
        },
        key="items",
    )
    return [read_item(entity_type_id, row) for row in rows]


def items_on_stages(client: PortalClient, entity_type_id: int, item_ids: Sequence[int]) -> list[Item]:
    """Those of these items that are still there, each with nothing but its funnel and its stage."""
    rows = client.list_all(
        "crm.item.list",
        {
            "entityTypeId": entity_type_id,
            "select": ["id", "categoryId", "stageId"],
            "filter": {"@id": list(item_ids)},
        },
        key="items",
    )
    return [read_item(entity_type_id, row) for row in rows]
