"""One authentic request of a shop: who asks, with what, and which turn was planned for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from sandbox.acquirers.bank import Bank
from sandbox.acquirers.turns import USUAL, Turn
from sandbox.acquirers.yookassa.fields import Fields

Shown = Callable[[], dict[str, object]]
"""An object of the answer as it stands when it is called."""


@dataclass(frozen=True)
class Call:
    """`name` is the object's id in the path, `key` the Idempotence-Key, `root` the sandbox's address with its slash."""

    bank: Bank
    shop: str
    fields: Fields
    query: MultiDict[str, str]
    root: str
    name: str = ""
    key: str = ""
    turn: Turn = USUAL
