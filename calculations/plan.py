"""Payment plans: equal, full, custom, annuity, differentiated."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from calculations.calendar import Calendar, Shift
from calculations.custom_rows import CustomRow
from calculations.day_count import DayCount
from calculations.money import Money
from calculations.recurrence import MonthEnd, Period
from calculations.rows import Plan
from calculations.split import Remainder


class PlanKind(StrEnum):
    equal = "equal"
    full = "full"
    custom = "custom"
    annuity = "annuity"
    differentiated = "differentiated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What was agreed. `down_payment` is a sum or a share of the amount; `remainder` None is the plan's own default.

    `count` and `until` are for equal, annuity and differentiated plans; a full plan is one payment, a custom one has
    the rows it was given. `annual_rate` 1/8 is 12.5 % a year.
    """

    amount: Money
    start_date: date
    plan: PlanKind = PlanKind.equal
    count: int | None = None
    until: date | None = None
    first_date: date | None = None
    period: Period = Period.month
    every: int = 1
    month_end: MonthEnd = MonthEnd.clip
    shift: Shift = Shift.following
    remainder: Remainder | None = None
    rounding_unit: Money | None = None
    down_payment: Money | Fraction | None = None
    down_payment_date: date | None = None
    annual_rate: Fraction = Fraction(0)
    day_count: DayCount = DayCount.act_365_366
    fee: Money | None = None
    custom_rows: tuple[CustomRow, ...] = ()


def build_plan(terms: Terms, calendar: Calendar | None = None) -> Plan:
    """The plan by these terms; the same function serves the preview and what is saved."""
    raise NotImplementedError
