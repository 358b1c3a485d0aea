"""Constant payments: the annuity formula and the rows it makes."""

from fractions import Fraction

from calculations.day_count import Factors
from calculations.money import Money
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

    A row whose interest the payment does not cover is the refusal `interest_outgrows_payment`.
    """
    principals: list[int] = []
    interests: list[int] = []
    balance = principal.minor
    whole = factors.denominator
    doubled = 2 * whole
    for weight in factors.weights[:-1]:
        interest = (2 * balance * weight + whole) // doubled
        part = payment - interest
        if part >= balance:
            break
        if part <= 0:
            number = len(principals) + 1
            raise _interest_outgrows(number, Money(interest, principal.currency), Money(payment, principal.currency))
        principals.append(part)
        interests.append(interest)
        balance -= part
    interests.append((2 * balance * factors.weights[len(principals)] + whole) // doubled)
    principals.append(balance)
    return principals, interests


def annuity(principal: Money, period_rate: Fraction, factors: Factors, unit: int) -> tuple[int, list[int], list[int]]:
    """The constant payment of a new annuity, then principal and interest of its rows.

    Only a rounding unit may make the rows fewer; without one a sum too small for so many payments is `zero_part`.
    """
    count = len(factors.weights)
    payment = constant_payment(principal.minor, period_rate, count, unit)
    if payment:
        principals, interests = annuity_rows(principal, payment, factors)
        if unit or len(principals) == count:
            return payment, principals, interests
    fitting = _fitting_count(principal, period_rate, factors)
    raise Refusal(
        "zero_part",
        ru=f"Сумма {principal} слишком мала для {count} платежей, часть была бы нулевой: подойдёт {fitting}",
        en=f"The sum {principal} is too small for {count} payments, some would be zero: {fitting} works",
    )


def _fitting_count(principal: Money, period_rate: Fraction, factors: Factors) -> int:
    for count in range(min(len(factors.weights) - 1, principal.minor), 1, -1):
        payment = constant_payment(principal.minor, period_rate, count)
        shorter = Factors(factors.weights[:count], factors.denominator)
        if payment and len(annuity_rows(principal, payment, shorter)[0]) == count:
            return count
    return 1


def _interest_outgrows(number: int, interest: Money, payment: Money) -> Refusal:
    return Refusal(
        "interest_outgrows_payment",
        ru=f"Проценты {interest} в строке {number} не меньше платежа {payment}, долг бы рос: "
        "сократите период или срок, уменьшите ставку, отмените перенос дат (none) или считайте периоды равными (equal)",
        en=f"The interest {interest} of row {number} is not below the payment {payment}, the debt would grow: "
        "shorten the period or the term, lower the rate, leave dates unshifted (none) or periods equal (equal)",
    )
