"""The rows of a plan, their totals, and the checks that every plan has passed before anybody sees it."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import accumulate
from operator import le, lt, sub

from calculations.calendar import RUSSIA
from calculations.full_cost import full_cost_percent
from calculations.money import Money
from calculations.money_text import LONGEST_NUMBER
from calculations.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Row:
    """One payment. Number 0 is the down payment; `date` is the contract date, `due_date` the working day it is paid on.

    `amount` = `principal` + `interest`; `balance` is the principal still owed after the payment.
    """

    number: int
    date: dt.date
    due_date: dt.date
    amount: Money
    principal: Money
    interest: Money
    balance: Money


@dataclass(frozen=True)
class Plan:
    """A finished plan, kept as columns of whole minor units; `rows` is what people look at.

    `payment` is the constant payment of an annuity, None elsewhere; `received` is what the borrower got on `issued_on`.
    """

    currency: str
    numbers: tuple[int, ...]
    dates: tuple[dt.date, ...]
    due_dates: tuple[dt.date, ...]
    principals: tuple[int, ...]
    interests: tuple[int, ...]
    balances: tuple[int, ...]
    issued_on: dt.date
    received: Money
    payment: Money | None

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """The down payment (number 0) if there is one, then payments 1, 2, 3 ..."""
        return tuple(
            Row(
                number,
                date,
                due_date,
                Money(principal + interest, self.currency),
                Money(principal, self.currency),
                Money(interest, self.currency),
                Money(balance, self.currency),
            )
            for number, date, due_date, principal, interest, balance in zip(
                self.numbers,
                self.dates,
                self.due_dates,
                self.principals,
                self.interests,
                self.balances,
                strict=True,
            )
        )

    @property
    def payments_count(self) -> int:
        """Payments without the down payment."""
        return len(self.numbers) - self.numbers.count(0)

    @property
    def last_date(self) -> dt.date | None:
        """The contract date of the last row; None when nothing is left to pay."""
        return self.dates[-1] if self.dates else None

    @property
    def last_due_date(self) -> dt.date | None:
        """The working day of the last row; None when nothing is left to pay."""
        return self.due_dates[-1] if self.due_dates else None

    @property
    def total(self) -> Money:
        """All payments together, the down payment included."""
        return self.total_principal + self.total_interest

    @property
    def total_principal(self) -> Money:
        return Money(sum(self.principals), self.currency)

    @property
    def total_interest(self) -> Money:
        return Money(sum(self.interests), self.currency)

    @property
    def projected_years(self) -> tuple[int, ...]:
        """Years of payments that have no decree yet, so that their working days may still change."""
        return RUSSIA.projected_years(self.due_dates)

    @cached_property
    def full_cost_percent(self) -> Decimal | None:
        """The full cost of credit a year, three decimals: an estimate by contract dates, see `full_cost`.

        None when nothing is left to pay.
        """
        if not self.numbers:
            return None
        return full_cost_percent(self.issued_on, self.received, [(row.date, row.amount) for row in self.rows])


def finished_plan(
    *,
    total: Money,
    received: Money,
    issued_on: dt.date,
    first_number: int,
    dates: Sequence[dt.date],
    due_dates: Sequence[dt.date],
    principals: Sequence[int],
    interests: Sequence[int],
    payment: Money | None,
) -> Plan:
    """The plan of these columns once every check has passed; `total` is the principal they must add up to.

    Refusal: `amount_too_large`, for interest that is no sum of money any more.
    """
    if interests and max(interests) >= 10**LONGEST_NUMBER:
        most = Money(max(interests), total.currency)
        raise Refusal(
            "amount_too_large",
            ru=f"Проценты одного платежа {most} слишком велики: проверьте сумму, ставку и даты",
            en=f"The interest of one payment, {most}, is too large: check the sum, the rate and the dates",
        )
    plan = Plan(
        currency=total.currency,
        numbers=tuple(range(first_number, first_number + len(dates))),
        dates=tuple(dates),
        due_dates=tuple(due_dates),
        principals=tuple(principals),
        interests=tuple(interests),
        balances=tuple(accumulate(principals, sub, initial=total.minor))[1:],
        issued_on=issued_on,
        received=received,
        payment=payment,
    )
    _check(plan, total)
    return plan


def _check(plan: Plan, total: Money) -> None:
    """What no plan may ever break; a failure here is a fault of ours, not of the input."""
    if not len(plan.dates) == len(plan.due_dates) == len(plan.principals) == len(plan.interests):
        raise AssertionError("the columns of a plan differ in length")
    if sum(plan.principals) != total.minor or (plan.balances and plan.balances[-1] != 0):
        raise AssertionError(f"principal parts add up to {sum(plan.principals)}, not to {total.minor}")
    if plan.principals and (min(plan.principals) <= 0 or min(plan.interests) < 0):
        raise AssertionError("a row has no principal or negative interest")
    with_down_payment = bool(plan.numbers) and plan.numbers[0] == 0
    payments = plan.dates[1:] if with_down_payment else plan.dates
    if not all(map(lt, payments, payments[1:])):
        raise AssertionError("contract dates do not rise")
    if with_down_payment and payments and plan.dates[0] > payments[0]:
        raise AssertionError("the down payment is later than the first payment")
    if not all(map(le, plan.due_dates, plan.due_dates[1:])):
        raise AssertionError("days of payment go back")
