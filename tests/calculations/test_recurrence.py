"""Repeating dates: from the anchor, never chained; month ends; counts and ends of terms."""

from calendar import monthrange
from datetime import date, timedelta
from itertools import islice, pairwise

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import strategies as st

from calculations.recurrence import MonthEnd, PaymentDates, Period, Recurrence
from tests.calculations.refusals import refused

anchors = st.dates(date(1992, 1, 1), date(2060, 12, 31))
steps = st.integers(1, 12)

STEP_OF = {
    Period.day: relativedelta(days=1),
    Period.week: relativedelta(days=7),
    Period.two_weeks: relativedelta(days=14),
    Period.month: relativedelta(months=1),
    Period.quarter: relativedelta(months=3),
    Period.half_year: relativedelta(months=6),
    Period.year: relativedelta(months=12),
}


def days(recurrence: Recurrence, count: int) -> list[str]:
    return [str(day) for day in islice(recurrence.dates(), count)]


@pytest.mark.parametrize(
    ("anchor", "period", "every", "expected"),
    [
        (date(2026, 1, 31), Period.month, 1, ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]),
        (date(2024, 1, 31), Period.month, 1, ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"]),
        (date(2024, 1, 30), Period.month, 1, ["2024-01-30", "2024-02-29", "2024-03-30", "2024-04-30"]),
        (date(2026, 1, 29), Period.month, 1, ["2026-01-29", "2026-02-28", "2026-03-29", "2026-04-29"]),
        (date(2025, 11, 30), Period.quarter, 1, ["2025-11-30", "2026-02-28", "2026-05-30", "2026-08-30"]),
        (date(2025, 8, 31), Period.half_year, 1, ["2025-08-31", "2026-02-28", "2026-08-31", "2027-02-28"]),
        (date(2024, 2, 29), Period.year, 1, ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]),
        (date(2096, 2, 29), Period.year, 4, ["2096-02-29", "2100-02-28", "2104-02-29"]),
        (date(2026, 1, 31), Period.month, 2, ["2026-01-31", "2026-03-31", "2026-05-31", "2026-07-31"]),
        (date(2026, 1, 30), Period.two_weeks, 1, ["2026-01-30", "2026-02-13", "2026-02-27"]),
        (date(2026, 1, 30), Period.week, 3, ["2026-01-30", "2026-02-20", "2026-03-13"]),
        (date(2026, 2, 27), Period.day, 1, ["2026-02-27", "2026-02-28", "2026-03-01"]),
    ],
)
def test_a_date_the_month_lacks_is_clipped_and_the_next_one_is_whole_again(
    anchor: date, period: Period, every: int, expected: list[str]
) -> None:
    assert days(Recurrence(anchor, period, every), len(expected)) == expected


