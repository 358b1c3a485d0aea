"""The next date of a regular payment: no drift, reasons to stop in their order, missed dates never silent."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from calculations.calendar import Calendar, Shift
from calculations.money import Money
from calculations.next_date import CatchUp, NextDate, StopReason, advance
from calculations.recurrence import MonthEnd, Period, Recurrence
from tests.calculations.refusals import refused

TODAY = date(2026, 1, 31)


def after(current: date, **terms: Any) -> NextDate:
    defaults: dict[str, Any] = {"today": TODAY, "shift": Shift.none}
    return advance(current, **(defaults | terms))


@pytest.mark.parametrize(
    ("current", "terms", "expected"),
    [
        (date(2026, 1, 31), {}, date(2026, 2, 28)),
        (date(2026, 2, 28), {}, date(2026, 3, 28)),
        (date(2026, 2, 28), {"anchor_day": 31}, date(2026, 3, 31)),
        (date(2026, 4, 30), {"anchor_day": 31}, date(2026, 5, 31)),
        (date(2024, 2, 29), {"anchor_day": 30}, date(2024, 3, 30)),
        (date(2026, 2, 28), {"anchor_day": 29, "period": Period.year, "every": 2}, date(2028, 2, 29)),
        (date(2026, 3, 5), {"anchor_day": 10}, date(2026, 4, 10)),
        (date(2026, 1, 31), {"every": 3}, date(2026, 4, 30)),
        (date(2026, 1, 31), {"period": Period.quarter}, date(2026, 4, 30)),
        (date(2026, 8, 31), {"period": Period.half_year}, date(2027, 2, 28)),
        (date(2024, 2, 29), {"period": Period.year}, date(2025, 2, 28)),
        (date(2026, 1, 31), {"period": Period.two_weeks}, date(2026, 2, 14)),
        (date(2026, 1, 31), {"period": Period.week, "anchor_day": 15}, date(2026, 2, 7)),
        (date(2026, 1, 31), {"period": Period.day}, date(2026, 2, 1)),
        (date(2026, 1, 31), {"month_end": MonthEnd.skip}, date(2026, 3, 31)),
        (date(2026, 2, 28), {"month_end": MonthEnd.skip, "anchor_day": 31}, date(2026, 3, 31)),
        (date(2026, 4, 30), {"month_end": MonthEnd.last_day}, date(2026, 5, 31)),
        (date(2026, 2, 28), {"month_end": MonthEnd.last_day}, date(2026, 3, 31)),
        (date(2026, 2, 27), {"month_end": MonthEnd.last_day}, date(2026, 3, 27)),
        (date(2026, 2, 28), {"month_end": MonthEnd.last_day, "anchor_day": 31}, date(2026, 3, 31)),
        (date(2026, 2, 28), {"month_end": MonthEnd.last_day, "anchor_day": 15}, date(2026, 3, 15)),
    ],
)
def test_one_step_keeps_the_agreed_day(current: date, terms: dict[str, Any], expected: date) -> None:
    assert after(current, **terms).next_date == expected


@pytest.mark.parametrize(
    ("anchor", "month_end"),
    [
        *((date(2025, 12, day), month_end) for day in (29, 30, 31) for month_end in (MonthEnd.clip, MonthEnd.skip)),
        *((anchor, MonthEnd.last_day) for anchor in (date(2025, 12, 31), date(2025, 11, 30), date(2026, 2, 28))),
    ],
)
def test_step_by_step_with_the_anchor_day_gives_the_series_of_the_anchor(anchor: date, month_end: MonthEnd) -> None:
    """Stored one date at a time, the series is the same as the one counted from its anchor at once."""
    series = Recurrence(anchor, month_end=month_end)
    current = anchor
    for k in range(1, 40):
        step = after(current, anchor_day=anchor.day, month_end=month_end).next_date
        assert step == series.date(k)
        assert step is not None
        current = step


def test_the_contract_date_and_the_day_of_payment_are_two_dates() -> None:
    step = advance(date(2025, 12, 31), today=TODAY)
    assert (step.next_date, step.next_due_date) == (date(2026, 1, 31), date(2026, 2, 2))
    back = advance(date(2025, 12, 31), today=TODAY, shift=Shift.preceding)
    assert (back.next_date, back.next_due_date) == (date(2026, 1, 31), date(2026, 1, 30))
    own = advance(date(2025, 12, 31), today=TODAY, calendar=Calendar(off=[date(2026, 2, 2)]))
    assert own.next_due_date == date(2026, 2, 3)


LIMITS: dict[str, Any] = {
    "regular": False,
    "debt": Money(0, "RUB"),
    "payments_left": 0,
    "until": date(2026, 2, 27),
}


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (("regular", "debt", "payments_left", "until"), StopReason.not_regular),
        (("debt", "payments_left", "until"), StopReason.debt_cleared),
        (("payments_left", "until"), StopReason.count_reached),
        (("until",), StopReason.until_reached),
    ],
)
def test_reasons_to_stop_are_looked_at_in_order(names: tuple[str, ...], reason: StopReason) -> None:
    stopped = after(date(2026, 1, 31), **{name: LIMITS[name] for name in names})
    assert stopped.stop_reason is reason
    assert stopped.next_date is None
    assert stopped.next_due_date is None
    assert not stopped.is_regular
    assert stopped.remaining_payments == 0


def test_a_credit_balance_is_a_cleared_debt_and_a_kopeck_is_none() -> None:
    assert after(date(2026, 1, 31), debt=Money(-1, "RUB")).stop_reason is StopReason.debt_cleared
    assert after(date(2026, 1, 31), debt=Money(1, "RUB")).stop_reason is StopReason.none


def test_until_is_inclusive_and_looks_at_the_contract_date() -> None:
    on_the_last_day = advance(date(2026, 1, 31), today=TODAY, until=date(2026, 2, 28))
    assert on_the_last_day.next_date == date(2026, 2, 28)
    assert on_the_last_day.next_due_date == date(2026, 3, 2)
    assert after(date(2026, 1, 31), until=date(2026, 2, 27)).stop_reason is StopReason.until_reached


def test_payments_left_falls_to_zero_and_then_stops() -> None:
    current, left, dates = date(2026, 1, 31), 3, []
    while True:
        step = after(current, anchor_day=31, payments_left=left)
        if step.next_date is None:
            break
        dates.append(str(step.next_date))
        assert step.remaining_payments is not None
        current, left = step.next_date, step.remaining_payments
    assert dates == ["2026-02-28", "2026-03-31", "2026-04-30"]
    assert step.stop_reason is StopReason.count_reached


def test_without_limits_payments_remain_unknown() -> None:
    step = after(date(2026, 1, 31))
    assert step.remaining_payments is None
    assert step.is_regular
    assert step.stop_reason is StopReason.none
    assert step.missed_dates == ()


MARCH, APRIL, MAY = date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31)


def test_after_today_jumps_over_what_went_by_and_lists_it() -> None:
    step = after(date(2026, 2, 28), anchor_day=31, today=date(2026, 5, 10), catch_up=CatchUp.after_today)
    assert step.next_date == MAY
    assert step.missed_dates == (MARCH, APRIL)


def test_after_today_is_strictly_later_than_today() -> None:
    step = after(date(2026, 2, 28), anchor_day=31, today=APRIL, catch_up=CatchUp.after_today)
    assert step.next_date == MAY
    assert step.missed_dates == (MARCH, APRIL)


def test_after_today_from_a_future_date_is_one_step() -> None:
    step = after(date(2026, 2, 28), anchor_day=31, today=date(2020, 1, 1), catch_up=CatchUp.after_today)
    assert step.next_date == MARCH
    assert step.missed_dates == ()


def test_one_step_at_a_time_still_tells_what_is_overdue() -> None:
    step = after(date(2026, 2, 28), anchor_day=31, today=APRIL)
    assert step.next_date == MARCH
    assert step.missed_dates == (MARCH,)
    assert after(date(2026, 2, 28), anchor_day=31, today=MARCH).missed_dates == ()


def test_dates_jumped_over_are_counted() -> None:
    def step(left: int) -> NextDate:
        today = date(2026, 5, 10)
        return after(date(2026, 2, 28), anchor_day=31, today=today, catch_up=CatchUp.after_today, payments_left=left)

    assert step(5).remaining_payments == 2
    assert step(3).next_date == MAY
    assert step(2).stop_reason is StopReason.count_reached
    assert step(2).missed_dates == (MARCH, APRIL)
    assert step(1).missed_dates == (MARCH,)


def test_dates_after_the_end_are_not_missed() -> None:
    step = after(date(2026, 2, 28), anchor_day=31, today=date(2026, 8, 1), catch_up=CatchUp.after_today, until=APRIL)
    assert step.stop_reason is StopReason.until_reached
    assert step.missed_dates == (MARCH, APRIL)


def test_one_step_with_limits_beyond_it_is_no_stop() -> None:
    step = after(date(2026, 2, 28), anchor_day=31, today=date(2026, 8, 1), until=APRIL, payments_left=2)
    assert step.next_date == MARCH
    assert step.remaining_payments == 1
    assert step.missed_dates == (MARCH, APRIL)


@given(
    st.dates(date(1995, 1, 1), date(2050, 1, 1)),
    st.sampled_from([Period.week, Period.month, Period.quarter, Period.year]),
    st.sampled_from(MonthEnd),
    st.integers(0, 31),
    st.integers(-400, 4000),
)
def test_the_jump_is_the_same_as_stepping_until_later_than_today(
    current: date, period: Period, month_end: MonthEnd, anchor_day: int, days_since: int
) -> None:
    agreed = anchor_day or current.day
    # The 29th of a leap February may have been agreed as a 29th or as a month's end: one date alone does not tell.
    assume(month_end is not MonthEnd.last_day or agreed not in (28, 29, 30))
    # A 30 February that is skipped leaves nothing.
    assume(month_end is not MonthEnd.skip or period is not Period.year or agreed <= 28)
    today = current + timedelta(days=days_since)
    terms: dict[str, Any] = {"period": period, "month_end": month_end, "anchor_day": agreed}
    jumped = after(current, today=today, catch_up=CatchUp.after_today, **terms)
    passed: list[date] = []
    step = after(current, today=today, **terms).next_date
    while step is not None and step <= today:
        passed.append(step)
        step = after(step, today=today, **terms).next_date
    assert jumped.next_date == step
    assert list(jumped.missed_dates) == passed


def test_senseless_limits_are_refused() -> None:
    with refused("payments_left_negative", "-1"):
        after(date(2026, 1, 31), payments_left=-1)
    for day in (-1, 32):
        with refused("anchor_day_wrong", str(day)):
            after(date(2026, 1, 31), anchor_day=day)
    with refused("every_not_positive", "0"):
        after(date(2026, 1, 31), every=0)
    with refused("too_many_missed", "12000"):
        after(date(1900, 1, 1), period=Period.day)
    with refused("date_out_of_range"):
        after(date.max)
