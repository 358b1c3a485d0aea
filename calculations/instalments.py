"""Payments laid against instalments, the oldest due date first: what is paid, late, overdue, and paid ahead."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from calculations.money import Money
from calculations.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Due:
    """An instalment: the working day it is to be paid by, and its sum."""

    number: int
    day: date
    amount: Money


@dataclass(frozen=True, slots=True)
class Received:
    """A payment as it came; a sum above zero."""

    day: date
    amount: Money


@dataclass(frozen=True, slots=True)
class Settled:
    """An instalment after all payments. `paid_on` is the day its last kopeck came, None while something is missing.

    `days_late` is counted to that day, or to the day asked about while it is missing; 0 for what is in time.
    """

    due: Due
    paid: Money
    paid_on: date | None
    days_late: int

    @property
    def left(self) -> Money:
        return self.due.amount - self.paid


@dataclass(frozen=True, slots=True)
class Settlement:
    """`overdue` is what should have come before `day` and did not; `ahead` what came beyond all instalments.

    `next_due` is the first instalment with something left, None when all are paid.
    """

    day: date
    rows: tuple[Settled, ...]
    overdue: Money
    ahead: Money
    next_due: Settled | None


def settle(instalments: Sequence[Due], payments: Sequence[Received], day: date) -> Settlement:
    """How instalments stand on `day`; payments after it have not come yet, early ones pay the oldest row there is.

    Refusals: `nothing_due`, `payment_not_positive`, `currency_mismatch`.
    """
    if not instalments:
        raise Refusal(
            "nothing_due",
            ru="В графике нет ни одной строки: раскладывать платежи не на что",
            en="The schedule has no row: there is nothing to lay the payments against",
        )
    zero = instalments[0].amount - instalments[0].amount
    rows: list[Settled] = []
    come = iter(sorted((one for one in payments if one.day <= day), key=lambda one: one.day))
    in_hand, came_on = zero, date.min
    for due in sorted(instalments, key=lambda one: (one.day, one.number)):
        paid = zero
        while paid < due.amount:
            if not in_hand:
                received = next(come, None)
                if received is None:
                    break
                in_hand, came_on = _positive(received), received.day
            part = min(in_hand, due.amount - paid)
            paid += part
            in_hand -= part
        paid_on = came_on if paid == due.amount else None
        rows.append(Settled(due, paid, paid_on, max(0, ((paid_on or day) - due.day).days)))
    ahead = sum((_positive(one) for one in come), start=in_hand)
    overdue = sum((row.left for row in rows if row.due.day < day), start=zero)
    settlement = Settlement(day, tuple(rows), overdue, ahead, next((row for row in rows if row.left), None))
    _check(settlement, payments)
    return settlement


def _positive(received: Received) -> Money:
    if received.amount.minor <= 0:
        raise Refusal(
            "payment_not_positive",
            ru=f"Платёж {received.day}: {received.amount}; сумма должна быть больше нуля",
            en=f"The payment of {received.day} is {received.amount}: it must be above zero",
        )
    return received.amount


def _check(settlement: Settlement, payments: Sequence[Received]) -> None:
    """Every kopeck that came is somewhere, and no row took more than its own."""
    came = sum(one.amount.minor for one in payments if one.day <= settlement.day)
    laid = sum(row.paid.minor for row in settlement.rows) + settlement.ahead.minor
    if came != laid or any(row.left.minor < 0 for row in settlement.rows):
        raise AssertionError(f"{came} came and {laid} was laid against instalments")
