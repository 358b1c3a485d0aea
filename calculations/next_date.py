"""The next date of a regular payment, or the reason there is none."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from calculations.calendar import Calendar, Shift
from calculations.money import Money
from calculations.recurrence import MonthEnd, Period


class CatchUp(StrEnum):
    """`one`: one step from the current date; `after_today`: the first date later than today."""

    one = "one"
    after_today = "after_today"


class StopReason(StrEnum):
    """Why there is no next date; looked at in this order."""

    none = "none"
    not_regular = "not_regular"
    debt_cleared = "debt_cleared"
    count_reached = "count_reached"
    until_reached = "until_reached"


@dataclass(frozen=True, slots=True)
class NextDate:
    """`next_date` is the contract date, `next_due_date` the working day it is paid on; both None on a stop.

    `remaining_payments` are those still to come after `next_date`: the next call's `payments_left` (None: no limit;
    0 on a stop). `missed_dates` are contract dates after the current one that today has already passed.
    """

    next_date: date | None
    next_due_date: date | None
    is_regular: bool
    remaining_payments: int | None
    missed_dates: tuple[date, ...]
    stop_reason: StopReason


def advance(
    current_date: date,
    *,
    today: date,
    period: Period = Period.month,
    every: int = 1,
    anchor_day: int = 0,
    month_end: MonthEnd = MonthEnd.clip,
    shift: Shift = Shift.following,
    until: date | None = None,
    payments_left: int | None = None,
    debt: Money | None = None,
    regular: bool = True,
    catch_up: CatchUp = CatchUp.one,
    calendar: Calendar | None = None,
) -> NextDate:
    """One step of the series that `current_date` belongs to.

    `anchor_day` (1..31, 0: the day of `current_date`) is the day the series was agreed for, so that 28 Feb with 31
    goes on to 31 Mar; periods of days and weeks have no use for it. None of `until`, `payments_left`, `debt` is a
    limit when None. `payments_left` counts payments after `current_date`; dates jumped over are among them.
    Refusals: `anchor_day_wrong`, `payments_left_negative`, `every_not_positive`, `date_out_of_range`.
    """
    raise NotImplementedError
