"""The full cost of credit (ПСК) as an estimate: 12 times the monthly rate of return of the flows.

Convention, after art. 6 of 353-FZ: the base period is a month whatever the plan's own step, flows stand on contract
dates, whole months are counted from the issue with the day clipped to the month's length, the days left over are
counted as thirtieths of a month with simple interest, and the third decimal is rounded half up. A payment before the
issue counts as made at the issue.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from calculations.money import Money
from calculations.recurrence import days_in_month

_STEPS_OF_ONE = 2 * 12 * 100 * 1000
"""A monthly rate of 1 in half thousandths of a yearly percent: the borders between roundings are its odd multiples."""

_PRECISIONS = (128, 512)
"""Bits after the point in which a present value is tried before it is worked out exactly."""


def full_cost_percent(issued_on: date, received: Money, payments: Sequence[tuple[date, Money]]) -> Decimal | None:
    """Percent a year with three decimals; None where no such rate exists (nothing was lent, or less comes back).

    `received` is what the borrower got at issue: the sum less what was withheld.
    """
    lent = received.minor
    later: defaultdict[int, defaultdict[int, int]] = defaultdict(lambda: defaultdict(int))
    for day, amount in payments:
        months, days = _months_and_days(issued_on, day)
        if months == days == 0:
            lent -= amount.minor
        else:
            later[days][months] += amount.minor
    comes_back = sum(sum(by_month.values()) for by_month in later.values())
    if comes_back == lent:
        return Decimal("0.000")
    if lent <= 0 or comes_back < lent:
        return None
    flows = {days: dict(by_month) for days, by_month in later.items()}
    whole, part = divmod(_thousandths(lent, flows), 1000)
    return Decimal(f"{whole}.{part:03}")


def _thousandths(lent: int, flows: dict[int, dict[int, int]]) -> int:
    """The yearly rate in thousandths of a percent: the last border the rate of return is not below."""
    above = 1
    while _is_not_below_border(above, lent, flows):
        above *= 2
    low, high = above // 2, above
    while high - low > 1:
        middle = (low + high) // 2
        if _is_not_below_border(middle, lent, flows):
            low = middle
        else:
            high = middle
    return low


def _is_not_below_border(thousandths: int, lent: int, flows: dict[int, dict[int, int]]) -> bool:
    """Whether the rate of return reaches the border where rounding begins to give `thousandths`.

    The present value of what comes back falls as the rate grows, so it is enough to compare it with what was lent at
    the border itself. It is first put between two close numbers, which is quick and nearly always enough; where both
    sides of the border are still possible, everything is kept over common denominators and the comparison is exact.
    """
    rate = 2 * thousandths - 1
    for bits in _PRECISIONS:
        low, high = _value_bounds(rate, flows, bits)
        if low >= lent << bits:
            return True
        if high < lent << bits:
            return False
    return _exact_value(rate, flows) >= lent


def _value_bounds(rate: int, flows: dict[int, dict[int, int]], bits: int) -> tuple[int, int]:
    """What comes back is worth no less and no more than this, in 2 ** `bits` of a minor unit."""
    low, high = 0, 0
    whole = 30 * _STEPS_OF_ONE
    for days, by_month in flows.items():
        month_low, month_high = _bounds_by_months(by_month, _STEPS_OF_ONE + rate, bits)
        simple = whole + days * rate
        low += month_low * whole // simple
        high -= -month_high * whole // simple
    return low, high


def _bounds_by_months(by_month: dict[int, int], grown: int, bits: int) -> tuple[int, int]:
    """From the last month back, so that the sums of each are discounted by the months to the one before it."""
    low, high = 0, 0
    discounts: dict[int, tuple[int, int]] = {}
    for month, before in pairwise([*sorted(by_month, reverse=True), 0]):
        amount, gap = by_month[month] << bits, month - before
        if gap not in discounts:
            discounts[gap] = _discount(grown, gap, bits)
        least, most = discounts[gap]
        low, high = (low + amount) * least >> bits, -(-(high + amount) * most >> bits)
    return low, high


def _discount(grown: int, months: int, bits: int) -> tuple[int, int]:
    """The bounds of what 1 after so many months is worth, in 2 ** `bits`."""
    low = high = 1 << bits
    least, most = (_STEPS_OF_ONE << bits) // grown, -(-(_STEPS_OF_ONE << bits) // grown)
    while months:
        if months % 2:
            low, high = low * least >> bits, -(-high * most >> bits)
        least, most = least * least >> bits, -(-most * most >> bits)
        months //= 2
    return low, high


def _exact_value(rate: int, flows: dict[int, dict[int, int]]) -> Fraction:
    whole, grown = 30 * _STEPS_OF_ONE, _STEPS_OF_ONE + rate
    return sum(
        (
            Fraction(amount * whole * _STEPS_OF_ONE**month, (whole + days * rate) * grown**month)
            for days, by_month in flows.items()
            for month, amount in by_month.items()
        ),
        start=Fraction(0),
    )


def _months_and_days(start: date, day: date) -> tuple[int, int]:
    """Whole months with the day clipped to the month's length, then the days left over; nothing before `start`."""
    if day <= start:
        return 0, 0
    months = (day.year - start.year) * 12 + day.month - start.month
    anniversary = min(start.day, days_in_month(day.year, day.month))
    if day.day >= anniversary:
        return months, day.day - anniversary
    months -= 1
    year, month = (day.year, day.month - 1) if day.month > 1 else (day.year - 1, 12)
    length = days_in_month(year, month)
    return months, length - min(start.day, length) + day.day
