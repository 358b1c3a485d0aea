"""A portal's own days: written by people, laid over the production calendar."""

from datetime import date

import pytest

from calculations.calendar import Calendar
from calculations.own_days import OwnDays, parse_own_days
from tests.calculations.refusals import refused

WRITTEN = """
# завод работает в субботу, закрывает год раньше
06.11.2027 working
2027-12-30; off
29.12.2027,ВЫХОДНОЙ   # и этот
13.11.2027\tрабочий
"""


def test_days_are_read_in_every_manner_with_remarks() -> None:
    days = parse_own_days(WRITTEN)
    assert days.working == {date(2027, 11, 6), date(2027, 11, 13)}
    assert days.off == {date(2027, 12, 29), date(2027, 12, 30)}
    assert parse_own_days("\n # nothing \n") == OwnDays()


def test_they_move_payments() -> None:
    days = parse_own_days(WRITTEN)
    calendar = Calendar(working=days.working, off=days.off)
    assert calendar.shift(date(2027, 11, 13)) == date(2027, 11, 13)
    assert calendar.shift(date(2027, 12, 29)) > date(2027, 12, 30)


def test_the_same_day_twice_is_one_day() -> None:
    assert parse_own_days("06.11.2027 off\n2027-11-06 выходной").off == {date(2027, 11, 6)}


@pytest.mark.parametrize(
    ("written", "code", "word"),
    [
        ("06.11.2027 off\n06.11.2027 working", "calendar_conflict", "2027-11-06"),
        ("\n06.11.2027", "days_not_understood", "2"),
        ("06.11.2027 free", "days_not_understood", "free"),
        ("06.11.2027 off off", "days_not_understood", "off off"),
        ("31.02.2027 off", "date_impossible", "31.02.2027"),
        ("06.11.27 off", "date_not_understood", "06.11.27"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(written: str, code: str, word: str) -> None:
    with refused(code, word):
        parse_own_days(written)
