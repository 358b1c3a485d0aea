"""Dates people and portals write: the culture decides the order, the day written is the day meant."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calculations.dates_text import Culture, parse_date
from calculations.refusal import Refusal
from tests.calculations.refusals import refused

DMY, MDY = Culture.day_month_year, Culture.month_day_year


@pytest.mark.parametrize(
    "text",
    [
        "2026-09-25",
        "2026-09-25T00:00:00+03:00",
        "2026-09-25T23:59:59Z",
        "2026-09-25T10:00:00.123456+0300",
        "2026-09-25 10:00",
        "25.09.2026",
        "25.9.2026",
        "25/09/2026",
        "25-09-2026",
        " 25.09.2026 14:30:00 ",
        "25.09.2026 14:30:00 [10800]",
        "25.09.2026 23:59:00 [-18000]",
        "25.09.2026 [10800]",
        "25.09.2026 14:30",
    ],
)
def test_a_day_first_portal_reads_its_own_format_and_iso(text: str) -> None:
    assert parse_date(text, DMY) == date(2026, 9, 25)


@pytest.mark.parametrize(
    "text", ["09/25/2026", "9/25/2026", "09/25/2026 02:30:00 pm", "09/25/2026 12:00 AM [10800]", "2026-09-25"]
)
def test_a_month_first_portal_reads_its_own_format_and_iso(text: str) -> None:
    assert parse_date(text, MDY) == date(2026, 9, 25)


def test_the_same_text_is_read_by_the_culture_not_by_what_fits() -> None:
    assert parse_date("02/03/2026", DMY) == date(2026, 3, 2)
    assert parse_date("02/03/2026", MDY) == date(2026, 2, 3)


@pytest.mark.parametrize(
    ("text", "culture", "code"),
    [
        ("", DMY, "date_missing"),
        (" ", MDY, "date_missing"),
        ("09/25/2026", DMY, "date_impossible"),
        ("25/09/2026", MDY, "date_impossible"),
        ("29.02.2027", DMY, "date_impossible"),
        ("2027-02-29", DMY, "date_impossible"),
        ("31.04.2026", DMY, "date_impossible"),
        ("00.01.2026", DMY, "date_impossible"),
        ("02.03.2026", MDY, "date_not_understood"),
        ("25.09.26", DMY, "date_not_understood"),
        ("25.09/2026", DMY, "date_not_understood"),
        ("2026/09/25", DMY, "date_not_understood"),
        ("tomorrow", DMY, "date_not_understood"),
        ("25.09.2026 lunch", DMY, "date_not_understood"),
        ("25.09.2026 25:61", DMY, "date_not_understood"),
        ("{=Document:CLOSEDATE}", DMY, "date_not_understood"),
        ("1789550123", DMY, "date_not_understood"),
    ],
)
def test_a_date_that_would_have_to_be_guessed_is_refused(text: str, culture: Culture, code: str) -> None:
    with refused(code):
        parse_date(text, culture)


def test_the_refusal_shows_the_value_and_the_format_of_the_portal() -> None:
    with refused("date_impossible", "09/25/2026", "31.01.2027"):
        parse_date("09/25/2026", DMY)
    with refused("date_impossible", "25/09/2026", "01/31/2027"):
        parse_date("25/09/2026", MDY)


@given(st.dates(min_value=date(1000, 1, 1)), st.sampled_from(Culture))
def test_every_day_is_read_back_as_written(day: date, culture: Culture) -> None:
    written = f"{day:%d.%m.%Y}" if culture is DMY else f"{day:%m/%d/%Y}"
    assert parse_date(written, culture) == parse_date(day.isoformat(), culture) == day


@given(st.text(max_size=40), st.sampled_from(Culture))
def test_any_text_is_either_a_date_or_a_refusal(text: str, culture: Culture) -> None:
    try:
        read: object = parse_date(text, culture)
    except Refusal as refusal:
        read = refusal.code
    assert isinstance(read, date) or read in {"date_missing", "date_not_understood", "date_impossible"}
