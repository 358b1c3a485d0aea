"""Early repayment: interest to the day first, then principal; the new rows by the mode that was chosen."""

import re
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from calculations.calendar import Shift
from calculations.custom_rows import parse_custom_rows
from calculations.day_count import DayCount
from calculations.early import EarlyMode, Loan, Recalculation, loan_from_rows, loan_from_terms, recalculate
from calculations.money import Money
from calculations.plan import PlanKind, Terms, build_plan
from calculations.recurrence import Period
from calculations.refusal import Refusal
from calculations.rows import Plan
from calculations.split import Remainder
from tests.calculations import oracle
from tests.calculations.refusals import refused

REDUCE, SHORTEN = EarlyMode.reduce_payment, EarlyMode.shorten_term
TWELVE_PERCENT = Fraction(12, 100)
PAID = date(2026, 4, 15)


def rub(text: str) -> Money:
    return Money.parse(text, "RUB")


def by_terms(**terms: Any) -> Loan:
    defaults: dict[str, Any] = {
        "principal": rub("60 000"),
        "annual_rate": TWELVE_PERCENT,
        "payment": rub("10 000"),
        "remaining_count": 7,
        "last_paid_date": PAID,
        "first_date": date(2026, 5, 15),
        "day_count": DayCount.act_365_366,
        "shift": Shift.none,
    }
    return loan_from_terms(**(defaults | terms))


def repaid(loan: Loan, amount: str, day: date, mode: EarlyMode, **how: Any) -> Recalculation:
    return recalculate(loan, amount=rub(amount), day=day, mode=mode, **how)


def figures(plan: Plan) -> list[tuple[int, int, int]]:
    return [(row.principal.minor, row.interest.minor, row.balance.minor) for row in plan.rows]


def test_on_the_day_of_a_paid_instalment_all_of_it_is_principal() -> None:
    done = repaid(by_terms(), "20 000", PAID, SHORTEN)
    assert (done.accrued_interest, done.principal_repaid, done.principal_left) == (
        rub("0"),
        rub("20 000"),
        rub("40 000"),
    )
    assert done.plan.dates[0] == date(2026, 5, 15)


@pytest.mark.parametrize(("amount", "left"), [("20 000", 40_000_00), ("5 000.55", 54_999_45)])
def test_reducing_the_payment_is_a_new_annuity_over_the_same_dates(amount: str, left: int) -> None:
    done = repaid(by_terms(), amount, PAID, REDUCE)
    paid_on = [date(2026, month, 15) for month in range(5, 12)]
    payment = oracle.annuity_payment(left, TWELVE_PERCENT, 7, Fraction(12))
    assert done.plan.payment == Money(payment, "RUB")
    assert list(done.plan.dates) == paid_on
    assert figures(done.plan) == oracle.annuity_rows(left, TWELVE_PERCENT, "act_365_366", PAID, paid_on, payment)


def test_shortening_the_term_keeps_the_payment_and_the_last_is_smaller() -> None:
    done = repaid(by_terms(), "20 000", PAID, SHORTEN)
    rows = done.plan.rows
    assert [row.amount.text for row in rows[:-1]] == ["10000.00"] * 4
    assert rows[-1].amount < rub("10 000")
    expected = oracle.annuity_rows(
        40_000_00, TWELVE_PERCENT, "act_365_366", PAID, [row.date for row in rows], 10_000_00
    )
    assert figures(done.plan) == expected


