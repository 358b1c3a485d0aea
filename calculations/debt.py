"""A payment against a debt of four buckets, and the refund that undoes it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from calculations.money import Money
from calculations.refusal import Refusal, either, shown


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


_RUSSIAN = {
    Bucket.costs: "издержки",
    Bucket.interest: "проценты",
    Bucket.principal: "основной долг",
    Bucket.penalty: "неустойка",
}

_BUCKETS = {bucket.value: bucket for bucket in Bucket} | {name: bucket for bucket, name in _RUSSIAN.items()}
_ORDER_WORD = re.compile(f"{_RUSSIAN[Bucket.principal]}|[^ ,;]+")

DEFAULT_ORDER: tuple[Bucket, ...] = (Bucket.costs, Bucket.interest, Bucket.principal, Bucket.penalty)
"""Civil Code art. 319: costs, interest, principal; penalties come after the principal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Debt:
    """What is owed; only the principal may be below zero (the client's credit balance).

    Refusals: `bucket_negative`, `currency_mismatch`.
    """

    costs: Money
    interest: Money
    principal: Money
    penalty: Money

    def __post_init__(self) -> None:
        zero = self.principal - self.principal
        for bucket in (Bucket.costs, Bucket.interest, Bucket.penalty):
            owed = self.of_bucket(bucket)
            if owed < zero:
                raise Refusal(
                    "bucket_negative",
                    ru=f"Долг «{_RUSSIAN[bucket]}» ({bucket}) отрицательный: {owed}; укажите 0 или больше",
                    en=f'The debt "{bucket}" is negative: {owed}; give 0 or more',
                )

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
        zero = Money(0, principal.currency)
        return cls(costs=costs or zero, interest=interest or zero, principal=principal, penalty=penalty or zero)

    def of_bucket(self, bucket: Bucket) -> Money:
        """What is owed in one bucket."""
        return {
            Bucket.costs: self.costs,
            Bucket.interest: self.interest,
            Bucket.principal: self.principal,
            Bucket.penalty: self.penalty,
        }[bucket]

    @property
    def total(self) -> Money:
        """The sum of the four buckets."""
        return self.costs + self.interest + self.principal + self.penalty

    @property
    def cleared(self) -> bool:
        """Nothing is owed in the four buckets together."""
        return self.total.minor <= 0

    def less(self, sums: Mapping[Bucket, Money]) -> "Debt":
        """The debt after these sums are taken off its buckets; a negative sum adds."""
        left = {bucket: self.of_bucket(bucket) - amount for bucket, amount in sums.items()}
        return Debt(
            costs=left.get(Bucket.costs, self.costs),
            interest=left.get(Bucket.interest, self.interest),
            principal=left.get(Bucket.principal, self.principal),
            penalty=left.get(Bucket.penalty, self.penalty),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """Where a payment went, in the order it went; for a refund every sum is negative or zero.

    `overpayment` is the surplus; with `surplus_to_principal` (policy `negative`) it stands in the principal as a sum
    below zero instead of beside the debt.
    """

    costs: Money
    interest: Money
    principal: Money
    penalty: Money
    overpayment: Money
    order: tuple[Bucket, ...] = DEFAULT_ORDER
    surplus_to_principal: bool = False

    @property
    def amount(self) -> Money:
        """The payment: the four applied sums and the overpayment together."""
        return self.costs + self.interest + self.principal + self.penalty + self.overpayment

    def after_refund(self, refunded: "Applied") -> "Applied":
        """What is left of this payment once a refund of it was made; a further refund starts from this."""
        return Applied(
            costs=self.costs + refunded.costs,
            interest=self.interest + refunded.interest,
            principal=self.principal + refunded.principal,
            penalty=self.penalty + refunded.penalty,
            overpayment=self.overpayment + refunded.overpayment,
            order=self.order,
            surplus_to_principal=self.surplus_to_principal,
        )

    def of_bucket(self, bucket: Bucket) -> Money:
        """What went to one bucket."""
        return {
            Bucket.costs: self.costs,
            Bucket.interest: self.interest,
            Bucket.principal: self.principal,
            Bucket.penalty: self.penalty,
        }[bucket]


@dataclass(frozen=True, slots=True, kw_only=True)
class Application(Applied):
    """What a payment or a refund did to a debt."""

    before: Debt
    after: Debt


def parse_order(text: str | Sequence[str]) -> tuple[Bucket, ...]:
    """`costs,interest,principal,penalty`, as one text or a list, also in Russian (`издержки, основной долг`).

    Buckets that are never owed may be left out.

    Refusals: `order_missing`, `order_not_understood`, `order_repeats`.
    """
    joined = text if isinstance(text, str) else ",".join(text)
    words = _ORDER_WORD.findall(" ".join(joined.casefold().split()))
    known = ", ".join(DEFAULT_ORDER)
    if not words:
        raise Refusal(
            "order_missing",
            ru=f"Очерёдность погашения не указана: перечислите {known}",
            en=f"There is no order of settlement: list {known}",
        )
    for word in words:
        if word not in _BUCKETS:
            known_ru = ", ".join(f"{bucket} ({_RUSSIAN[bucket]})" for bucket in DEFAULT_ORDER)
            raise Refusal(
                "order_not_understood",
                ru=f"В очерёдности «{shown(joined)}» неизвестно «{shown(word)}»: возможны {known_ru}",
                en=f'The order "{shown(joined)}" has an unknown "{shown(word)}": it may have {known}',
            )
    order = tuple(_BUCKETS[word] for word in words)
    if len(set(order)) < len(order):
        raise Refusal(
            "order_repeats",
            ru=f"В очерёдности «{shown(joined)}» есть повтор: назовите каждую часть долга один раз",
            en=f'The order "{shown(joined)}" repeats itself: name every part of the debt once',
        )
    return order


def apply_payment(
    debt: Debt,
    payment: Money,
    *,
    order: Sequence[Bucket] = DEFAULT_ORDER,
    overpayment: Overpayment = Overpayment.credit,
) -> Application:
    """The payment goes through the buckets in order, none of them below zero.

    Refusals: `payment_not_positive`, `overpayment` (policy `reject`), `order_incomplete` when a bucket the order does
    not name is owed, `currency_mismatch`.
    """
    if payment.minor <= 0:
        raise Refusal(
            "payment_not_positive",
            ru=f"Сумма платежа {payment}: должна быть больше нуля",
            en=f"The payment is {payment}: it must be above zero",
        )
    _check_order(debt, order)
    zero = Money(0, payment.currency)
    applied: dict[Bucket, Money] = {}
    left = payment
    for bucket in order:
        applied[bucket] = max(zero, min(left, debt.of_bucket(bucket)))
        left -= applied[bucket]
    if left and overpayment is Overpayment.reject:
        raise _overpayment(debt, payment, left)
    in_principal = bool(left) and overpayment is Overpayment.negative
    after = debt.less(applied)
    if in_principal:
        after = after.less({Bucket.principal: left})
    return _application(debt, after, order, payment, applied, left, in_principal)


def _overpayment(debt: Debt, payment: Money, surplus: Money) -> Refusal:
    ways = [("оставьте переплату авансом (credit)", "keep the surplus as credit (credit)")]
    covered = payment - surplus
    if covered:
        ways.insert(0, (f"внесите не больше {covered}", f"pay at most {covered}"))
    ru, en = either(ways)
    return Refusal(
        "overpayment",
        ru=f"Платёж {payment} при долге {debt.total}, лишние {surplus}: {ru}",
        en=f"The payment is {payment} and the debt {debt.total}, {surplus} is too much: {en}",
    )


def refund(debt: Debt, amount: Money, *, original: Applied | None = None) -> Application:
    """Money given back: buckets are restored in reverse order of `original`, its surplus first.

    Without `original` (a payment nobody here knows) the whole sum adds to the principal. After an earlier refund of the
    same payment `original` is what `after_refund` left of it. Refusals: `refund_not_positive`, `refund_above_payment`,
    `currency_mismatch`.
    """
    if amount.minor <= 0:
        raise Refusal(
            "refund_not_positive",
            ru=f"Сумма возврата {amount}: должна быть больше нуля",
            en=f"The refund is {amount}: it must be above zero",
        )
    if original is None:
        back = {Bucket.principal: -amount}
        return _application(debt, debt.less(back), DEFAULT_ORDER, -amount, back, amount - amount, False)
    if amount > original.amount:
        raise Refusal(
            "refund_above_payment",
            ru=f"Возврат {amount} больше того, что осталось от платежа: {original.amount}; уменьшите возврат",
            en=f"The refund {amount} is above what is left of the payment, {original.amount}: make it smaller",
        )
    surplus = min(amount, original.overpayment)
    left = amount - surplus
    restored: dict[Bucket, Money] = {}
    for bucket in reversed(original.order):
        restored[bucket] = -min(left, original.of_bucket(bucket))
        left += restored[bucket]
    after = debt.less(restored)
    in_principal = original.surplus_to_principal and bool(surplus)
    if in_principal:
        after = after.less({Bucket.principal: -surplus})
    return _application(debt, after, original.order, -amount, restored, -surplus, in_principal)


def _application(
    before: Debt,
    after: Debt,
    order: Sequence[Bucket],
    amount: Money,
    applied: Mapping[Bucket, Money],
    overpayment: Money,
    surplus_to_principal: bool,
) -> Application:
    zero = Money(0, amount.currency)
    application = Application(
        before=before,
        after=after,
        order=tuple(order),
        costs=applied.get(Bucket.costs, zero),
        interest=applied.get(Bucket.interest, zero),
        principal=applied.get(Bucket.principal, zero),
        penalty=applied.get(Bucket.penalty, zero),
        overpayment=overpayment,
        surplus_to_principal=surplus_to_principal,
    )
    if application.amount != amount:
        raise AssertionError(f"the parts of {application} do not make {amount}")
    taken = amount if surplus_to_principal else amount - overpayment
    if before.total - taken != after.total:
        raise AssertionError(f"{before.total} less {taken} is not {after.total}")
    return application


def _check_order(debt: Debt, order: Sequence[Bucket]) -> None:
    named = ", ".join(order)
    for bucket in Bucket:
        if bucket not in order and debt.of_bucket(bucket).minor > 0:
            raise Refusal(
                "order_incomplete",
                ru=f"Очерёдность {named} не называет {bucket} («{_RUSSIAN[bucket]}»), а там долг "
                f"{debt.of_bucket(bucket)}: добавьте",
                en=f'The order {named} leaves out "{bucket}", where {debt.of_bucket(bucket)} is owed: add it',
            )
