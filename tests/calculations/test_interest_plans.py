"""Annuities and differentiated plans against exact fractions and figures that banks publish."""

import re
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import assume, given
from hypothesis import strategies as st

from calculations.calendar import Shift
from calculations.day_count import DayCount
from calculations.money import Money
from calculations.plan import PlanKind, Terms, build_plan
from calculations.recurrence import Period
from calculations.refusal import Refusal
from calculations.rows import Plan
from calculations.split import Remainder
from tests.calculations import oracle
from tests.calculations.refusals import refused

TWELVE_PERCENT = Fraction(12, 100)
START = date(2026, 1, 15)


def loan(principal: int, rate: Fraction, count: int | None, **terms: Any) -> Plan:
    defaults: dict[str, Any] = {
        "amount": Money(principal, "RUB"),
        "start_date": START,
        "plan": PlanKind.annuity,
        "annual_rate": rate,
        "count": count,
        "shift": Shift.none,
        "day_count": DayCount.equal,
    }
    return build_plan(Terms(**(defaults | terms)))


def figures(plan: Plan) -> list[tuple[int, int, int]]:
    return [(row.principal.minor, row.interest.minor, row.balance.minor) for row in plan.rows]


@pytest.mark.parametrize(
    # Payments that bank and textbook calculators print for these loans with equal months.
    ("principal", "rate", "count", "payment"),
    [
        (100_000_00, TWELVE_PERCENT, 12, "8884.88"),
        (1_000_000_00, Fraction(10, 100), 240, "9650.22"),
        (200_000_00, Fraction(6, 100), 360, "1199.10"),
        (165_000_00, Fraction(45, 1000), 360, "836.03"),
        (10_000_00, Fraction(5, 100), 60, "188.71"),
    ],
)
def test_the_constant_payment_is_the_one_calculators_print(
    principal: int, rate: Fraction, count: int, payment: str
) -> None:
    plan = loan(principal, rate, count)
    assert plan.payment is not None
    assert plan.payment.text == payment
    assert {row.amount.text for row in plan.rows[:-1]} == {payment}


def test_a_small_annuity_by_hand() -> None:
    """3 000.00 at 12 % for 3 months: A = 3000 * 0.01 / (1 - 1.01 ** -3) = 1020.0663...; interest 1 % of the balance."""
    assert figures(loan(300000, TWELVE_PERCENT, 3)) == [
        (99007, 3000, 200993),
        (99997, 2010, 100996),
        (100996, 1010, 0),
    ]


def test_half_a_kopeck_of_interest_is_rounded_up() -> None:
    """105.00 at 6 % a year is 0.525 a month."""
    assert loan(10500, Fraction(6, 100), 2, plan=PlanKind.differentiated).rows[0].interest.text == "0.53"


def test_one_payment_is_the_principal_with_its_interest() -> None:
    assert figures(loan(100_000_00, TWELVE_PERCENT, 1)) == [(100_000_00, 1_000_00, 0)]


loans = st.tuples(
    st.integers(10_000_00, 10**13),
    st.fractions(Fraction(1, 10000), Fraction(30, 100), max_denominator=100_000),
    st.integers(1, 60),
)
counts_of_days = st.sampled_from(DayCount)
issues = st.dates(date(2015, 1, 1), date(2035, 12, 31))


@given(loans, counts_of_days, issues, st.sampled_from([Shift.none, Shift.following]))
def test_an_annuity_agrees_with_exact_fractions(
    terms: tuple[int, Fraction, int], day_count: DayCount, issued: date, shift: Shift
) -> None:
    principal, rate, count = terms
    paid_on = oracle.monthly_dates(issued, count)
    if shift is Shift.following:
        paid_on = [oracle.next_working_day(day) for day in paid_on]
    payment = oracle.annuity_payment(principal, rate, count, Fraction(12))
    expected = oracle.annuity_rows(principal, rate, day_count.value, issued, paid_on, payment)
    assume(all(part > 0 for part, _, _ in expected))
    plan = loan(principal, rate, count, start_date=issued, day_count=day_count, shift=shift)
    assert plan.payment == Money(payment, "RUB")
    assert list(plan.due_dates) == paid_on
    assert figures(plan) == expected


