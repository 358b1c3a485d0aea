"""PHP's way of writing nested data in forms and queries: `a[b][0]=x`."""

from __future__ import annotations

import itertools
import re
from typing import Any
from urllib.parse import quote_plus, unquote_plus

_BRACKETS = re.compile(r"\[([^\]]*)\]")
_INDEX = re.compile(r"0|[1-9][0-9]*")


def parse_query(text: str, most: int = 10**9) -> dict[str, Any]:
    """Pairs of a query or form as nested maps; keys 0..n-1 make a list, the last of equal keys counts.

    PHP reads no more than `max_input_vars` of them: pairs after the first `most` are lost without a word.
    """
    tree: dict[str, Any] = {}
    for pair in text.split("&")[:most]:
        if not pair:
            continue
        key, _, value = pair.partition("=")
        _put(tree, unquote_plus(key), unquote_plus(value))
    return {key: _lists(value) for key, value in tree.items()}


def nest(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The same for pairs that are already decoded, as the parts of a multipart body are."""
    tree: dict[str, Any] = {}
    for key, value in pairs:
        _put(tree, key, value)
    return {key: _lists(value) for key, value in tree.items()}


def build_query(data: dict[str, Any]) -> str:
    """Nested maps and lists as PHP writes them: empty containers vanish, None becomes an empty string."""
    return "&".join(f"{quote_plus(key)}={quote_plus(value)}" for key, value in flatten(data))


def flatten(data: dict[str, Any]) -> list[tuple[str, str]]:
    """The pairs behind `build_query`, not percent-encoded."""
    pairs: list[tuple[str, str]] = []
    for key, value in data.items():
        _walk(key, value, pairs)
    return pairs


def _put(tree: dict[str, Any], key: str, value: Any) -> None:
    opening = key.find("[")
    if opening <= 0 or not key.endswith("]"):
        tree[key] = value
        return
    path = [key[:opening], *_BRACKETS.findall(key[opening:])]
    node = tree
    for part, following in itertools.pairwise(path):
        child = node.get(part)
        if not isinstance(child, dict):
            child = {}
            node[part] = child
        node = child
        if following == "":
            break
    last = path[-1] if "" not in path[1:] else str(len(node))
    node[last] = value


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    children = {key: _lists(child) for key, child in value.items()}
    if all(_INDEX.fullmatch(key) for key in children) and {int(key) for key in children} == set(range(len(children))):
        return [children[str(index)] for index in range(len(children))]
    return children


def _walk(prefix: str, value: Any, pairs: list[tuple[str, str]]) -> None:
    if isinstance(value, dict):
        for key, child in value.items():
            _walk(f"{prefix}[{key}]", child, pairs)
    elif isinstance(value, list | tuple):
        for index, child in enumerate(value):
            _walk(f"{prefix}[{index}]", child, pairs)
    elif value is None:
        pairs.append((prefix, ""))
    elif isinstance(value, bool):
        pairs.append((prefix, "1" if value else "0"))
    else:
        pairs.append((prefix, str(value)))
