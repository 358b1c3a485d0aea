"""One authentic request of a terminal: who asks, with what, and which turn was planned for it."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.acquirers.bank import Bank
from sandbox.acquirers.tbank.fields import Fields
from sandbox.acquirers.turns import USUAL, Turn

Answer = dict[str, object] | list[dict[str, object]]


@dataclass(frozen=True)
class Call:
    """`root` is the address the sandbox is reached at, with its final slash."""

    bank: Bank
    shop: str
    fields: Fields
    root: str
    turn: Turn = USUAL

    @property
    def two_stage(self) -> bool:
        return self.bank.shops[self.shop].get("stages") == "2"

    @property
    def terminal_type(self) -> str:
        """ECOM, or AFT for terminals that repay loans."""
        return self.bank.shops[self.shop].get("type", "ECOM")