@pytest.mark.parametrize("mode", list(EarlyMode))
@pytest.mark.parametrize(
    ("day_count", "share"),
    [
        (DayCount.act_365_366, Fraction(12, 365)),
        (DayCount.act_365, Fraction(12, 365)),
        (DayCount.act_360, Fraction(12, 360)),
        (DayCount.thirty_e_360, Fraction(12, 360)),
        (DayCount.equal, Fraction(12, 12 * 30)),
    ],
)
def test_between_due_dates_interest_runs_to_the_day_and_on_from_it(
    day_count: DayCount, share: Fraction, mode: EarlyMode
) -> None:
    """Twelve days of the thirty from 15 April to 15 May."""
    day = PAID + timedelta(days=12)
    done = repaid(by_terms(day_count=day_count), "20 000", day, mode)
    accrued = oracle.nearest(60_000_00 * TWELVE_PERCENT * share)
    assert done.accrued_interest.minor == accrued
    assert done.principal_left.minor == 60_000_00 + accrued - 20_000_00
    rest_of_period = Fraction(18, 360) if share == Fraction(12, 360) else Fraction(18, 365)
    assert done.plan.rows[0].interest.minor == oracle.nearest(
        done.principal_left.minor * TWELVE_PERCENT * rest_of_period
    )
    second_share = oracle.share_of_year(day_count.value, date(2026, 5, 15), date(2026, 6, 15), Fraction(12))
    left_after_first = done.plan.rows[0].balance.minor
    assert done.plan.rows[1].interest.minor == oracle.nearest(left_after_first * TWELVE_PERCENT * second_share)


@pytest.mark.parametrize("day_count", [DayCount.equal, DayCount.thirty_e_360])
def test_a_second_repayment_within_a_period_bears_its_own_days_of_it(day_count: DayCount) -> None:
    """15 April, 27 April, 2 May, 15 May: twelve, five and thirteen days of thirty, a month being 1 %."""
    once = repaid(by_terms(day_count=day_count), "20 000", date(2026, 4, 27), REDUCE)
    assert once.period_from == PAID
    between = loan_from_rows(
        once.plan.rows,
        paid_count=0,
        start_date=date(2026, 4, 27),
        period_from=once.period_from,
        kind=PlanKind.annuity,
        annual_rate=TWELVE_PERCENT,
        day_count=day_count,
    )
    twice = repaid(between, "10 000", date(2026, 5, 2), SHORTEN)
    assert twice.accrued_interest.minor == oracle.nearest(Fraction(once.principal_left.minor * 5, 100 * 30))
    assert twice.plan.rows[0].interest.minor == oracle.nearest(Fraction(twice.principal_left.minor * 13, 100 * 30))
    assert twice.period_from == PAID


def test_on_a_due_date_the_next_period_begins() -> None:
    assert repaid(by_terms(), "30 000", date(2026, 5, 15), SHORTEN).period_from == date(2026, 5, 15)


def test_on_the_next_due_date_the_repayment_is_that_days_payment() -> None:
    done = repaid(by_terms(), "30 000", date(2026, 5, 15), SHORTEN)
    assert done.accrued_interest.minor == oracle.nearest(60_000_00 * TWELVE_PERCENT * Fraction(30, 365))
    assert done.plan.rows[0].date == date(2026, 6, 15)
    assert done.plan.numbers[0] == 2
    with refused("repayment_below_payment", "10000.00 RUB", "9999.99 RUB", "2026-05-15"):
        repaid(by_terms(), "9 999.99", date(2026, 5, 15), SHORTEN)


def test_days_of_payment_are_shifted_and_interest_runs_to_them() -> None:
    loan = by_terms(shift=Shift.following, first_date=date(2026, 5, 16))
    assert [str(one.due_date) for one in loan.remaining][:2] == ["2026-05-18", "2026-06-16"]
    done = repaid(loan, "20 000", PAID, SHORTEN)
    assert done.plan.rows[0].interest.minor == oracle.nearest(40_000_00 * TWELVE_PERCENT * Fraction(33, 365))


def test_the_exact_sum_closes_the_loan() -> None:
    day = PAID + timedelta(days=12)
    accrued = oracle.nearest(60_000_00 * TWELVE_PERCENT * Fraction(12, 365))
    closing = Money(60_000_00 + accrued, "RUB")
    done = recalculate(by_terms(), amount=closing, day=day, mode=REDUCE)
    assert done.plan.rows == ()
    assert done.plan.last_date is None
    assert done.plan.last_due_date is None
    assert done.principal_left == rub("0")
    with refused("repayment_above_debt", str(closing)):
        recalculate(by_terms(), amount=closing + rub("0.01"), day=day, mode=REDUCE)


