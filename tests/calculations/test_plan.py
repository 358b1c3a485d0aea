"""Plans without interest, down payments, terms, and what every plan must be."""

from dataclasses import replace
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calculations.calendar import Calendar, Shift
from calculations.custom_rows import CustomRow, parse_custom_rows
from calculations.dates_text import Culture
from calculations.day_count import DayCount
from calculations.money import Money
from calculations.plan import PlanKind, Terms, build_plan
from calculations.recurrence import MonthEnd, Period
from calculations.refusal import Refusal
from calculations.rows import Plan
from calculations.split import Remainder
from tests.calculations.refusals import refused

START = date(2026, 1, 31)


def rub(text: str) -> Money:
    return Money.parse(text, "RUB")


def plan(total: str = "100 000", **terms: Any) -> Plan:
    defaults: dict[str, Any] = {"amount": rub(total), "start_date": START, "shift": Shift.none}
    return build_plan(Terms(**(defaults | terms)))


def amounts(built: Plan) -> list[str]:
    return [row.amount.text for row in built.rows]


def dates(built: Plan) -> list[str]:
    return [str(row.date) for row in built.rows]


def test_equal_payments_from_the_start_one_period_later() -> None:
    built = plan("1000", count=3)
    assert amounts(built) == ["333.34", "333.33", "333.33"]
    assert dates(built) == ["2026-02-28", "2026-03-31", "2026-04-30"]
    assert [row.balance.text for row in built.rows] == ["666.66", "333.33", "0.00"]
    assert [row.number for row in built.rows] == [1, 2, 3]
    assert built.last_date == date(2026, 4, 30)
    assert (built.payments_count, built.total, built.total_interest) == (3, rub("1000"), rub("0"))
    assert built.full_cost_percent == 0
    assert str(built.full_cost_percent) == "0.000"


def test_a_first_date_is_the_anchor() -> None:
    assert dates(plan(count=3, first_date=date(2026, 2, 28))) == ["2026-02-28", "2026-03-28", "2026-04-28"]


