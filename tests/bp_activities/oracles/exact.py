"""Exact rationals become minor units once, and minor units become the text a result carries."""

from decimal import Decimal
from fractions import Fraction

DIGITS = {"RUB": 2, "USD": 2, "JPY": 0, "KWD": 3}  # ISO 4217


def half_up(value: Fraction) -> int:
    """The nearest whole number, a half away from zero: read off the double, so that no rounding mode takes part."""
    size = (2 * abs(value.numerator) + value.denominator) // (2 * value.denominator)
    return size if value >= 0 else -size


def up_to(value: Fraction, unit: int) -> int:
    """The smallest multiple of the unit that is not below the value."""
    return -((-value) // unit) * unit


def text(minor: int, currency: str = "RUB") -> str:
    return f"{Decimal(minor).scaleb(-DIGITS[currency]):.{DIGITS[currency]}f}"


def texts(minors: list[int], currency: str = "RUB") -> list[str]:
    return [text(minor, currency) for minor in minors]
