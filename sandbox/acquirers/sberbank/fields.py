"""Reads a request: RBS takes a query or a form and knows more names than it says, ECOM takes exact JSON."""

from __future__ import annotations

import json
from typing import Any

from werkzeug.wrappers import Request

from sandbox.acquirers.sberbank.refusals import BAD_VALUE, BASKET_FORM, MISSING, Refusal
from sandbox.acquirers.sberbank.rules import RULES, Other, Shape, Whole, fitting

LOGIN = frozenset({"userName", "password", "token"})
LONGEST_RBS_NUMBER = 32


def read_json(request: Request) -> dict[str, Any]:
    """The JSON object of a request to ECOM. Raises Refusal."""
    if request.mimetype != "application/json":
        raise Refusal(*BAD_VALUE)
    try:
        values = json.loads(request.get_data())
    except ValueError:
        raise Refusal(*BAD_VALUE) from None
    if not isinstance(values, dict):
        raise Refusal(*BAD_VALUE)
    return values


def read_form(request: Request) -> dict[str, Any]:
    """What came in the query and in the form; an empty value is none."""
    return {name: value for name, value in request.values.items() if value}


def strictly(values: dict[str, Any], shape: Shape) -> dict[str, Any]:
    """ECOM's reading: no field it does not know, no type but the documented one. Raises Refusal."""
    sent = {name: value for name, value in values.items() if name not in LOGIN}
    if not sent.keys() <= shape.known or not all(fitting(name, value) for name, value in sent.items()):
        raise Refusal(*BAD_VALUE)
    if not shape.required <= sent.keys():
        raise Refusal(*MISSING)
    return sent


def loosely(values: dict[str, Any], shape: Shape) -> dict[str, Any]:
    """RBS's reading: texts become what they stand for, names it does not know are kept aside. Raises Refusal."""
    sent = {name: _read(name, text) for name, text in values.items() if name not in LOGIN}
    if not shape.required <= sent.keys() or len(sent.get("orderNumber", "")) > LONGEST_RBS_NUMBER:
        raise Refusal(*MISSING)
    return sent


def _read(name: str, text: str) -> Any:
    rule = RULES.get(name)
    if isinstance(rule, Whole):
        if not (text.isascii() and text.isdecimal()):
            raise Refusal(*MISSING)
        return int(text)
    if isinstance(rule, Other) and rule.kind is bool:
        return text.lower() == "true"
    if isinstance(rule, Other):
        return _object(text)
    return text


def _object(text: str) -> dict[str, Any]:
    """`jsonParams` and `orderBundle` travel as JSON in a field."""
    try:
        value = json.loads(text)
    except ValueError:
        raise Refusal(*BASKET_FORM) from None
    if not isinstance(value, dict):
        raise Refusal(*BASKET_FORM)
    return value
