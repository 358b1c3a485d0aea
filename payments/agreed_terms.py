"""What is kept of the terms a schedule was built by: what a recalculation of it needs, and its full cost."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer

from calculations.day_count import DayCount
from calculations.early import EarlyMode
from calculations.plan import PlanKind
from calculations.recurrence import Period
from calculations.split import Remainder

Rate = Annotated[Fraction, BeforeValidator(Fraction), PlainSerializer(str)]


class Repayment(BaseModel):
    """The repayment after which a schedule was recalculated; `amount` in minor units of its currency."""

    model_config = ConfigDict(frozen=True)

    amount: int
    day: date
    mode: EarlyMode


class AgreedTerms(BaseModel):
    """Interest runs from `start_date` at `annual_rate` (1/8 is 12.5 %); `rounding_unit` in minor units, 0 for none.

    `replaces` is the schedule whose place this one took, `after` the repayment that was the reason, `period_from` when
    the period that the repayment fell into began.
    """

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    plan: PlanKind
    start_date: date
    annual_rate: Rate = Fraction(0)
    day_count: DayCount = DayCount.act_365_366
    period: Period = Period.month
    every: int = 1
    remainder: Remainder | None = None
    rounding_unit: int = 0
    full_cost_percent: Decimal | None = None
    replaces: int | None = None
    after: Repayment | None = None
    period_from: date | None = None
