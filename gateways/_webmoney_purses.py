"""Purses of WebMoney: a letter for what their units are worth, and sums as the merchant service writes them."""

import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from calculations.currencies import exponent
from calculations.money import Money
from gateways._errors import Misconfigured

PURSE = re.compile(r"[A-Z][0-9]{12}")
WMID = re.compile(r"[0-9]{12}")
AMOUNT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,4})?")
ROUBLE_LETTERS = frozenset({"P", "R"})
CURRENCIES: Mapping[str, str] = MappingProxyType({"Z": "USD", "E": "EUR", "K": "KZT", "P": "RUB", "R": "RUB"})
"""Units of the other letters are worth gold or coins, and no currency of an order."""


def currency_of(purse: str) -> str:
    """Raises Misconfigured for what is no purse, or one whose unit no order can be in."""
    if not PURSE.fullmatch(purse):
        raise Misconfigured("purse of WebMoney's credentials is a letter and twelve digits, such as Z123456789012")
    if purse[0] not in CURRENCIES:
        raise Misconfigured(f"units of WebMoney's {purse[0]} purses are no currency: use a Z or E purse")
    return CURRENCIES[purse[0]]


def money_of(text: str, purse: str) -> Money | None:
    """A sum in the units of a purse; None for what is none."""
    currency = currency_of(purse)
    if not AMOUNT.fullmatch(text):
        return None
    scaled = Decimal(text).scaleb(exponent(currency))
    return Money(int(scaled), currency) if scaled == int(scaled) else None
