"""How values reach a robot's handler, and how returned values are read: the portal's own formats, never REST's."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox.call import as_list
from sandbox.crm_fields import moment
from sandbox.portal import Portal

_DATE = {"ru": "%d.%m.%Y", "us": "%m/%d/%Y"}
_DOCUMENTED = frozenset({"bool", "date", "datetime", "double", "file", "int", "select", "string", "text", "user"})
_FALSY: tuple[Any, ...] = ("", "0", 0, None, [], False)


def date_text(portal: Portal, value: date) -> str:
    return value.strftime(_DATE[portal.traits.dates])


def datetime_text(portal: Portal, value: datetime) -> str:
    """`25.09.2026 14:30:00` or `09/25/2026 02:30:00 pm`, in the portal's zone and without naming it."""
    local = portal.local(value)
    if portal.traits.dates == "us":
        text = local.strftime("%m/%d/%Y %I:%M:%S ") + local.strftime("%p").lower()
    else:
        text = local.strftime("%d.%m.%Y %H:%M:%S")
    if portal.switch("datetime_suffix"):
        offset = local.utcoffset()
        text += f" [{int(offset.total_seconds()) if offset else 0}]"
    return text


def property_value(portal: Portal, described: dict[str, Any], value: Any) -> Any:
    """One property as the handler receives it: strings, or a list of them when the property is multiple.

    None means that the key is left out of the request.
    """
    if described.get("MULTIPLE") == "Y":
        values = [_single(portal, described, item) for item in as_list(value)]
        values = [item for item in values if item != ""]
        if values:
            return values
        return "" if portal.switch("empty_list") == "blank" else None
    if isinstance(value, list):
        value = value[0] if len(value) == 1 else ", ".join(plain_text(portal, item) for item in value)
    return _single(portal, described, value)


def plain_text(portal: Portal, value: Any) -> str:
    """A value put into the middle of a text."""
    if isinstance(value, datetime):
        return datetime_text(portal, value)
    if isinstance(value, date):
        return date_text(portal, value)
    if isinstance(value, bool):
        return "Y" if value else "N"
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, list):
        return ", ".join(plain_text(portal, item) for item in value)
    return "" if value is None else str(value)


def decimal_text(value: Decimal) -> str:
    """Without the zeros that say nothing: 1200.5 and 1200, not 1200.50."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _single(portal: Portal, described: dict[str, Any], value: Any) -> Any:
    kind = str(described.get("TYPE") or "string")
    if kind not in _DOCUMENTED and not portal.switch("document_field_types"):
        return ""
    if kind == "bool":
        return _bool_text(value)
    if kind == "date" and isinstance(value, datetime):
        return date_text(portal, portal.local(value).date())
    if kind == "datetime" and type(value) is date:
        return date_text(portal, value)
    if kind in ("date", "datetime"):
        return _date_or_text(portal, kind, value)
    if kind == "user" and str(value).isdigit():
        return f"user_{value}"
    if kind == "file":
        return _file(portal, value)
    return plain_text(portal, value)


def _bool_text(value: Any) -> str:
    if value in (None, ""):
        return ""
    return (
        "Y" if value in (True, "Y", "y", "1", 1, "true") else "N" if value in (False, "N", "n", "0", 0) else str(value)
    )


def _date_or_text(portal: Portal, kind: str, value: Any) -> str:
    text = plain_text(portal, value)
    if not re.match(r"\d{4}-\d\d-\d\d", text):
        return text
    try:
        return (
            date_text(portal, date.fromisoformat(text[:10]))
            if kind == "date" or len(text) == 10
            else (datetime_text(portal, moment(portal, text)))
        )
    except ValueError:
        return text


def _file(portal: Portal, value: Any) -> Any:
    if value in (None, ""):
        return ""
    match portal.switch("file_value"):
        case "url":
            return f"{portal.scheme}://{portal.host}/disk/{value}"
        case "object":
            return {"id": str(value), "name": f"{value}.pdf"}
    return str(value)


def returned_value(portal: Portal, described: dict[str, Any], value: Any) -> Any:
    """A returned value as later steps see it; what is falsy in PHP is kept as it came."""
    if value in _FALSY:
        return value
    if described.get("MULTIPLE") == "Y":
        return [_returned(portal, str(described.get("TYPE")), item) for item in as_list(value)]
    if isinstance(value, list):
        value = value[0]
    return _returned(portal, str(described.get("TYPE")), value)


def _returned(portal: Portal, kind: str, value: Any) -> Any:
    text = "" if value is None else str(value)
    try:
        match kind:
            case "int":
                return int(Decimal(text))
            case "double":
                return Decimal(text.replace(",", ".").replace(" ", ""))
            case "bool":
                return text in ("Y", "y", "1", "true", "True")
            case "date":
                return _parsed(portal, text).date()
            case "datetime":
                return _parsed(portal, text)
    except (ValueError, InvalidOperation):
        return None
    return text


def _parsed(portal: Portal, text: str) -> datetime:
    """A moment in the portal's format or ISO 8601."""
    if re.match(r"\d{4}-\d\d-\d\d", text):
        return moment(portal, text)
    day = _DATE[portal.traits.dates]
    clock = "%I:%M:%S %p" if portal.traits.dates == "us" else "%H:%M:%S"
    form = day if len(text) <= 10 else f"{day} {clock}"
    return datetime.strptime(text, form).replace(tzinfo=portal.traits.zone)
