"""An individual plan as people write it: a row a line, date and sum."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from calculations.dates_text import Culture
from calculations.money import Money


@dataclass(frozen=True, slots=True)
class CustomRow:
    """`amount` is a sum, a share of what the rows divide (Fraction), or None for the rest."""

    date: date
    amount: Money | Fraction | None


def parse_custom_rows(
    value: str | Sequence[str], currency: str, culture: Culture = Culture.day_month_year
) -> tuple[CustomRow, ...]:
    """`31.01.2027 10000` a line, sums or percentages; the last row may say `rest` (`остаток`). Lists are accepted.

    Refusals: `rows_missing`, `row_not_understood` and those of dates and money, each naming the row.
    """
    raise NotImplementedError
