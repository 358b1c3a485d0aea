"""Calls of advance_next_payment_date."""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

from tests.bp_activities.oracles.next_dates import later_dates, next_after
from tests.bp_activities.oracles.recurring import MONTHS, PERIODS, is_month_end
from tests.bp_activities.oracles.working_days import SHIFTS, projected_years, shifted
from tests.bp_activities.stream_cases.case import Case, iso, random_day, without_defaults, written_date, written_money

DEFAULTS = {
    "period": "month",
    "every": 1,
    "month_end": "clip",
    "shift": "following",
    "anchor_day": 0,
    "regular": "Y",
    "catch_up": "one",
}


def next_date_cases(random: Random, count: int) -> Iterator[Case]:
    for _ in range(count):
        yield one_step(random)


def one_step(random: Random) -> Case:
    current = random_day(random, date(2022, 1, 1), date(2026, 12, 31))
    today = current + timedelta(days=random.choice([-3, 0, 0, 1, 5, 40, 100, 400]))
    period = random.choice([*PERIODS, "month", "month"])
    month_end = random.choice(["clip", "last_day", "skip"])
    shift = random.choice(SHIFTS)
    properties: dict[str, Any] = {
        "current_date": written_date(random, current),
        "period": period,
        "every": random.choice([1, 1, 1, 2, 3]),
        "anchor_day": drawn_anchor_day(random, current, period, month_end),
        "month_end": month_end,
        "shift": shift,
        "regular": random.choice(["Y"] * 9 + ["N"]),
        "catch_up": random.choice(["one", "after_today"]),
    }
    later = later_dates(current, period, properties["every"], properties["anchor_day"], month_end)
    if not later:  # the 31st of every June, left out for ever
        return Case("advance_next_payment_date", without_defaults(random, properties, DEFAULTS), today, None)
    limits: dict[str, Any] = {"regular": properties["regular"] == "Y"}
    if random.random() < 0.4:
        limits["left"] = properties["payments_left"] = random.choice([0, 1, 2, 3, 5, 12])
    if random.random() < 0.4:
        edge = random.choice(later[:6]) + timedelta(days=random.choice([-1, 0, 0, 1]))
        limits["until"] = edge
        properties["until"] = written_date(random, edge)
    if random.random() < 0.4:
        limits["debt"] = random.choice([0, 1, 1_000_00, -5_00, 10**12])
        properties["debt"] = written_money(random, limits["debt"])
    answer = next_after(later, today, properties["catch_up"] == "after_today", **limits)
    due = shifted(answer.day, shift) if answer.day else None
    expected = {
        "next_date": answer.day.isoformat() if answer.day else "",
        "next_due_date": due.isoformat() if due else "",
        "is_regular": "N" if answer.day is None else "Y",
        "remaining_payments": "" if answer.remaining is None else answer.remaining,
        "missed_dates": iso(list(answer.missed)),
        "stop_reason": answer.stop,
        "projected_years": projected_years([due] if due else []),
    }
    return Case("advance_next_payment_date", without_defaults(random, properties, DEFAULTS), today, expected)


def drawn_anchor_day(random: Random, current: date, period: str, month_end: str) -> int:
    """None, the date's own, or the day a short month clipped."""
    if period not in MONTHS:
        return 0
    if month_end == "last_day":
        return random.choice([0, 31]) if is_month_end(current) else 0
    clipped = list(range(current.day + 1, 32)) if is_month_end(current) else []
    return random.choice([0, current.day, *clipped])
