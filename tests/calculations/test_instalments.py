"""Payments against instalments: the oldest first, whether they come in time, late, early, in parts or too much."""

from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calculations.instalments import Due, Received, Settlement, settle
from calculations.money import Money
from tests.calculations.refusals import refused

JANUARY, FEBRUARY, MARCH = date(2026, 1, 15), date(2026, 2, 16), date(2026, 3, 16)
ROWS = [Due(1, JANUARY, Money(1000, "RUB")), Due(2, FEBRUARY, Money(1000, "RUB")), Due(3, MARCH, Money(1000, "RUB"))]


def after(*payments: tuple[date, int], day: date) -> Settlement:
    return settle(ROWS, [Received(on, Money(minor, "RUB")) for on, minor in payments], day)


def paid(settlement: Settlement) -> list[int]:
    return [row.paid.minor for row in settlement.rows]


def test_a_payment_in_time_settles_its_row() -> None:
    stood = after((JANUARY, 1000), day=JANUARY)
    assert paid(stood) == [1000, 0, 0]
    assert (stood.rows[0].paid_on, stood.rows[0].days_late) == (JANUARY, 0)
    assert (stood.overdue.minor, stood.ahead.minor) == (0, 0)
    assert stood.next_due is stood.rows[1]


def test_a_late_payment_goes_to_the_oldest_row_and_says_how_late() -> None:
    stood = after((date(2026, 1, 20), 400), (date(2026, 2, 20), 1600), day=date(2026, 2, 20))
    assert paid(stood) == [1000, 1000, 0]
    assert [row.days_late for row in stood.rows] == [36, 4, 0]
    assert stood.overdue.minor == 0


def test_how_late_a_payment_came_does_not_grow_once_it_has_come() -> None:
    stood = after((date(2026, 1, 20), 1000), (date(2026, 2, 10), 1000), day=date(2026, 4, 1))
    assert [row.days_late for row in stood.rows] == [5, 0, 16]


def test_what_did_not_come_is_overdue_from_the_day_after_its_own() -> None:
    assert after(day=JANUARY).overdue.minor == 0
    stood = after((JANUARY, 300), day=JANUARY + timedelta(days=1))
    assert stood.overdue.minor == 700
    assert stood.rows[0].days_late == 1


def test_an_early_payment_pays_ahead_and_the_rest_is_kept() -> None:
    stood = after((date(2026, 1, 2), 3500), day=date(2026, 1, 2))
    assert paid(stood) == [1000, 1000, 1000]
    assert {row.paid_on for row in stood.rows} == {date(2026, 1, 2)}
    assert (stood.ahead.minor, stood.next_due) == (500, None)


def test_a_payment_of_tomorrow_has_not_come_yet() -> None:
    assert paid(after((FEBRUARY, 1000), day=FEBRUARY - timedelta(days=1))) == [0, 0, 0]


def test_two_rows_of_one_day_are_taken_by_their_numbers() -> None:
    twins = [Due(2, JANUARY, Money(100, "RUB")), Due(1, JANUARY, Money(100, "RUB"))]
    stood = settle(twins, [Received(JANUARY, Money(150, "RUB"))], JANUARY)
    assert [(row.due.number, row.paid.minor) for row in stood.rows] == [(1, 100), (2, 50)]


@pytest.mark.parametrize("minor", [0, -100])
def test_a_payment_that_is_none_is_refused(minor: int) -> None:
    with refused("payment_not_positive", "2026-01-15"):
        after((JANUARY, minor), day=JANUARY)


def test_other_money_and_an_empty_schedule_are_refused() -> None:
    with refused("currency_mismatch", "USD"):
        settle(ROWS, [Received(JANUARY, Money(1, "USD"))], JANUARY)
    with refused("nothing_due"):
        settle([], [], JANUARY)


days = st.integers(0, 120).map(lambda number: date(2026, 1, 1) + timedelta(days=number))


@given(st.lists(st.tuples(days, st.integers(1, 2500)), max_size=12), days, st.randoms(use_true_random=False))
def test_every_kopeck_is_somewhere_and_no_row_is_paid_before_an_older_one(
    payments: list[tuple[date, int]], day: date, chance: Random
) -> None:
    stood = after(*payments, day=day)
    assert sum(paid(stood)) + stood.ahead.minor == sum(minor for on, minor in payments if on <= day)
    for older, younger in zip(stood.rows, stood.rows[1:], strict=False):
        assert not younger.paid.minor or not older.left.minor
    assert not stood.ahead.minor or stood.next_due is None
    chance.shuffle(payments)
    assert paid(after(*payments, day=day)) == paid(stood)
