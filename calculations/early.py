"""A schedule after an early or partial repayment."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from itertools import islice

from calculations.annuity import annuity, annuity_rows, least_payment
from calculations.calendar import RUSSIA, Calendar, Shift
from calculations.day_count import Accrual, DayCount, Factors
from calculations.differentiated import falling_interest
from calculations.money import Money
from calculations.outgrown import EQUAL_PERIODS, InterestOutgrows
from calculations.plan import PlanKind, interest_free_parts
from calculations.recurrence import MonthEnd, Period, Recurrence
from calculations.refusal import Refusal, either
from calculations.rounding import half_up
from calculations.rows import Plan, Row, finished_plan
from calculations.shares import split_by_shares
from calculations.split import Remainder, check_parts


class EarlyMode(StrEnum):
    """`reduce_payment`: the same dates, smaller payments; `shorten_term`: the same payments, fewer of them."""

    reduce_payment = "reduce_payment"
    shorten_term = "shorten_term"


@dataclass(frozen=True, slots=True)
class Instalment:
    """A payment still to come. `part` is the whole payment of an annuity, the principal of any other plan."""

    number: int
    date: dt.date
    due_date: dt.date
    part: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Loan:
    """A loan after its last payment: the principal owed, with interest paid up to and with `paid_until`.

    `period_from` is when the running period began, before `paid_until` where a repayment has fallen into it already.
    `by_figures`: payment and day count are the caller's own, who may give others.
    """

    kind: PlanKind
    principal: Money
    accrual: Accrual
    paid_until: dt.date
    period_from: dt.date
    remaining: tuple[Instalment, ...]
    by_figures: bool


@dataclass(frozen=True, slots=True)
class _Repayment:
    amount: Money
    day: dt.date
    mode: EarlyMode
    remainder: Remainder | None
    unit: Money | None


@dataclass(frozen=True, slots=True)
class Recalculation:
    """`plan` has only the rows after the repayment, which is no row itself; none when the loan is closed.

    `period_from` is what the next recalculation has to know: when the period of the first of these rows began.
    """

    plan: Plan
    period_from: dt.date
    accrued_interest: Money
    principal_repaid: Money
    principal_left: Money


def loan_from_terms(
    *,
    principal: Money,
    annual_rate: Fraction,
    payment: Money,
    remaining_count: int,
    last_paid_date: dt.date,
    first_date: dt.date | None = None,
    day_count: DayCount = DayCount.act_365_366,
    period: Period = Period.month,
    every: int = 1,
    month_end: MonthEnd = MonthEnd.clip,
    shift: Shift = Shift.following,
    calendar: Calendar = RUSSIA,
) -> Loan:
    """An annuity (at rate 0 equal payments) known by its figures; `first_date` is that of the next payment.

    Without it the next payment is one period after the last paid one, which then is the anchor: 31 October, 30
    November, 31 December.
    Refusals: `principal_not_positive`, `payment_not_positive`, `parts_not_positive`, `too_many_parts`,
    `first_before_paid_date`, and those of the dates.
    """
    check_parts(remaining_count)
    if principal.minor <= 0:
        raise Refusal(
            "principal_not_positive",
            ru=f"Остаток основного долга {principal}: должен быть больше нуля",
            en=f"The principal owed is {principal}: it must be above zero",
        )
    if payment.minor <= 0 or payment.currency != principal.currency:
        raise Refusal(
            "payment_not_positive",
            ru=f"Платёж {payment}: должен быть больше нуля и в валюте долга {principal.currency}",
            en=f"The payment is {payment}: it must be above zero and in the currency of the debt, {principal.currency}",
        )
    if first_date and first_date <= last_paid_date:
        raise Refusal(
            "first_before_paid_date",
            ru=f"Следующий платёж {first_date} не позже оплаченного {last_paid_date}: исправьте одну из дат",
            en=f"The next payment, {first_date}, is not after the paid one, {last_paid_date}: correct one",
        )
    series = Recurrence(first_date or last_paid_date, period, every, month_end)
    days = islice(series.dates() if first_date else series.after_anchor(), remaining_count)
    return Loan(
        kind=PlanKind.annuity,
        principal=principal,
        accrual=Accrual(annual_rate, day_count, period, every),
        paid_until=last_paid_date,
        period_from=last_paid_date,
        remaining=tuple(
            Instalment(number, day, calendar.shift(day, shift), payment) for number, day in enumerate(days, start=1)
        ),
        by_figures=True,
    )


def loan_from_rows(
    rows: Sequence[Row],
    *,
    paid_count: int,
    start_date: dt.date,
    period_from: dt.date | None = None,
    kind: PlanKind,
    annual_rate: Fraction = Fraction(0),
    day_count: DayCount = DayCount.act_365_366,
    period: Period = Period.month,
    every: int = 1,
) -> Loan:
    """The loan behind a whole schedule in order, whose first `paid_count` rows (row 0 is one of them) are paid.

    Interest runs from `start_date`, the issue or the last repayment; `period_from` is that repayment's own.
    Refusals: `nothing_remains`, `down_payment_unpaid`.
    """
    paid, remaining = rows[:paid_count], rows[paid_count:]
    if not remaining:
        raise _nothing_remains()
    if remaining[0].number == 0:
        raise Refusal(
            "down_payment_unpaid",
            ru=f"Первый взнос {remaining[0].amount} ещё не оплачен: досрочное погашение возможно после него",
            en=f"The down payment {remaining[0].amount} is not paid yet: early repayment is possible after it",
        )
    is_annuity = kind is PlanKind.annuity and annual_rate > 0
    last_due = max(paid[-1].due_date, start_date) if paid and paid[-1].number else None
    return Loan(
        kind=kind,
        principal=remaining[0].balance + remaining[0].principal,
        accrual=Accrual(annual_rate, day_count, period, every),
        paid_until=last_due or start_date,
        period_from=last_due or period_from or start_date,
        remaining=tuple(
            Instalment(row.number, row.date, row.due_date, row.amount if is_annuity else row.principal)
            for row in remaining
        ),
        by_figures=False,
    )


def recalculate(
    loan: Loan,
    *,
    amount: Money,
    day: dt.date,
    mode: EarlyMode,
    remainder: Remainder | None = None,
    rounding_unit: Money | None = None,
) -> Recalculation:
    """The rows after `amount` is repaid on `day`: interest up to that day first, the rest to principal.

    Between due dates the interest of the next row runs from `day` on what is left; with the day count `equal` a period
    is divided by its days. On the next due date the repayment is that day's payment and must reach it: give the sum
    of both, or, where that payment is already made, the loan as it stands after it. Refusals:
    `repayment_not_positive`, `repayment_before_paid_date`, `instalment_unpaid`, `repayment_below_interest`,
    `repayment_below_payment`, `repayment_above_debt` (its text shows the sum that closes the loan), `nothing_remains`,
    and those of a new plan.
    """
    repayment = _Repayment(amount, day, mode, remainder, rounding_unit)
    try:
        return _recalculated(loan, repayment)
    except InterestOutgrows as outgrown:
        bounds = [day, *(instalment.due_date for instalment in _coming(loan, day))]
        raise outgrown.refusal(bounds, _ways_out(loan, repayment)) from outgrown
    except Refusal as refusal:
        if refusal.code == "zero_part":
            raise _too_little_left(loan, repayment) from refusal
        raise


def _recalculated(loan: Loan, repayment: _Repayment) -> Recalculation:
    amount, day = repayment.amount, repayment.day
    _check_day(loan, day)
    closing = _closing(loan, day)
    accrued = closing - loan.principal
    _check_amount(loan, amount, day, accrued)
    left = closing - amount
    coming = _coming(loan, day)
    payment: Money | None = None
    principals: list[int] = []
    interests: list[int] = []
    if left:
        payment, principals, interests = _new_rows(loan, coming, left, repayment)
    plan = finished_plan(
        total=left,
        received=left,
        issued_on=day,
        first_number=coming[0].number if coming else 1,
        dates=[instalment.date for instalment in coming[: len(principals)]],
        due_dates=[instalment.due_date for instalment in coming[: len(principals)]],
        principals=principals,
        interests=interests,
        payment=payment,
    )
    return Recalculation(plan, day if _is_due(loan, day) else loan.period_from, accrued, amount - accrued, left)


def _ways_out(loan: Loan, repayment: _Repayment) -> list[tuple[str, str]]:
    """What makes new rows where this repayment does not, each tried; the sum that closes the loan always does."""

    def works(other: Loan, mode: EarlyMode) -> bool:
        try:
            _recalculated(other, replace(repayment, mode=mode))
        except (InterestOutgrows, Refusal):
            return False
        return True

    day, mode = repayment.day, repayment.mode
    closing = _closing(loan, day)
    ways = []
    if works(loan, EarlyMode.shorten_term):
        ways.append(("сократите срок (shorten_term)", "shorten the term (shorten_term)"))
    if loan.by_figures and works(_in_equal_periods(loan), mode):
        ways.append(EQUAL_PERIODS)
    if loan.by_figures and mode is EarlyMode.shorten_term:
        least = _least_payment(loan, closing - repayment.amount, day)
        if works(_with_payment(loan, least), mode):
            ways.append((f"укажите платёж от {least}", f"give a payment from {least}"))
    ways.append((f"внесите {closing}, чтобы закрыть кредит", f"pay {closing} to close the loan"))
    return ways


def _in_equal_periods(loan: Loan) -> Loan:
    return replace(loan, accrual=replace(loan.accrual, day_count=DayCount.equal))


def _with_payment(loan: Loan, payment: Money) -> Loan:
    return replace(loan, remaining=tuple(replace(instalment, part=payment) for instalment in loan.remaining))


def _least_payment(loan: Loan, left: Money, day: dt.date) -> Money:
    return Money(least_payment(left, _factors(loan, _coming(loan, day), day)), left.currency)


def _new_rows(
    loan: Loan, coming: Sequence[Instalment], left: Money, repayment: _Repayment
) -> tuple[Money | None, list[int], list[int]]:
    """The constant payment of an annuity, then principal and interest of each row."""
    mode, remainder, unit = repayment.mode, repayment.remainder, repayment.unit
    factors = _factors(loan, coming, repayment.day)
    rate = loan.accrual.period_rate
    if loan.kind is PlanKind.annuity and rate:
        if mode is EarlyMode.shorten_term:
            return coming[0].part, *annuity_rows(left, coming[0].part.minor, factors)
        payment, principals, interests = annuity(left, rate, factors, unit.minor if unit else 0)
        return Money(payment, left.currency), principals, interests
    if mode is EarlyMode.shorten_term:
        parts = _kept_parts(coming, left.minor)
    elif loan.kind is PlanKind.custom:
        parts = [part.minor for part in split_by_shares(left, [Fraction(row.part.minor) for row in coming])]
    else:
        parts = interest_free_parts(loan.kind, left, len(coming), remainder, unit)
    return None, parts, falling_interest(parts, Factors(factors.weights[: len(parts)], factors.denominator))


def _kept_parts(coming: Sequence[Instalment], left: int) -> list[int]:
    """The old parts until nothing is left; the last one pays what remains."""
    parts: list[int] = []
    for instalment in coming[:-1]:
        if instalment.part.minor >= left:
            break
        parts.append(instalment.part.minor)
        left -= instalment.part.minor
    return [*parts, left]


def _closing(loan: Loan, day: dt.date) -> Money:
    """What closes the loan on a day: the principal with its interest."""
    return loan.principal + Money(_accrued(loan, day), loan.principal.currency)


def _coming(loan: Loan, day: dt.date) -> tuple[Instalment, ...]:
    """The payments after a repayment, which is itself the payment of its day."""
    return loan.remaining[1:] if _is_due(loan, day) else loan.remaining


def _is_due(loan: Loan, day: dt.date) -> bool:
    return day == loan.remaining[0].due_date


def _accrued(loan: Loan, day: dt.date) -> int:
    if loan.accrual.day_count is DayCount.equal:
        share = _elapsed(loan, day) - _elapsed(loan, loan.paid_until)
        interest = loan.principal.minor * loan.accrual.period_rate * share
        return half_up(interest.numerator, interest.denominator)
    factors = loan.accrual.factors([loan.paid_until, day])
    return half_up(loan.principal.minor * factors.weights[0], factors.denominator)


def _factors(loan: Loan, coming: Sequence[Instalment], day: dt.date) -> Factors:
    factors = loan.accrual.factors([day, *(instalment.due_date for instalment in coming)])
    if loan.accrual.day_count is not DayCount.equal or coming[0] is not loan.remaining[0]:
        return factors
    to_come = 1 - _elapsed(loan, day)
    whole = to_come.denominator
    first, *others = factors.weights
    return Factors(
        (first * to_come.numerator, *(weight * whole for weight in others)),
        factors.denominator * whole,
    )


def _elapsed(loan: Loan, day: dt.date) -> Fraction:
    """The share of the running period that `day` has reached, by its days."""
    whole = (loan.remaining[0].due_date - loan.period_from).days
    return Fraction((day - loan.period_from).days, whole) if whole > 0 else Fraction(0)


def _check_day(loan: Loan, day: dt.date) -> None:
    if not loan.remaining:
        raise _nothing_remains()
    if day < loan.paid_until:
        raise Refusal(
            "repayment_before_paid_date",
            ru=f"Погашение {day} раньше последнего оплаченного платежа {loan.paid_until}: исправьте дату",
            en=f"The repayment on {day} is before the last paid payment, {loan.paid_until}: correct the date",
        )
    due = loan.remaining[0].due_date
    if day > due:
        raise Refusal(
            "instalment_unpaid",
            ru=f"До погашения {day} должен быть оплачен платёж {due}: сначала проведите его",
            en=f"Before the repayment on {day} the payment due on {due} has to be paid: record it first",
        )


def _check_amount(loan: Loan, amount: Money, day: dt.date, accrued: Money) -> None:
    if amount.minor <= 0:
        raise Refusal(
            "repayment_not_positive",
            ru=f"Сумма погашения {amount}: должна быть больше нуля",
            en=f"The repayment is {amount}: it must be above zero",
        )
    closing = loan.principal + accrued
    if amount > closing:
        raise Refusal(
            "repayment_above_debt",
            ru=f"Погашение {amount} больше долга: на {day} кредит закрывает сумма {closing}",
            en=f"The repayment {amount} is above the debt: on {day} the sum {closing} closes the loan",
        )
    if amount <= accrued:
        raise Refusal(
            "repayment_below_interest",
            ru=f"Погашение {amount} не больше процентов на {day}, это {accrued}: внесите больше, чтобы долг уменьшился",
            en=f"The repayment {amount} is not above the interest on {day}, {accrued}: pay more for the debt to fall",
        )
    next_one = loan.remaining[0]
    if not _is_due(loan, day) or amount == closing:
        return
    is_annuity = loan.kind is PlanKind.annuity and loan.accrual.annual_rate > 0
    planned = next_one.part if is_annuity else next_one.part + accrued
    needed = closing if len(loan.remaining) == 1 else min(planned, closing)
    if amount < needed:
        raise Refusal(
            "repayment_below_payment",
            ru=f"На {day} назначен платёж {needed}, а погашение {amount}: укажите сумму обоих или проведите платёж",
            en=f"On {day} a payment of {needed} is due and the repayment is {amount}: give both or record it first",
        )


def _too_little_left(loan: Loan, repayment: _Repayment) -> Refusal:
    left = _closing(loan, repayment.day) - repayment.amount
    count, unit = len(_coming(loan, repayment.day)), repayment.unit
    rounded_ru, rounded_en = (f" с округлением до {unit}", f" rounded to {unit}") if unit else ("", "")
    ru, en = either(_ways_out(loan, repayment))
    return Refusal(
        "zero_part",
        ru=f"После погашения остаётся {left}, на {count} ненулевых платежей{rounded_ru} этого мало: {ru}",
        en=f"The repayment leaves {left}, too little for {count} payments{rounded_en} without a zero: {en}",
    )


def _nothing_remains() -> Refusal:
    return Refusal(
        "nothing_remains",
        ru="В графике не осталось неоплаченных платежей: пересчитывать нечего",
        en="The schedule has no unpaid payments left: there is nothing to recalculate",
    )
