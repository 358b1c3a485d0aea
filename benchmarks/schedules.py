"""Schedules: annuities of 360 monthly rows a second, with actual-day interest and payments shifted off days off.

Beside them, in turns within the same run: QuantLib's schedule of as many monthly dates on its Russian calendar, which
has dates and no sums, and numpy-financial's payment, interest and principal of as many rows, which has sums without
dates, in floats. One core each, by the processor's seconds, so that what else the machine does is not counted.
`python -m benchmarks.schedules`, some seconds. Prints one JSON object.
"""

import json
import statistics
import time
from collections.abc import Callable
from datetime import date
from fractions import Fraction

import numpy as np
import numpy_financial
import QuantLib as quantlib

from calculations.calendar import Calendar
from calculations.money import Money
from calculations.plan import PlanKind, Terms, build_plan

ROWS = 360
PLANS = 200
ROUNDS = 7
RATE = Fraction(7, 100)


def main() -> None:
    calendar = Calendar()
    russia = quantlib.Russia()
    works: dict[str, Callable[[int], int]] = {
        "plans": lambda number: build_plan(_terms(number), calendar).payments_count,
        "plans, every row read as money and dates": lambda number: len(build_plan(_terms(number), calendar).rows),
        "QuantLib, dates read": lambda _number: len(list(_dates_of_quantlib(russia))) - 1,
        "QuantLib, dates left unread": lambda _number: len(_dates_of_quantlib(russia)) - 1,
        "numpy-financial": _sums_of_numpy,
    }
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for name, work in works.items():
        if work(0) != ROWS:
            raise AssertionError(f"{name} makes {work(0)} rows")
    for _ in range(ROUNDS):
        for name, work in works.items():
            started = time.process_time()
            for number in range(PLANS):
                work(number)
            seconds[name].append(time.process_time() - started)
    a_second = {name: PLANS / statistics.median(rounds) for name, rounds in seconds.items()}
    print(
        json.dumps(
            {
                "command": "python -m benchmarks.schedules",
                "method": f"{ROUNDS} rounds of {PLANS} of each, in turns, {ROWS} rows; the median, processor's seconds",
                "a_second": {name: round(rate) for name, rate in a_second.items()},
                "plans_to_each": {
                    name: round(a_second["plans"] / rate, 2) for name, rate in a_second.items() if name != "plans"
                },
            },
            indent=2,
        )
    )


def _terms(number: int) -> Terms:
    return Terms(
        amount=Money(500_000_000 + number, "RUB"),
        start_date=date(2026, 1, 15),
        plan=PlanKind.annuity,
        count=ROWS,
        annual_rate=RATE,
    )


def _dates_of_quantlib(calendar: quantlib.Calendar) -> quantlib.Schedule:
    return quantlib.Schedule(
        quantlib.Date(15, 1, 2026),
        quantlib.Date(15, 1, 2026 + ROWS // 12),
        quantlib.Period(1, quantlib.Months),
        calendar,
        quantlib.Following,
        quantlib.Following,
        quantlib.DateGeneration.Forward,
        False,
    )


def _sums_of_numpy(number: int) -> int:
    rate, numbers, amount = float(RATE) / 12, np.arange(1, ROWS + 1), -5_000_000.0 - number
    numpy_financial.pmt(rate, ROWS, amount)
    numpy_financial.ppmt(rate, numbers, ROWS, amount)
    return len(numpy_financial.ipmt(rate, numbers, ROWS, amount))


if __name__ == "__main__":
    main()
