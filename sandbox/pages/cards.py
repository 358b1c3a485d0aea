"""CRM items and funnels as the pages show them: titles, sums, due days, stages and addresses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby

from werkzeug.exceptions import NotFound

from sandbox.crm_fields import Field, fields_of
from sandbox.crm_items import stages
from sandbox.crm_store import Item, Status
from sandbox.kinds import COMPANY, CONTACT, DEAL, INVOICE, LEAD, QUOTE
from sandbox.pages import words
from sandbox.pages.frame import portal_address
from sandbox.portal import Portal

GROUPS = {
    LEAD: "Лиды",
    DEAL: "Сделки",
    QUOTE: "Предложения",
    INVOICE: "Счета",
    COMPANY: "Компании",
    CONTACT: "Контакты",
}
TONES = {"S": "good", "F": "bad"}
TITLES = {
    "OPPORTUNITY": "Сумма",
    "CURRENCY_ID": "Валюта",
    "TITLE": "Название",
    "COMPANY_ID": "Компания",
    "CONTACT_ID": "Контакт",
    "BEGINDATE": "Дата начала",
    "CLOSEDATE": "Срок",
    "ASSIGNED_BY_ID": "Ответственный",
}


@dataclass(frozen=True)
class Funnel:
    entity_type_id: int
    category_id: int
    title: str
    address: str


@dataclass(frozen=True)
class Card:
    """One item on a board or in a list; `tone` colours its stage."""

    address: str
    title: str
    sum: str
    due: str
    client: str
    stage: str
    stage_name: str
    tone: str
    parent: str
    parent_address: str


@dataclass(frozen=True)
class Group:
    """Items of one kind with their total, empty where they carry no sums or several currencies."""

    title: str
    rows: list[Card]
    total: str


def group_title(portal: Portal, entity_type_id: int) -> str:
    """`Сделки`, `Счета`, or the smart process's own title."""
    if entity_type_id in GROUPS:
        return GROUPS[entity_type_id]
    own = portal.crm.types.get(entity_type_id)
    return own.title if own else f"Элементы {entity_type_id}"


def funnels(portal: Portal) -> list[Funnel]:
    """Every funnel robots can stand in, deals first."""
    found = []
    for entity_type_id in (DEAL, LEAD, INVOICE, *portal.crm.types):
        title = group_title(portal, entity_type_id)
        own = [one for one in portal.crm.categories if one.entity_type_id == entity_type_id]
        for category_id, name in [(one.id, one.name) for one in own] or [(0, "")]:
            address = portal_address(portal, "funnels", entity_type_id, category_id)
            found.append(Funnel(entity_type_id, category_id, f"{title}: {name}" if len(own) > 1 else title, address))
    return found


def funnel_of(portal: Portal, entity_type_id: int, category_id: int) -> Funnel:
    for funnel in funnels(portal):
        if (funnel.entity_type_id, funnel.category_id) == (entity_type_id, category_id):
            return funnel
    raise NotFound("Такой воронки нет")


def item_address(portal: Portal, entity_type_id: int, item_id: int) -> str:
    return portal_address(portal, "items", entity_type_id, item_id)


def item_or_404(portal: Portal, entity_type_id: int, item_id: int) -> Item:
    item = portal.crm.item(entity_type_id, item_id)
    if item is None:
        raise NotFound(f"Элемента {entity_type_id}_{item_id} нет")
    return item


def stages_of(portal: Portal, item: Item) -> list[Status]:
    kind = portal.kind(item.entity_type_id)
    return stages(portal, kind, int(item.values.get("categoryId") or 0)) if kind.stage_field else []


def stage_tone(stage: Status) -> str:
    """The style class of a final stage, empty for the others."""
    return {"S": "good-stage", "F": "bad-stage"}.get(stage.semantics, "")


def card(portal: Portal, item: Item) -> Card:
    stage = next((one for one in stages_of(portal, item) if one.status_id == item.values.get("stageId")), None)
    parent = _parent(portal, item)
    return Card(
        address=item_address(portal, item.entity_type_id, item.id),
        title=item_title(item),
        sum=item_sum(item),
        due=due_day(portal, item),
        client=client_name(portal, item),
        stage=stage.status_id if stage else "",
        stage_name=stage.name if stage else "",
        tone=TONES.get(stage.semantics, "") if stage else "",
        parent=item_title(parent) if parent else "",
        parent_address=item_address(portal, parent.entity_type_id, parent.id) if parent else "",
    )