@pytest.mark.parametrize(
    ("amount", "day", "code"),
    [
        ("0", PAID, "repayment_not_positive"),
        ("-1", PAID, "repayment_not_positive"),
        ("1000", PAID - timedelta(days=1), "repayment_before_paid_date"),
        ("1000", date(2026, 5, 16), "instalment_unpaid"),
        ("236.71", PAID + timedelta(days=12), "repayment_below_interest"),
    ],
)
def test_repayments_that_cannot_be_are_refused(amount: str, day: date, code: str) -> None:
    with refused(code):
        repaid(by_terms(), amount, day, REDUCE)


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"principal": rub("0")}, "principal_not_positive"),
        ({"payment": rub("0")}, "payment_not_positive"),
        ({"payment": Money(1, "USD")}, "payment_not_positive"),
        ({"remaining_count": 0}, "parts_not_positive"),
        ({"first_date": PAID}, "first_before_paid_date"),
        ({"every": 0}, "every_not_positive"),
    ],
)
def test_a_loan_that_cannot_be_is_refused(terms: dict[str, Any], code: str) -> None:
    with refused(code):
        by_terms(**terms)


def test_a_payment_below_the_interest_is_refused_with_the_least_that_works() -> None:
    with refused("interest_outgrows_payment", "100.00 RUB", "2026-04-15", "2026-05-15", "60000.00 RUB") as caught:
        repaid(by_terms(payment=rub("100")), "20 000", PAID, SHORTEN)
    [least] = re.findall(r"a payment from ([0-9.]+) RUB", caught.value.en)
    assert repaid(by_terms(payment=rub(least)), "20 000", PAID, SHORTEN).plan.rows
    with refused("interest_outgrows_payment"):
        repaid(by_terms(payment=rub(least) - rub("0.01")), "20 000", PAID, SHORTEN)


def test_where_a_smaller_payment_is_outgrown_a_shorter_term_is_offered_and_works() -> None:
    """90 % a year for five years, and the next payment two months away."""
    figures = {"annual_rate": Fraction(90, 100), "remaining_count": 60, "first_date": date(2026, 6, 15)}
    loan = by_terms(**figures)
    with refused("interest_outgrows_payment", "(shorten_term)", "(equal)", "60000.00 RUB"):
        repaid(loan, "20 000", PAID, REDUCE)
    assert repaid(loan, "20 000", PAID, SHORTEN).plan.rows
    assert repaid(by_terms(**figures, day_count=DayCount.equal), "20 000", PAID, REDUCE).plan.rows


def test_a_schedules_own_payment_and_day_count_are_not_offered_to_be_changed() -> None:
    loan = replace(by_terms(payment=rub("100")), by_figures=False)
    with refused("interest_outgrows_payment", "60000.00 RUB") as caught:
        repaid(loan, "20 000", PAID, SHORTEN)
    assert "a payment from" not in caught.value.en
    assert "(equal)" not in caught.value.en


