"""Second opinions: QuantLib on day counts and dates, numpy-financial on payments and returns, dateutil on months."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache

import numpy_financial
import pytest
import QuantLib as quantlib
from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import strategies as st

from calculations.annuity import constant_payment
from calculations.calendar import RUSSIA, Shift
from calculations.day_count import DayCount, year_fraction
from calculations.full_cost import full_cost_percent
from calculations.money import Money
from calculations.recurrence import MonthEnd, Period, Recurrence

DAYS = st.dates(date(1995, 1, 1), date(2090, 12, 31))
MONTHS = {Period.month: 1, Period.quarter: 3, Period.half_year: 6, Period.year: 12}
FLOAT_NOISE = 1e-9


def theirs(day: date) -> quantlib.Date:
    return quantlib.Date(day.day, day.month, day.year)


def ours(day: quantlib.Date) -> date:
    return date(day.year(), day.month(), day.dayOfMonth())


@given(DAYS, st.integers(0, 4000))
def test_day_counts_are_those_of_quantlib(start: date, days: int) -> None:
    end = start + timedelta(days=days)
    a_day_later = theirs(start) + 1, theirs(end) + 1
    isda = quantlib.ActualActual(quantlib.ActualActual.ISDA)
    # The issue day bears no interest and the day of repayment does: ISDA's own count, a day later.
    assert float(year_fraction(DayCount.act_365_366, start, end)) == pytest.approx(
        isda.yearFraction(*a_day_later), abs=FLOAT_NOISE
    )
    for own, library in (
        (DayCount.act_365, quantlib.Actual365Fixed()),
        (DayCount.act_360, quantlib.Actual360()),
        (DayCount.thirty_e_360, quantlib.Thirty360(quantlib.Thirty360.European)),
    ):
        expected = library.yearFraction(theirs(start), theirs(end))
        assert float(year_fraction(own, start, end)) == pytest.approx(expected, abs=FLOAT_NOISE)


@given(DAYS, st.sampled_from(sorted(MONTHS)), st.integers(1, 5), st.integers(0, 30))
def test_the_kth_date_is_k_steps_from_the_anchor_as_dateutil_counts_them(
    anchor: date, period: Period, every: int, number: int
) -> None:
    expected = anchor + relativedelta(months=MONTHS[period] * every * number)
    assert Recurrence(anchor, period, every).date(number) == expected


@given(st.integers(1995, 2080), st.integers(1, 12), st.integers(1, 24))
def test_month_ends_stay_month_ends_as_in_quantlib(year: int, month: int, count: int) -> None:
    anchor = date(year, month, 1) + relativedelta(day=31)
    end = date(year, month, 1) + relativedelta(months=count, day=31)
    schedule = quantlib.Schedule(
        theirs(anchor),
        theirs(end),
        quantlib.Period(1, quantlib.Months),
        quantlib.NullCalendar(),
        quantlib.Unadjusted,
        quantlib.Unadjusted,
        quantlib.DateGeneration.Forward,
        True,
    )
    sticking = Recurrence(anchor, Period.month, 1, MonthEnd.last_day)
    assert [sticking.date(number) for number in range(count + 1)] == [ours(day) for day in schedule]


@cache
def russian_days_off() -> quantlib.Calendar:
    """Our days off under QuantLib's rules: the rules are compared, not the days."""
    calendar = quantlib.BespokeCalendar("production calendar")
    day = date(2021, 12, 1)
    while day < date(2027, 2, 1):
        if not RUSSIA.is_working_day(day):
            calendar.addHoliday(theirs(day))
        day += timedelta(days=1)
    return calendar


@given(
    st.dates(date(2022, 1, 1), date(2026, 12, 31)),
    st.sampled_from(
        [
            (Shift.following, quantlib.Following),
            (Shift.modified_following, quantlib.ModifiedFollowing),
            (Shift.preceding, quantlib.Preceding),
            (Shift.none, quantlib.Unadjusted),
        ]
    ),
)
def test_a_day_off_is_left_by_the_same_rules_as_in_quantlib(day: date, rules: tuple[Shift, int]) -> None:
    own, library = rules
    assert RUSSIA.shift(day, own) == ours(russian_days_off().adjust(theirs(day), library))


@given(
    st.integers(1_000_000, 10**11),
    st.fractions(Fraction(1, 10_000), Fraction(3), max_denominator=10_000),
    st.integers(1, 360),
)
def test_a_constant_payment_is_that_of_numpy_to_the_kopeck(principal: int, rate: Fraction, count: int) -> None:
    own = constant_payment(principal, rate / 12, count)
    expected = -float(numpy_financial.pmt(float(rate / 12), count, principal))
    assert own == pytest.approx(expected, abs=0.5 + expected * FLOAT_NOISE)


@given(st.integers(10_000_000, 10**10), st.integers(1, 60), st.integers(1, 600))
def test_the_full_cost_on_anniversaries_is_twelve_monthly_returns(lent: int, count: int, per_mille: int) -> None:
    payment = lent * (1000 + per_mille) // (1000 * count) + 1
    issued = date(2026, 1, 15)
    payments = [(issued + relativedelta(months=number), Money(payment, "RUB")) for number in range(1, count + 1)]
    own = full_cost_percent(issued, Money(lent, "RUB"), payments)
    monthly = float(numpy_financial.irr([-lent, *[payment] * count]))
    assert own is not None
    assert float(own) == pytest.approx(monthly * 1200, abs=0.0005 + 1e-6)
    assert own == own.quantize(Decimal("0.001"))
