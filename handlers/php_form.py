"""Forms as PHP writes them, `a[b][0]=x`, read into nested maps and lists; the same shape from JSON; within bounds.

The rules are those of PHP's `parse_str`: the last of equal keys counts, `a[]` takes the next free index, an emptied
field is an empty string. Three things PHP would let pass are refused, because no portal sends them: brackets that do
not pair, a key that is a value and a map at once, and a field of `auth` given twice with different values.
"""

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NoReturn, TypeAlias
from urllib.parse import unquote_to_bytes

LONGEST_BODY = 256 * 1024
MOST_FIELDS = 1000
DEEPEST = 8
LONGEST_KEY = 512
LONGEST_ESCAPED_KEY = LONGEST_KEY * 12  # a character is four bytes at most, an escaped byte three characters
PROOF = "auth"

Step: TypeAlias = str | int | None  # a name, an index, or "the next index" for `[]`

_NAME = re.compile(r"[^\[\]]+")
_BRACKETS = re.compile(r"\[([^\[\]]*)\]")
_INDEX = re.compile(r"0|[1-9][0-9]{0,17}")


class FormRefused(Exception):
    """A body that is not taken: `reason` is for the sender's log and quotes nothing of the body."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


def parse_form(raw: bytes, content_type: str) -> dict[str, Any]:
    """The fields of a form or JSON body: each is a text, a list or a map of such.

    A map with the keys 0 to n-1, in any order, is a list. JSON comes out as if it had been sent as a form: numbers as
    the text they were written as, true and false as `1` and `0`, null as the empty text; duplicate names are refused.
    Raises FormRefused.
    """
    if len(raw) > LONGEST_BODY:
        raise FormRefused(f"the body is longer than {LONGEST_BODY} bytes", 413)
    read = _READERS[_media_type(content_type)]
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise FormRefused("the body is not UTF-8") from None
    return read(text)


@lru_cache(maxsize=64)
def _media_type(content_type: str) -> str:
    media_type, *parameters = (part.strip().lower() for part in content_type.split(";"))
    if media_type not in _READERS:
        raise FormRefused("the content type must be application/x-www-form-urlencoded or application/json")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "charset" and value.strip('"') not in ("utf-8", "utf8"):
            raise FormRefused("the charset must be UTF-8")
    return media_type


# --- forms -------------------------------------------------------------------------------------------------------


class _Node(dict[str | int, Any]):
    """A map under construction, with the index that `[]` will take."""

    __slots__ = ("free",)

    def __init__(self) -> None:
        self.free = 0


def _read_form(text: str) -> dict[str, Any]:
    if "\x00" in text or "%00" in text:
        raise FormRefused("the body holds a NUL character")
    pairs = [pair for pair in text.split("&") if pair]
    if len(pairs) > MOST_FIELDS:
        raise FormRefused(f"there are more than {MOST_FIELDS} fields")
    root = _Node()
    nodes: list[tuple[_Node, str | int, _Node]] = []
    for pair in pairs:
        name, _, value = pair.partition("=")
        if "%" in value or "+" in value:
            value = _unescape(value)
        parents, last = _path(name)
        node = root
        for step in parents:
            step = node.free if step is None else step
            child = node.get(step)
            if child is None:
                child = node[step] = _Node()
                nodes.append((node, step, child))
                if type(step) is int and step >= node.free:
                    node.free = step + 1
            elif type(child) is not _Node:
                raise FormRefused("a key is used both for a value and for a map")
            node = child
        last = node.free if last is None else last
        present = node.get(last)
        if present is not None and present != value:
            if type(present) is _Node:
                raise FormRefused("a key is used both for a value and for a map")
            if (*parents, last)[0] == PROOF:
                raise FormRefused("a field of auth is given twice with different values", 403)
        node[last] = value
        if type(last) is int and last >= node.free:
            node.free = last + 1
    for parent, step, node in reversed(nodes):  # children before their parents
        parent[step] = _plain(node)
    return {str(name): value for name, value in root.items()}


def _plain(node: _Node) -> list[Any] | dict[str, Any]:
    if 0 in node and all(index in node for index in range(len(node))):
        return [node[index] for index in range(len(node))]
    return {str(step): value for step, value in node.items()}


@lru_cache(maxsize=2048)
def _path(escaped: str) -> tuple[tuple[Step, ...], Step]:
    """The steps to a key and its own. The same keys come with every call: to split them once saves half the work."""
    if len(escaped) > LONGEST_ESCAPED_KEY:
        raise FormRefused(f"a key is longer than {LONGEST_KEY} characters")
    key = _unescape(escaped)
    if len(key) > LONGEST_KEY:
        raise FormRefused(f"a key is longer than {LONGEST_KEY} characters")
    name = _NAME.match(key)
    if not name:
        raise FormRefused("a field has no name")
    steps: list[Step] = [name[0]]
    position = name.end()
    while position < len(key):
        found = _BRACKETS.match(key, position)
        if not found:
            raise FormRefused("the brackets of a key do not pair")
        steps.append(None if not found[1] else int(found[1]) if _INDEX.fullmatch(found[1]) else found[1])
        position = found.end()
    if len(steps) > DEEPEST:
        raise FormRefused(f"a key is nested deeper than {DEEPEST} levels")
    return tuple(steps[:-1]), steps[-1]


def _unescape(text: str) -> str:
    try:
        return unquote_to_bytes(text.replace("+", " ")).decode()
    except UnicodeDecodeError:
        raise FormRefused("the body is not UTF-8") from None


# --- JSON --------------------------------------------------------------------------------------------------------


def _read_json(text: str) -> dict[str, Any]:
    try:
        data = json.loads(
            text, parse_int=str, parse_float=str, parse_constant=_no_number, object_pairs_hook=_without_duplicates
        )
    except (ValueError, RecursionError):
        raise FormRefused("the body is no JSON") from None
    if not isinstance(data, dict):
        raise FormRefused("the JSON is no object")
    if _leaves(data.values(), depth=1) > MOST_FIELDS:
        raise FormRefused(f"there are more than {MOST_FIELDS} fields")
    return {name: _as_form(value) for name, value in data.items()}


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise FormRefused("a JSON object has the same name twice")
    for name in members:
        if not name:
            raise FormRefused("a field has no name")
        if len(name) > LONGEST_KEY:
            raise FormRefused(f"a key is longer than {LONGEST_KEY} characters")
        _storable(name)
    return members


def _no_number(_constant: str) -> NoReturn:
    raise FormRefused("JSON has no NaN and no Infinity")


def _leaves(values: Iterable[Any], depth: int) -> int:
    if depth > DEEPEST:
        raise FormRefused(f"a key is nested deeper than {DEEPEST} levels")
    count = 0
    for value in values:
        count += 1
        if isinstance(value, dict):
            count += _leaves(value.values(), depth + 1)
        elif isinstance(value, list):
            count += _leaves(value, depth + 1)
    return count


def _as_form(value: Any) -> Any:
    if isinstance(value, str):
        return _storable(value)
    if isinstance(value, list):
        return [_as_form(child) for child in value]
    if isinstance(value, dict):
        node = _Node()
        for name, child in value.items():
            node[int(name) if _INDEX.fullmatch(name) else name] = _as_form(child)
        return _plain(node)
    return "" if value is None else "1" if value else "0"


def _storable(text: str) -> str:
    """JSON can write what UTF-8 and PostgreSQL cannot: half of a surrogate pair, and NUL."""
    if "\x00" in text:
        raise FormRefused("the body holds a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise FormRefused("the body is not UTF-8") from None
    return text


_READERS = {"application/x-www-form-urlencoded": _read_form, "application/json": _read_json}
