"""A schedule after an early or partial repayment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from calculations.calendar import Calendar, Shift
from calculations.day_count import DayCount
from calculations.money import Money
from calculations.plan import PlanKind
from calculations.recurrence import MonthEnd, Period
from calculations.rows import Plan, Row
from calculations.split import Remainder


class EarlyMode(StrEnum):
    """`reduce_payment`: the same dates, a smaller payment; `shorten_term`: the same payment, fewer dates."""

    reduce_payment = "reduce_payment"
    shorten_term = "shorten_term"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loan:
    """A loan after its last paid instalment. `payments` are the amounts still planned, one for each remaining date.

    Each of `remaining` is (number, contract date, due date). Interest is paid up to `paid_until`.
    """

    kind: PlanKind
    principal: Money
    annual_rate: Fraction
    day_count: DayCount
    period: Period
    every: int
    paid_until: date
    remaining: tuple[tuple[int, date, date], ...]
    payments: tuple[Money, ...]


@dataclass(frozen=True, slots=True)
class Recalculation:
    """`plan` has only the rows after the repayment; the repayment itself is no row."""

    plan: Plan
    accrued_interest: Money
    principal_repaid: Money
    principal_left: Money


def loan_from_terms(
    *,
    principal: Money,
    annual_rate: Fraction,
    payment: Money,
    remaining_count: int,
    last_paid_date: date,
    first_date: date,
    day_count: DayCount = DayCount.act_365_366,
    period: Period = Period.month,
    every: int = 1,
    month_end: MonthEnd = MonthEnd.clip,
    shift: Shift = Shift.following,
    calendar: Calendar | None = None,
) -> Loan:
    """An annuity (at rate 0 a plan of equal payments) known only by its figures; `first_date` is the next payment's."""
    raise NotImplementedError


def loan_from_rows(
    rows: Sequence[Row],
    *,
    paid_count: int,
    start_date: date,
    kind: PlanKind,
    annual_rate: Fraction = Fraction(0),
    day_count: DayCount = DayCount.act_365_366,
    period: Period = Period.month,
    every: int = 1,
) -> Loan:
    """The loan behind a whole schedule whose first `paid_count` rows (the down payment is one of them) are paid."""
    raise NotImplementedError


def recalculate(
    loan: Loan,
    *,
    amount: Money,
    day: date,
    mode: EarlyMode,
    remainder: Remainder | None = None,
    rounding_unit: Money | None = None,
) -> Recalculation:
    """The rows after `amount` is repaid on `day`: interest up to that day first, the rest to principal.

    On a remaining due date the repayment is that day's payment and must reach it. Refusals: `repayment_not_positive`,
    `repayment_before_paid_date`, `instalment_unpaid`, `repayment_below_interest`, `repayment_below_payment`,
    `repayment_above_debt` (its text shows the sum that closes the loan).
    """
    raise NotImplementedError
