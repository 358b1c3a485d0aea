"""One line of a stream and the answer it must get, and ways to write the same value down."""

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from random import Random
from typing import Any

from tests.bp_activities.oracles.exact import text
from tests.bp_activities.oracles.loans import is_steady, period_rate

Answer = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """`expected` without the three keys of the outcome; None where the call must be refused."""

    code: str
    properties: dict[str, Any]
    today: date
    expected: Answer | None


def written_date(random: Random, day: date) -> str:
    return random.choice([day.isoformat(), f"{day:%d.%m.%Y}"])


def written_money(random: Random, minor: int, currency: str = "RUB") -> str:
    plain = text(minor, currency)
    whole, dot, rest = plain.partition(".")
    if abs(minor) < 10**6:
        comma = plain.replace(".", ",") if currency != "KWD" else plain  # 1,234 may be read in two ways
        return random.choice([plain, comma, f"{plain}|{currency}"])
    grouped = f"{int(whole):,}".replace(",", random.choice([" ", "\u00a0", "\u202f"]))
    return random.choice([plain, grouped + dot.replace(".", ",") + rest, f"{plain}|{currency}"])


def written_percent(random: Random, rate: Fraction) -> str:
    plain = f"{float(rate * 100):g}"
    return random.choice([plain, plain.replace(".", ",")])


def drawn_rate(random: Random, period: str, every: int, count: int) -> Fraction:
    """A yearly rate, 365 % among them where the loan is short enough to bear it."""
    percents = [Fraction(hundredths, 100) for hundredths in (0, 1, 650, 999, 1200, 1635, 2400, 36500)]
    return random.choice([rate / 100 for rate in percents if is_steady(period_rate(rate / 100, period, every), count)])


def random_day(random: Random, first: date, last: date) -> date:
    """Every third day is a month's 29th, 30th, 31st or last."""
    day = first + timedelta(days=random.randrange((last - first).days))
    if random.random() < 0.34:
        month_end = (day.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        return random.choice([month_end, month_end.replace(day=min(month_end.day, random.choice([28, 29, 30, 31])))])
    return day


def iso(days: list[date]) -> list[str]:
    return [day.isoformat() for day in days]


def without_defaults(random: Random, properties: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    """A value equal to its default is left out half of the time."""
    return {
        key: value for key, value in properties.items() if str(value) != str(defaults.get(key)) or random.random() < 0.5
    }
