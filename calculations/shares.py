"""Splitting a sum by percentages or weights."""

from collections.abc import Sequence
from fractions import Fraction

from calculations.money import Money


def parse_shares(value: str | Sequence[str]) -> tuple[Fraction, ...]:
    """`50%, 30%, 20%`, `50%, 30%, rest` or weights `5, 3, 2`; as one text or as a list. The result adds up to 1.

    Percentages reach 100 % or end in `rest` (`остаток`). Refusals: `shares_missing`, `shares_not_understood`,
    `shares_mixed`, `shares_not_positive`, `shares_not_100`, `shares_rest`, `too_many_parts`.
    """
    raise NotImplementedError


def split_by_shares(total: Money, shares: Sequence[Fraction]) -> tuple[Money, ...]:
    """Parts in proportion to `shares` (any positive numbers), adding up to `total` exactly.

    Every part is rounded down, the leftover minor units go to the largest lost fractions, ties to the earlier part;
    a negative total is the mirror image. A part of zero is the refusal `zero_part`.
    """
    raise NotImplementedError