@given(loans, counts_of_days, issues, st.sampled_from([Shift.none, Shift.following]))
def test_a_differentiated_plan_agrees_with_exact_fractions(
    terms: tuple[int, Fraction, int], day_count: DayCount, issued: date, shift: Shift
) -> None:
    principal, rate, count = terms
    paid_on = oracle.monthly_dates(issued, count)
    if shift is Shift.following:
        paid_on = [oracle.next_working_day(day) for day in paid_on]
    kind = PlanKind.differentiated
    plan = loan(principal, rate, count, plan=kind, start_date=issued, day_count=day_count, shift=shift)
    assert figures(plan) == oracle.differentiated_rows(principal, rate, day_count.value, issued, paid_on)


@pytest.mark.parametrize(
    ("period", "every", "periods_a_year"),
    [
        (Period.month, 2, Fraction(6)),
        (Period.quarter, 1, Fraction(4)),
        (Period.half_year, 1, Fraction(2)),
        (Period.year, 1, Fraction(1)),
        (Period.week, 1, Fraction(365, 7)),
        (Period.two_weeks, 1, Fraction(365, 14)),
        (Period.day, 1, Fraction(365)),
    ],
)
@pytest.mark.parametrize("day_count", list(DayCount))
def test_other_periods_agree_with_exact_fractions(
    period: Period, every: int, periods_a_year: Fraction, day_count: DayCount
) -> None:
    principal, rate, count = 1_234_567_89, Fraction(155, 1000), 10
    step = relativedelta(months=every * period.months, days=every * period.days)
    paid_on = [START + step * k for k in range(1, count + 1)]
    payment = oracle.annuity_payment(principal, rate, count, periods_a_year)
    plan = loan(principal, rate, count, period=period, every=every, day_count=day_count)
    assert figures(plan) == oracle.annuity_rows(
        principal, rate, day_count.value, START, paid_on, payment, periods_a_year
    )


def test_three_hundred_and_sixty_months_at_both_ends_of_rates() -> None:
    for rate in (Fraction(1, 10000), Fraction(365, 100)):
        plan = loan(10**13, rate, 360 if rate < 1 else 60)
        payment = oracle.annuity_payment(10**13, rate, plan.payments_count, Fraction(12))
        assert plan.payment == Money(payment, "RUB")
        assert plan.balances[-1] == 0


def test_a_long_first_period_bears_its_own_days() -> None:
    """100 000.00 at 12 %: 45 days of 2026, then 31."""
    plan = loan(100_000_00, TWELVE_PERCENT, 2, first_date=date(2026, 3, 1), day_count=DayCount.act_365_366)
    assert plan.rows[0].interest.minor == oracle.nearest(100_000_00 * TWELVE_PERCENT * Fraction(45, 365))
    left = plan.rows[0].balance.minor
    assert plan.rows[1].interest.minor == oracle.nearest(left * TWELVE_PERCENT * Fraction(31, 365))


def test_equal_periods_bear_the_same_whatever_their_days() -> None:
    plan = loan(100_000_00, TWELVE_PERCENT, 2, first_date=date(2026, 3, 1))
    assert plan.rows[0].interest.text == "1000.00"


def test_the_year_end_is_split_by_the_length_of_each_year() -> None:
    """1 000 000.00 at 36.6 % from 31 Dec: 31 days of a leap year bear exactly a thousandth a day."""
    into_leap = loan(
        1_000_000_00, Fraction(366, 1000), 1, start_date=date(2023, 12, 31), day_count=DayCount.act_365_366
    )
    assert into_leap.total_interest.text == "31000.00"
    out_of_leap = loan(
        1_000_000_00, Fraction(365, 1000), 1, start_date=date(2024, 12, 31), day_count=DayCount.act_365_366
    )
    assert out_of_leap.total_interest.text == "31000.00"


