"""Working days: the Russian production calendar, and the shift of a payment off a day off."""

from datetime import date, timedelta

import pytest
from holidays import country_holidays
from hypothesis import given
from hypothesis import strategies as st

from calculations.calendar import RUSSIA, Calendar, Shift
from tests.calculations.refusals import refused

days_known = st.dates(date(1992, 1, 1), date(2100, 12, 31))


@pytest.mark.parametrize(
    # Norms of working time: production calendars published for these years (ConsultantPlus).
    ("year", "working_days"),
    [(2019, 247), (2022, 247), (2023, 247), (2024, 248), (2025, 247), (2026, 247)],
)
def test_a_year_has_as_many_working_days_as_the_official_calendar(year: int, working_days: int) -> None:
    first, last = date(year, 1, 1), date(year, 12, 31)
    days = (first + timedelta(days=k) for k in range((last - first).days + 1))
    assert sum(map(RUSSIA.is_working_day, days)) == working_days


@pytest.mark.parametrize(
    "saturday", [date(2022, 3, 5), date(2024, 4, 27), date(2024, 11, 2), date(2024, 12, 28), date(2025, 11, 1)]
)
def test_a_working_saturday_of_the_decrees_is_a_working_day(saturday: date) -> None:
    assert saturday.weekday() == 5
    assert RUSSIA.is_working_day(saturday)


@pytest.mark.parametrize(
    "day",
    [date(2020, 4, 1), date(2020, 5, 7), date(2020, 6, 24), date(2020, 7, 1), date(2021, 5, 6), date(2021, 11, 1)],
)
def test_the_special_days_of_2020_and_2021_move_no_payment(day: date) -> None:
    # Supreme Court, Review No. 1 of 21 April 2020, question 5.
    assert RUSSIA.shift(day) == day
    assert Calendar(off=[day]).shift(day) > day


@pytest.mark.parametrize(
    # Days off moved by the yearly decrees of the Government, as the production calendars of these years print them.
    "day",
    [
        date(2022, 3, 7),
        date(2022, 5, 3),
        date(2022, 5, 10),
        date(2023, 2, 24),
        date(2023, 5, 8),
        date(2024, 4, 29),
        date(2024, 4, 30),
        date(2024, 12, 30),
        date(2024, 12, 31),
        date(2025, 5, 2),
        date(2025, 5, 8),
        date(2025, 6, 13),
        date(2025, 11, 3),
        date(2025, 12, 31),
        date(2026, 1, 9),
        date(2026, 12, 31),
    ],
)
def test_a_transferred_day_off_is_no_working_day(day: date) -> None:
    assert day.weekday() < 5
    assert not RUSSIA.is_working_day(day)


def test_every_day_agrees_with_the_library_asked_day_by_day() -> None:
    for year in (1992, 2004, 2013, 2024, 2025, 2026, 2027, 2100):
        table = country_holidays("RU", years=year, expand=False)
        day = date(year, 1, 1)
        while day.year == year:
            assert RUSSIA.is_working_day(day) == table.is_working_day(day), day
            day += timedelta(days=1)


@pytest.mark.parametrize(
    ("day", "rule", "expected"),
    [
        (date(2026, 1, 31), Shift.none, date(2026, 1, 31)),
        (date(2026, 1, 30), Shift.following, date(2026, 1, 30)),
        (date(2026, 1, 31), Shift.following, date(2026, 2, 2)),
        (date(2026, 1, 31), Shift.modified_following, date(2026, 1, 30)),
        (date(2026, 1, 31), Shift.preceding, date(2026, 1, 30)),
        (date(2026, 2, 21), Shift.modified_following, date(2026, 2, 24)),
        (date(2025, 12, 31), Shift.following, date(2026, 1, 12)),
        (date(2025, 12, 31), Shift.modified_following, date(2025, 12, 30)),
        (date(2026, 1, 1), Shift.preceding, date(2025, 12, 30)),
        (date(2026, 1, 5), Shift.preceding, date(2025, 12, 30)),
        (date(2025, 11, 1), Shift.following, date(2025, 11, 1)),
        (date(2025, 11, 2), Shift.following, date(2025, 11, 5)),
        (date(2026, 3, 9), Shift.following, date(2026, 3, 10)),
    ],
)
def test_a_payment_on_a_day_off_goes_where_the_rule_says(day: date, rule: Shift, expected: date) -> None:
    assert RUSSIA.shift(day, rule) == expected


@given(days_known, st.sampled_from(Shift))
def test_a_shift_ends_on_the_nearest_working_day_of_its_direction(day: date, rule: Shift) -> None:
    shifted = RUSSIA.shift(day, rule)
    if rule is Shift.none or RUSSIA.is_working_day(day):
        assert shifted == day
        return
    assert shifted.year > 2100 or shifted.year < 1992 or RUSSIA.is_working_day(shifted)
    low, high = sorted((day, shifted))
    between = [low + timedelta(days=k) for k in range(1, (high - low).days)]
    assert not any(RUSSIA.is_working_day(other) for other in between)
    if rule is Shift.following:
        assert shifted > day
    if rule is Shift.preceding:
        assert shifted < day
    if rule is Shift.modified_following:
        assert (shifted.year, shifted.month) == (day.year, day.month)


@given(days_known, days_known, st.sampled_from(Shift))
def test_a_shift_never_swaps_two_days(one: date, other: date, rule: Shift) -> None:
    earlier, later = sorted((one, other))
    assert RUSSIA.shift(earlier, rule) <= RUSSIA.shift(later, rule)


@given(st.lists(days_known, max_size=20), st.sampled_from(Shift))
def test_a_column_of_days_is_shifted_like_each_of_them(days: list[date], rule: Shift) -> None:
    assert Calendar().shift_all(days, rule) == [RUSSIA.shift(day, rule) for day in days]


def test_a_portals_own_days_win_over_the_calendar() -> None:
    own = Calendar(working=[date(2026, 1, 31)], off=[date(2026, 2, 2), date(2026, 2, 3)])
    assert own.shift(date(2026, 1, 31)) == date(2026, 1, 31)
    assert own.shift(date(2026, 2, 1)) == date(2026, 2, 4)
    assert own.shift(date(2026, 2, 3), Shift.preceding) == date(2026, 1, 31)
    assert RUSSIA.shift(date(2026, 2, 1)) == date(2026, 2, 2)


def test_a_day_both_working_and_off_is_refused() -> None:
    with refused("calendar_conflict", "2026-02-02"):
        Calendar(working=[date(2026, 2, 2)], off=[date(2026, 2, 2)])


def test_a_projection_transfers_no_holiday_that_falls_on_a_weekend() -> None:
    holiday = date(2031, 3, 8)
    assert holiday.weekday() == 5
    assert RUSSIA.is_projection(2031)
    assert RUSSIA.shift(holiday) == date(2031, 3, 10)


def test_only_years_without_a_decree_are_a_projection() -> None:
    assert not RUSSIA.is_projection(2026)
    assert RUSSIA.is_projection(2040)
    table = country_holidays("RU", years=2040, expand=False)
    assert not table.weekend_workdays


@pytest.mark.parametrize("day", [date(1991, 12, 31), date(2101, 1, 1), date(1, 1, 1), date.max])
def test_a_year_without_a_calendar_is_refused_only_where_it_matters(day: date) -> None:
    assert RUSSIA.shift(day, Shift.none) == day
    with refused("date_out_of_range", str(day.year)):
        RUSSIA.shift(day, Shift.following)
    with refused("date_out_of_range", str(day.year)):
        RUSSIA.is_working_day(day)
