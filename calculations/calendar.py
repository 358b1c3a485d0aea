"""Working days of the Russian five-day production calendar, and the shift of a payment off a day off."""

from collections.abc import Iterable, Sequence
from datetime import date
from enum import StrEnum
from functools import cache
from operator import attrgetter

from holidays import country_holidays
from holidays.countries.russia import RussiaStaticHolidays

from calculations.refusal import Refusal

FIRST_YEAR = 1992
LAST_YEAR = 2100
"""The years the holiday tables cover with their neighbours; dates outside are refused where working days matter."""

_year_of = attrgetter("year")
_LAST_DECREED_YEAR: int = max(RussiaStaticHolidays.special_public_holidays)


class Shift(StrEnum):
    """Where a payment that falls on a day off goes.

    `following`: the next working day (Civil Code art. 193); `modified_following`: the same, but back when that would
    leave the month; `preceding`: the working day before; `none`: stays.
    """

    following = "following"
    modified_following = "modified_following"
    preceding = "preceding"
    none = "none"


class Calendar:
    """The production calendar with the portal's own working days and days off laid over it.

    Transferred days off and working Saturdays are in it. Years no decree is known for yet are a projection: weekends
    and holidays as the `holidays` library lists them, with nothing transferred, so that the Monday after a holiday that
    falls on a weekend (Labour Code art. 112) is a working day there.
    """

    def __init__(self, *, working: Iterable[date] = (), off: Iterable[date] = ()) -> None:
        self._working = frozenset(day.toordinal() for day in working)
        self._own_off = frozenset(day.toordinal() for day in off)
        for ordinal in self._working & self._own_off:
            day = date.fromordinal(ordinal)
            raise Refusal(
                "calendar_conflict",
                ru=f"В календаре портала {day} и рабочий, и выходной день: оставьте одно",
                en=f"The portal's calendar has {day} both as a working day and as a day off: leave one",
            )
        self._off: set[int] = set()
        self._known_years: set[int] = set()
        self._moved: dict[Shift, dict[int, date]] = {rule: {} for rule in Shift}

    def is_working_day(self, day: date) -> bool:
        self._learn(day.year)
        return day.toordinal() not in self._off

    def is_projection(self, year: int) -> bool:
        """No decree has settled the transfers of this year yet, as far as the installed tables know."""
        return year > _LAST_DECREED_YEAR

    def projected_years(self, days: Iterable[date]) -> tuple[int, ...]:
        """The years among these days whose working days a decree may still change, in order."""
        return tuple(sorted(filter(self.is_projection, set(map(_year_of, days)))))

    def shift(self, day: date, rule: Shift = Shift.following) -> date:
        """The day a payment with this contract date is made on."""
        if rule is Shift.none:
            return day
        if day.year not in self._known_years:
            self._learn(day.year)
        days_off = self._off
        ordinal = day.toordinal()
        if ordinal not in days_off:
            return day
        if rule is not Shift.preceding:
            while ordinal in days_off:
                ordinal += 1
            shifted = date.fromordinal(ordinal)
            if rule is Shift.following or shifted.month == day.month:
                return shifted
        while ordinal in days_off or ordinal > day.toordinal():
            ordinal -= 1
        return date.fromordinal(ordinal)

    def shift_all(self, days: Sequence[date], rule: Shift = Shift.following) -> list[date]:
        """The days payments with these contract dates are made on."""
        if rule is Shift.none or not days:
            return list(days)
        for year in range(min(days).year, max(days).year + 1):
            self._learn(year)
        days_off, moved = self._off, self._moved[rule]
        return [
            day if (ordinal := day.toordinal()) not in days_off else moved.get(ordinal) or self._move(day, rule)
            for day in days
        ]

    def _move(self, day: date, rule: Shift) -> date:
        """The same series falls on the same days off again and again: where each goes is worked out once."""
        return self._moved[rule].setdefault(day.toordinal(), self.shift(day, rule))

    def _learn(self, year: int) -> None:
        """Makes the days off complete for a year and for its neighbours, where a shift may lead."""
        if year in self._known_years:
            return
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise Refusal(
                "date_out_of_range",
                ru=f"Производственный календарь {year} года неизвестен: нужен год от {FIRST_YEAR} до {LAST_YEAR} "
                "или даты без переноса (none)",
                en=f"The working days of {year} are not known: give a year from {FIRST_YEAR} to {LAST_YEAR} "
                "or leave dates unshifted (none)",
            )
        days = _days_off_of(year - 1) | _days_off_of(year) | _days_off_of(year + 1)
        self._off |= (days | self._own_off) - self._working
        self._known_years.add(year)


@cache
def _days_off_of(year: int) -> frozenset[int]:
    table = country_holidays("RU", years=year, expand=False)
    days = map(date.fromordinal, range(date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal()))
    return frozenset(day.toordinal() for day in days if not table.is_working_day(day))


RUSSIA = Calendar()
"""The production calendar as it stands, with nothing of a portal's own."""
