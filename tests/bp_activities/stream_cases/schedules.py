"""Calls of build_payment_schedule: five plans with what the form offers for each."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from random import Random
from typing import Any

from tests.bp_activities.oracles.exact import DIGITS, half_up, text
from tests.bp_activities.oracles.loans import (
    Row,
    annuity,
    constant_payment,
    factors,
    nearest_principal,
    period_rate,
    with_interest,
)
from tests.bp_activities.oracles.parts import WAYS, by_shares, split
from tests.bp_activities.oracles.recurring import PERIODS, dates, spans
from tests.bp_activities.oracles.working_days import SHIFTS, shifted
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
from tests.bp_activities.stream_cases.splits import drawn_percents, drawn_start

DEFAULTS = {
    "plan": "equal",
    "currency": "RUB",
    "period": "month",
    "every": 1,
    "month_end": "clip",
    "shift": "following",
    "day_count": "act_365_366",
    "fee": "0.00",
}
COUNTS_OF_PAYMENTS = {
    "equal": [2, 2, 3, 7, 12, 36],
    "full": [1],
    "annuity": [1, 2, 3, 12, 13, 60, 120, 360],
    "differentiated": [1, 2, 3, 12, 13, 60],
}


class Refused(Exception):
    """The contract says that this call has no schedule."""


@dataclass
class Drawn:
    """A call being drawn: what it says, in values the second arithmetic takes."""

    random: Random
    plan: str
    start: date
    total: int
    currency: str
    shift: str
    month_end: str
    period: str
    every: int
    day_count: str
    properties: dict[str, Any] = field(default_factory=dict)

    @property
    def calendar(self) -> tuple[str, int, str]:
        return self.period, self.every, self.month_end


def schedule_cases(random: Random, count: int) -> Iterator[Case]:
    plans = ["equal", "equal", "full", "custom", "annuity", "annuity", "differentiated"]
    for number in range(count):
        yield one_schedule(drawn(random, plans[number % len(plans)]))


def drawn(random: Random, plan: str) -> Drawn:
    shift = random.choice(["following", *SHIFTS])
    monthly = random.random() < 0.6
    call = Drawn(
        random=random,
        plan=plan,
        start=drawn_start(random, shift),
        total=random.choice([random.randint(10**5, 10**9), random.randint(10**12, 10**15)]),
        currency=random.choice(["RUB"] * 6 + ["JPY", "KWD"]),
        shift=shift,
        month_end=random.choice(["clip", "last_day", "skip"]),
        period="month" if monthly else random.choice(PERIODS),
        every=1 if monthly else random.choice([1, 1, 2, 3]),
        day_count=random.choice([*COUNTS, "equal"]),
    )
    call.properties = {
        "plan": plan,
        "amount": written_money(random, call.total, call.currency),
        "currency": call.currency,
        "start_date": written_date(random, call.start),
        "period": call.period,
        "every": call.every,
        "month_end": call.month_end,
        "shift": shift,
        "day_count": call.day_count,
        "save": random.choice(["Y", "N"]),
    }
    return call


def one_schedule(call: Drawn) -> Case:
    try:
        expected = answer(call)
    except (Refused, ValueError):
        expected = None
    if "start_date" in call.properties and call.random.random() < 0.2:
        del call.properties["start_date"]
        return Case("build_payment_schedule", call.properties, call.start, expected)
    if "|" in call.properties["amount"] and call.random.random() < 0.5:
        del call.properties["currency"]
    sent = without_defaults(call.random, call.properties, DEFAULTS)
    return Case("build_payment_schedule", sent, date(2022, 5, 5), expected)


def answer(call: Drawn) -> dict[str, Any]:
    fee = call.random.choice([0, 0, call.total // 1000, call.total // 50])
    call.properties["fee"] = written_money(call.random, fee, call.currency)
    down = drawn_down_payment(call)
    owed = call.total - down
    days, rows = custom_rows(call, owed) if call.plan == "custom" else planned_rows(call, owed)
    if down:
        days, rows = [drawn_down_date(call, days[0]), *days], [Row(down, 0, owed), *rows]
    paid = [(day, row.amount) for day, row in zip(days, rows, strict=True)]
    cost = full_cost_percent(call.start, call.total - fee, paid)
    return schedule_answer(days, rows, call.shift, call.currency, cost, down=1 if down else 0)


def drawn_down_payment(call: Drawn) -> int:
    kind = call.random.choice(["none", "none", "sum", "percent", "zero"])
    if kind == "sum":
        down = call.random.randint(1, call.total // 2)
        call.properties["down_payment"] = written_money(call.random, down, call.currency).partition("|")[0]
        return down
    if kind == "percent":
        percent = Fraction(call.random.randint(1, 9000), 100)
        call.properties["down_payment"] = f"{float(percent):g}%"
        return half_up(call.total * percent / 100)
    if kind == "zero":
        call.properties["down_payment"] = call.random.choice(["0", "0%"])
    return 0


def drawn_down_date(call: Drawn, first: date) -> date:
    if call.random.random() < 0.6:
        return call.start
    late = call.random.random() < 0.1
    day = first + timedelta(days=1) if late else call.start + (first - call.start) * call.random.random()
    call.properties["down_payment_date"] = written_date(call.random, day)
    if late:
        raise Refused
    return day


def planned_rows(call: Drawn, owed: int) -> tuple[list[date], list[Row]]:
    count = call.random.choice(COUNTS_OF_PAYMENTS[call.plan])
    if not spans(*call.calendar, count):
        call.period, call.every = "week", 3
        call.properties |= {"period": "week", "every": 3}
    days = drawn_dates(call, count)
    if call.plan in ("equal", "full"):
        parts = drawn_split(call, owed, len(days), "spread_first") if call.plan == "equal" else [owed]
        return days, with_interest(parts, [Fraction(0)] * len(days))
    rate = drawn_rate(call.random, call.period, call.every, len(days))
    call.properties["annual_rate"] = written_percent(call.random, rate)
    due = [shifted(day, call.shift) for day in days]
    costs = factors(rate, call.day_count, call.period, call.every, call.start, due)
    rows = annuity_rows(call, owed, rate, costs) if call.plan == "annuity" else differentiated_rows(call, owed, costs)
    return days[: len(rows)], rows


def drawn_dates(call: Drawn, count: int) -> list[date]:
    """Contract dates; the term is said by a count, an end date or both."""
    if call.random.random() < 0.4:
        first = max(
            random_day(call.random, call.start, call.start + timedelta(days=70)), call.start + timedelta(days=1)
        )
        call.properties["first_date"] = written_date(call.random, first)
        days = dates(first, *call.calendar, count + 1)
    else:
        days = dates(call.start, *call.calendar, count + 2)[1:]
    days, after = days[:-1], days[-1]
    if call.plan == "full" or (count == 2 and call.random.random() < 0.4):
        return days
    if call.random.random() < 0.7:
        call.properties["count"] = count
    if "count" in call.properties and call.random.random() < 0.8:
        return days
    until = call.random.choice([days[-1], after - timedelta(days=1)])
    wrong = call.random.random() < 0.1
    if wrong:
        until = after if "count" in call.properties else min(days[0], call.start) - timedelta(days=1)
    call.properties["until"] = written_date(call.random, until)
    if wrong:
        raise Refused
    return days


def drawn_split(call: Drawn, owed: int, count: int, way: str) -> list[int]:
    unit = 1
    if call.random.random() < 0.3:
        units = call.random.choice([1, 10, 100])
        call.properties["rounding_unit"] = str(units)
        way, unit = "remainder_last", units * 10 ** DIGITS[call.currency]
    if call.random.random() < 0.5:
        call.properties["remainder"] = way = call.random.choice(WAYS)
    return split(owed, count, way, unit)


def annuity_rows(call: Drawn, owed: int, rate: Fraction, costs: list[Fraction]) -> list[Row]:
    if rate == 0:
        return with_interest(drawn_split(call, owed, len(costs), "remainder_last"), costs)
    unit = None
    if call.random.random() < 0.3:
        units = call.random.choice([1, 10, 100])
        call.properties["rounding_unit"] = str(units)
        unit = units * 10 ** DIGITS[call.currency]
    step = period_rate(rate, call.period, call.every)
    return annuity(owed, constant_payment(owed, step, len(costs), unit), costs)


def differentiated_rows(call: Drawn, owed: int, costs: list[Fraction]) -> list[Row]:
    if call.random.random() < 0.6:
        return with_interest(nearest_principal(owed, len(costs)), costs)
    way, unit = call.random.choice(WAYS), 1
    call.properties["remainder"] = way
    if call.random.random() < 0.5:
        units = call.random.choice([1, 10, 100])
        call.properties["rounding_unit"] = str(units)
        unit = units * 10 ** DIGITS[call.currency]
    return with_interest(split(owed, len(costs), way, unit), costs)


def custom_rows(call: Drawn, owed: int) -> tuple[list[date], list[Row]]:
    count = call.random.randint(2, 8)
    days = sorted(call.start + timedelta(days=gap) for gap in call.random.sample(range(1, 900), count))
    if call.random.random() < 0.4:
        percents = drawn_percents(call.random, count)
        parts = by_shares(owed, percents)
        said = [f"{float(percent):g}%" for percent in percents]
    else:
        parts = split_by_cuts(call.random, owed, count)
        said = [written_money(call.random, part, call.currency).partition("|")[0] for part in parts]
    wrong = call.random.random() < 0.1
    if wrong:
        said[0] = text(parts[0] + 1, call.currency) if "%" not in said[0] else "0.005%"
    elif call.random.random() < 0.5:
        said[-1] = "rest"
    lines = [f"{written_date(call.random, day)} {sum_}" for day, sum_ in zip(days, said, strict=True)]
    call.properties["custom_rows"] = lines if call.random.random() < 0.3 else "\n".join(lines)
    if wrong:
        raise Refused
    return days, with_interest(parts, [Fraction(0)] * count)


def split_by_cuts(random: Random, total: int, count: int) -> list[int]:
    cuts = sorted(random.sample(range(1, total), count - 1))
    return [after - before for before, after in zip([0, *cuts], [*cuts, total], strict=True)]