@given(
    st.integers(1_00, 10**9),
    st.fractions(Fraction(20, 100), 4, max_denominator=100),
    st.integers(2, 400),
    st.sampled_from(DayCount),
    st.integers(1, 200),
    st.fractions(0, 1, max_denominator=20),
    st.fractions(Fraction(1, 50), 1, max_denominator=50),
    st.fractions(Fraction(1, 100), 2, max_denominator=100),
    st.sampled_from(EarlyMode),
)
def test_all_that_is_offered_where_a_repayment_leaves_no_plan_makes_one(
    principal: int,
    rate: Fraction,
    count: int,
    day_count: DayCount,
    first_after: int,
    moment: Fraction,
    part: Fraction,
    of_payment: Fraction,
    mode: EarlyMode,
) -> None:
    payment = max(1, int(oracle.annuity_payment(principal, rate, count, Fraction(12)) * of_payment))
    terms: dict[str, Any] = {
        "principal": Money(principal, "RUB"),
        "annual_rate": rate,
        "payment": Money(payment, "RUB"),
        "remaining_count": count,
        "day_count": day_count,
        "first_date": PAID + timedelta(days=first_after),
        "shift": Shift.following,
    }
    day = PAID + timedelta(days=int(first_after * moment))
    amount = Money(max(1, int(principal * part)), "RUB")
    try:
        recalculate(by_terms(**terms), amount=amount, day=day, mode=mode)
    except Refusal as refusal:
        assume(refusal.code in ("interest_outgrows_payment", "zero_part"))
        said = refusal.en
    else:
        assume(False)
    [closing] = re.findall(r"pay ([0-9.]+ RUB) to close", said)
    assert not recalculate(by_terms(**terms), amount=Money.parse(closing), day=day, mode=mode).plan.rows
    if "(shorten_term)" in said:
        assert recalculate(by_terms(**terms), amount=amount, day=day, mode=SHORTEN).plan.rows
    if "(equal)" in said:
        equal = by_terms(**terms | {"day_count": DayCount.equal})
        assert recalculate(equal, amount=amount, day=day, mode=mode).plan.rows
    for least in re.findall(r"a payment from ([0-9.]+ RUB)", said):
        larger = by_terms(**terms | {"payment": Money.parse(least)})
        assert recalculate(larger, amount=amount, day=day, mode=mode).plan.rows


def test_too_little_left_for_a_rounding_unit_names_it() -> None:
    loan = by_terms(annual_rate=Fraction(0))
    with refused("zero_part", "1000.00 RUB", "7", "5000.00 RUB", "(shorten_term)", "60000.00 RUB"):
        repaid(loan, "55 000", PAID, REDUCE, rounding_unit=rub("1000"))
    assert repaid(loan, "55 000", PAID, SHORTEN, rounding_unit=rub("1000")).plan.rows


def test_a_rounding_unit_rounds_the_new_payment_up() -> None:
    done = repaid(by_terms(), "20 000", PAID, REDUCE, rounding_unit=rub("100"))
    exact = oracle.annuity_payment(40_000_00, TWELVE_PERCENT, 7, Fraction(12))
    assert done.plan.payment is not None
    assert 0 <= done.plan.payment.minor - exact < 100_00
    assert done.plan.payment.minor % 100_00 == 0


def test_without_interest_the_rest_is_split_or_the_last_payments_fall_away() -> None:
    loan = by_terms(annual_rate=Fraction(0), principal=rub("70 000"))
    reduced = repaid(loan, "20 000", PAID, REDUCE).plan
    assert [row.amount.text for row in reduced.rows] == ["7142.85"] * 6 + ["7142.90"]
    spread = repaid(loan, "20 000", PAID, REDUCE, remainder=Remainder.spread_first).plan
    assert [row.amount.text for row in spread.rows] == ["7142.86"] * 5 + ["7142.85"] * 2
    shortened = repaid(loan, "25 000", PAID, SHORTEN).plan
    assert [row.amount.text for row in shortened.rows] == ["10000.00"] * 4 + ["5000.00"]


def schedule(**terms: Any) -> Plan:
    defaults: dict[str, Any] = {
        "amount": rub("120 000"),
        "start_date": date(2026, 1, 15),
        "count": 12,
        "shift": Shift.following,
    }
    return build_plan(Terms(**(defaults | terms)))


@given(
    st.integers(1, 10),
    st.sampled_from(DayCount),
    st.integers(0, 25),
    st.integers(1, 80_000_00),
    st.sampled_from(EarlyMode),
)
def test_a_schedule_and_the_same_loan_by_its_figures_agree(
    paid: int, day_count: DayCount, days: int, kopecks: int, mode: EarlyMode
) -> None:
    plan = schedule(plan=PlanKind.annuity, annual_rate=TWELVE_PERCENT, day_count=day_count)
    last = plan.rows[paid - 1]
    day = last.due_date + timedelta(days=days)
    assume(day <= plan.rows[paid].due_date)
    from_rows = loan_from_rows(
        plan.rows,
        paid_count=paid,
        start_date=date(2026, 1, 15),
        kind=PlanKind.annuity,
        annual_rate=TWELVE_PERCENT,
        day_count=day_count,
    )
    assert plan.payment is not None
    from_terms = loan_from_terms(
        principal=last.balance,
        annual_rate=TWELVE_PERCENT,
        payment=plan.payment,
        remaining_count=12 - paid,
        last_paid_date=last.due_date,
        first_date=plan.rows[paid].date,
        day_count=day_count,
    )

    def outcome(loan: Loan) -> object:
        try:
            done = recalculate(loan, amount=Money(kopecks, "RUB"), day=day, mode=mode)
        except Refusal as refusal:
            return refusal.code, refusal.ru
        return done.accrued_interest, done.principal_left, done.plan.dates, figures(done.plan), done.plan.payment

    assert outcome(from_rows) == outcome(from_terms)


