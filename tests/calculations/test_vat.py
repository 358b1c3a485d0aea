"""VAT rates by the day (Tax Code, art. 164)."""

from datetime import date

import pytest

from calculations.vat import VatRate, vat_percent
from tests.calculations.refusals import refused


@pytest.mark.parametrize(
    ("rate", "day", "percent"),
    [
        (VatRate.standard, date(2018, 12, 31), 18),
        (VatRate.standard, date(2019, 1, 1), 20),
        (VatRate.standard, date(2025, 12, 31), 20),
        (VatRate.standard, date(2026, 1, 1), 22),
        (VatRate.ten, date(2026, 1, 1), 10),
        (VatRate.five, date(2025, 1, 1), 5),
        (VatRate.seven, date(2026, 6, 1), 7),
        (VatRate.zero, date(2026, 6, 1), 0),
        (VatRate.none, date(2026, 6, 1), None),
    ],
)
def test_the_rate_is_that_of_the_day(rate: VatRate, day: date, percent: int | None) -> None:
    assert vat_percent(rate, day) == percent


def test_a_rate_of_later_years_is_refused_for_an_earlier_day() -> None:
    with refused("vat_rate_unknown", "2024"):
        vat_percent(VatRate.five, date(2024, 12, 31))
