"""Repeating dates: every one is computed from the anchor, never from the one before it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Period(StrEnum):
    day = "day"
    week = "week"
    two_weeks = "two_weeks"
    month = "month"
    quarter = "quarter"
    half_year = "half_year"
    year = "year"


class MonthEnd(StrEnum):
    """What becomes of a day the month does not have.

    `clip`: the month's last day (Civil Code art. 192); `last_day`: the same, and an anchor that is the last day of its
    month stays on last days (30 Apr, 31 May); `skip`: no payment in that month.
    """

    clip = "clip"
    last_day = "last_day"
    skip = "skip"


@dataclass(frozen=True, slots=True)
class Recurrence:
    """The series anchor, anchor + period, anchor + 2 periods ... with `every` periods a step."""

    anchor: date
    period: Period = Period.month
    every: int = 1
    month_end: MonthEnd = MonthEnd.clip

    def date(self, k: int) -> date:
        """The k-th date, 0 being the anchor; with `skip` the k-th that exists."""
        raise NotImplementedError

    def dates(self, first: int = 0) -> Iterator[date]:
        """The dates from the `first`-th on, without end."""
        raise NotImplementedError

    def count_until(self, until: date, first: int = 0) -> int:
        """How many dates from the `first`-th on are not later than `until`."""
        raise NotImplementedError

    def first_after(self, moment: date) -> tuple[int, date]:
        """The number and the date of the first one strictly later than `moment`."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class PaymentDates:
    """The contract dates of payments 1, 2, 3 ...

    With a `first_date` the first payment falls on it and it is the anchor; without one the anchor is `start_date` and
    the first payment comes one period later: 31 Jan, then 28 Feb, 31 Mar.
    """

    recurrence: Recurrence
    first: int

    @classmethod
    def of(
        cls,
        start_date: date,
        first_date: date | None = None,
        period: Period = Period.month,
        every: int = 1,
        month_end: MonthEnd = MonthEnd.clip,
    ) -> "PaymentDates":
        raise NotImplementedError

    def take(self, count: int) -> tuple[date, ...]:
        """The first `count` dates."""
        raise NotImplementedError

    def agreed_count(self, count: int | None, until: date | None) -> int:
        """The number of payments by count, by the last day (inclusive), or by both, which must then agree.

        Refusals: `count_missing`, `count_not_positive`, `too_many_parts`, `first_after_until`, `count_until_disagree`.
        """
        raise NotImplementedError