def test_interest_runs_to_the_working_day_the_payment_is_made_on() -> None:
    plan = loan(
        100_000_00,
        Fraction(365, 1000),
        2,
        start_date=date(2026, 1, 31),
        day_count=DayCount.act_365_366,
        shift=Shift.following,
    )
    assert [str(day) for day in plan.due_dates] == ["2026-03-02", "2026-03-31"]
    assert plan.rows[0].interest.text == "3000.00"
    assert plan.rows[1].interest.minor == oracle.nearest(plan.rows[0].balance.minor * Fraction(29, 1000))


def test_interest_that_outgrows_the_payment_is_refused_and_what_is_advised_works() -> None:
    long_first_period: dict[str, Any] = {"first_date": date(2026, 12, 15)}
    asked: dict[str, Any] = {"principal": 100_000_00, "rate": Fraction(20, 100), "count": 60}
    asked |= {"day_count": DayCount.act_365} | long_first_period
    with refused(
        "interest_outgrows_payment",
        "2026-01-15",
        "2026-12-15",
        "18301.37 RUB",
        "2649.39 RUB",
        "(equal)",
        "2026-02-15",
        "5",
        "2027-04-15",
    ) as caught:
        loan(**asked)
    assert "за первый период" in caught.value.ru
    assert "the first period" in caught.value.en
    assert len(followed(asked, caught.value)) == 3


def test_a_payment_that_is_all_interest_to_the_kopeck_is_refused_without_advising_what_is_chosen() -> None:
    """365 % a year for 360 months: P * i / (1 - (1 + i) ** -360) is the interest but for a thousandth of a kopeck."""
    asked: dict[str, Any] = {"principal": 1_000_000_00, "rate": Fraction(365, 100), "count": 360}
    with refused("interest_outgrows_payment", "304166.67 RUB") as caught:
        loan(**asked)
    assert "(equal)" not in caught.value.ru
    assert len(followed(asked, caught.value)) == 1


def followed(asked: dict[str, Any], refusal: Refusal) -> list[Plan]:
    """The plan of each way out that the sentence offers."""
    ways: list[dict[str, Any]] = []
    if "(equal)" in refusal.en:
        ways.append({"day_count": DayCount.equal})
    firsts = re.findall(r"the first payment on ([0-9-]+)", refusal.en)
    ways += [{"first_date": date.fromisoformat(first)} for first in firsts]
    terms = re.findall(r"at most ([0-9]+) payments \(the last on ([0-9-]+)\)", refusal.en)
    ways += [{"count": int(count), "until": date.fromisoformat(last)} for count, last in terms]
    return [loan(**asked | way) for way in ways]


@given(
    st.integers(1_00, 10**9),
    st.fractions(Fraction(20, 100), 4, max_denominator=100),
    st.integers(2, 400),
    st.sampled_from([Period.week, Period.month, Period.quarter]),
    counts_of_days,
    issues,
    st.integers(0, 500),
    st.sampled_from([0, 0, 1_00, 100_00]),
    st.booleans(),
)
def test_all_that_is_offered_where_interest_outgrows_the_payment_makes_a_plan(
    principal: int,
    rate: Fraction,
    count: int,
    period: Period,
    day_count: DayCount,
    issued: date,
    first_after: int,
    unit: int,
    by_until: bool,
) -> None:
    asked: dict[str, Any] = {
        "principal": principal,
        "rate": rate,
        "count": count,
        "period": period,
        "day_count": day_count,
        "start_date": issued,
        "first_date": issued + timedelta(days=first_after) if first_after else None,
        "shift": Shift.following,
        "rounding_unit": Money(unit, "RUB"),
    }
    if by_until:
        asked |= {"count": None, "until": issued + timedelta(days=30 * count + first_after)}
    try:
        loan(**asked)
    except Refusal as refusal:
        assume(refusal.code == "interest_outgrows_payment")
        caught = refusal
    else:
        assume(False)
    assert len(followed(asked, caught)) >= 1


