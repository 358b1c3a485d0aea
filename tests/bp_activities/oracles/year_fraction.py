"""Parts of a year between two dates: days by QuantLib's counters, exact over their denominators."""

from datetime import date
from fractions import Fraction

import QuantLib as quantlib

COUNTS = ["act_365_366", "act_365", "act_360", "30e_360"]
ACTUAL = quantlib.Actual365Fixed()
EUROPEAN = quantlib.Thirty360(quantlib.Thirty360.European)


def theirs(day: date) -> quantlib.Date:
    return quantlib.Date(day.day, day.month, day.year)


def year_fraction(count: str, after: date, to: date) -> Fraction:
    """The issue day bears no interest, the repayment day does."""
    if count == "30e_360":
        return Fraction(EUROPEAN.dayCount(theirs(after), theirs(to)), 360)
    if count == "act_365_366":
        return by_calendar_years(after, to)
    return Fraction(ACTUAL.dayCount(theirs(after), theirs(to)), 365 if count == "act_365" else 360)


def by_calendar_years(after: date, to: date) -> Fraction:
    """Days of (after, to] in each year over that year's own length."""
    total = Fraction(0)
    for year in range(after.year, to.year + 1):
        length = date(year + 1, 1, 1).toordinal() - date(year, 1, 1).toordinal()
        since = max(after, date(year - 1, 12, 31))
        until = min(to, date(year, 12, 31))
        total += Fraction(until.toordinal() - since.toordinal(), length)
    return total
