"""The next payment date after a payment: dates by python-dateutil, why they end by the order debt, count, end date."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice, takewhile

from dateutil.relativedelta import relativedelta
from dateutil.rrule import MONTHLY, rrule

from tests.bp_activities.oracles.recurring import DAYS, MONTHS, dates, is_month_end

FAR = 500


@dataclass(frozen=True)
class Next:
    day: date | None
    remaining: int | None
    missed: tuple[date, ...]
    stop: str


def later_dates(current: date, period: str, every: int, anchor_day: int, month_end: str) -> list[date]:
    """Dates after the current one, the agreed day of the month kept (0: the current date's own)."""
    if period in DAYS or (month_end == "last_day" and is_month_end(current)):
        return dates(current, period, every, month_end, FAR)[1:]
    months, day = MONTHS[period] * every, anchor_day or current.day
    if month_end == "skip":
        begin = datetime(current.year, current.month, 1, tzinfo=UTC)
        rule = rrule(MONTHLY, interval=months, bymonthday=day, dtstart=begin)
        foreseeable = takewhile(lambda moment: moment.year < current.year + FAR, rule)
        return [moment.date() for moment in islice(foreseeable, FAR) if moment.date() > current]
    return [current + relativedelta(months=months * k, day=day) for k in range(1, FAR)]


def next_after(
    later: list[date],
    today: date,
    after_today: bool,
    regular: bool = True,
    debt: int | None = None,
    left: int | None = None,
    until: date | None = None,
) -> Next:
    if not regular:
        return Next(None, 0, (), "not_regular")
    if debt is not None and debt <= 0:
        return Next(None, 0, (), "debt_cleared")
    steps = 1 + sum(day <= today for day in later) if after_today else 1
    candidate = later[steps - 1]
    promised = [day for day in later[:left] if until is None or day <= until]
    # What is due today is not late yet; jumped over it would be lost unless listed.
    missed = tuple(day for day in promised if day < (candidate if after_today else today))
    if len(promised) >= steps:
        return Next(candidate, None if left is None else left - steps, missed, "none")
    return Next(None, 0, missed, "count_reached" if len(promised) == left else "until_reached")
