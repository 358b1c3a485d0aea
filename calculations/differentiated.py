"""Constant principal: equal parts of the debt with falling interest."""

from collections.abc import Sequence

from calculations.day_count import Factors
from calculations.money import Money
from calculations.refusal import Refusal
from calculations.rounding import half_up


def nearest_parts(principal: Money, count: int) -> list[int]:
    """P / n to the nearest minor unit, the last part taking the rest; a part not above zero is `zero_part`."""
    if _works(principal.minor, count):
        part = half_up(principal.minor, count)
        return [part] * (count - 1) + [principal.minor - part * (count - 1)]
    fitting = next(fewer for fewer in range(count - 1, 0, -1) if _works(principal.minor, fewer))
    raise Refusal(
        "zero_part",
        ru=f"Сумма {principal} не делится на {count} ненулевых частей: подойдёт число частей {fitting}",
        en=f"The sum {principal} does not make {count} parts without a zero: a count of {fitting} works",
    )


def falling_interest(parts: Sequence[int], factors: Factors) -> list[int]:
    """Interest of each row on the balance before its payment, rounded half up."""
    balance = sum(parts)
    interests: list[int] = []
    for part, weight in zip(parts, factors.weights, strict=True):
        interests.append(half_up(balance * weight, factors.denominator))
        balance -= part
    return interests


def _works(principal: int, count: int) -> bool:
    part = half_up(principal, count)
    return part > 0 and principal - part * (count - 1) > 0