def test_contract_dates_stay_and_days_of_payment_move() -> None:
    built = plan(count=4, shift=Shift.following)
    assert dates(built) == ["2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]
    assert [str(day) for day in built.due_dates] == ["2026-03-02", "2026-03-31", "2026-04-30", "2026-06-01"]
    assert built.last_due_date == date(2026, 6, 1)


def test_payments_that_are_moved_to_one_day_all_stay_in_their_order() -> None:
    """Daily over New Year 2026: a transferred day off, then holidays up to 11 January."""
    built = plan(
        "1000",
        plan=PlanKind.differentiated,
        annual_rate=Fraction(365, 1000),
        count=13,
        period=Period.day,
        start_date=date(2025, 12, 30),
        shift=Shift.following,
    )
    assert dates(built) == ["2025-12-31", *(f"2026-01-{day:02}" for day in range(1, 13))]
    assert set(built.due_dates) == {date(2026, 1, 12)}
    assert [row.interest.text for row in built.rows] == ["13.00", *["0.00"] * 12]
    assert sum(row.principal.minor for row in built.rows) == 100_000


def test_the_term_speaks_of_contract_dates_so_the_last_day_of_payment_may_lie_after_it() -> None:
    built = plan("1000", until=date(2026, 2, 28), shift=Shift.following)
    assert (built.dates, built.due_dates) == ((date(2026, 2, 28),), (date(2026, 3, 2),))


def test_the_portals_calendar_moves_days_of_payment() -> None:
    terms = Terms(amount=rub("100"), start_date=START, count=1)
    assert build_plan(terms, Calendar(off=[date(2026, 3, 2)])).due_dates == (date(2026, 3, 3),)


def test_years_without_a_decree_are_named() -> None:
    assert plan(count=1).projected_years == ()
    assert plan(count=2, period=Period.year, every=10).projected_years == (2036, 2046)


@pytest.mark.parametrize(
    ("remainder", "unit", "expected"),
    [
        (None, None, ["334.52", "334.52", "334.51", "334.51"]),
        (Remainder.spread_last, None, ["334.51", "334.51", "334.52", "334.52"]),
        (Remainder.remainder_first, None, ["334.53", "334.51", "334.51", "334.51"]),
        (None, "100", ["300.00", "300.00", "300.00", "438.06"]),
        (Remainder.spread_first, "100", ["438.06", "300.00", "300.00", "300.00"]),
        (Remainder.spread_first, "0", ["334.52", "334.52", "334.51", "334.51"]),
    ],
)
def test_remainder_and_rounding_unit(remainder: Remainder | None, unit: str | None, expected: list[str]) -> None:
    built = plan("1338.06", count=4, remainder=remainder, rounding_unit=rub(unit) if unit else None)
    assert amounts(built) == expected


def test_until_is_inclusive_and_must_agree_with_a_count() -> None:
    assert plan(until=date(2026, 4, 30)).payments_count == 3
    assert plan(until=date(2026, 4, 29)).payments_count == 2
    assert plan(until=date(2026, 4, 30), count=3).payments_count == 3
    with refused("count_until_disagree", "3", "4"):
        plan(until=date(2026, 4, 30), count=4)
    with refused("first_after_until"):
        plan(until=date(2026, 2, 27))
    with refused("count_missing"):
        plan()


def test_a_full_plan_is_one_payment_whatever_the_count() -> None:
    built = plan(plan=PlanKind.full, count=12)
    assert amounts(built) == ["100000.00"]
    assert dates(built) == ["2026-02-28"]
    assert dates(plan(plan=PlanKind.full, first_date=date(2026, 5, 1))) == ["2026-05-01"]
    with refused("first_after_until"):
        plan(plan=PlanKind.full, until=date(2026, 2, 27))


@pytest.mark.parametrize(
    ("down", "paid", "rest"),
    [
        (Fraction(1, 5), "20000.00", "40000.00"),
        (Money(1_000_000, "RUB"), "10000.00", "45000.00"),
    ],
)
def test_a_down_payment_is_row_zero(down: Money | Fraction, paid: str, rest: str) -> None:
    built = plan(count=2, down_payment=down)
    assert amounts(built) == [paid, rest, rest]
    assert [row.number for row in built.rows] == [0, 1, 2]
    assert built.rows[0].date == START
    assert built.payments_count == 2
    assert built.total == rub("100000")


def test_a_percentage_of_a_down_payment_is_rounded_half_up_to_the_units_of_the_currency() -> None:
    assert amounts(plan("0.25", count=1, down_payment=Fraction(1, 10))) == ["0.03", "0.22"]
    yen = Terms(amount=Money(105, "JPY"), start_date=START, count=1, down_payment=Fraction(1, 10))
    assert [row.amount.text for row in build_plan(yen).rows] == ["11", "94"]
    dinars = Terms(amount=Money(1005, "KWD"), start_date=START, count=2, down_payment=Fraction(1, 10))
    assert [row.amount.text for row in build_plan(dinars).rows] == ["0.101", "0.452", "0.452"]


def test_a_down_payment_of_zero_makes_no_row() -> None:
    assert plan(count=1, down_payment=rub("0")).numbers == (1,)
    assert plan(count=1, down_payment=Fraction(0)).numbers == (1,)


def test_the_day_of_a_down_payment_moves_too() -> None:
    built = plan(count=1, down_payment=Fraction(1, 2), shift=Shift.following)
    assert (built.dates[0], built.due_dates[0]) == (START, date(2026, 2, 2))


def test_a_down_payment_may_fall_on_the_first_payment_but_not_after_it() -> None:
    first = date(2026, 2, 28)
    assert plan(count=1, down_payment=rub("1"), down_payment_date=first).dates == (first, first)
    with refused("down_payment_late", "2026-03-01", "2026-02-28"):
        plan(count=1, down_payment=rub("1"), down_payment_date=date(2026, 3, 1))


@pytest.mark.parametrize("down", [rub("-1"), rub("100 000"), rub("100 001"), Fraction(1), Fraction(-1, 10)])
def test_a_down_payment_must_leave_something_to_pay(down: Money | Fraction) -> None:
    with refused("down_payment_wrong", "100000.00 RUB"):
        plan(count=1, down_payment=down)


def custom(text: str | list[str], amount: str = "100 000", **terms: Any) -> Plan:
    return plan(amount, plan=PlanKind.custom, custom_rows=parse_custom_rows(text, "RUB"), **terms)


@pytest.mark.parametrize(
    "text",
    [
        "10.02.2026 30 000\n15.03.2026 45 000,50\n31.01.2027 24 999,50",
        "10.02.2026 30000\n15.03.2026 45000.50\n31.01.2027 rest",
        "10.02.2026: 30000; 15.03.2026 - 45000.50; 31.01.2027 остаток;",
        "2026-02-10 30000|RUB\n\n2026-03-15\t45000.50 руб.\r\n2027-01-31 REST\n",
        ["10.02.2026 30000", "15.03.2026 45000.50", "31.01.2027 rest"],
    ],
)
def test_a_custom_plan_has_the_rows_it_was_given(text: str | list[str]) -> None:
    built = custom(text)
    assert amounts(built) == ["30000.00", "45000.50", "24999.50"]
    assert dates(built) == ["2026-02-10", "2026-03-15", "2027-01-31"]


def test_custom_percentages_share_by_the_largest_remainder() -> None:
    assert amounts(custom("10.02.2026 33.33%\n10.03.2026 33.33%\n10.04.2026 rest", "100.01")) == [
        "33.33",
        "33.33",
        "33.35",
    ]
    assert amounts(custom("10.02.2026 50%\n10.03.2026 50%", "0.05")) == ["0.03", "0.02"]


def test_custom_rows_divide_what_the_down_payment_leaves() -> None:
    built = custom("10.02.2026 50%\n10.03.2026 rest", down_payment=Fraction(1, 5))
    assert amounts(built) == ["20000.00", "40000.00", "40000.00"]


def test_a_custom_plan_takes_its_dates_by_the_culture() -> None:
    rows = parse_custom_rows("02/03/2026 rest", "RUB", Culture.month_day_year)
    assert rows == (CustomRow(date(2026, 2, 3), None),)


@pytest.mark.parametrize(
    ("text", "code", "shown"),
    [
        ("10.02.2026 30000\n10.03.2026 60000", "rows_sum_wrong", ["90000.00", "100000.00", "10000.00"]),
        ("10.02.2026 30000\n10.03.2026 70000.01", "rows_sum_wrong", ["100000.01", "0.01"]),
        ("10.02.2026 30000\n10.03.2026 70000\n10.04.2026 rest", "rest_not_positive", ["100000.00", "0.00"]),
        ("10.02.2026 130000\n10.04.2026 rest", "rest_not_positive", ["-30000.00"]),
        ("10.02.2026 rest\n10.04.2026 100", "rest_not_last", ["1"]),
        ("10.02.2026 50%\n10.03.2026 49.99%", "shares_not_100", ["99.99%"]),
        ("10.02.2026 50%\n10.03.2026 50000", "rows_mixed", []),
        ("10.02.2026 100000\n10.03.2026 0", "row_not_positive", ["2", "0.00"]),
        ("10.02.2026 -100000\n10.03.2026 rest", "row_not_positive", ["1", "-100000.00"]),
        ("10.02.2026 –5\n10.03.2026 rest", "row_not_positive", ["1", "-5.00"]),
        ("10.02.2026 0%\n10.03.2026 100%", "shares_not_positive", []),
        ("10.03.2026 50000\n10.02.2026 50000", "rows_not_rising", ["2026-03-10", "2026-02-10"]),
        ("10.03.2026 50000\n10.03.2026 50000", "rows_not_rising", ["2026-03-10"]),
        ("", "rows_missing", []),
        (" ; \n", "rows_missing", []),
        ("10.02.2026", "row_not_understood", ["10.02.2026"]),
        ("tomorrow 500", "row_not_understood", ["tomorrow 500"]),
        ("32.02.2026 500", "date_impossible", ["1", "32.02.2026"]),
        ("10.02.2026 500\n10.03.2026 1,200", "amount_ambiguous", ["2", "1,200"]),
        ("10.02.2026 500 USD", "currency_mismatch", ["USD"]),
    ],
)
def test_custom_rows_that_do_not_work_are_refused(text: str, code: str, shown: list[str]) -> None:
    with refused(code, *shown):
        custom(text)


def test_a_custom_plan_without_rows_is_refused() -> None:
    with refused("rows_missing"):
        plan(plan=PlanKind.custom)


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"amount": Money(0, "RUB"), "count": 1}, "amount_not_positive"),
        ({"amount": Money(-1, "RUB"), "count": 1}, "amount_not_positive"),
        ({"amount": Money(1, "RUB"), "count": 12}, "zero_part"),
        ({"count": 0}, "parts_not_positive"),
        ({"count": 1, "annual_rate": Fraction(1, 10)}, "rate_not_for_plan"),
        ({"count": 1, "plan": PlanKind.annuity, "annual_rate": Fraction(-1, 10)}, "rate_negative"),
        ({"count": 1, "fee": Money(-1, "RUB")}, "fee_wrong"),
        ({"count": 1, "fee": Money(10_000_000, "RUB")}, "fee_wrong"),
        ({"count": 1, "rounding_unit": Money(-1, "RUB")}, "unit_negative"),
        ({"count": 1, "rounding_unit": Money(1, "USD")}, "currency_mismatch"),
        ({"count": 1, "every": 0}, "every_not_positive"),
        ({"count": 3, "period": Period.year, "every": 40, "shift": Shift.following}, "date_out_of_range"),
    ],
)
def test_terms_that_make_no_plan_are_refused(terms: dict[str, Any], code: str) -> None:
    with refused(code):
        plan(**terms)


