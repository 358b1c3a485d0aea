"""Expressions of business processes such as `{=Document:TITLE}` and `{=A1:status}`, replaced by values."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from sandbox.bizproc_store import Workflow
from sandbox.crm_fields import fields_of
from sandbox.portal import Portal
from sandbox.values import decimal_text, plain_text

_EXPRESSION = re.compile(r"\{=([A-Za-z][A-Za-z0-9_]*):([A-Za-z0-9_]+)(?:\s*>[^}]*)?\}")
_NO_SUCH = object()


def resolve(portal: Portal, flow: Workflow, value: Any, now: datetime) -> Any:
    """The value with every expression replaced.

    An expression alone keeps its type; inside a text it becomes text. A field that does not exist leaves the
    expression standing, an empty one leaves nothing.
    """
    if isinstance(value, list):
        return [resolve(portal, flow, item, now) for item in value]
    if isinstance(value, dict):
        return {key: resolve(portal, flow, item, now) for key, item in value.items()}
    if not isinstance(value, str) or "{=" not in value:
        return value
    whole = _EXPRESSION.fullmatch(value)
    if whole:
        found = _look_up(portal, flow, whole[1], whole[2], now)
        return value if found is _NO_SUCH else found

    def text(match: re.Match[str]) -> str:
        found = _look_up(portal, flow, match[1], match[2], now)
        return match[0] if found is _NO_SUCH else plain_text(portal, found)

    return _EXPRESSION.sub(text, value)


def _look_up(portal: Portal, flow: Workflow, source: str, name: str, now: datetime) -> Any:
    sources: dict[str, Callable[[], Any]] = {
        "Document": lambda: document_field(portal, flow.entity_type_id, flow.item_id, name),
        "Template": lambda: flow.parameters.get(name),
        "Variable": lambda: flow.variables.get(name),
        "Constant": lambda: flow.constants.get(name),
        "System": lambda: {"Now": now, "Date": portal.local(now).date()}.get(name),
        "Workflow": lambda: {"ID": flow.id}.get(name),
    }
    if source in sources:
        return sources[source]()
    results = flow.results.get(source, {})
    return next((value for key, value in results.items() if key.lower() == name.lower()), None)


def document_field(portal: Portal, entity_type_id: int, item_id: int, name: str) -> Any:
    """A document's field by the upper-case name business processes use."""
    item = portal.crm.item(entity_type_id, item_id)
    if item is None:
        return None
    if name == "OPPORTUNITY_ACCOUNT":
        name = "OPPORTUNITY"
    if name == "OPPORTUNITY_WITH_CURRENCY":
        return f"{decimal_text(item.values.get('opportunity') or Decimal(0))}|{item.values.get('currencyId') or ''}"
    kind = portal.kind(entity_type_id)
    for one in fields_of(portal, kind).values():
        if one.upper == name or one.name == name:
            value = item.values.get(one.name)
            return f"user_{value}" if value and one.type in ("user", "employee") and not one.multiple else value
    return _NO_SUCH
