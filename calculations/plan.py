"""Payment plans: equal, full, custom, annuity, differentiated."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from typing import Any

from calculations.annuity import annuity
from calculations.calendar import RUSSIA, Calendar, Shift
from calculations.custom_rows import CustomRow
from calculations.custom_sums import custom_sums
from calculations.day_count import Accrual, DayCount
from calculations.differentiated import falling_interest, nearest_parts
from calculations.money import Money
from calculations.outgrown import EQUAL_PERIODS, InterestOutgrows, largest
from calculations.percent import percent_text
from calculations.recurrence import MonthEnd, PaymentDates, Period
from calculations.refusal import Refusal
from calculations.rows import Plan, finished_plan
from calculations.split import Remainder, default_remainder, split, unit_in_minor


class PlanKind(StrEnum):
    """`equal`: equal payments without interest; `full`: one payment; `custom`: rows written by hand; `annuity`: equal
    payments with interest in them; `differentiated`: equal principal with falling interest.
    """

    equal = "equal"
    full = "full"
    custom = "custom"
    annuity = "annuity"
    differentiated = "differentiated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What was agreed.

    `down_payment` is a sum or a share of the amount (1/5 is 20 %), paid on `down_payment_date` (None: `start_date`).
    `count` and `until` are for equal, annuity and differentiated plans; a full plan is one payment, a custom one has
    the rows it was given. `annual_rate` 1/8 is 12.5 % a year; the interest runs from `start_date`. `fee` is withheld at
    issue and only matters for the full cost. `remainder` None: spread_first, with a rounding unit remainder_last; an
    annuity at rate 0 remainder_last; a differentiated plan without a unit P / n to the nearest, the rest in the last.
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


def build_plan(terms: Terms, calendar: Calendar = RUSSIA) -> Plan:
    """The plan by these terms; the same function serves the preview and what is saved.

    Refusals: `amount_not_positive`, `fee_wrong`, `rate_negative`, `rate_not_for_plan`, `down_payment_wrong`,
    `down_payment_late`, `first_before_start`, `zero_part`, `interest_outgrows_payment`, and those of the dates
    (`recurrence.PaymentDates`), of the rounding unit (`split`) and of custom rows (`custom_sums`).
    """
    try:
        return _plan(terms, calendar)
    except InterestOutgrows as outgrown:
        due_dates = calendar.shift_all(_contract_dates(terms), terms.shift)
        raise outgrown.refusal([terms.start_date, *due_dates], _ways_out(terms, calendar)) from outgrown


def _ways_out(terms: Terms, calendar: Calendar) -> list[tuple[str, str]]:
    """Changes of the terms that make a plan where interest outgrows the payment, each tried."""

    def works(**change: Any) -> bool:
        try:
            _plan(replace(terms, **change), calendar)
        except (InterestOutgrows, Refusal):
            return False
        return True

    dates = _contract_dates(terms)
    ways = []
    if works(day_count=DayCount.equal):
        ways.append(EQUAL_PERIODS)
    [first] = PaymentDates.of(terms.start_date, None, terms.period, terms.every, terms.month_end).take(1)
    if first < dates[0] and works(first_date=first):
        ways.append((f"назначьте первый платёж на {first}", f"make the first payment on {first}"))
    count = largest(1, len(dates), lambda fewer: works(count=fewer, until=dates[fewer - 1]))
    last = dates[count - 1]
    ways.append(
        (
            f"возьмите число платежей не больше {count} (последний — {last})",
            f"take at most {count} payments (the last on {last})",
        )
    )
    return ways


def _plan(terms: Terms, calendar: Calendar) -> Plan:
    _check_terms(terms)
    down_payment = _down_payment(terms)
    principal = terms.amount - down_payment
    dates = _contract_dates(terms)
    due_dates = calendar.shift_all(dates, terms.shift)
    payment, principals, interests = _rows(terms, principal, dates, due_dates)
    dates, due_dates = dates[: len(principals)], due_dates[: len(principals)]
    if down_payment:
        paid_on = _down_payment_date(terms, dates[0])
        dates, due_dates = [paid_on, *dates], [calendar.shift(paid_on, terms.shift), *due_dates]
        principals, interests = [down_payment.minor, *principals], [0, *interests]
    return finished_plan(
        total=terms.amount,
        received=terms.amount - terms.fee if terms.fee else terms.amount,
        issued_on=terms.start_date,
        first_number=0 if down_payment else 1,
        dates=dates,
        due_dates=due_dates,
        principals=principals,
        interests=interests,
        payment=payment,
    )


def _rows(
    terms: Terms, principal: Money, dates: Sequence[date], due_dates: Sequence[date]
) -> tuple[Money | None, list[int], list[int]]:
    """The constant payment of an annuity, then principal and interest of each row."""
    if terms.plan is PlanKind.custom:
        return None, custom_sums(terms.custom_rows, principal), [0] * len(dates)
    if not terms.annual_rate:
        parts = interest_free_parts(terms.plan, principal, len(dates), terms.remainder, terms.rounding_unit)
        return None, parts, [0] * len(dates)
    if dates[0] < terms.start_date:
        raise Refusal(
            "first_before_start",
            ru=f"Первый платёж {dates[0]} раньше выдачи {terms.start_date}: исправьте одну из дат",
            en=f"The first payment, on {dates[0]}, is before the issue on {terms.start_date}: correct one of the dates",
        )
    accrual = Accrual(terms.annual_rate, terms.day_count, terms.period, terms.every)
    if due_dates[0] < terms.start_date:  # shifted back over the issue, before which nothing is owed
        due_dates = [max(day, terms.start_date) for day in due_dates]
    factors = accrual.factors([terms.start_date, *due_dates])
    if terms.plan is PlanKind.annuity:
        unit = terms.rounding_unit.minor if terms.rounding_unit else 0
        payment, principals, interests = annuity(principal, accrual.period_rate, factors, unit)
        return Money(payment, principal.currency), principals, interests
    parts = interest_free_parts(terms.plan, principal, len(dates), terms.remainder, terms.rounding_unit)
    return None, parts, falling_interest(parts, factors)


def interest_free_parts(
    kind: PlanKind, principal: Money, count: int, remainder: Remainder | None, unit: Money | None
) -> list[int]:
    """The principal of each row where the interest does not shape it; `remainder` None is the plan's own default."""
    if kind is PlanKind.differentiated and remainder is None and not unit:
        return nearest_parts(principal, count)
    own_default = Remainder.remainder_last if kind is PlanKind.annuity else default_remainder(unit)
    return [part.minor for part in split(principal, count, remainder or own_default, unit)]