def test_one_kopeck_in_twelve_payments_says_what_would_work() -> None:
    with refused("zero_part", "0.01 RUB", "12", "1"):
        plan("0.01", count=12)


def test_ten_trillion_with_kopecks_is_exact() -> None:
    built = plan("10000000000000.01", count=7)
    assert sum(row.amount.minor for row in built.rows) == 1_000_000_000_000_001


KINDS = st.sampled_from([PlanKind.equal, PlanKind.full, PlanKind.annuity, PlanKind.differentiated])
ANY_TERMS = st.builds(
    Terms,
    amount=st.integers(1, 10**12).map(lambda minor: Money(minor, "RUB")),
    start_date=st.dates(date(2015, 1, 1), date(2030, 12, 31)),
    plan=KINDS,
    count=st.integers(1, 60),
    first_date=st.none() | st.dates(date(2015, 1, 1), date(2032, 12, 31)),
    period=st.sampled_from(Period),
    every=st.integers(1, 3),
    month_end=st.sampled_from(MonthEnd),
    shift=st.sampled_from(Shift),
    remainder=st.none() | st.sampled_from(Remainder),
    rounding_unit=st.none() | st.integers(0, 10**5).map(lambda minor: Money(minor, "RUB")),
    down_payment=st.none() | st.fractions(0, Fraction(9, 10), max_denominator=1000),
    annual_rate=st.fractions(0, 1, max_denominator=10000),
    day_count=st.sampled_from(DayCount),
)


