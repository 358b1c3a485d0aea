"""Percentages people write: exact fractions, never rounded."""

from fractions import Fraction

from calculations.money import Money


def parse_percent(text: str) -> Fraction:
    """`12.5`, `12,5`, `12,5 %` -> 1/8. Refusals: `percent_not_understood`, `percent_negative`, `percent_too_large`."""
    raise NotImplementedError


def parse_sum_or_percent(text: str, currency: str) -> Money | Fraction:
    """`20%` -> Fraction(1, 5); anything else is money in `currency`."""
    raise NotImplementedError
