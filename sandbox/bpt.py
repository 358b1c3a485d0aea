"""Templates of business processes as files: PHP's serialised arrays, zlib-compressed, as steps of the engine."""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from typing import Any

from sandbox.bizproc_store import Step
from sandbox.call import as_list

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class BadTemplate(Exception):
    """The file is no template the engine understands; the text says why."""


def unpack(data: Any, loose_check: bool = False) -> dict[str, Any]:
    """The template behind TEMPLATE_DATA: `[name, base64]` or the base64 alone.

    Text that looks like a serialised object is refused; `loose_check` sees one already in `O:8:`.
    """
    text = data[1] if isinstance(data, list) and len(data) == 2 else data
    try:
        raw = base64.b64decode(str(text), validate=True)
    except binascii.Error as error:
        raise BadTemplate("not base64") from error
    if raw[:1] == b"\x78":
        try:
            raw = zlib.decompress(raw)
        except zlib.error as error:
            raise BadTemplate("not zlib") from error
    if re.search(rb"[OC]:\d+:" if loose_check else rb'[OC]:\d+:"', raw):
        raise BadTemplate("objects are forbidden")
    value = unserialize(raw)
    if not isinstance(value, dict) or value.get("VERSION") != 2 or not as_list(value.get("TEMPLATE")):
        raise BadTemplate("no TEMPLATE of version 2")
    return value


def steps_of(template: dict[str, Any]) -> list[Step]:
    """The engine's steps of a sequential process; a step it cannot carry out is refused, not skipped."""
    roots = as_list(template["TEMPLATE"])
    if len(roots) != 1 or roots[0].get("Type") != "SequentialWorkflowActivity":
        raise BadTemplate("the root must be one SequentialWorkflowActivity")
    return _children(roots[0])


def _children(node: dict[str, Any]) -> list[Step]:
    children = [child for child in as_list(node.get("Children")) if child.get("Activated", "Y") == "Y"]
    return [_step(child) for child in children]


def _step(node: dict[str, Any]) -> Step:
    kind, name, own = str(node.get("Type")), str(node.get("Name")), node.get("Properties") or {}
    if "Children" not in node:
        raise BadTemplate(f"{name} has no Children")
    if kind == "DelayActivity":
        if own.get("TimeoutTime") not in (None, ""):
            return {"type": "wait", "name": name, "until": own["TimeoutTime"]}
        seconds = int(str(own.get("TimeoutDuration") or 0)) * _UNITS[str(own.get("TimeoutDurationType") or "s")]
        return {"type": "wait", "name": name, "seconds": seconds}
    if kind.startswith("rest_"):
        seconds = int(str(own.get("TimeoutDuration") or 0)) * _UNITS[str(own.get("TimeoutDurationType") or "s")]
        user = re.search(r"\d+", str(own.get("AuthUserId") or ""))
        return {
            "type": "robot",
            "name": name,
            "internal": kind.removeprefix("rest_"),
            "properties": own,
            "use_subscription": str(own.get("UseSubscription") or ""),
            "timeout_seconds": seconds,
            "user_id": int(user[0]) if user else 0,
        }
    if kind in ("SetFieldActivity",):
        return {"type": "set_fields", "name": name, "fields": own.get("FieldValue") or {}}
    if kind == "ParallelActivity":
        branches = [_children(branch) for branch in as_list(node.get("Children"))]
        return {"type": "parallel", "name": name, "branches": branches}
    raise BadTemplate(f"the sandbox cannot run {kind}")


def unserialize(raw: bytes) -> Any:
    """PHP's serialised scalars and arrays; an array with keys 0..n-1 is a list."""
    value, end = _value(raw, 0, 0)
    if end != len(raw):
        raise BadTemplate("something follows the serialised value")
    return value


def _value(raw: bytes, at: int, depth: int) -> tuple[Any, int]:
    if depth > 50:
        raise BadTemplate("nested too deep")
    kind = raw[at : at + 2]
    if kind == b"N;":
        return None, at + 2
    if kind == b"s:":
        return _string(raw, at)
    if kind == b"a:":
        return _array(raw, at, depth)
    if kind not in (b"i:", b"d:", b"b:"):
        raise BadTemplate(f"unknown value at byte {at}")
    end = raw.find(b";", at)
    if end < 0:
        raise BadTemplate("the value has no end")
    text = raw[at + 2 : end].decode("ascii", "replace")
    try:
        read: Any = int(text) if kind == b"i:" else float(text) if kind == b"d:" else text == "1"
    except ValueError as error:
        raise BadTemplate(f"a bad number {text}") from error
    return read, end + 1


def _string(raw: bytes, at: int) -> tuple[str, int]:
    length, start = _count(raw, at)
    text = raw[start + 1 : start + 1 + length]
    if raw[start : start + 1] != b'"' or raw[start + 1 + length : start + 3 + length] != b'";':
        raise BadTemplate(f"a string at byte {at} has a wrong length")
    return text.decode("utf-8"), start + 3 + length


def _array(raw: bytes, at: int, depth: int) -> tuple[Any, int]:
    count, position = _count(raw, at)
    if raw[position : position + 1] != b"{":
        raise BadTemplate(f"an array at byte {at} has no beginning")
    position += 1
    found: dict[Any, Any] = {}
    for _ in range(count):
        key, position = _value(raw, position, depth + 1)
        found[key], position = _value(raw, position, depth + 1)
    if raw[position : position + 1] != b"}":
        raise BadTemplate(f"an array at byte {at} has a wrong count")
    if list(found) == list(range(len(found))):
        return list(found.values()), position + 1
    return found, position + 1


def _count(raw: bytes, at: int) -> tuple[int, int]:
    end = raw.find(b":", at + 2)
    digits = raw[at + 2 : end]
    if end < 0 or not digits.isdigit():
        raise BadTemplate(f"a bad length at byte {at}")
    return int(digits), end + 1
