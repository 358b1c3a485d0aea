"""Idempotence: a POST comes again under its key and finds what its first time has made, for 24 hours."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sandbox.acquirers.bank import Bank
from sandbox.acquirers.yookassa.call import Call, Shown
from sandbox.acquirers.yookassa.refusals import UNDECIDED, Refusal

LIFE = timedelta(hours=24)
HEADER = "Idempotence-Key"
LONGEST = 64

_KEY = re.compile(r"[!-~]{1,64}")


@dataclass(frozen=True)
class Kept:
    """What stands under a key: the print of its request, and either the object with its first answer or the refusal."""

    at: datetime
    request: str
    shown: Shown | None = field(default=None, repr=False)
    first: dict[str, object] | None = None
    refusal: Refusal | None = None


def check_key(key: str | None) -> str:
    if not key:
        raise Refusal("invalid_request", "Idempotence key is required", HEADER)
    if len(key) > LONGEST:
        raise Refusal("invalid_request", "Idempotence key is too long", HEADER)
    if not _KEY.fullmatch(key):
        raise Refusal("invalid_request", "Idempotence key has characters that are not allowed", HEADER)
    return key


def print_of(path: str, body: bytes) -> str:
    return hashlib.sha256(path.encode() + b"\n" + body).hexdigest()


def follow_once(call: Call, request: str, follow: Callable[[Call], Shown]) -> dict[str, object]:
    """The answer to a POST. `request` is its print; called under the bank's lock. Raises Refusal."""
    kept = _kept(call.bank).get((call.shop, call.key))
    if kept is not None and call.bank.now() < kept.at + LIFE:
        return _repeated(call.bank, kept, request)
    try:
        shown = follow(call)
    except Refusal as refusal:
        if refusal.status not in UNDECIDED and call.bank.settings["refused_key"] == "kept":
            _kept(call.bank)[call.shop, call.key] = Kept(call.bank.now(), request, refusal=refusal)
        raise
    first = shown()
    _kept(call.bank)[call.shop, call.key] = Kept(call.bank.now(), request, shown=shown, first=first)
    return first


def _repeated(bank: Bank, kept: Kept, request: str) -> dict[str, object]:
    if kept.request != request and bank.settings["other_body"] == "refused":
        raise Refusal("invalid_request", "Idempotence key duplicated", HEADER)
    if kept.refusal is not None:
        raise kept.refusal
    assert kept.shown is not None
    assert kept.first is not None
    return kept.first if bank.settings["repeated_answer"] == "first" else kept.shown()


def _kept(bank: Bank) -> dict[tuple[str, str], Kept]:
    kept: dict[tuple[str, str], Kept] = bank.facts["keys"]
    return kept
