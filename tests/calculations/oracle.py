"""An independent reckoning of schedules: exact fractions, days walked one by one, none of the code it checks."""

from datetime import date, timedelta
from fractions import Fraction
from math import floor

from dateutil.relativedelta import relativedelta
from holidays import country_holidays

RUSSIAN_HOLIDAYS = country_holidays("RU", years=range(2010, 2062))


def nearest(exact: Fraction) -> int:
    """Half up, for what is not negative."""
    return floor(exact + Fraction(1, 2))


def monthly_dates(start: date, count: int) -> list[date]:
    return [start + relativedelta(months=k) for k in range(1, count + 1)]


def next_working_day(day: date) -> date:
    while not RUSSIAN_HOLIDAYS.is_working_day(day):
        day += timedelta(days=1)
    return day


def days_after(start: date, end: date) -> list[date]:
    """Every day later than `start` up to and with `end`."""
    return [start + timedelta(days=k) for k in range(1, (end - start).days + 1)]


def days_in_year(year: int) -> int:
    return (date(year + 1, 1, 1) - date(year, 1, 1)).days


def share_of_year(day_count: str, start: date, end: date, periods_a_year: Fraction) -> Fraction:
    if day_count == "equal":
        return 1 / periods_a_year
    if day_count == "act_365_366":
        return sum((Fraction(1, days_in_year(day.year)) for day in days_after(start, end)), Fraction(0))
    if day_count in ("act_365", "act_360"):
        return Fraction(len(days_after(start, end)), int(day_count[-3:]))
    first = start.year * 360 + start.month * 30 + (30 if start.day == 31 else start.day)
    last = end.year * 360 + end.month * 30 + (30 if end.day == 31 else end.day)
    return Fraction(last - first, 360)


def annuity_payment(principal: int, rate: Fraction, count: int, periods_a_year: Fraction) -> int:
    """What makes the present values of `count` equal payments add up to the principal."""
    factor = 1 + rate / periods_a_year
    worth = sum((1 / factor**k for k in range(1, count + 1)), Fraction(0))
    return nearest(principal / worth)


def annuity_rows(
    principal: int,
    rate: Fraction,
    day_count: str,
    issued: date,
    paid_on: list[date],
    payment: int,
    periods_a_year: Fraction = Fraction(12),
) -> list[tuple[int, int, int]]:
    """(principal, interest, balance) of each row; None of the checks of the real thing."""
    rows: list[tuple[int, int, int]] = []
    balance, previous = principal, issued
    for day in paid_on:
        interest = nearest(balance * rate * share_of_year(day_count, previous, day, periods_a_year))
        part = balance if day is paid_on[-1] else payment - interest
        balance -= part
        rows.append((part, interest, balance))
        previous = day
    return rows


def differentiated_rows(
    principal: int, rate: Fraction, day_count: str, issued: date, paid_on: list[date]
) -> list[tuple[int, int, int]]:
    rows: list[tuple[int, int, int]] = []
    balance, previous, part = principal, issued, nearest(Fraction(principal, len(paid_on)))
    for day in paid_on:
        interest = nearest(balance * rate * share_of_year(day_count, previous, day, Fraction(12)))
        part = balance if day is paid_on[-1] else part
        balance -= part
        rows.append((part, interest, balance))
        previous = day
    return rows


def present_value(monthly_rate: Fraction, flows: list[tuple[int, Fraction, int]]) -> Fraction:
    """Sum of (months, share of a month, amount) by the formula of 353-FZ art. 6."""
    return sum(
        (amount / ((1 + share * monthly_rate) * (1 + monthly_rate) ** months) for months, share, amount in flows),
        Fraction(0),
    )
