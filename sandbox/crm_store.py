"""What a portal's CRM remembers."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass
class Row:
    id: int
    values: dict[str, Any]


@dataclass
class Item:
    """`values` is keyed by REST names (`opportunity`); custom fields by their own (`UF_CRM_PAY_DATE`)."""

    entity_type_id: int
    id: int
    values: dict[str, Any]
    rows: list[Row] = field(default_factory=list)


@dataclass
class DynamicType:
    """A smart process: `id` is the type's id, `entity_type_id` what items carry."""

    id: int
    entity_type_id: int
    title: str
    flags: dict[str, Any]
    relations: dict[str, Any] = field(default_factory=dict)
    linked_user_fields: dict[str, Any] = field(default_factory=dict)


@dataclass
class UserField:
    id: int
    entity_id: str
    name: str
    type: str
    multiple: bool
    mandatory: bool
    sort: int
    settings: dict[str, Any]
    labels: dict[str, str]
    xml_id: str = ""
    show_filter: str = "N"
    enum: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Category:
    id: int
    entity_type_id: int
    name: str
    sort: int
    default: bool


@dataclass
class Status:
    """A stage or another directory entry; `status_id` carries the category's prefix (`DT1042_3:NEW`)."""

    id: int
    entity_id: str
    status_id: str
    name: str
    sort: int
    color: str = ""
    semantics: str = ""
    category_id: int | None = None
    system: bool = True


@dataclass
class Comment:
    id: int
    entity_type: str
    entity_id: int
    author_id: int
    text: str
    files: list[str]
    at: datetime


@dataclass
class Activity:
    id: int
    owner_type_id: int
    owner_id: int
    subject: str
    description: str
    deadline: datetime
    responsible_id: int
    created: datetime
    completed: bool = False
    ping_offsets: list[int] = field(default_factory=list)


@dataclass
class Trigger:
    client_id: str
    code: str
    name: str


@dataclass
class PlacedTrigger:
    """A trigger somebody put on a stage: executing it moves the item there."""

    entity_type_id: int
    stage_id: str
    code: str
    client_id: str


@dataclass
class Crm:
    items: dict[int, dict[int, Item]] = field(default_factory=lambda: defaultdict(dict))
    types: dict[int, DynamicType] = field(default_factory=dict)
    user_fields: dict[int, UserField] = field(default_factory=dict)
    categories: list[Category] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    activities: list[Activity] = field(default_factory=list)
    triggers: list[Trigger] = field(default_factory=list)
    placed_triggers: list[PlacedTrigger] = field(default_factory=list)
    counters: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def next_id(self, what: str) -> int:
        self.counters[what] += 1
        return self.counters[what]

    def item(self, entity_type_id: int, item_id: int) -> Item | None:
        return self.items[entity_type_id].get(item_id)
