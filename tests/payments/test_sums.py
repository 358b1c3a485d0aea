"""The sum of a CRM item: exactly what the portal wrote, in the units of its currency."""

import pytest

from bitrix24.crm import Item
from calculations.money import Money
from payments.sums import sum_of
from tests.calculations.refusals import refused


def item(opportunity: object, currency: str = "RUB") -> Item:
    return Item.model_validate({"entityTypeId": 2, "id": 5, "opportunity": opportunity, "currencyId": currency})


@pytest.mark.parametrize(
    ("written", "currency", "minor"),
    [
        ("1200.00", "JPY", 1200),
        ("12000000000000.00", "JPY", 12_000_000_000_000),
        ("1200.5000", "RUB", 120_050),
        ("10000000000000.01", "RUB", 1_000_000_000_000_001),
        ("1000", "RUB", 100_000),
        ("12.345", "KWD", 12_345),
        ("12.3450", "KWD", 12_345),
    ],
)
def test_zeros_beyond_the_currencys_units_are_no_digits(written: str, currency: str, minor: int) -> None:
    assert sum_of(item(written, currency)) == Money(minor, currency)


def test_digits_beyond_them_are_refused_and_no_sum_is_none() -> None:
    with refused("amount_too_precise", "1200.505", "RUB"):
        sum_of(item("1200.505"))
    with refused("amount_too_precise", "0.5", "JPY"):
        sum_of(item("0.50", "JPY"))
    assert sum_of(item("0.00")) is None
    assert sum_of(item("")) is None
    assert sum_of(item("5", "")) is None
