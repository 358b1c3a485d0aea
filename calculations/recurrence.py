"""Repeating dates: every one is computed from the anchor, never from the one before it."""

import datetime as dt
from calendar import isleap
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import count as count_from
from itertools import islice, takewhile

from calculations.refusal import Refusal
from calculations.split import MOST_PARTS, check_parts


class Period(StrEnum):
    """`two_weeks` is 14 days; a quarter is 3 months, a half year 6, a year 12: a month is never 30 days."""

    day = "day"
    week = "week"
    two_weeks = "two_weeks"
    month = "month"
    quarter = "quarter"
    half_year = "half_year"
    year = "year"

    @property
    def days(self) -> int:
        """Length in days; 0 for periods that are made of months."""
        return _DAYS.get(self, 0)

    @property
    def months(self) -> int:
        """Length in months; 0 for periods that are made of days."""
        return _MONTHS.get(self, 0)


_DAYS = {Period.day: 1, Period.week: 7, Period.two_weeks: 14}
_MONTHS = {Period.month: 1, Period.quarter: 3, Period.half_year: 6, Period.year: 12}


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
    """The series anchor, anchor + one step, anchor + two steps ..., a step being `every` periods.

    `day_of_month` is for an anchor that was itself clipped: 28 Feb of a series agreed for the 31st. With `last_day` it
    sticks to month ends when day `day_of_month` of the anchor's month is the last one, or when the anchor is a month
    end that such a series (28 or later) has reached. Refusals: `every_not_positive`, `anchor_day_wrong`,
    `date_out_of_range` where a date would leave the calendar.
    """

    anchor: dt.date
    period: Period = Period.month
    every: int = 1
    month_end: MonthEnd = MonthEnd.clip
    day_of_month: int = 0

    def __post_init__(self) -> None:
        if self.every < 1:
            raise Refusal(
                "every_not_positive",
                ru=f"Шаг «каждые {self.every}» невозможен: укажите 1 или больше",
                en=f'A step of "every {self.every}" is impossible: give 1 or more',
            )
        if not 0 <= self.day_of_month <= 31:
            raise Refusal(
                "anchor_day_wrong",
                ru=f"День месяца {self.day_of_month} невозможен: укажите от 1 до 31 или 0 — день самой даты",
                en=f"The day of month {self.day_of_month} is impossible: give 1 to 31, or 0 for the date's own day",
            )

    def date(self, k: int) -> dt.date:
        """The k-th date, 0 being the anchor; with `skip` the k-th that exists."""
        return next(self.dates(k))

    def dates(self, first: int = 0) -> Iterator[dt.date]:
        """The dates from the `first`-th on, without end."""
        if self._skips():
            return islice(self._steps(0), first, None)
        return self._steps(first)

    def after_anchor(self) -> Iterator[dt.date]:
        """The dates one step and more after the anchor, without end."""
        return self._steps(1)

    def count_until(self, until: dt.date, first: int = 0) -> int:
        """How many dates from the `first`-th on are not later than `until`; never more than `MOST_PARTS` + 1."""
        return _count_until(self.dates(first), until)

    def first_after(self, moment: dt.date) -> tuple[int, dt.date]:
        """The number and the date of the first one strictly later than `moment`."""
        return next((k, day) for k, day in enumerate(self.dates()) if day > moment)

    def _skips(self) -> bool:
        return self.month_end is MonthEnd.skip and not self.period.days

    def _steps(self, first: int) -> Iterator[dt.date]:
        if self.period.days:
            return self._day_steps(first)
        wanted = self.day_of_month or self.anchor.day
        if self._skips():
            return (day for day in self._month_steps(first, wanted) if day.day == wanted)
        return self._month_steps(first, 31 if self._sticks_to_month_ends(wanted) else wanted)

    def _day_steps(self, first: int) -> Iterator[dt.date]:
        step = self.period.days * self.every
        start = self.anchor.toordinal()
        last = dt.date.max.toordinal()
        for ordinal in count_from(start + first * step, step):
            if ordinal > last:
                raise self._out_of_range()
            yield dt.date.fromordinal(ordinal)

    def _month_steps(self, first: int, wanted: int) -> Iterator[dt.date]:
        date, last_year = dt.date, dt.MAXYEAR
        step = self.period.months * self.every
        years, month = divmod(self.anchor.month - 1 + first * step, 12)
        year = self.anchor.year + years
        while year <= last_year:
            day = wanted if wanted <= 28 else min(wanted, days_in_month(year, month + 1))
            yield date(year, month + 1, day)
            month += step
            if month >= 12:
                years, month = divmod(month, 12)
                year += years
        raise self._out_of_range()

    def _sticks_to_month_ends(self, wanted: int) -> bool:
        length = days_in_month(self.anchor.year, self.anchor.month)
        return self.month_end is MonthEnd.last_day and wanted >= 28 and length in (self.anchor.day, min(wanted, length))

    def _out_of_range(self) -> Refusal:
        return Refusal(
            "date_out_of_range",
            ru=f"Ряд дат от {self.anchor} уходит за {dt.MAXYEAR} год: проверьте срок, шаг и число месяца",
            en=f"The dates from {self.anchor} run past the year {dt.MAXYEAR}: check the term, the step and the day",
        )


