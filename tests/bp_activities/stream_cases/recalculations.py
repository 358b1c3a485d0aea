"""Calls of recalculate_schedule with the schedule in the call: on a due date and between two, both modes."""

from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction
from random import Random
from typing import Any

from tests.bp_activities.oracles.exact import half_up
from tests.bp_activities.oracles.loans import Row, annuity, constant_payment, factors, period_rate, with_interest
from tests.bp_activities.oracles.parts import split
from tests.bp_activities.oracles.recurring import PERIODS, dates, spans
from tests.bp_activities.oracles.working_days import shifted
from tests.bp_activities.oracles.year_fraction import COUNTS
from tests.bp_activities.oracles.yearly_cost import full_cost_percent
from tests.bp_activities.stream_cases.case import (
    Case,
    drawn_rate,
    random_day,
    without_defaults,
    written_date,
    written_money,
    written_percent,
)
from tests.bp_activities.stream_cases.rows import schedule_answer

DEFAULTS = {"period": "month", "every": 1, "day_count": "act_365_366"}
SHIFT = "following"


def recalculation_cases(random: Random, count: int) -> Iterator[Case]:
    for _ in range(count):
        yield one_recalculation(random)


def one_recalculation(random: Random) -> Case:
    paid = random_day(random, date(2022, 1, 1), date(2026, 12, 31))
    period, every = random.choice([("month", 1)] * 6 + [(name, random.choice([1, 2])) for name in PERIODS])
    day_count = random.choice([*COUNTS, "equal"])
    count = random.choice([2, 3, 6, 11, 24, 60])
    if not spans(period, every, "clip", count):
        period, every = "two_weeks", 2
    rate = drawn_rate(random, period, every, count)
    principal = random.randint(10**5, 10**9)
    step = period_rate(rate, period, every)
    payment = constant_payment(principal, step, count) if step else half_up(Fraction(principal, count))
    first_given = random.random() < 0.5
    first = random_day(random, paid + timedelta(days=1), paid + timedelta(days=45)) if first_given else None
    if first is not None and first <= paid:
        first = paid + timedelta(days=20)
    days = dates(first, period, every, "clip", count) if first else dates(paid, period, every, "clip", count + 1)[1:]
    when = random.choice(["on the day of the last payment", "between", "on the next due date"])
    repaid, days_after, accrued, costs = moment(random, when, paid, days, principal, rate, day_count, period, every)
    interest_free = random.choice([payment, principal // 10, principal // 2, principal, principal + 1])
    needed = payment if len(days_after) < len(days) else accrued + 1
    too_little = random.random() < 0.08 and needed > 1
    amount = needed - 1 if too_little else max(interest_free + accrued, needed)
    properties: dict[str, Any] = {
        "principal": written_money(random, principal),
        "annual_rate": written_percent(random, rate),
        "day_count": day_count,
        "payment": written_money(random, payment),
        "remaining_count": count,
        "last_paid_date": written_date(random, paid),
        "period": period,
        "every": every,
        "repayment_amount": written_money(random, amount),
        "repayment_date": written_date(random, repaid),
        "mode": random.choice(["reduce_payment", "shorten_term"]),
    }
    if first:
        properties["first_date"] = written_date(random, first)
    sent = without_defaults(random, properties, DEFAULTS)
    balance = principal + accrued - amount
    if balance < 0 or (too_little and balance):
        return Case("recalculate_schedule", sent, paid, None)
    try:
        rows = remaining_rows(properties["mode"], balance, payment, step, costs)
    except ValueError:
        return Case("recalculate_schedule", sent, paid, None)
    left = days_after[: len(rows)]
    flows = [(day, row.amount) for day, row in zip(left, rows, strict=True)]
    cost = full_cost_percent(repaid, balance, flows) if rows else ""
    return Case("recalculate_schedule", sent, paid, schedule_answer(left, rows, SHIFT, "RUB", cost))


def moment(
    random: Random,
    when: str,
    paid: date,
    days: list[date],
    principal: int,
    rate: Fraction,
    day_count: str,
    period: str,
    every: int,
) -> tuple[date, list[date], int, list[Fraction]]:
    """The repayment's date, the dates after it, interest due by then, and what balance costs until each later date."""
    due = [shifted(day, SHIFT) for day in days]
    costs = factors(rate, day_count, period, every, paid, due)
    if when == "on the day of the last payment":
        return paid, days, 0, costs
    if when == "on the next due date" and due[0] == days[0]:
        return days[0], days[1:], half_up(principal * costs[0]), costs[1:]
    repaid = paid + timedelta(days=random.randrange((days[0] - paid).days))
    if day_count != "equal":
        since = factors(rate, day_count, period, every, paid, [repaid])
        return repaid, days, half_up(principal * since[0]), factors(rate, day_count, period, every, repaid, due)
    passed = Fraction((repaid - paid).days, (due[0] - paid).days)
    return repaid, days, half_up(principal * costs[0] * passed), [costs[0] * (1 - passed), *costs[1:]]


def remaining_rows(mode: str, balance: int, payment: int, step: Fraction, costs: list[Fraction]) -> list[Row]:
    if balance == 0:
        return []
    if mode == "shorten_term":
        return annuity(balance, payment, costs)
    if step == 0:
        return with_interest(split(balance, len(costs), "remainder_last"), costs)
    return annuity(balance, constant_payment(balance, step, len(costs)), costs)
