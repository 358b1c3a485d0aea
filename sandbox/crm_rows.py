"""crm.item.productrow.*: what an item sells."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox.call import Call, as_list, paged
from sandbox.crm_items import settle_sum
from sandbox.crm_store import Item, Row
from sandbox.errors import RestError, bad_argument, not_found
from sandbox.events import emit
from sandbox.kinds import entity_type_of_letter

_NUMBERS = ("price", "quantity", "discountRate", "discountSum", "taxRate")
_DEFAULTS: dict[str, Any] = {
    "productId": 0,
    "productName": "",
    "price": Decimal(0),
    "quantity": Decimal(1),
    "discountTypeId": 2,
    "discountRate": Decimal(0),
    "discountSum": Decimal(0),
    "taxRate": None,
    "taxIncluded": "N",
    "customized": "Y",
    "measureCode": 796,
    "measureName": "шт",
    "sort": 10,
    "xmlId": "",
    "type": 4,
}
_READ_ONLY = ("id", "ownerId", "ownerType", "priceAccount", "priceExclusive", "priceNetto", "priceBrutto", "type")


def set_rows(call: Call) -> Any:
    """crm.item.productrow.set: the rows given are all the rows there are."""
    owner = _owner(call, str(call.params.get("ownerType")), call.params.get("ownerId"))
    kept = {row.id: row for row in owner.rows}
    rows = []
    for given in as_list(call.params.get("productRows")):
        row_id = int(str(given.get("id") or 0))
        row = kept.get(row_id) or Row(call.portal.crm.next_id("row"), dict(_DEFAULTS))
        row.values.update(_read(given))
        rows.append(row)
    owner.rows = rows
    _settle(call, owner)
    return {"productRows": [shown_row(owner, row) for row in rows]}


def add(call: Call) -> Any:
    """crm.item.productrow.add"""
    fields = call.mapping("fields")
    owner = _owner(call, str(fields.get("ownerType")), fields.get("ownerId"))
    row = Row(call.portal.crm.next_id("row"), dict(_DEFAULTS) | _read(fields))
    owner.rows.append(row)
    _settle(call, owner)
    return {"productRow": shown_row(owner, row)}


def update(call: Call) -> Any:
    """crm.item.productrow.update"""
    owner, row = _row(call)
    row.values.update(_read(call.mapping("fields")))
    _settle(call, owner)
    return {"productRow": shown_row(owner, row)}


def get(call: Call) -> Any:
    """crm.item.productrow.get"""
    owner, row = _row(call)
    return {"productRow": shown_row(owner, row)}


def delete(call: Call) -> Any:
    """crm.item.productrow.delete"""
    owner, row = _row(call)
    owner.rows.remove(row)
    _settle(call, owner)
    return None


def list_rows(call: Call) -> Any:
    """crm.item.productrow.list: the filter must name the owner, by `=ownerType` and `=ownerId`."""
    conditions = call.mapping("filter")
    if "=ownerType" not in conditions or "=ownerId" not in conditions:
        raise bad_argument("Required filter parameters: =ownerType, =ownerId")
    owner = _owner(call, str(conditions["=ownerType"]), conditions["=ownerId"])
    rows = [shown_row(owner, row) for row in owner.rows]
    return paged(rows, call.params.get("start"), lambda page: {"productRows": page})


def fields(_call: Call) -> Any:
    """crm.item.productrow.fields"""
    names = ["id", "ownerId", "ownerType", *_DEFAULTS]
    described = {
        name: {
            "type": "double" if name in _NUMBERS else "integer" if name.endswith("Id") or name == "id" else "string",
            "isRequired": name in ("ownerId", "ownerType"),
            "isReadOnly": name in _READ_ONLY,
            "isImmutable": name in ("ownerId", "ownerType"),
            "isMultiple": False,
            "isDynamic": False,
            "title": name,
        }
        for name in names
    }
    return {"fields": described}


def write_rows(next_id: Callable[[], int], item: Item, rows: list[dict[str, Any]]) -> None:
    """Rows a person typed into a card; `next_id` gives each its number."""
    item.rows = [Row(next_id(), dict(_DEFAULTS) | _read(given)) for given in rows]


def shown_row(owner: Item, row: Row) -> dict[str, Any]:
    values = {name: _number(value) if isinstance(value, Decimal) else value for name, value in row.values.items()}
    letter = {1: "L", 2: "D", 7: "Q", 31: "SI"}.get(owner.entity_type_id, f"T{owner.entity_type_id:x}")
    price = values["price"]
    net = dict.fromkeys(("priceAccount", "priceExclusive", "priceNetto", "priceBrutto"), price)
    return {"id": row.id, "ownerId": owner.id, "ownerType": letter} | values | net


def _read(given: dict[str, Any]) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for name in _DEFAULTS:
        if name not in given or name in _READ_ONLY:
            continue
        value = given[name]
        try:
            numeric = name in _NUMBERS and value not in (None, "")
            read[name] = Decimal(str(value)) if numeric else (_DEFAULTS[name] if value is None else value)
        except InvalidOperation:
            raise bad_argument(f"Invalid value {{{value}}} of field {name}") from None
    return read


def _owner(call: Call, letter: str, owner_id: Any) -> Item:
    entity_type_id = entity_type_of_letter(letter)
    number = str(owner_id)
    item = call.portal.crm.item(entity_type_id, int(number)) if entity_type_id and number.isdigit() else None
    if item is None:
        raise RestError(400, "OWNER_NOT_FOUND", "Owner was not found")
    return item


def _row(call: Call) -> tuple[Item, Row]:
    wanted = call.integer("id")
    for items in call.portal.crm.items.values():
        for item in items.values():
            for row in item.rows:
                if row.id == wanted:
                    return item, row
    raise not_found("Product row not found")


def _settle(call: Call, owner: Item) -> None:
    before = owner.values.get("opportunity")
    settle_sum(call.portal, owner)
    if owner.values.get("opportunity") != before:
        owner.values["updatedTime"] = call.world.clock.now()
        kind = call.portal.kind(owner.entity_type_id)
        what = {"ID": owner.id} | ({"ENTITY_TYPE_ID": owner.entity_type_id} if kind.dynamic else {})
        emit(call.world, call.portal, f"{kind.event}UPDATE", {"FIELDS": what}, call.caller.user.id)


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)