def _contract_dates(terms: Terms) -> list[date]:
    if terms.plan is PlanKind.custom:
        return _rising([row.date for row in terms.custom_rows])
    series = PaymentDates.of(terms.start_date, terms.first_date, terms.period, terms.every, terms.month_end)
    if terms.plan is PlanKind.full:
        if terms.until is not None:
            series.count_until(terms.until)
        return list(series.take(1))
    return list(series.take(series.agreed_count(terms.count, terms.until)))


def _rising(dates: list[date]) -> list[date]:
    if not dates:
        raise Refusal(
            "rows_missing",
            ru="Строки индивидуального плана не указаны: напишите дату и сумму, например 31.01.2027 10000",
            en="The custom plan has no rows: write a date and a sum, such as 31.01.2027 10000",
        )
    for number, (earlier, later) in enumerate(pairwise(dates), start=2):
        if later <= earlier:
            raise Refusal(
                "rows_not_rising",
                ru=f"Дата строки {number} ({later}) не позже предыдущей ({earlier}): нужен порядок по датам",
                en=f"The date of row {number} ({later}) is not after the one before ({earlier}): put rows in order",
            )
    return dates


def _down_payment(terms: Terms) -> Money:
    if terms.down_payment is None:
        return Money(0, terms.amount.currency)
    if isinstance(terms.down_payment, Money):
        paid, received = terms.down_payment, str(terms.down_payment)
    else:
        paid = Money.rounded(terms.amount.minor * terms.down_payment, terms.amount.currency)
        received = f"{percent_text(terms.down_payment)}%"
    if not Money(0, terms.amount.currency) <= paid < terms.amount:
        raise Refusal(
            "down_payment_wrong",
            ru=f"Первый взнос {received} при сумме {terms.amount}: нужен от 0 и меньше суммы",
            en=f"The down payment {received} of the sum {terms.amount}: it must be 0 or more and below the sum",
        )
    return paid


def _down_payment_date(terms: Terms, first: date) -> date:
    paid_on = terms.down_payment_date or terms.start_date
    if paid_on > first:
        raise Refusal(
            "down_payment_late",
            ru=f"Первый взнос {paid_on} позже первого платежа {first}: исправьте одну из дат",
            en=f"The down payment, on {paid_on}, is later than the first payment on {first}: correct one of the dates",
        )
    return paid_on


def _check_terms(terms: Terms) -> None:
    zero = Money(0, terms.amount.currency)
    if terms.amount <= zero:
        raise Refusal(
            "amount_not_positive",
            ru=f"Сумма {terms.amount}: должна быть больше нуля",
            en=f"The amount is {terms.amount}: it must be above zero",
        )
    if terms.fee and not zero <= terms.fee < terms.amount:
        raise Refusal(
            "fee_wrong",
            ru=f"Комиссия {terms.fee} при сумме {terms.amount}: нужна от 0 и меньше суммы",
            en=f"The fee {terms.fee} of the sum {terms.amount}: it must be 0 or more and below the sum",
        )
    if terms.annual_rate < 0:
        raise Refusal(
            "rate_negative",
            ru=f"Ставка -{percent_text(-terms.annual_rate)}% отрицательная: укажите 0 или больше",
            en=f"The rate -{percent_text(-terms.annual_rate)}% is negative: give 0 or more",
        )
    if terms.annual_rate and terms.plan not in (PlanKind.annuity, PlanKind.differentiated):
        rate = percent_text(terms.annual_rate)
        raise Refusal(
            "rate_not_for_plan",
            ru=f"План «{terms.plan}» без процентов, а ставка {rate}%: выберите annuity, differentiated или 0%",
            en=f'The plan "{terms.plan}" bears no interest and the rate is {rate}%: choose annuity or differentiated',
        )
    unit_in_minor(terms.rounding_unit, terms.amount)
