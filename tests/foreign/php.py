"""How PHP writes and reads nested values in a form, and what it does to an empty or a numbered array in JSON."""

import re
from typing import Any
from urllib.parse import parse_qsl, quote_plus


def to_form(values: dict[str, Any]) -> str:
    """`a[b][0]=c`; an empty array leaves nothing behind, null and false become empty text, true becomes 1."""
    return "&".join(f"{quote_plus(key)}={quote_plus(text)}" for key, text in _flat("", values))


def _flat(path: str, value: Any) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        pairs = [(str(key), inner) for key, inner in value.items()]
    elif isinstance(value, list | tuple):
        pairs = [(str(number), inner) for number, inner in enumerate(value)]
    else:
        text = {None: "", True: "1", False: ""}.get(value) if value is None or isinstance(value, bool) else str(value)
        return [(path, text or "")]
    return [one for key, inner in pairs for one in _flat(f"{path}[{key}]" if path else key, inner)]


def from_form(text: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        head, inner = name.partition("[")[0] or name, re.findall(r"\[([^\]]*)\]", name)
        place = found
        path = [head, *inner]
        for step, following in zip(path, [*path[1:], None], strict=True):
            key = step or str(len(place))
            if following is None:
                place[key] = value
            else:
                if not isinstance(place.get(key), dict):
                    place[key] = {}
                place = place[key]
    return {key: listed(value) for key, value in found.items()}


def listed(value: Any) -> Any:
    """Maps numbered 0..n-1 are lists."""
    if not isinstance(value, dict):
        return value
    inner = {key: listed(one) for key, one in value.items()}
    numbered = list(inner) == [str(number) for number in range(len(inner))]
    return list(inner.values()) if numbered and inner else inner


def as_json_array(value: Any) -> Any:
    """What `json_encode` makes of an array: `[]` when empty, a list when numbered 0..n-1."""
    if isinstance(value, list):
        return [as_json_array(one) for one in value]
    if not isinstance(value, dict):
        return value
    inner = {str(key): as_json_array(one) for key, one in value.items()}
    return list(inner.values()) if list(inner) == [str(number) for number in range(len(inner))] else inner
