"""One authentic request of a site: who asks, with what, and which turn was planned for it."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.acquirers.bank import Bank
from sandbox.acquirers.cloudpayments.fields import Fields
from sandbox.acquirers.turns import USUAL, Turn

Answer = dict[str, object]


@dataclass(frozen=True)
class Call:
    """`root` is the address the sandbox is reached at, with its final slash."""

    bank: Bank
    shop: str
    fields: Fields
    root: str
    turn: Turn = USUAL

    def here(self, path: str) -> str:
        return f"{self.root}acquirers/cloudpayments/{path}"


def succeeded(model: object = None, message: str | None = None) -> Answer:
    return {"Model": model, "Success": True, "Message": message}
