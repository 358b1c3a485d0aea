"""Totals people ask for: by counterparty, what is left of a contract, what a month brought."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import TypeVar
from zoneinfo import ZoneInfo

from calculations.money import Money

KeyT = TypeVar("KeyT", bound=Hashable)


class DateField(StrEnum):
    """Which of a payment's dates decides its month: a shift off a day off may lead into the next one."""

    contract_date = "contract_date"
    due_date = "due_date"
    paid_at = "paid_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """A payment, or a refund with sums below zero; `principal` is the part of `amount` that reduced the debt.

    `paid_at` is a moment (aware); the others are days of the contract, the same in every time zone.
    """

    counterparty: str
    contract: str
    amount: Money
    principal: Money
    contract_date: date | None = None
    due_date: date | None = None
    paid_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Total:
    """A sum in one currency and how many payments made it; a refund lessens the sum and is no payment."""

    amount: Money
    count: int


def by_counterparty(payments: Iterable[Payment]) -> Mapping[tuple[str, str], Total]:
    """The total of each counterparty in each currency: sums of different currencies do not meet."""
    return _totals(payments, lambda payment: (payment.counterparty, payment.amount.currency))


def remaining_principal(lent: Mapping[str, Money], payments: Iterable[Payment]) -> Mapping[str, Money]:
    """What is still owed of each contract's principal; below zero where more came back than was lent.

    Payments of contracts that are not in `lent` do not count. A payment in another currency than the contract's is
    the refusal `currency_mismatch`.
    """
    left = dict(lent)
    for payment in payments:
        if payment.contract in left:
            left[payment.contract] -= payment.principal
    return left


def of_month(
    payments: Iterable[Payment], year: int, month: int, field: DateField, zone: ZoneInfo
) -> Mapping[str, Total]:
    """The total of a month in each currency, by the date named; payments without that date are in no month.

    Moments are in the month that their zone's calendar shows; days of a contract know no zone.
    """
    start, end = month_window(year, month, zone)

    def is_in(payment: Payment) -> bool:
        if field is DateField.paid_at:
            return payment.paid_at is not None and start <= payment.paid_at < end
        day = payment.contract_date if field is DateField.contract_date else payment.due_date
        return day is not None and (day.year, day.month) == (year, month)

    return _totals(filter(is_in, payments), lambda payment: payment.amount.currency)


def month_window(year: int, month: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The first moment of a month in a zone and the first one after it, in UTC: whatever its days are long."""
    following = (year, month + 1) if month < 12 else (year + 1, 1)
    return _midnight(year, month, zone), _midnight(*following, zone)


def _midnight(year: int, month: int, zone: ZoneInfo) -> datetime:
    return datetime(year, month, 1, tzinfo=zone).astimezone(UTC)


def _totals(payments: Iterable[Payment], key: Callable[[Payment], KeyT]) -> Mapping[KeyT, Total]:
    sums: dict[KeyT, Money] = {}
    counts: defaultdict[KeyT, int] = defaultdict(int)
    for payment in payments:
        group = key(payment)
        sums[group] = sums[group] + payment.amount if group in sums else payment.amount
        counts[group] += payment.amount.minor > 0
    return {group: Total(amount, counts[group]) for group, amount in sums.items()}