def group(portal: Portal, entity_type_id: int, items: Iterable[Item]) -> Group:
    chosen = list(items)
    currencies = {item.values.get("currencyId") for item in chosen}
    amount = sum((Decimal(str(item.values.get("opportunity") or 0)) for item in chosen), Decimal(0))
    one_currency = currencies.pop() if len(currencies) == 1 else None
    total = words.sum_of_text(amount, str(one_currency)) if one_currency else ""
    return Group(group_title(portal, entity_type_id), [card(portal, item) for item in chosen], total)


def children_of(portal: Portal, item: Item) -> list[Item]:
    """Items that hang on this one, newest kinds first."""
    return [
        one
        for _, items in sorted(portal.crm.items.items(), reverse=True)
        for one in items.values()
        if one.values.get(f"parentId{item.entity_type_id}") == item.id
    ]


def children(portal: Portal, item: Item) -> list[Group]:
    """Items that hang on this one, by kind."""
    hanging = groupby(children_of(portal, item), key=lambda one: one.entity_type_id)
    return [group(portal, entity_type_id, items) for entity_type_id, items in hanging]


def item_title(item: Item) -> str:
    if item.entity_type_id == CONTACT:
        return " ".join(str(item.values.get(name) or "") for name in ("name", "lastName")).strip() or "Контакт"
    return str(item.values.get("title") or f"№ {item.id}")


def item_sum(item: Item) -> str:
    if "opportunity" not in item.values:
        return ""
    return words.sum_of_text(item.values["opportunity"], str(item.values.get("currencyId") or ""))


def due_day(portal: Portal, item: Item) -> str:
    """A smart process item's own date field, else the day it is to be closed."""
    own = [
        item.values[one.name]
        for one in fields_of(portal, portal.kind(item.entity_type_id)).values()
        if one.custom and one.type in ("date", "datetime") and item.values.get(one.name)
    ]
    return words.day(own[0] if own and item.entity_type_id in portal.crm.types else item.values.get("closedate"))


def client_name(portal: Portal, item: Item) -> str:
    for entity_type_id, name in ((COMPANY, "companyId"), (CONTACT, "contactId")):
        found = portal.crm.item(entity_type_id, int(item.values.get(name) or 0))
        if found:
            return item_title(found)
    return ""


def user_name(portal: Portal, user_id: object) -> str:
    user = portal.users.get(int(str(user_id or 0)))
    return f"{user.name} {user.last_name}".strip() if user else ""


def facts(portal: Portal, item: Item) -> list[tuple[str, str]]:
    """What a card says about an item: client, days, the responsible person and every filled custom field."""
    found = [
        ("Номер", str(item.id)),
        ("Клиент", client_name(portal, item)),
        ("Ответственный", user_name(portal, item.values.get("assignedById"))),
        ("Дата начала", words.day(item.values.get("begindate"))),
        ("Срок", words.day(item.values.get("closedate"))),
    ]
    fields = fields_of(portal, portal.kind(item.entity_type_id)).values()
    found += [(one.title, field_text(portal, one, item.values.get(one.name))) for one in fields if one.custom]
    return [(title, value) for title, value in found if value]


def field_text(portal: Portal, one: Field, value: object) -> str:
    """A kept value in words."""
    if isinstance(value, list):
        return ", ".join(field_text(portal, one, item) for item in value)
    if value in (None, ""):
        return ""
    if one.type == "money":
        amount, _, currency = str(value).partition("|")
        return words.sum_of_text(amount, currency)
    if one.type == "enumeration":
        return next((str(option.get("value")) for option in one.enum if str(option["id"]) == str(value)), str(value))
    if isinstance(value, bool):
        return "да" if value else "нет"
    if isinstance(value, datetime):
        return words.moment(value, portal.traits.zone)
    if isinstance(value, date):
        return words.day(value)
    return str(value)


def expressions(portal: Portal, entity_type_id: int) -> list[tuple[str, str]]:
    """What a robot's field may be filled with from the document: `{=Document:OPPORTUNITY}` and its title."""
    fields = fields_of(portal, portal.kind(entity_type_id)).values()
    return [
        (f"{{=Document:{one.upper}}}", one.title if one.custom else TITLES[one.upper])
        for one in fields
        if one.custom or one.upper in TITLES
    ]


def _parent(portal: Portal, item: Item) -> Item | None:
    for name, value in item.values.items():
        if name.startswith("parentId") and value:
            return portal.crm.item(int(name.removeprefix("parentId")), int(value))
    return None
