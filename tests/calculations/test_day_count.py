"""Day counts against days walked one by one, and the corners where conventions part."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calculations.day_count import Accrual, DayCount, year_fraction
from calculations.recurrence import Period
from tests.calculations.oracle import share_of_year

days = st.dates(date(1995, 1, 1), date(2105, 12, 31))
counted = st.sampled_from([count for count in DayCount if count is not DayCount.equal])


@given(days, st.integers(0, 1200), counted)
def test_a_share_of_a_year_is_what_walking_the_days_gives(start: date, length: int, day_count: DayCount) -> None:
    end = date.fromordinal(start.toordinal() + length)
    walked = share_of_year(day_count.value, start, end, Fraction(12))
    assert year_fraction(day_count, start, end) == max(walked, Fraction(0))


@pytest.mark.parametrize(
    ("start", "end", "common_days", "leap_days"),
    [
        # The issue day bears nothing, the day of repayment does: 1 Jan belongs to its own year.
        (date(2023, 12, 31), date(2024, 1, 31), 0, 31),
        (date(2023, 12, 30), date(2024, 1, 31), 1, 31),
        (date(2024, 12, 31), date(2025, 1, 31), 31, 0),
        (date(2024, 12, 30), date(2025, 1, 31), 31, 1),
        (date(2025, 12, 31), date(2026, 1, 31), 31, 0),
        (date(2023, 12, 15), date(2025, 1, 15), 16 + 15, 366),
        (date(2099, 12, 31), date(2100, 12, 31), 365, 0),
    ],
)
def test_each_day_is_counted_by_the_length_of_its_own_year(
    start: date, end: date, common_days: int, leap_days: int
) -> None:
    expected = Fraction(common_days, 365) + Fraction(leap_days, 366)
    assert year_fraction(DayCount.act_365_366, start, end) == expected


@pytest.mark.parametrize(
    # Measured with QuantLib 1.44, Thirty360(European).dayCount.
    ("start", "end", "thirtieths"),
    [
        (date(2024, 1, 31), date(2024, 2, 29), 29),
        (date(2024, 2, 29), date(2024, 3, 31), 31),
        (date(2026, 1, 30), date(2026, 1, 31), 0),
        (date(2026, 1, 31), date(2026, 3, 31), 60),
        (date(2026, 2, 28), date(2026, 3, 31), 32),
        (date(2025, 12, 31), date(2026, 12, 31), 360),
    ],
)
def test_thirty_day_months_count_the_31st_as_the_30th(start: date, end: date, thirtieths: int) -> None:
    assert year_fraction(DayCount.thirty_e_360, start, end) == Fraction(thirtieths, 360)


@given(days, days, counted)
def test_nothing_accrues_backwards(one: date, other: date, day_count: DayCount) -> None:
    earlier, later = sorted((one, other))
    assert year_fraction(day_count, later, earlier) == 0


@pytest.mark.parametrize(
    ("period", "every", "rate"),
    [
        (Period.month, 1, Fraction(1, 12)),
        (Period.month, 2, Fraction(2, 12)),
        (Period.quarter, 1, Fraction(1, 4)),
        (Period.half_year, 1, Fraction(1, 2)),
        (Period.year, 1, Fraction(1)),
        (Period.week, 1, Fraction(7, 365)),
        (Period.two_weeks, 1, Fraction(14, 365)),
        (Period.day, 10, Fraction(10, 365)),
    ],
)
def test_the_rate_of_an_equal_period(period: Period, every: int, rate: Fraction) -> None:
    assert Accrual(Fraction(1), DayCount.equal, period, every).period_rate == rate
