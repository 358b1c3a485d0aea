"""The rows of a plan, their totals, and the checks that every plan has passed before anybody sees it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from calculations.money import Money


@dataclass(frozen=True, slots=True)
class Row:
    """One payment. Number 0 is the down payment; `date` is the contract date, `due_date` the working day it is paid on.

    `amount` = `principal` + `interest`; `balance` is the principal still owed after the payment.
    """

    number: int
    date: date
    due_date: date
    amount: Money
    principal: Money
    interest: Money
    balance: Money


@dataclass(frozen=True)
class Plan:
    """A finished plan; `payment` is the constant payment of an annuity, None elsewhere."""

    currency: str
    payment: Money | None = None
    projected_years: tuple[int, ...] = ()
    """Years with payments whose working days no decree has settled yet."""

    @property
    def rows(self) -> tuple[Row, ...]:
        raise NotImplementedError

    @property
    def payments_count(self) -> int:
        """Payments without the down payment."""
        raise NotImplementedError

    @property
    def last_date(self) -> date | None:
        """The contract date of the last row; None when nothing is left to pay."""
        raise NotImplementedError

    @property
    def total(self) -> Money:
        raise NotImplementedError

    @property
    def total_principal(self) -> Money:
        raise NotImplementedError

    @property
    def total_interest(self) -> Money:
        raise NotImplementedError

    @property
    def full_cost_percent(self) -> Decimal | None:
        """The full cost of credit a year, three decimals (an estimate: `full_cost`); None where it is undefined."""
        raise NotImplementedError
