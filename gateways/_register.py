"""Registers: an acquirer's file of what it took and gave back on a day."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from calculations.money import Money


class RegisterUnreadable(ValueError):
    """The file is no register of this acquirer; the text says what was looked for and what was found."""


@dataclass(frozen=True, slots=True)
class RegisterLine:
    """One movement of money. At least one of the two numbers is there; `amount` is above zero for both kinds."""

    kind: Literal["charge", "refund"]
    order_number: str
    payment_id: str
    amount: Money
    at: datetime | None = None
    fee: Money | None = None
