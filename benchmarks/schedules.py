"""Schedules: plans of 360 monthly rows with actual-day interest and holiday shift a second, on one core.

`python -m benchmarks.schedules`, some seconds. Prints one JSON object.
"""

import json
import statistics
import time
from datetime import date
from fractions import Fraction

from calculations.calendar import Calendar
from calculations.money import Money
from calculations.plan import PlanKind, Terms, build_plan

ROWS = 360
PLANS = 200
ROUNDS = 5


def main() -> None:
    calendar = Calendar()
    build_plan(_terms(0), calendar)
    print(
        json.dumps(
            {
                "command": "python -m benchmarks.schedules",
                "method": f"{ROUNDS} rounds of {PLANS} annuities of {ROWS} rows, act_365_366, following; median round; "
                "`rows` reads every row as money and dates too",
                "plans_per_second": round(
                    PLANS / statistics.median(_round(calendar, read=False) for _ in range(ROUNDS))
                ),
                "plans_with_rows_per_second": round(
                    PLANS / statistics.median(_round(calendar, read=True) for _ in range(ROUNDS))
                ),
            },
            indent=2,
        )
    )


def _round(calendar: Calendar, *, read: bool) -> float:
    started = time.perf_counter()
    for number in range(PLANS):
        plan = build_plan(_terms(number), calendar)
        if read and len(plan.rows) != ROWS:
            raise AssertionError(f"{len(plan.rows)} rows instead of {ROWS}")
    return time.perf_counter() - started


def _terms(number: int) -> Terms:
    return Terms(
        amount=Money(500_000_000 + number, "RUB"),
        start_date=date(2026, 1, 15),
        plan=PlanKind.annuity,
        count=ROWS,
        annual_rate=Fraction(7, 100),
    )


if __name__ == "__main__":
    main()
