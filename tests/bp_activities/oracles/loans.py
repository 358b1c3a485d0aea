"""Rows of loans in exact rationals: the constant payment, interest by row, the last payment balancing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import accumulate, pairwise

from tests.bp_activities.oracles.exact import half_up, up_to
from tests.bp_activities.oracles.recurring import DAYS, MONTHS
from tests.bp_activities.oracles.year_fraction import year_fraction


@dataclass(frozen=True)
class Row:
    principal: int
    interest: int
    balance: int

    @property
    def amount(self) -> int:
        return self.principal + self.interest


def period_rate(rate: Fraction, period: str, every: int) -> Fraction:
    """The yearly rate over periods a year: 12 months, 365 days."""
    if period in DAYS:
        return rate * DAYS[period] * every / 365
    return rate * MONTHS[period] * every / 12


def is_steady(step: Fraction, count: int) -> bool:
    """Whether the half kopeck that rounding puts into each payment stays small beside it to the end of the loan."""
    return (1 + step) ** count <= 10_000


def factors(
    rate: Fraction, day_count: str, period: str, every: int, since: date, due: Sequence[date]
) -> list[Fraction]:
    """What one unit of balance costs until each due date; nothing accrues before `since`, nor backwards."""
    if day_count == "equal":
        return [period_rate(rate, period, every)] * len(due)
    bounds = list(accumulate([since, *due], max))
    return [rate * year_fraction(day_count, before, day) for before, day in pairwise(bounds)]


def constant_payment(principal: int, rate: Fraction, count: int, unit: int | None = None) -> int:
    """To the nearest minor unit, or up to the rounding unit where there is one."""
    exact = principal * rate / (1 - (1 + rate) ** -count)
    return half_up(exact) if unit is None else up_to(exact, unit)


def annuity(principal: int, payment: int, costs: Sequence[Fraction]) -> list[Row]:
    """Raises ValueError where interest reaches the payment: the balance would not fall."""
    rows: list[Row] = []
    balance = principal
    for number, cost in enumerate(costs, start=1):
        interest = half_up(balance * cost)
        if number == len(costs) or payment - interest >= balance:
            return [*rows, Row(balance, interest, 0)]
        if interest >= payment:
            raise ValueError("interest outgrows the payment")
        balance -= payment - interest
        rows.append(Row(payment - interest, interest, balance))
    return rows


def nearest_principal(principal: int, count: int) -> list[int]:
    """P/n to the nearest minor unit, the last takes the rest. Raises ValueError where nothing is left for it."""
    part = half_up(Fraction(principal, count))
    parts = [part] * (count - 1) + [principal - part * (count - 1)]
    if min(parts) <= 0:
        raise ValueError("a row of nothing")
    return parts


def with_interest(parts: Sequence[int], costs: Sequence[Fraction]) -> list[Row]:
    balance = sum(parts)
    rows = []
    for part, cost in zip(parts, costs, strict=True):
        interest = half_up(balance * cost)
        balance -= part
        rows.append(Row(part, interest, balance))
    return rows
