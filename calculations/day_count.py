"""Day counts: what share of a yearly rate a stretch of days bears."""

from datetime import date
from enum import StrEnum
from fractions import Fraction


class DayCount(StrEnum):
    """`equal`: every period bears the same share, whatever its days; the others count days.

    `act_365_366`: days after the previous date up to and with this one, each by the length of its own year;
    `act_365`, `act_360`: actual days over 365 or 360; `30e_360`: months of 30 days, the 31st counted as the 30th.
    """

    equal = "equal"
    act_365_366 = "act_365_366"
    act_365 = "act_365"
    act_360 = "act_360"
    thirty_e_360 = "30e_360"


def year_fraction(day_count: DayCount, start: date, end: date) -> Fraction:
    """The exact share of a year between two dates; `equal` has none of its own and is an AssertionError."""
    raise NotImplementedError
