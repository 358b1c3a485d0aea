"""The next date of a regular payment, or the reason there is none."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from calculations.calendar import RUSSIA, Calendar, Shift
from calculations.money import Money
from calculations.recurrence import MonthEnd, Period, Recurrence
from calculations.refusal import Refusal
from calculations.split import MOST_PARTS


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
    0 on a stop). `missed_dates` are contract dates after the current one that went by without being next: with
    `after_today` those jumped over, today's own included; with `one` those before today, `next_date` among them.
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
    calendar: Calendar = RUSSIA,
) -> NextDate:
    """The date after `current_date` in its series.

    `anchor_day` (1 to 31; 0: the day of `current_date`) is the day the series was agreed for, so that 28 Feb with 31
    goes on to 31 Mar; periods of days and weeks have no use for it. None of `until`, `payments_left`, `debt` is a
    limit when None. `payments_left` counts payments after `current_date`; dates jumped over are among them.
    Refusals: `anchor_day_wrong`, `payments_left_negative`, `too_many_missed`, `every_not_positive`,
    `date_out_of_range`.
    """
    if payments_left is not None and payments_left < 0:
        raise Refusal(
            "payments_left_negative",
            ru=f"Осталось платежей: {payments_left}; укажите 0 или больше, пусто — без ограничения",
            en=f"Payments left: {payments_left}; give 0 or more, or nothing for no limit",
        )
    series = Recurrence(current_date, period, every, month_end, anchor_day)
    if not regular:
        return _stop(StopReason.not_regular)
    if debt is not None and debt.minor <= 0:
        return _stop(StopReason.debt_cleared)
    jumps = catch_up is CatchUp.after_today
    missed, number, next_date, reason = _walk(series.after_anchor(), today, jumps, payments_left, until)
    if missed and not jumps:
        number, next_date, reason = 1, missed[0], StopReason.none
    if reason is not StopReason.none:
        return _stop(reason, missed)
    return NextDate(
        next_date=next_date,
        next_due_date=calendar.shift(next_date, shift),
        is_regular=True,
        remaining_payments=None if payments_left is None else payments_left - number,
        missed_dates=missed,
        stop_reason=StopReason.none,
    )


def _walk(
    series: Iterator[date], today: date, jumps: bool, payments_left: int | None, until: date | None
) -> tuple[tuple[date, ...], int, date, StopReason]:
    """The dates that went by, then the number and date the walk ended at and what ended it."""
    missed: list[date] = []
    for number, day in enumerate(series, start=1):
        if payments_left is not None and number > payments_left:
            return tuple(missed), number, day, StopReason.count_reached
        if until is not None and day > until:
            return tuple(missed), number, day, StopReason.until_reached
        if day > today or (day == today and not jumps):
            return tuple(missed), number, day, StopReason.none
        if number > MOST_PARTS:
            raise Refusal(
                "too_many_missed",
                ru=f"До {today} пропущено больше {MOST_PARTS} платежей: проверьте текущую дату платежа и шаг",
                en=f"More than {MOST_PARTS} payments went by until {today}: check the payment's current date and step",
            )
        missed.append(day)
    raise AssertionError("a series of dates has no end")


def _stop(reason: StopReason, missed: tuple[date, ...] = ()) -> NextDate:
    return NextDate(
        next_date=None,
        next_due_date=None,
        is_regular=False,
        remaining_payments=0,
        missed_dates=missed,
        stop_reason=reason,
    )