def test_rows_keep_their_numbers_and_dates() -> None:
    plan = schedule(plan=PlanKind.annuity, annual_rate=TWELVE_PERCENT)
    loan = loan_from_rows(
        plan.rows, paid_count=3, start_date=date(2026, 1, 15), kind=PlanKind.annuity, annual_rate=TWELVE_PERCENT
    )
    done = repaid(loan, "20 000", plan.rows[2].due_date, REDUCE)
    assert done.plan.numbers == plan.numbers[3:]
    assert done.plan.dates == plan.dates[3:]
    assert done.plan.due_dates == plan.due_dates[3:]


def test_before_the_first_instalment_interest_runs_from_the_issue() -> None:
    plan = schedule(plan=PlanKind.annuity, annual_rate=TWELVE_PERCENT, down_payment=rub("20 000"))
    loan = loan_from_rows(
        plan.rows, paid_count=1, start_date=date(2026, 1, 15), kind=PlanKind.annuity, annual_rate=TWELVE_PERCENT
    )
    assert loan.principal == rub("100 000")
    done = repaid(loan, "20 000", date(2026, 1, 25), REDUCE)
    assert done.accrued_interest.minor == oracle.nearest(100_000_00 * TWELVE_PERCENT * Fraction(10, 365))


def test_a_payment_shifted_back_before_the_issue_lets_interest_run_from_the_issue() -> None:
    issued = date(2026, 1, 31)  # a Saturday
    plan = schedule(
        plan=PlanKind.annuity, annual_rate=TWELVE_PERCENT, start_date=issued, first_date=issued, shift=Shift.preceding
    )
    loan = loan_from_rows(plan.rows, paid_count=1, start_date=issued, kind=PlanKind.annuity, annual_rate=TWELVE_PERCENT)
    done = repaid(loan, "20 000", date(2026, 2, 10), REDUCE)
    assert done.accrued_interest.minor == oracle.nearest(loan.principal.minor * TWELVE_PERCENT * Fraction(10, 365))


@pytest.mark.parametrize(
    ("mode", "parts"),
    [(REDUCE, ["8750.00"] * 8), (SHORTEN, ["10000.00"] * 7)],
)
def test_a_differentiated_plan_keeps_its_shape(mode: EarlyMode, parts: list[str]) -> None:
    plan = schedule(plan=PlanKind.differentiated, annual_rate=TWELVE_PERCENT)
    paid_on = plan.rows[3].due_date
    loan = loan_from_rows(
        plan.rows, paid_count=4, start_date=date(2026, 1, 15), kind=PlanKind.differentiated, annual_rate=TWELVE_PERCENT
    )
    done = repaid(loan, "10 000", paid_on, mode)
    assert [row.principal.text for row in done.plan.rows] == parts
    days = [row.due_date for row in done.plan.rows]
    assert [row.interest.minor for row in done.plan.rows] == [
        interest
        for _, interest, _ in oracle.differentiated_rows(70_000_00, TWELVE_PERCENT, "act_365_366", paid_on, days)
    ]


