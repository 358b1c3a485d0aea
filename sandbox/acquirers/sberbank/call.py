"""One authentic request of a shop: who asks, in which flavour, with what, and which turn was planned for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sandbox.acquirers.bank import Bank
from sandbox.acquirers.sberbank.refusals import DONE
from sandbox.acquirers.turns import USUAL, Turn

Flavour = Literal["rbs", "ecom", "yookassa"]
Answer = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """`fields` are checked; `root` is the address the sandbox is reached at, with its final slash."""

    bank: Bank
    shop: str
    flavour: Flavour
    fields: dict[str, Any]
    root: str
    turn: Turn = USUAL

    @property
    def is_ecom(self) -> bool:
        return self.flavour == "ecom"

    def text(self, name: str) -> str:
        return str(self.fields.get(name, ""))


def accepted(**fields: object) -> Answer:
    return {"errorCode": "0", "errorMessage": DONE} | fields
