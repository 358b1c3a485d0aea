"""Sums and dates as people of a portal write them: `25 000,00 ₽` and `10.02.2026`, or `Feb 10, 2026`."""

from datetime import date
from decimal import Decimal

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_currency

from calculations.currencies import exponent
from calculations.money import Money


def money_words(money: Money, language: str) -> str:
    """With all the digits of ISO 4217: the library's own table leaves out the hundredths of some currencies."""
    locale = Locale.parse(_locale(language))
    decimals = exponent(money.currency)
    pattern = locale.currency_formats["standard"].pattern.replace("0.00", f"0.{'0' * decimals}" if decimals else "0")
    return format_currency(Decimal(money.text), money.currency, pattern, locale=locale, currency_digits=False)


def date_words(day: date, language: str) -> str:
    return f"{day:%d.%m.%Y}" if language == "ru" else format_date(day, "medium", locale=_locale(language))


def _locale(language: str) -> str:
    return "ru_RU" if language == "ru" else "en_US"
