"""The full cost of credit (ПСК) as an estimate: 12 times the monthly rate of return of the flows."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from calculations.money import Money


def full_cost_percent(issued_on: date, received: Money, payments: Sequence[tuple[date, Money]]) -> Decimal | None:
    """Percent a year with three decimals, half up; None where no such rate exists (nothing was lent).

    `received` is what the borrower got at issue: the sum less what was withheld.
    """
    raise NotImplementedError
