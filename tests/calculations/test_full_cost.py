"""The full cost of credit: the rate at which the flows of 353-FZ are worth nothing, to the third decimal."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calculations.calendar import Shift
from calculations.day_count import DayCount
from calculations.full_cost import full_cost_percent
from calculations.money import Money
from calculations.plan import PlanKind, Terms, build_plan
from calculations.recurrence import Period
from calculations.rows import Plan
from tests.calculations import oracle

ISSUED = date(2026, 1, 31)


def rub(kopecks: int) -> Money:
    return Money(kopecks, "RUB")


def loan(principal: int, rate: Fraction, count: int, **terms: Any) -> Plan:
    defaults: dict[str, Any] = {
        "amount": rub(principal),
        "start_date": ISSUED,
        "plan": PlanKind.annuity,
        "annual_rate": rate,
        "count": count,
        "shift": Shift.none,
        "day_count": DayCount.equal,
    }
    return build_plan(Terms(**(defaults | terms)))


def borders(percent: Decimal) -> tuple[Fraction, Fraction]:
    """The monthly rates between which a yearly percentage rounds half up to this one."""
    thousandths = int(percent * 1000)
    return Fraction(2 * thousandths - 1, 2_400_000), Fraction(2 * thousandths + 1, 2_400_000)


@settings(max_examples=40)
@given(
    st.integers(1_000_00, 10**12),
    st.fractions(0, 1, max_denominator=1000),
    st.integers(1, 36),
    st.fractions(0, Fraction(1, 5), max_denominator=100),
)
def test_the_percentage_is_twelve_times_the_monthly_rate_of_return(
    principal: int, rate: Fraction, count: int, fee_share: Fraction
) -> None:
    fee = int(principal * fee_share)
    plan = loan(principal, rate, count, fee=rub(fee))
    percent = plan.full_cost_percent
    assert percent is not None
    flows = [(0, Fraction(0), fee - principal)]
    flows += [(row.number, Fraction(0), row.amount.minor) for row in plan.rows]
    low, high = borders(percent)
    if percent:
        assert oracle.present_value(low, flows) >= 0
    assert oracle.present_value(high, flows) < 0 or (percent == 0 and plan.total.minor == principal - fee)


def test_without_a_fee_equal_months_cost_the_rate_itself() -> None:
    assert str(loan(10**13, Fraction(12, 100), 24).full_cost_percent) == "12.000"


def test_a_fee_makes_it_dearer_by_hand() -> None:
    """1 000.00 less a fee of 10.00 against 1 010.00 in a month: 20 / 990 a month, 24.2424... a year."""
    assert str(loan(1_000_00, Fraction(12, 100), 1, fee=rub(10_00)).full_cost_percent) == "24.242"


def test_an_interest_free_plan_costs_nothing_unless_there_is_a_fee() -> None:
    terms = Terms(amount=rub(1_000_00), start_date=ISSUED, count=4)
    assert str(build_plan(terms).full_cost_percent) == "0.000"
    with_fee = Terms(amount=rub(1_000_00), start_date=ISSUED, count=1, fee=rub(20_00))
    assert str(build_plan(with_fee).full_cost_percent) == "24.490"  # 20 / 980 * 1200 = 24.4897...


@pytest.mark.parametrize(
    ("paid_on", "percent"),
    [
        # A hundred lent, a hundred and one back. Whole months are clipped to the month's end.
        (date(2026, 2, 28), "12.000"),
        # 15 days: 100 = 101 / (1 + i / 2), i = 2 % a month
        (date(2026, 2, 15), "24.000"),
        # one month and 15 days: 100 = 101 / ((1 + i)(1 + i / 2)); i = 0.66519...% solves i * i / 2 + 1.5 i = 0.01
        (date(2026, 3, 15), "7.982"),
    ],
)
def test_days_beyond_whole_months_are_thirtieths(paid_on: date, percent: str) -> None:
    assert str(full_cost_percent(ISSUED, rub(100_00), [(paid_on, rub(101_00))])) == percent


def test_a_payment_on_the_day_of_issue_lessens_what_was_lent() -> None:
    flows = [(ISSUED, rub(50_00)), (date(2026, 2, 28), rub(51_00))]
    assert str(full_cost_percent(ISSUED, rub(100_00), flows)) == "24.000"


def test_the_third_decimal_is_rounded_half_up_exactly_at_the_border() -> None:
    """240 000.00 lent for a month: a kopeck of interest is 0.00005 % a year."""
    month = date(2026, 2, 28)

    def cost(interest: int) -> str:
        return str(full_cost_percent(ISSUED, rub(24_000_000), [(month, rub(24_000_000 + interest))]))

    assert cost(130) == "0.007"  # 0.0065 exactly, up
    assert cost(129) == "0.006"
    assert cost(10) == "0.001"  # 0.0005 exactly, up
    assert cost(9) == "0.000"


def test_where_no_rate_exists_there_is_none() -> None:
    assert full_cost_percent(ISSUED, rub(100_00), [(ISSUED, rub(150_00)), (date(2026, 2, 28), rub(1))]) is None
    assert full_cost_percent(ISSUED, rub(100_00), [(date(2026, 2, 28), rub(99_99))]) is None
    assert full_cost_percent(ISSUED, rub(0), []) == 0


def test_interest_of_one_percent_a_month_for_a_thousand_years_is_twelve_a_year() -> None:
    """And does not take the powers of a thousand years: those would never end."""
    issued = date(2026, 1, 15)
    months = [date(issued.year + number // 12, number % 12 + 1, 15) for number in range(1, 12_000)]
    flows = [(day, rub(1_00)) for day in months]
    assert str(full_cost_percent(issued, rub(100_00), [*flows, (date(3026, 1, 15), rub(101_00))])) == "12.000"


def test_a_usurious_rate_is_still_found() -> None:
    assert str(full_cost_percent(ISSUED, rub(1), [(date(2026, 2, 28), rub(10**12))])) == "1199999999998800.000"


@pytest.mark.parametrize("period", [Period.week, Period.two_weeks, Period.quarter, Period.year, Period.day])
def test_other_periods_are_brought_to_the_month(period: Period) -> None:
    plan = loan(1_000_000_00, Fraction(18, 100), 9, period=period, fee=rub(5_000_00))
    percent = plan.full_cost_percent
    assert percent is not None
    flows = [(0, Fraction(0), 5_000_00 - 1_000_000_00)]
    for row in plan.rows:
        months = 0
        while oracle.monthly_dates(ISSUED, months + 1)[-1] <= row.date:
            months += 1
        reached = oracle.monthly_dates(ISSUED, months)[-1] if months else ISSUED
        flows.append((months, Fraction((row.date - reached).days, 30), row.amount.minor))
    low, high = borders(percent)
    assert oracle.present_value(low, flows) >= 0 > oracle.present_value(high, flows)
