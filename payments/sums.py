"""Sums of CRM items and product rows as money, exactly as the portal wrote them."""

from fractions import Fraction

from bitrix24.crm import Item
from bitrix24.product_rows import ProductRow
from calculations.currencies import exponent
from calculations.money import Money


def sum_of(item: Item) -> Money | None:
    """The item's own sum; None when it has none. Portals write kopecks of every currency: 1200.00 yen are 1200."""
    if not item.sum or not item.currency:
        return None
    return Money.parse(format(item.sum.normalize(), "f"), item.currency)


def total_of(row: ProductRow, currency: str) -> Money:
    """What a row comes to, rounded once: a quantity may be a fraction."""
    return Money.rounded(Fraction(row.price) * Fraction(row.quantity) * 10 ** exponent(currency), currency)
