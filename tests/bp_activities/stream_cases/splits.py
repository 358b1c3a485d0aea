"""Calls of split_invoice."""

from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction
from random import Random
from typing import Any

from tests.bp_activities.oracles.exact import text, texts
from tests.bp_activities.oracles.parts import WAYS, by_shares, split
from tests.bp_activities.oracles.recurring import PERIODS, dates, spans
from tests.bp_activities.oracles.working_days import SHIFTS, projected_years, shifted
from tests.bp_activities.stream_cases.case import Case, iso, random_day, without_defaults, written_date, written_money

DEFAULTS = {"period": "month", "every": 1, "month_end": "clip", "shift": "following", "parts": 2, "currency": "RUB"}


def split_cases(random: Random, count: int) -> Iterator[Case]:
    for _ in range(count):
        yield one_split(random)


def one_split(random: Random) -> Case:
    shift = random.choice(SHIFTS)
    today = drawn_start(random, shift)
    currency = random.choice(["RUB", "RUB", "RUB", "JPY", "KWD", "USD"])
    total = random.choice([random.randint(1, 300), random.randint(1, 10**8), random.randint(10**12, 10**15)])
    properties: dict[str, Any] = {
        "amount": written_money(random, total, currency),
        "currency": currency,
        "period": random.choice(PERIODS),
        "every": random.choice([1, 1, 2, 3, 5]),
        "month_end": random.choice(["clip", "last_day", "skip"]),
        "shift": shift,
    }
    parts = drawn_shares(random, total, properties) if random.random() < 0.4 else drawn_parts(random, total, properties)
    calendar = (properties["period"], properties["every"], properties["month_end"])
    length = len(parts or [])
    if not spans(*calendar, length):
        properties |= {"period": "week", "every": 3}
        calendar = ("week", 3, properties["month_end"])
    if random.random() < 0.5:
        first = random_day(random, today, today + timedelta(days=400))
        properties["first_due_date"] = written_date(random, first)
        days = dates(first, *calendar, length)
    else:
        days = dates(today, *calendar, length + 1)[1:]
    if "|" in properties["amount"] and random.random() < 0.5:
        del properties["currency"]
    if parts is None:
        return Case("split_invoice", without_defaults(random, properties, DEFAULTS), today, None)
    due = [shifted(day, shift) for day in days]
    expected = {
        "invoice_ids": [],
        "part_amounts": texts(parts, currency),
        "due_dates": iso(due),
        "parts_count": len(parts),
        "projected_years": projected_years(due),
    }
    return Case("split_invoice", without_defaults(random, properties, DEFAULTS), today, expected)


def drawn_start(random: Random, shift: str) -> date:
    """Years of the official calendar; where it is not asked also those around 2000 and 2100, which is no leap year."""
    if shift != "none":
        year = random.choice([2019, 2022, 2023, 2024, 2025, 2026, 2026, 2027])
        return random_day(random, date(year, 1, 1), date(year, 12, 31))
    first, last = random.choice([(1999, 2001), (2002, 2027), (2002, 2027), (2095, 2100)])
    return random_day(random, date(first, 1, 1), date(last, 12, 31))


def drawn_parts(random: Random, total: int, properties: dict[str, Any]) -> list[int] | None:
    count = random.choice([2, 3, 5, 6, 7, 11, 12, 24, 37, 120])
    way, unit = "spread_first", 1
    properties["parts"] = count
    if random.random() < 0.4:
        unit = random.choice([1, 5, 50, 100, 1000, 10_000, 100_000])
        properties["rounding_unit"] = text(unit, properties["currency"])
        way = "remainder_last"
    if random.random() < 0.6:
        properties["remainder"] = way = random.choice(WAYS)
    try:
        return split(total, count, way, unit)
    except ValueError:
        return None


def drawn_shares(random: Random, total: int, properties: dict[str, Any]) -> list[int] | None:
    count = random.randint(2, 9)
    if random.random() < 0.5:
        weights = [random.randint(1, 20) for _ in range(count)]
        shares = [Fraction(weight) for weight in weights]
        properties["shares"] = ", ".join(str(weight) for weight in weights)
    else:
        percents = drawn_percents(random, count)
        shares = list(percents)
        if random.random() < 0.3:
            percents = percents[:-1]
            properties["shares"] = ", ".join(f"{float(percent):g}%" for percent in percents) + ", rest"
        else:
            properties["shares"] = ", ".join(f"{float(percent):g}%" for percent in percents)
            if random.random() < 0.15:
                properties["shares"] += ", 0.01%"
                return None
    try:
        return by_shares(total, shares)
    except ValueError:
        return None


def drawn_percents(random: Random, count: int) -> list[Fraction]:
    """Hundredths of a percent that add up to 100 %."""
    cuts = sorted(random.sample(range(1, 10_000), count - 1))
    return [Fraction(after - before, 100) for before, after in zip([0, *cuts], [*cuts, 10_000], strict=True)]
