"""Constant payments: the annuity formula and the rows it makes."""

from fractions import Fraction

from calculations.day_count import Factors
from calculations.money import Money
from calculations.outgrown import InterestOutgrows, largest
from calculations.refusal import Refusal
from calculations.rounding import half_up, round_up


def constant_payment(principal: int, period_rate: Fraction, count: int, unit: int = 0) -> int:
    """A = P * i / (1 - (1 + i) ** -n) for a rate above zero, rounded once: half up, or up to a `unit`."""
    rate, whole = period_rate.numerator, period_rate.denominator
    grown = (whole + rate) ** count
    numerator = principal * rate * grown
    denominator = whole * (grown - whole**count)
    return round_up(numerator, denominator, unit) if unit else half_up(numerator, denominator)


def annuity_rows(principal: Money, payment: int, factors: Factors) -> tuple[list[int], list[int]]:
    """Principal and interest of each row; the last row pays the whole balance; rows may be fewer than factors.

    Raises InterestOutgrows for a row whose interest the payment does not cover.
    """
    interests: list[int] = []
    balance = principal.minor
    whole = factors.denominator
    doubled = 2 * whole
    for weight in factors.weights[:-1]:
        interest = (2 * balance * weight + whole) // doubled
        part = payment - interest
        if not 0 < part < balance:
            if part > 0:
                break
            currency = principal.currency
            raise InterestOutgrows(len(interests) + 1, Money(interest, currency), Money(payment, currency))
        interests.append(interest)
        balance -= part
    principals = [payment - interest for interest in interests]
    interests.append((2 * balance * factors.weights[len(principals)] + whole) // doubled)
    principals.append(balance)
    return principals, interests


def annuity(principal: Money, period_rate: Fraction, factors: Factors, unit: int) -> tuple[int, list[int], list[int]]:
    """The constant payment of a new annuity, then principal and interest of its rows.

    A payment rounded up may make the rows fewer, and so may days that bear less than whole periods: with a short first
    period a long debt is paid off some payments early. A payment that rounds to nothing is `zero_part`.
    """
    count = len(factors.weights)
    payment = constant_payment(principal.minor, period_rate, count, unit)
    if payment:
        return payment, *annuity_rows(principal, payment, factors)
    fitting = largest(1, count, lambda fewer: _pays_in(principal, period_rate, factors, fewer))
    raise Refusal(
        "zero_part",
        ru=f"Сумма {principal} слишком мала для {count} платежей, часть была бы нулевой: подойдёт {fitting}",
        en=f"The sum {principal} is too small for {count} payments, some would be zero: {fitting} works",
    )


def least_payment(principal: Money, factors: Factors) -> int:
    """The smallest payment that is above the interest of every row."""
    highest = principal.minor * (factors.denominator + max(factors.weights)) // factors.denominator + 1
    return largest(0, highest, lambda payment: not _pays(principal, payment, factors)) + 1


def _pays_in(principal: Money, period_rate: Fraction, factors: Factors, count: int) -> bool:
    payment = constant_payment(principal.minor, period_rate, count)
    return payment > 0 and _pays(principal, payment, Factors(factors.weights[:count], factors.denominator))


def _pays(principal: Money, payment: int, factors: Factors) -> bool:
    try:
        annuity_rows(principal, payment, factors)
    except InterestOutgrows:
        return False
    return True