@given(ANY_TERMS)
def test_every_plan_adds_up_and_every_other_request_is_a_refusal(terms: Terms) -> None:
    if terms.plan not in (PlanKind.annuity, PlanKind.differentiated):
        terms = replace(terms, annual_rate=Fraction(0))
    try:
        built = build_plan(terms)
    except Refusal:
        return
    rows = built.rows
    assert sum(row.principal.minor for row in rows) == terms.amount.minor == built.total_principal.minor
    balance = terms.amount
    for row in rows:
        assert row.amount == row.principal + row.interest
        assert row.principal.minor > 0
        assert row.interest.minor >= 0
        balance -= row.principal
        assert row.balance == balance
    assert not balance
    payments = [row for row in rows if row.number]
    assert [row.number for row in payments] == list(range(1, len(payments) + 1))
    assert all(earlier.date < later.date for earlier, later in pairwise(payments))
    assert all(earlier.due_date <= later.due_date for earlier, later in pairwise(rows))
    assert len(payments) == built.payments_count
    asked = 1 if terms.plan is PlanKind.full else terms.count
    assert asked is not None
    assert len(payments) <= asked
    if terms.plan is not PlanKind.annuity:  # half a kopeck more a payment may end one sooner: 0.01 in two payments
        assert len(payments) == asked
    assert built.total == terms.amount + built.total_interest
    if not terms.annual_rate:
        assert not built.total_interest


@given(ANY_TERMS)
def test_the_same_terms_give_the_same_plan_or_the_same_refusal(terms: Terms) -> None:
    def outcome(calendar: Calendar) -> object:
        try:
            built = build_plan(terms, calendar)
        except Refusal as refusal:
            return refusal.code, refusal.ru, refusal.en
        return built.rows, built.payment, built.projected_years

    assert outcome(Calendar()) == outcome(Calendar())
