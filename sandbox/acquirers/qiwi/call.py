"""One authentic request of a shop."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.acquirers.bank import Bank
from sandbox.acquirers.qiwi.fields import Fields
from sandbox.acquirers.turns import USUAL, Turn

Answer = dict[str, object] | list[dict[str, object]] | None


@dataclass(frozen=True)
class Call:
    """`names` are the numbers in the path, `root` the sandbox's address with its final slash."""

    bank: Bank
    shop: str
    names: tuple[str, ...]
    fields: Fields
    root: str
    turn: Turn = USUAL
