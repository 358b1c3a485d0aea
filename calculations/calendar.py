"""Working days of the Russian five-day production calendar, and the shift of a payment off a day off."""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum


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

    Transferred days off and working Saturdays are in it. Years for which no decree is known yet are a projection by
    the Labour Code's general rules.
    """

    def __init__(self, *, working: Iterable[date] = (), off: Iterable[date] = ()) -> None:
        raise NotImplementedError

    def is_working_day(self, day: date) -> bool:
        raise NotImplementedError

    def is_projection(self, year: int) -> bool:
        raise NotImplementedError

    def shift(self, day: date, rule: Shift = Shift.following) -> date:
        raise NotImplementedError
