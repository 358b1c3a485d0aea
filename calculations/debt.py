"""A payment against a debt of four buckets, and the refund that undoes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from calculations.money import Money


class Bucket(StrEnum):
    """`costs` are the creditor's expenses of getting the payment."""

    costs = "costs"
    interest = "interest"
    principal = "principal"
    penalty = "penalty"


class Overpayment(StrEnum):
    """What becomes of a surplus: kept as the client's credit, refused, or the principal goes below zero."""

    credit = "credit"
    reject = "reject"
    negative = "negative"


DEFAULT_ORDER: tuple[Bucket, ...] = (Bucket.costs, Bucket.interest, Bucket.principal, Bucket.penalty)
"""Civil Code art. 319: costs, interest, principal; penalties come after the principal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Debt:
    """What is owed; only the principal may be below zero (the client's credit balance)."""

    costs: Money
    interest: Money
    principal: Money
    penalty: Money

    @classmethod
    def of(
        cls,
        principal: Money,
        *,
        interest: Money | None = None,
        costs: Money | None = None,
        penalty: Money | None = None,
    ) -> "Debt":
        """A debt whose unnamed buckets are empty."""
        raise NotImplementedError

    @property
    def total(self) -> Money:
        raise NotImplementedError

    @property
    def cleared(self) -> bool:
        """Nothing is owed in all four buckets together."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What a payment (refund: with minus signs) did. Its sum = the four applied sums + `overpayment`.

    `surplus_to_principal`: the surplus went below zero in the principal (policy `negative`).
    """

    before: Debt
    after: Debt
    order: tuple[Bucket, ...]
    costs: Money
    interest: Money
    principal: Money
    penalty: Money
    overpayment: Money
    surplus_to_principal: bool

    @property
    def amount(self) -> Money:
        raise NotImplementedError


def parse_order(text: str | Sequence[str]) -> tuple[Bucket, ...]:
    """`costs,interest,principal,penalty`. Refusals: `order_not_understood`, `order_repeats`, `order_missing`."""
    raise NotImplementedError


def apply_payment(
    debt: Debt,
    payment: Money,
    *,
    order: Sequence[Bucket] = DEFAULT_ORDER,
    overpayment: Overpayment = Overpayment.credit,
) -> Application:
    """The payment goes through the buckets in order, none of them below zero.

    Refusals: `payment_not_positive`, `overpayment` (policy `reject`), `order_incomplete` when a bucket the order does
    not name is owed, `bucket_negative`, `currency_mismatch`.
    """
    raise NotImplementedError


def refund(debt: Debt, amount: Money, *, original: Application | None = None) -> Application:
    """Money given back: buckets are restored in reverse order of `original`, its surplus first.

    Without `original` (a payment nobody here knows) the whole sum adds to the principal. Every sum in the answer is
    negative or zero. Refusals: `refund_not_positive`, `refund_above_payment`, `currency_mismatch`.
    """
    raise NotImplementedError