@pytest.mark.parametrize(
    ("mode", "parts"),
    [(REDUCE, ["10000.00", "20000.00", "15000.00"]), (SHORTEN, ["20000.00", "25000.00"])],
)
def test_a_custom_plan_shrinks_in_proportion_or_from_its_end(mode: EarlyMode, parts: list[str]) -> None:
    rows = parse_custom_rows("15.02.2026 30000\n15.03.2026 20000\n15.05.2026 40000\n15.08.2026 rest", "RUB")
    plan = schedule(plan=PlanKind.custom, custom_rows=rows)
    loan = loan_from_rows(plan.rows, paid_count=1, start_date=date(2026, 1, 15), kind=PlanKind.custom)
    done = repaid(loan, "45 000", date(2026, 3, 1), mode)
    assert [row.amount.text for row in done.plan.rows] == parts


def test_nothing_is_recalculated_before_the_down_payment_or_after_the_last_row() -> None:
    plan = schedule(down_payment=rub("20 000"))
    terms: dict[str, Any] = {"start_date": date(2026, 1, 15), "kind": PlanKind.equal}
    with refused("down_payment_unpaid", "20000.00 RUB"):
        loan_from_rows(plan.rows, paid_count=0, **terms)
    with refused("nothing_remains"):
        loan_from_rows(plan.rows, paid_count=13, **terms)


@given(
    st.integers(1_000_00, 10**11),
    st.fractions(0, Fraction(3, 10), max_denominator=1000),
    st.integers(1, 60),
    st.sampled_from([Period.week, Period.month, Period.quarter]),
    st.sampled_from(DayCount),
    st.fractions(0, 1, max_denominator=50),
    st.fractions(Fraction(1, 50), 1, max_denominator=50),
    st.sampled_from(EarlyMode),
)
def test_money_is_conserved_by_every_recalculation(
    principal: int,
    rate: Fraction,
    count: int,
    period: Period,
    day_count: DayCount,
    moment: Fraction,
    part: Fraction,
    mode: EarlyMode,
) -> None:
    payment = oracle.annuity_payment(
        principal, rate, count, Fraction(365, 7) if period is Period.week else Fraction(12)
    )
    loan = by_terms(
        principal=Money(principal, "RUB"),
        annual_rate=rate,
        payment=Money(2 * payment, "RUB"),
        remaining_count=count,
        period=period,
        day_count=day_count,
        first_date=date(2026, 5, 15),
    )
    day = PAID + timedelta(days=int(30 * moment))
    amount = Money(max(1, int(principal * part)), "RUB")
    try:
        done = recalculate(loan, amount=amount, day=day, mode=mode)
    except Refusal:
        return
    assert done.accrued_interest + done.principal_repaid == amount
    assert done.principal_repaid + done.principal_left == Money(principal, "RUB")
    assert done.plan.total_principal == done.principal_left
    assert all(row.due_date > day for row in done.plan.rows)
    assert done.plan.payments_count <= count


@given(
    st.integers(1_000_00, 10**11),
    st.fractions(0, Fraction(3, 10), max_denominator=1000),
    st.integers(2, 60),
    st.sampled_from([Period.week, Period.month, Period.quarter]),
    st.sampled_from(DayCount),
    st.sampled_from([PlanKind.equal, PlanKind.annuity, PlanKind.differentiated]),
    st.integers(0, 59),
)
def test_paying_what_the_day_asks_changes_nothing_that_is_to_come(
    principal: int, rate: Fraction, count: int, period: Period, day_count: DayCount, kind: PlanKind, paid: int
) -> None:
    rate = Fraction(0) if kind is PlanKind.equal else rate
    given_terms: dict[str, Any] = {"annual_rate": rate, "day_count": day_count, "period": period, "count": count}
    try:
        plan = build_plan(Terms(amount=Money(principal, "RUB"), start_date=PAID, plan=kind, **given_terms))
    except Refusal:
        assume(False)
    assume(paid < plan.payments_count - 1)
    loan = loan_from_rows(
        plan.rows,
        paid_count=paid,
        start_date=PAID,
        kind=kind,
        annual_rate=rate,
        day_count=day_count,
        period=period,
    )
    due = plan.rows[paid]
    done = recalculate(loan, amount=due.amount, day=due.due_date, mode=SHORTEN)
    assert done.plan.rows == plan.rows[paid + 1 :]
