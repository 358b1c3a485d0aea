"""The `Token` of requests and notices: SHA-256 over the values of the root's scalars and the terminal's password."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping


def token_of(fields: Mapping[str, object], password: str) -> str:
    """Lower-case hex; objects, arrays, nulls and `Token` itself take no part, numbers are written as they travelled."""
    shares = {
        name: written(value)
        for name, value in fields.items()
        if name != "Token" and value is not None and not isinstance(value, dict | list)
    }
    shares["Password"] = password
    return hashlib.sha256("".join(shares[name] for name in sorted(shares)).encode()).hexdigest()


def signed(fields: Mapping[str, object], password: str) -> dict[str, object]:
    return {**fields, "Token": token_of(fields, password)}


def written(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