@dataclass(frozen=True, slots=True)
class PaymentDates:
    """The contract dates of payments 1, 2, 3 ...

    With a `first_date` the first payment falls on it and it is the anchor; without one the anchor is `start_date` and
    the first payment comes one step later: 31 Jan, then 28 Feb, 31 Mar.
    """

    recurrence: Recurrence
    from_anchor: bool

    @classmethod
    def of(
        cls,
        start_date: dt.date,
        first_date: dt.date | None = None,
        period: Period = Period.month,
        every: int = 1,
        month_end: MonthEnd = MonthEnd.clip,
    ) -> "PaymentDates":
        """The dates by what the contract says."""
        return cls(Recurrence(first_date or start_date, period, every, month_end), first_date is not None)

    def take(self, count: int) -> tuple[dt.date, ...]:
        """The first `count` dates."""
        return tuple(islice(self._all(), count))

    def agreed_count(self, count: int | None, until: dt.date | None) -> int:
        """The number of payments by count, by the last day (inclusive), or by both, which must then agree.

        Refusals: `count_missing`, `parts_not_positive`, `too_many_parts`, `first_after_until`, `count_until_disagree`.
        """
        if count is not None:
            check_parts(count)
        if until is None:
            if count is None:
                raise Refusal(
                    "count_missing",
                    ru="Срок не указан: укажите число платежей или дату, до которой платить",
                    en="There is no term: give the number of payments or the date they end by",
                )
            return count
        fitting = self.count_until(until)
        if fitting > MOST_PARTS:
            raise Refusal(
                "too_many_parts",
                ru=f"До {until} включительно платежей больше {MOST_PARTS}: возьмите срок короче или период длиннее",
                en=f"There are more than {MOST_PARTS} payments up to and with {until}: take a shorter term or longer "
                "periods",
            )
        if count not in (None, fitting):
            raise Refusal(
                "count_until_disagree",
                ru=f"До {until} включительно платежей {fitting}, а указано {count}: оставьте одно или исправьте",
                en=f"There are {fitting} payments up to and with {until}, but the count is {count}: correct one",
            )
        return fitting

    def count_until(self, until: dt.date) -> int:
        """The number of payments not later than `until`; none at all is the refusal `first_after_until`."""
        first = self.take(1)[0]
        if first > until:
            raise Refusal(
                "first_after_until",
                ru=f"Первый платёж {first} позже конца срока {until}: измените одну из дат",
                en=f"The first payment, on {first}, is later than the end of the term, {until}: change one of them",
            )
        return _count_until(self._all(), until)

    def _all(self) -> Iterator[dt.date]:
        return self.recurrence.dates() if self.from_anchor else self.recurrence.after_anchor()


def days_in_month(year: int, month: int) -> int:
    """28 to 31; 2100 is no leap year."""
    if month == 2:
        return 29 if isleap(year) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def _count_until(days: Iterator[dt.date], until: dt.date) -> int:
    return sum(1 for _ in takewhile(lambda day: day <= until, islice(days, MOST_PARTS + 1)))
