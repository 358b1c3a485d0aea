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
            raise _interest_outgrows(
                len(interests) + 1,
                Money(interest, principal.currency),
                Money(payment, principal.currency),
                days_count=len(set(factors.weights)) > 1,
            )
        interests.append(interest)
        balance -= part
    principals = [payment - interest for interest in interests]
    interests.append((2 * balance * factors.weights[len(principals)] + whole) // doubled)
    principals.append(balance)
    return principals, interests


def annuity(principal: Money, period_rate: Fraction, factors: Factors, unit: int) -> tuple[int, list[int], list[int]]:
    """The constant payment of a new annuity, then principal and interest of its rows.

    A rounding unit may make the rows fewer, and so may days that bear less than whole periods: with a short first
    period a long debt is paid off some payments early. A sum too small for so many payments is `zero_part`.
    """
    count = len(factors.weights)
    payment = constant_payment(principal.minor, period_rate, count, unit)
    if payment:
        principals, interests = annuity_rows(principal, payment, factors)
        if unit or len(principals) == count or _lasts(principal, payment, period_rate, count):
            return payment, principals, interests
    fitting = _fitting_count(principal, period_rate, factors)
    raise Refusal(
        "zero_part",
        ru=f"Сумма {principal} слишком мала для {count} платежей, часть была бы нулевой: подойдёт {fitting}",
        en=f"The sum {principal} is too small for {count} payments, some would be zero: {fitting} works",
    )


def _fitting_count(principal: Money, period_rate: Fraction, factors: Factors) -> int:
    """The largest smaller count that gets its rows; a single payment always does."""
    for count in range(min(len(factors.weights) - 1, principal.minor), 1, -1):
        payment = constant_payment(principal.minor, period_rate, count)
        shorter = Factors(factors.weights[:count], factors.denominator)
        if payment and _rows_made(principal, payment, shorter) == count:
            return count
    return 1


def _lasts(principal: Money, payment: int, period_rate: Fraction, count: int) -> bool:
    """Whether so many equal periods would need every payment: then only its days end a plan early."""
    equal = Factors((period_rate.numerator,) * count, period_rate.denominator)
    return _rows_made(principal, payment, equal) == count


def _rows_made(principal: Money, payment: int, factors: Factors) -> int:
    """How many rows a payment makes; 0 where the debt would grow."""
    try:
        return len(annuity_rows(principal, payment, factors)[0])
    except Refusal:
        return 0


def _interest_outgrows(number: int, interest: Money, payment: Money, *, days_count: bool) -> Refusal:
    """Periods that bear the same are never the trouble, save for a payment so near its interest that kopecks decide."""
    ru, en = "нужен платёж больше, короче срок или ниже ставка", "take a larger payment, a shorter term or a lower rate"
    if days_count:
        ru, en = f"{ru}, или считайте периоды равными (equal)", f"{en}, or count periods as equal (equal)"
    return Refusal(
        "interest_outgrows_payment",
        ru=f"Проценты {interest} в строке {number} не меньше платежа {payment}, долг бы рос: {ru}",
        en=f"The interest {interest} of row {number} is not below the payment {payment}, the debt would grow: {en}",
    )
