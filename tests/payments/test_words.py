"""Sums and dates in words: as Russians write them, and for everybody else in English."""

from datetime import date

import pytest

from calculations.currencies import EXPONENTS
from calculations.money import Money
from payments.words import date_words, money_words

NARROW_OR_WIDE = str.maketrans({"\u00a0": " ", "\u202f": " "})


def test_a_sum_and_a_date_in_russian() -> None:
    assert money_words(Money(2_500_000, "RUB"), "ru").translate(NARROW_OR_WIDE) == "25 000,00 ₽"
    assert date_words(date(2026, 2, 10), "ru") == "10.02.2026"


def test_a_sum_and_a_date_in_english() -> None:
    assert "25,000.00" in money_words(Money(2_500_000, "RUB"), "de")
    assert date_words(date(2026, 2, 10), "de") == "Feb 10, 2026"


def test_a_currency_without_decimals_has_none() -> None:
    assert "." not in money_words(Money(500, "JPY"), "en")


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("currency", sorted(EXPONENTS))
def test_every_digit_of_a_sum_is_shown_whatever_the_currency(currency: str, language: str) -> None:
    """Of dinars of Serbia or Iraq people rarely see the hundredths, but banks charge them."""
    for money in (Money(1_234_567, currency), Money(-5, currency)):
        words = money_words(money, language)
        assert "".join(filter(str.isdigit, words)).lstrip("0") == str(abs(money.minor))
        assert ("-" in words or "\u2212" in words) == (money.minor < 0)