def test_the_count_offered_is_the_largest_that_makes_a_plan() -> None:
    with pytest.raises(Refusal) as caught:
        loan(100_000_00, Fraction(60, 100), 240, day_count=DayCount.act_365, first_date=date(2026, 3, 10))
    [offered] = re.findall(r"at most ([0-9]+) payments", caught.value.en)
    with refused("interest_outgrows_payment"):
        loan(100_000_00, Fraction(60, 100), int(offered) + 1, day_count=DayCount.act_365, first_date=date(2026, 3, 10))


@pytest.mark.parametrize(
    ("rate", "count", "terms", "made"),
    [
        (Fraction(24, 100), 60, {"first_date": START}, 58),
        (TWELVE_PERCENT, 360, {"start_date": date(2026, 1, 31)}, 359),
    ],
)
def test_days_that_bear_less_than_a_month_end_a_long_debt_some_payments_early(
    rate: Fraction, count: int, terms: dict[str, Any], made: int
) -> None:
    """What February saves, or a first payment on the day of issue, grows with the rate until it is whole payments."""
    plan = loan(1_000_000_00, rate, count, day_count=DayCount.act_365_366, **terms)
    payment = oracle.annuity_payment(1_000_000_00, rate, count, Fraction(12))
    assert plan.payments_count == made
    assert {row.amount.minor for row in plan.rows[:-1]} == {payment}
    assert 0 < plan.rows[-1].amount.minor <= payment
    assert figures(plan) == oracle.annuity_rows(
        1_000_000_00, rate, "act_365_366", plan.issued_on, list(plan.dates), payment
    )


@given(st.integers(1, 10**9), st.fractions(0, 4, max_denominator=1000), st.integers(1, 40), counts_of_days, issues)
def test_a_balance_never_grows(principal: int, rate: Fraction, count: int, day_count: DayCount, issued: date) -> None:
    try:
        plan = loan(principal, rate, count, start_date=issued, day_count=day_count, shift=Shift.following)
    except Refusal as refusal:
        code = refusal.code
    else:
        code = ""
        assert list(plan.balances) == sorted(plan.balances, reverse=True)
    assert code in {"", "interest_outgrows_payment", "zero_part"}


def test_the_first_payment_on_the_day_of_issue_bears_no_interest_and_before_it_is_refused() -> None:
    on_issue = loan(100_000_00, TWELVE_PERCENT, 3, first_date=START, day_count=DayCount.act_365_366)
    assert on_issue.rows[0].interest.text == "0.00"
    with refused("first_before_start", "2026-01-14", "2026-01-15"):
        loan(100_000_00, TWELVE_PERCENT, 3, first_date=date(2026, 1, 14))


def test_interest_counts_from_what_the_down_payment_leaves() -> None:
    plan = loan(125_000_00, TWELVE_PERCENT, 12, down_payment=Fraction(1, 5))
    assert plan.payment is not None
    assert plan.payment.text == "8884.88"
    assert plan.rows[0].interest.text == "0.00"
    assert plan.rows[1].interest.text == "1000.00"


@pytest.mark.parametrize(
    ("unit", "payment", "count"),
    [(100_00, "8900.00", 12), (1000_00, "9000.00", 12), (5000_00, "10000.00", 11), (0, "8884.88", 12)],
)
def test_a_rounding_unit_rounds_the_payment_up_and_the_last_is_smaller(unit: int, payment: str, count: int) -> None:
    plan = loan(100_000_00, TWELVE_PERCENT, 12, rounding_unit=Money(unit, "RUB"))
    assert {row.amount.text for row in plan.rows[:-1]} == {payment}
    assert plan.payments_count == count
    assert plan.rows[-1].amount < plan.rows[0].amount
    balance, interest_of_last = 100_000_00, 0
    for _ in range(count):
        interest_of_last = oracle.nearest(Fraction(balance, 100))
        balance = balance + interest_of_last - Money.parse(payment, "RUB").minor
    assert plan.rows[-1].amount.minor == balance + Money.parse(payment, "RUB").minor