@pytest.mark.parametrize(
    ("anchor", "period", "expected"),
    [
        (date(2026, 4, 30), Period.month, ["2026-04-30", "2026-05-31", "2026-06-30", "2026-07-31"]),
        (date(2026, 2, 28), Period.month, ["2026-02-28", "2026-03-31", "2026-04-30"]),
        (date(2024, 2, 28), Period.month, ["2024-02-28", "2024-03-28", "2024-04-28"]),
        (date(2024, 2, 29), Period.year, ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]),
        (date(2025, 2, 28), Period.year, ["2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]),
        (date(2026, 1, 30), Period.month, ["2026-01-30", "2026-02-28", "2026-03-30"]),
        (date(2026, 4, 30), Period.week, ["2026-04-30", "2026-05-07"]),
    ],
)
def test_last_day_sticks_to_month_ends_only_when_the_anchor_is_one(
    anchor: date, period: Period, expected: list[str]
) -> None:
    assert days(Recurrence(anchor, period, 1, MonthEnd.last_day), len(expected)) == expected


@pytest.mark.parametrize(
    ("anchor", "period", "expected"),
    [
        (date(2026, 1, 31), Period.month, ["2026-01-31", "2026-03-31", "2026-05-31", "2026-07-31", "2026-08-31"]),
        (date(2026, 1, 29), Period.month, ["2026-01-29", "2026-03-29", "2026-04-29"]),
        (date(2024, 2, 29), Period.year, ["2024-02-29", "2028-02-29", "2032-02-29"]),
        (date(2096, 2, 29), Period.year, ["2096-02-29", "2104-02-29"]),
        (date(2026, 1, 28), Period.month, ["2026-01-28", "2026-02-28", "2026-03-28"]),
        (date(2026, 1, 31), Period.day, ["2026-01-31", "2026-02-01"]),
    ],
)
def test_skip_counts_payments_not_months(anchor: date, period: Period, expected: list[str]) -> None:
    series = Recurrence(anchor, period, 1, MonthEnd.skip)
    assert days(series, len(expected)) == expected
    assert str(series.date(len(expected) - 1)) == expected[-1]


@given(anchors, st.sampled_from(Period), steps, st.integers(0, 400))
def test_the_kth_date_is_k_steps_from_the_anchor(anchor: date, period: Period, every: int, k: int) -> None:
    """dateutil's relativedelta from the anchor is the independent oracle."""
    assert Recurrence(anchor, period, every).date(k) == anchor + STEP_OF[period] * (every * k)


@given(anchors, st.sampled_from(Period), steps, st.sampled_from(MonthEnd))
def test_dates_rise_and_counting_agrees_with_walking(
    anchor: date, period: Period, every: int, month_end: MonthEnd
) -> None:
    series = Recurrence(anchor, period, every, month_end)
    walked = list(islice(series.dates(), 30))
    assert walked[0] == anchor
    assert all(earlier < later for earlier, later in pairwise(walked))
    assert [series.date(k) for k in range(30)] == walked
    assert list(islice(series.dates(7), 23)) == walked[7:]
    assert list(islice(series.after_anchor(), 29)) == walked[1:]
    assert series.count_until(walked[20]) == 21
    assert series.count_until(walked[20] - timedelta(days=1)) == 20
    assert series.count_until(walked[20], first=5) == 16


@given(anchors, steps, st.sampled_from(MonthEnd))
def test_months_keep_the_day_or_go_to_the_end_of_the_month(anchor: date, every: int, month_end: MonthEnd) -> None:
    for day in islice(Recurrence(anchor, Period.month, every, month_end).dates(), 24):
        length = monthrange(day.year, day.month)[1]
        assert day.day == anchor.day or (day.day == length and month_end is not MonthEnd.skip)


@given(anchors, st.sampled_from([Period.month, Period.year, Period.week]), st.dates(date(1990, 1, 1), date(2061, 1, 1)))
def test_the_first_after_a_moment_is_strictly_later(anchor: date, period: Period, moment: date) -> None:
    series = Recurrence(anchor, period)
    number, day = series.first_after(moment)
    assert day > moment
    assert series.date(number) == day
    assert number == 0 or series.date(number - 1) <= moment


def test_without_a_first_date_the_first_payment_is_one_step_after_the_start() -> None:
    assert [str(day) for day in PaymentDates.of(date(2026, 1, 31)).take(3)] == [
        "2026-02-28",
        "2026-03-31",
        "2026-04-30",
    ]


def test_a_first_date_is_the_anchor() -> None:
    dates = PaymentDates.of(date(2026, 1, 31), date(2026, 2, 28)).take(3)
    assert [str(day) for day in dates] == ["2026-02-28", "2026-03-28", "2026-04-28"]


def test_skip_from_a_start_date_gives_only_months_that_have_the_day() -> None:
    dates = PaymentDates.of(date(2026, 1, 31), month_end=MonthEnd.skip).take(3)
    assert [str(day) for day in dates] == ["2026-03-31", "2026-05-31", "2026-07-31"]


def test_a_term_is_a_count_or_a_last_day_inclusive() -> None:
    series = PaymentDates.of(date(2026, 1, 31))
    assert series.agreed_count(5, None) == 5
    assert series.agreed_count(None, date(2026, 6, 30)) == 5
    assert series.agreed_count(None, date(2026, 6, 29)) == 4
    assert series.agreed_count(5, date(2026, 7, 30)) == 5


@given(anchors, st.sampled_from(Period), steps, st.sampled_from(MonthEnd), st.integers(1, 60), st.booleans())
def test_the_last_of_so_many_payments_as_the_end_gives_the_same_count(
    anchor: date, period: Period, every: int, month_end: MonthEnd, count: int, has_first: bool
) -> None:
    series = PaymentDates.of(anchor, anchor if has_first else None, period, every, month_end)
    assert series.agreed_count(None, series.take(count)[-1]) == count


def test_terms_that_cannot_be_are_refused() -> None:
    series = PaymentDates.of(date(2026, 1, 31))
    with refused("count_missing"):
        series.agreed_count(None, None)
    with refused("count_until_disagree", "2026-06-30", "5", "6"):
        series.agreed_count(6, date(2026, 6, 30))
    with refused("first_after_until", "2026-02-28", "2026-02-27"):
        series.agreed_count(None, date(2026, 2, 27))
    with refused("parts_not_positive", "0"):
        series.agreed_count(0, None)
    with refused("too_many_parts", "12001"):
        series.agreed_count(12_001, None)
    with refused("too_many_parts"):
        PaymentDates.of(date(2026, 1, 31), period=Period.day).agreed_count(None, date(9000, 1, 1))


@pytest.mark.parametrize("every", [0, -1])
def test_a_step_below_one_is_refused(every: int) -> None:
    with refused("every_not_positive", str(every)):
        Recurrence(date(2026, 1, 31), Period.month, every)


@pytest.mark.parametrize("period", list(Period))
def test_dates_past_the_calendar_are_refused(period: Period) -> None:
    with refused("date_out_of_range", "9998-12-31"):
        Recurrence(date(9998, 12, 31), period, 10**9).date(1)


@given(anchors, st.sampled_from([Period.month, Period.quarter, Period.year]))
def test_chaining_from_the_previous_date_would_drift_and_we_do_not(anchor: date, period: Period) -> None:
    series = list(islice(Recurrence(anchor, period).dates(), 60))
    assert {day.day for day in series if day.month in (1, 3, 5, 7, 8, 10, 12)} <= {anchor.day}
