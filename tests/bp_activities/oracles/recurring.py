"""Contract dates by python-dateutil: relativedelta from the anchor, rrule where missing days are skipped."""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from itertools import islice

from dateutil.relativedelta import relativedelta
from dateutil.rrule import MONTHLY, rrule

DAYS = {"day": 1, "week": 7, "two_weeks": 14}
MONTHS = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}
PERIODS = [*DAYS, *MONTHS]
MOST_YEARS = 60


def spans(period: str, every: int, month_end: str, count: int) -> bool:
    """Whether so many dates stay within a term whose working days anybody can foresee."""
    if period in DAYS:
        return True
    months = MONTHS[period] * every
    rarity = 1 if month_end != "skip" else 4 if months % 12 == 0 else 2
    return months * count * rarity <= MOST_YEARS * 12


def is_month_end(day: date) -> bool:
    return day.day == monthrange(day.year, day.month)[1]


def dates(anchor: date, period: str, every: int, month_end: str, count: int) -> list[date]:
    """The anchor and what follows it, `count` dates in all."""
    if period in DAYS:
        return [anchor + timedelta(days=DAYS[period] * every * k) for k in range(count)]
    months = MONTHS[period] * every
    if month_end == "skip":
        rule = rrule(MONTHLY, interval=months, dtstart=datetime(anchor.year, anchor.month, anchor.day, tzinfo=UTC))
        return [moment.date() for moment in islice(rule, count)]
    if month_end == "last_day" and is_month_end(anchor):
        return [anchor + relativedelta(months=months * k, day=31) for k in range(count)]
    return [anchor + relativedelta(months=months * k) for k in range(count)]
