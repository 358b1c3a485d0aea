"""Full cost of credit as twelve times a monthly rate: the formula of art. 6 of 353-FZ, solved in Decimal by halving."""

from calendar import monthrange
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext

Flow = tuple[date, int]


def months_and_days(issued: date, day: date) -> tuple[int, int]:
    """Whole months from the issue (its day clipped to the month), and the days after them."""
    months = (day.year - issued.year) * 12 + day.month - issued.month
    while True:
        year, month = divmod(issued.year * 12 + issued.month - 1 + months, 12)
        anniversary = date(year, month + 1, min(issued.day, monthrange(year, month + 1)[1]))
        if anniversary <= day:
            return months, (day - anniversary).days
        months -= 1


def full_cost_percent(issued: date, received: int, payments: list[Flow]) -> str:
    """Days over whole months count as thirtieths with simple interest; "0.000" where nothing is paid for the money."""
    if sum(amount for _, amount in payments) <= received:
        return "0.000"
    times = [(*months_and_days(issued, day), amount) for day, amount in payments]
    with localcontext(prec=40):
        low, high = Decimal(0), Decimal(1)
        while worth(times, high) > received:
            high *= 2
        for _ in range(100):
            middle = (low + high) / 2
            if worth(times, middle) > received:
                low = middle
            else:
                high = middle
        return str((low * 1200).quantize(Decimal("0.001"), ROUND_HALF_UP))


def worth(times: list[tuple[int, int, int]], rate: Decimal) -> Decimal:
    """What the payments are worth on the day of issue at a monthly rate."""
    one = 1 + rate
    return sum((amount / ((1 + rate * days / 30) * one**months) for months, days, amount in times), Decimal(0))
