"""Interest that outgrows a constant payment, so that the debt would not fall: the refusal, with what works instead."""

from collections.abc import Callable, Sequence
from datetime import date

from calculations.money import Money
from calculations.refusal import Refusal, either

EQUAL_PERIODS = ("считайте периоды равными (equal)", "count periods as equal (equal)")


class InterestOutgrows(Exception):
    """Row `number` from 1 bears `interest` that is not below the `payment`; who planned the rows refuses in words."""

    def __init__(self, number: int, interest: Money, payment: Money) -> None:
        super().__init__(f"row {number}: {interest} of interest, {payment} to pay")
        self.number = number
        self.interest = interest
        self.payment = payment

    def refusal(self, bounds: Sequence[date], ways: Sequence[tuple[str, str]]) -> Refusal:
        """`bounds` are the day interest runs from and the days of payment; each of the `ways` out has been tried."""
        since, until = bounds[self.number - 1 : self.number + 1]
        period_ru, period_en = ("первый период", "the first period") if self.number == 1 else ("период", "the period")
        ru, en = either(ways)
        return Refusal(
            "interest_outgrows_payment",
            ru=f"Проценты {self.interest} за {period_ru} с {since} по {until} не меньше платежа {self.payment}, "
            f"долг бы рос: {ru}",
            en=f"The interest {self.interest} of {period_en} from {since} to {until} is not below the payment "
            f"{self.payment}, the debt would grow: {en}",
        )


def largest(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """The largest number below `high` that holds, where `low` holds and so does all between it and one that does."""
    while high - low > 1:
        middle = (low + high) // 2
        if holds(middle):
            low = middle
        else:
            high = middle
    return low
