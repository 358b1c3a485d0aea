"""Filters and order of item lists: prefixes of names, nested logic, any field of the kind."""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox.call import as_list, yes
from sandbox.crm_fields import Field, fields_of, moment
from sandbox.crm_store import Item
from sandbox.errors import RestError
from sandbox.kinds import Kind
from sandbox.portal import Portal

_PREFIXES = ("!=%", "!%", "=%", "%=", ">=", "<=", "!=", "!@", "<>", "=", "!", ">", "<", "@", "%")
_ORDERINGS: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_Test = Callable[[Item], bool]


def matching(
    portal: Portal, kind: Kind, conditions: dict[str, Any], order: dict[str, Any], original_names: bool
) -> list[Item]:
    """Items that satisfy the filter, in the order asked for, by id where it says nothing."""
    names = _names(portal, kind, original_names)
    test = _all(portal, names, conditions)
    found = [item for item in _candidates(portal, kind, conditions) if test(item)]
    for name, direction in reversed(list(order.items())):
        if name not in names:
            raise RestError(400, "INVALID_ARG_VALUE", f"Invalid order: field '{name}' is not allowed in order")
        _sort(found, names[name].name, str(direction).upper() == "DESC")
    return found


def _candidates(portal: Portal, kind: Kind, conditions: dict[str, Any]) -> list[Item]:
    """All items by id, or the few a filter by exact ids can mean."""
    items = portal.crm.items[kind.entity_type_id]
    for key in ("id", "=id", "@id", "ID", "=ID", "@ID"):
        wanted = [str(one) for one in as_list(conditions.get(key))]
        if wanted and "logic" not in conditions:
            numbers = sorted({int(one) for one in wanted if one.isdigit()})
            return [items[number] for number in numbers if number in items]
    return list(items.values())


def _sort(found: list[Item], name: str, descending: bool) -> None:
    if name == "id":
        found.sort(key=lambda item: item.id, reverse=descending)
        return
    found.sort(key=lambda item: _rank(item.values.get(name)), reverse=descending)


def _names(portal: Portal, kind: Kind, original_names: bool) -> dict[str, Field]:
    names: dict[str, Field] = {}
    for one in fields_of(portal, kind).values():
        names[one.name if original_names and one.custom else one.shown] = one
    names["ID"] = names["id"]
    return names


def _all(portal: Portal, names: dict[str, Field], conditions: dict[str, Any]) -> _Test:
    tests: list[_Test] = []
    either = str(conditions.get("logic", "AND")).upper() == "OR"
    for key, value in conditions.items():
        if str(key).lower() == "logic":
            continue
        if str(key).isdigit() and isinstance(value, dict):
            tests.append(_all(portal, names, value))
        else:
            tests.append(_one(portal, names, str(key), value))
    if not tests:
        return lambda _item: True
    if len(tests) == 1:
        return tests[0]
    if either:
        return lambda item: any(test(item) for test in tests)
    return lambda item: all(test(item) for test in tests)


def _one(portal: Portal, names: dict[str, Field], key: str, wanted: Any) -> _Test:
    prefix = next((one for one in _PREFIXES if key.startswith(one)), "")
    one = names.get(key[len(prefix) :])
    if one is None:
        raise RestError(
            400, "INVALID_ARG_VALUE", f"Invalid filter: field '{key[len(prefix) :]}' is not allowed in filter"
        )
    if isinstance(wanted, list | dict) and prefix in ("", "=", "!", "!="):
        prefix = {"": "@", "=": "@", "!": "!@", "!=": "!@"}[prefix]
    options = [_comparable(portal, one, value) for value in as_list(wanted)] if prefix in ("@", "!@") else []
    value = None if options or prefix in ("@", "!@") else _comparable(portal, one, wanted)

    if prefix in ("", "=") and one.type not in ("boolean", "date", "datetime") and not one.multiple:
        return lambda item: (item.values.get(one.name) or None) == (value or None)
    if prefix in _ORDERINGS and one.type in ("integer", "double") and value is not None:
        compare, name = _ORDERINGS[prefix], one.name
        return lambda item: item.values.get(name) is not None and compare(item.values[name], value)

    def test(item: Item) -> bool:
        kept = item.values.get(one.name)
        own = [_kept(portal, one, each) for each in (kept if isinstance(kept, list) else [kept])]
        return _holds(prefix, own, value, options)

    return test


def _holds(prefix: str, own: list[Any], value: Any, options: list[Any]) -> bool:
    match prefix:
        case "" | "=":
            return any(each == value for each in own) or (value is None and not own)
        case "!" | "!=" | "<>":
            return all(each != value for each in own)
        case "@":
            return any(each in options for each in own)
        case "!@":
            return all(each not in options for each in own)
        case "%" | "%=" | "=%":
            return any(_contains(prefix, each, value) for each in own)
        case "!%" | "!=%":
            return not any(_contains(prefix[1:], each, value) for each in own)
    try:
        return any(each is not None and _ordered(prefix, each, value) for each in own)
    except TypeError:
        return False


def _ordered(prefix: str, own: Any, value: Any) -> bool:
    if value is None:
        return prefix in (">", ">=")
    return _ORDERINGS[prefix](own, value)


def _contains(prefix: str, own: Any, value: Any) -> bool:
    """`%` looks anywhere; `=%` and `%=` take the client's own percent signs as wildcards."""
    text, wanted = str(own or "").lower(), str(value or "").lower()
    if prefix == "%" or "%" not in wanted:
        return wanted.strip("%") in text
    head, tail = not wanted.startswith("%"), not wanted.endswith("%")
    core = wanted.strip("%")
    return (text.startswith(core) or not head) and (text.endswith(core) or not tail) and core in text


def _comparable(portal: Portal, one: Field, value: Any) -> Any:
    """A filter's value in the field's terms; custom yes/no fields understand only 1 and 0 there."""
    if value in (None, "", "null"):
        return None
    try:
        match one.type:
            case "boolean":
                return str(value) == "1" if one.custom else yes(value)
            case "date":
                return date.fromisoformat(str(value)[:10])
            case "datetime":
                return moment(portal, str(value))
            case "double":
                return Decimal(str(value))
            case "string" | "text" | "crm_status" | "crm_currency" | "money" | "url":
                return str(value)
        return int(str(value).removeprefix("user_"))
    except (ValueError, InvalidOperation):
        return str(value)


def _kept(portal: Portal, one: Field, value: Any) -> Any:
    if value is None:
        return False if one.type == "boolean" else None
    if one.type == "date" and isinstance(value, datetime):
        return portal.local(value).date()
    return value if value != "" else None


def _rank(value: Any) -> tuple[int, Any]:
    if value is None:
        return 0, 0
    if isinstance(value, str):
        return 2, value.lower()
    if isinstance(value, datetime):
        return 1, value.timestamp()
    if isinstance(value, date):
        return 1, value.toordinal()
    return (2, str(value)) if isinstance(value, list | dict) else (1, value)