def test_an_annuity_at_rate_zero_is_a_split_with_the_rest_in_the_last() -> None:
    free = Fraction(0)
    assert [row.amount.text for row in loan(200_00, free, 3).rows] == ["66.66", "66.66", "66.68"]
    spread = loan(200_00, free, 3, remainder=Remainder.spread_first)
    assert [row.amount.text for row in spread.rows] == ["66.67", "66.67", "66.66"]
    assert loan(200_00, free, 3).full_cost_percent == 0


def test_differentiated_principal_is_the_nearest_and_the_last_takes_the_rest() -> None:
    kind = PlanKind.differentiated

    def principals(**terms: Any) -> list[str]:
        return [row.principal.text for row in loan(200_00, TWELVE_PERCENT, 3, plan=kind, **terms).rows]

    assert principals() == ["66.67", "66.67", "66.66"]
    assert principals(remainder=Remainder.remainder_last) == ["66.66", "66.66", "66.68"]
    assert principals(remainder=Remainder.spread_last) == ["66.66", "66.67", "66.67"]
    assert principals(rounding_unit=Money(10_00, "RUB")) == ["60.00", "60.00", "80.00"]


@pytest.mark.parametrize(
    ("kind", "principal", "count"),
    [(PlanKind.differentiated, 25, 10), (PlanKind.annuity, 5, 12), (PlanKind.annuity, 1, 12), (PlanKind.equal, 5, 6)],
)
def test_a_sum_too_small_is_refused_and_the_count_named_works(kind: PlanKind, principal: int, count: int) -> None:
    rate = Fraction(0) if kind is PlanKind.equal else Fraction(1, 1000)
    with pytest.raises(Refusal) as caught:
        loan(principal, rate, count, plan=kind)
    assert caught.value.code == "zero_part"
    works = int(re.findall(r"\d+", caught.value.ru)[-1])
    made = loan(principal, rate, works, plan=kind).payments_count
    assert made <= works if kind is PlanKind.annuity else made == works
    with refused("zero_part"):
        loan(principal, rate, works + 1, plan=kind)


@pytest.mark.parametrize(
    ("amount", "rate", "count", "made"),
    [
        (Money(1_000_000, "JPY"), Fraction(36, 100), 360, 352),
        (Money(15_000_00, "RUB"), Fraction(60, 100), 240, 232),
        (Money(6, "RUB"), Fraction(1, 1000), 12, 6),
    ],
)
def test_a_payment_rounded_up_pays_a_long_debt_in_fewer_rows(
    amount: Money, rate: Fraction, count: int, made: int
) -> None:
    plan = loan(amount.minor, rate, count, amount=amount)
    payment = oracle.annuity_payment(amount.minor, rate, count, Fraction(12))
    assert plan.payments_count == made
    assert {row.amount.minor for row in plan.rows[:-1]} == {payment}
    assert 0 < plan.rows[-1].amount.minor <= payment
    assert plan.balances[-1] == 0


def test_days_before_the_issue_bear_nothing_when_a_shift_goes_back_over_it() -> None:
    """Issued on Saturday 31 January 2026 with the first payment on that day, which goes back to the 30th."""
    plan = loan(
        100_000_00,
        Fraction(365, 1000),
        2,
        start_date=date(2026, 1, 31),
        first_date=date(2026, 1, 31),
        day_count=DayCount.act_365_366,
        shift=Shift.preceding,
    )
    assert [str(day) for day in plan.due_dates] == ["2026-01-30", "2026-02-27"]
    assert plan.rows[0].interest.text == "0.00"
    assert plan.rows[1].interest.minor == oracle.nearest(plan.rows[0].balance.minor * Fraction(27, 1000))


def test_interest_longer_than_any_sum_is_refused() -> None:
    with refused("amount_too_large", "10000000000000000.00 RUB"):
        loan(10**17, Fraction(10), 1, period=Period.year)
    assert loan(10**17, Fraction(9), 1, period=Period.year).payments_count == 1
