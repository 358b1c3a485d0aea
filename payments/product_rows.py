"""Product rows of a split document: every part gets its share of every row, and its rows add up to its sum."""

from collections.abc import Sequence
from fractions import Fraction

from calculations.money import Money
from calculations.shares import split_by_weights_minor


def shares_of_rows(row_totals: Sequence[Money], part_amounts: Sequence[Money]) -> list[list[Money]]:
    """For each part, what it takes of each row; columns add up to the parts exactly.

    Rows that do not add up to the whole (a sum set by hand) are scaled to it first. Row by row nothing is lost
    either: the last part takes what the others left.
    """
    whole = sum(amount.minor for amount in part_amounts)
    left = split_by_weights_minor(whole, [Fraction(total.minor) for total in row_totals])
    parts = []
    for amount in part_amounts:
        taken = split_by_weights_minor(amount.minor, [Fraction(minor) for minor in left])
        left = [rest - share for rest, share in zip(left, taken, strict=True)]
        parts.append([Money(share, amount.currency) for share in taken])
    if any(left):
        raise AssertionError(f"rows of a split must be used up, left are {left}")
    return parts
