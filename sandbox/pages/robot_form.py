"""The designer's form of a robot, drawn from the properties its app registered, and read back into a step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict

from sandbox.bizproc_registry import label
from sandbox.bizproc_store import Registered, Step
from sandbox.portal import Portal


@dataclass(frozen=True)
class FormField:
    """`options` is filled for lists only; `values` is what the field shows now."""

    key: str
    type: str
    title: str
    hint: str
    required: bool
    multiple: bool
    options: list[tuple[str, str]]
    values: list[str]


def form_fields(portal: Portal, registered: Registered, filled: Mapping[str, Any] | None) -> list[FormField]:
    """Fields in the order they were registered; one that is not filled in shows its default, as the portal sends it."""
    return [
        _field(portal, key, described, (filled or {}).get(key) or described.get("DEFAULT"))
        for key, described in registered.properties.items()
    ]


def read_form(registered: Registered, form: MultiDict[str, str]) -> dict[str, Any]:
    """What a person typed, by property; a multiple property becomes a list, one value a line."""
    return {key: _typed(described, form.getlist(key)) for key, described in registered.properties.items()}


def settings(portal: Portal, registered: Registered, step: Step) -> list[str]:
    """What differs from the defaults: `Число частей: 4`."""
    lines = []
    for field in form_fields(portal, registered, step.get("properties", {})):
        default = _values(registered.properties[field.key].get("DEFAULT"))
        if field.values and field.values != default:
            titles = dict(field.options)
            lines.append(f"{field.title}: {', '.join(titles.get(value, value) for value in field.values)}")
    return lines


def _field(portal: Portal, key: str, described: dict[str, Any], value: Any) -> FormField:
    language = portal.traits.language
    values = _values(value)
    options = _options(portal, described, values)
    return FormField(
        key=key,
        type=described["TYPE"],
        title=label(described["NAME"], language),
        hint=label(described["DESCRIPTION"], language),
        required=described["REQUIRED"] == "Y",
        multiple=described["MULTIPLE"] == "Y",
        options=options,
        values=values,
    )


def _options(portal: Portal, described: dict[str, Any], values: list[str]) -> list[tuple[str, str]]:
    """The choices of a list; a value that is not among them, such as an expression, stays choosable."""
    match described["TYPE"]:
        case "bool":
            known = [("Y", "Да"), ("N", "Нет")]
        case "user":
            known = [(f"user_{user.id}", f"{user.name} {user.last_name}".strip()) for user in portal.users.values()]
        case "select":
            known = [(str(key), str(title)) for key, title in _pairs(described["OPTIONS"])]
        case _:
            return []
    keys = {key for key, _ in known}
    if described["REQUIRED"] != "Y" and described["MULTIPLE"] != "Y" and not described.get("DEFAULT"):
        known = [("", "Не выбрано"), *known]
    return known + [(value, value) for value in values if value not in keys]


def _pairs(options: Any) -> list[tuple[Any, Any]]:
    return list(options.items()) if isinstance(options, dict) else list(enumerate(options))


def _typed(described: dict[str, Any], given: list[str]) -> Any:
    if described["MULTIPLE"] != "Y":
        return given[0].strip() if given else ""
    return [line.strip() for text in given for line in text.splitlines() if line.strip()]


def _values(value: Any) -> list[str]:
    if value in (None, "", []):
        return []
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]
