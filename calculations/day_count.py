"""Day counts: what share of a yearly rate a stretch of days bears."""

from calendar import isleap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise

from calculations.recurrence import Period


class DayCount(StrEnum):
    """`equal`: every period bears the same share, whatever its days; the others count days.

    `act_365_366`: the days after the previous date up to and with this one, each by the length of its own year (the
    practice of Russian banks since Regulation 39-P: the issue day bears no interest, the day of repayment does);
    `act_365`, `act_360`: actual days over 365 or 360; `30e_360`: months of 30 days, the 31st counted as the 30th.
    """

    equal = "equal"
    act_365_366 = "act_365_366"
    act_365 = "act_365"
    act_360 = "act_360"
    thirty_e_360 = "30e_360"


_WHOLE_YEAR = {
    DayCount.act_365_366: 365 * 366,
    DayCount.act_365: 365,
    DayCount.act_360: 360,
    DayCount.thirty_e_360: 360,
}


@dataclass(frozen=True, slots=True)
class Factors:
    """What a balance is multiplied by for the interest of each row: `weights[k]` / `denominator`, never rounded."""

    weights: tuple[int, ...]
    denominator: int


@dataclass(frozen=True, slots=True)
class Accrual:
    """How interest grows: a yearly rate (1/8 is 12.5 %), a day count, and the step between payments."""

    annual_rate: Fraction
    day_count: DayCount
    period: Period
    every: int

    @property
    def period_rate(self) -> Fraction:
        """The rate of one equal period: a month is 1/12 of a year, a day 1/365, a week 7/365."""
        if self.period.days:
            return self.annual_rate * Fraction(self.period.days * self.every, 365)
        return self.annual_rate * Fraction(self.period.months * self.every, 12)

    def factors(self, bounds: Sequence[date]) -> Factors:
        """The factors of the rows between consecutive `bounds`: the issue, then the days payments are made on."""
        if self.day_count is DayCount.equal:
            rate = self.period_rate
            return Factors((rate.numerator,) * (len(bounds) - 1), rate.denominator)
        share = self.annual_rate.numerator
        positions = _POSITIONS[self.day_count](bounds)
        weights = [share * (end - start) if end > start else 0 for start, end in pairwise(positions)]
        return Factors(tuple(weights), self.annual_rate.denominator * _WHOLE_YEAR[self.day_count])


def year_fraction(day_count: DayCount, start: date, end: date) -> Fraction:
    """The exact share of a year between two dates, for day counts that count days; nothing accrues backwards."""
    first, last = _POSITIONS[day_count]([start, end])
    return Fraction(max(0, last - first), _WHOLE_YEAR[day_count])


def _days(days: Sequence[date]) -> list[int]:
    return [day.toordinal() for day in days]


def _days_of_own_years(days: Sequence[date]) -> list[int]:
    """Days so weighed that every year, common or leap, is 365 * 366 long."""
    lines = _LINES
    return [start + day.toordinal() * weight for day in days for start, weight in (lines[day.year],)]


class _Lines(dict[int, tuple[int, int]]):
    """Where each year's line begins and how much a day of it weighs, worked out once a year."""

    def __missing__(self, year: int) -> tuple[int, int]:
        weight = 365 if isleap(year) else 366
        days_before = date(year, 1, 1).toordinal() - 1
        line = self[year] = year * 365 * 366 - days_before * weight, weight
        return line


_LINES = _Lines()


def _days_of_thirty_day_months(days: Sequence[date]) -> list[int]:
    return [day.year * 360 + day.month * 30 + min(day.day, 30) for day in days]


# Where days stand on a line on which the interest between two of them is their distance.
_POSITIONS: dict[DayCount, Callable[[Sequence[date]], list[int]]] = {
    DayCount.act_365_366: _days_of_own_years,
    DayCount.act_365: _days,
    DayCount.act_360: _days,
    DayCount.thirty_e_360: _days_of_thirty_day_months,
}
