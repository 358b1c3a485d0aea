"""Splitting a sum into parts that add up to it exactly."""

from enum import StrEnum

from calculations.money import Money
from calculations.refusal import Refusal, either

MOST_PARTS = 12_000
"""Thirty years of daily payments; more is a slip of the hand."""


class Remainder(StrEnum):
    """Who gets what does not divide evenly.

    `spread_*`: whole units one each to the first (last) parts, what is below a unit to the first (last) part;
    `remainder_*`: every part is rounded down to the unit, all the rest goes to the first (last) part.
    """

    spread_first = "spread_first"
    spread_last = "spread_last"
    remainder_first = "remainder_first"
    remainder_last = "remainder_last"


def split(
    total: Money,
    parts: int,
    remainder: Remainder = Remainder.spread_first,
    unit: Money | None = None,
    *,
    fewest: int = 1,
) -> tuple[Money, ...]:
    """`parts` sums that add up to `total`; a negative total is the mirror image of the positive one.

    `unit` (None or 0: one minor unit) is what parts are rounded to. Refusals: `parts_not_positive`, `too_many_parts`,
    `unit_negative`, `amount_zero`, and `zero_part`, whose text says which sum, which count (none below `fewest`) and
    which smaller unit work.
    """
    check_parts(parts)
    step = unit_in_minor(unit, total)
    if not total:
        raise Refusal(
            "amount_zero",
            ru=f"Нечего делить: сумма {total}; укажите сумму, отличную от нуля",
            en=f"There is nothing to split: the sum is {total}; give one that is not zero",
        )
    size = abs(total.minor)
    sign = 1 if total.minor > 0 else -1
    most = max(1, size // step)
    if parts > most:
        raise _zero_part(total, parts, step, most if most >= fewest else 0)
    return tuple(Money(sign * part, total.currency) for part in split_minor(size, parts, remainder, step))


def _zero_part(total: Money, parts: int, step: int, most: int) -> Refusal:
    """Each way out works with everything else left as it is; `most` 0: no count does."""
    enough = Money(parts * step if total.minor > 0 else -parts * step, total.currency)
    unit, finer = Money(step, total.currency), Money(abs(total.minor) // parts, total.currency)
    rounded_ru, rounded_en = (f" с округлением до {unit}", f" rounded to {unit}") if step > 1 else ("", "")
    ways = [(f"делите сумму от {enough}", f"a sum from {enough}")]
    if most:
        ways.append((f"возьмите число частей не больше {most}", f"a count of at most {most}"))
    if finer:
        ways.append((f"округляйте не крупнее {finer}", f"a rounding unit of at most {finer}"))
    ru, en = either(ways)
    return Refusal(
        "zero_part",
        ru=f"При делении {total} на {parts}{rounded_ru} часть выходит нулевой: {ru}",
        en=f"Splitting {total} into {parts}{rounded_en} leaves a part of zero: take {en}",
    )


def split_minor(total: int, parts: int, remainder: Remainder, unit: int) -> list[int]:
    """The arithmetic of `split` on minor units not below zero; parts of zero are allowed here."""
    to_first = remainder in (Remainder.spread_first, Remainder.remainder_first)
    if remainder in (Remainder.spread_first, Remainder.spread_last):
        whole_units, rest = divmod(total, unit)
        each, extra = divmod(whole_units, parts)
        sums = [(each + 1) * unit] * extra + [each * unit] * (parts - extra)
    else:
        base = total // parts // unit * unit
        sums = [base] * parts
        rest = total - base * parts
    if not to_first:
        sums.reverse()
    sums[0 if to_first else -1] += rest
    if sum(sums) != total:
        raise AssertionError(f"parts {sums} do not add up to {total}")
    return sums


def default_remainder(unit: Money | None) -> Remainder:
    """What `remainder` means when nobody chose: spread, but with a rounding unit all of it goes to the last part."""
    return Remainder.remainder_last if unit else Remainder.spread_first


def unit_in_minor(unit: Money | None, total: Money) -> int:
    """The rounding unit of `total` in minor units, at least 1."""
    if unit is None:
        return 1
    if unit < Money(0, total.currency):
        raise Refusal(
            "unit_negative",
            ru=f"Округлять до {unit} нельзя: укажите 0 (без округления) или больше",
            en=f"Rounding to {unit} is impossible: give 0 (no rounding) or more",
        )
    return unit.minor or 1


def check_parts(parts: int) -> None:
    """Refuses a number of parts that is no number of parts."""
    if parts < 1:
        raise Refusal(
            "parts_not_positive",
            ru=f"Число частей или платежей {parts}: должно быть 1 или больше",
            en=f"The number of parts or payments is {parts}: it must be 1 or more",
        )
    if parts > MOST_PARTS:
        raise Refusal(
            "too_many_parts",
            ru=f"Число частей или платежей {parts}: должно быть не больше {MOST_PARTS}",
            en=f"The number of parts or payments is {parts}: it must be at most {MOST_PARTS}",
        )
