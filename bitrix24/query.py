"""Parameters of a command as the portal reads them: PHP's `a[b][0]=x` inside a batch, plain values in JSON."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from math import isfinite
from typing import Any
from urllib.parse import quote_plus

MOST_VALUES = 500  # PHP reads at most 1,000 values of one form and says nothing about the rest

_UNSAYABLE_NAME = re.compile(r"[\[\]=&\0]")
_MANGLED_NAME = re.compile(r"[.\s]")  # PHP writes `_` for these, at the top level only


def plain(value: object) -> Any:
    """The value as JSON carries it: booleans Y or N, None an empty string, sums of money as text.

    The same in both encodings, so that a command means the same however it travels. Raises TypeError, ValueError.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Y" if value else "N"
    if isinstance(value, str | int):
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, float):
        if not isfinite(value):
            raise ValueError(f"{value} is no number a portal can read")
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} is no parameter of a command: give texts, numbers, lists and maps")


def build_query(params: Mapping[str, Any]) -> str:
    """Parameters that went through `plain`, as PHP's nested query; an empty list or map is an empty text."""
    return "&".join(f"{quote_plus(name)}={quote_plus(text, errors='replace')}" for name, text in _pairs(params))


def fits_a_batch(params: Mapping[str, Any], *, empty_is_nothing: bool) -> bool:
    """Whether a batch says exactly what these parameters say.

    It does not when there are too many values, when an empty list must arrive as one (unless `empty_is_nothing`),
    when PHP cannot write a name, or when a text looks like a batch's own reference to another command's result.
    """
    if not params:
        return True
    if any(_MANGLED_NAME.search(name) for name in params):
        return False
    for count, value in enumerate(_leaves(params), start=1):
        if value is None or count > MOST_VALUES or (isinstance(value, str) and "$result" in value):
            return False
        if not empty_is_nothing and isinstance(value, dict | list):
            return False
    return True


def _leaves(node: Any) -> Iterator[Any]:
    """Every value that is no container, every empty container, and None for a name that cannot be written."""
    if isinstance(node, Mapping) and node:
        for name, value in node.items():
            if not name or _UNSAYABLE_NAME.search(name) or "$result" in name:
                yield None
            yield from _leaves(value)
    elif isinstance(node, list) and node:
        for value in node:
            yield from _leaves(value)
    else:
        yield node


def _pairs(params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in params.items():
        yield from _walk(name, value)


def _walk(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _walk(f"{name}[{key}]", item)
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _walk(f"{name}[{index}]", item)
    else:
        yield name, "" if isinstance(value, dict | list) else str(value)
