"""Splitting a sum into parts that add up to it exactly."""

from enum import StrEnum

from calculations.money import Money


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
    total: Money, parts: int, remainder: Remainder = Remainder.spread_first, unit: Money | None = None
) -> tuple[Money, ...]:
    """`parts` sums that add up to `total`; a negative total is the mirror image of the positive one.

    `unit` (None or 0: one minor unit) is what parts are rounded to. Refusals: `parts_not_positive`, `too_many_parts`,
    `unit_negative`, `amount_not_positive` for 0, and `zero_part`, whose text says which count works.
    """
    raise NotImplementedError
