"""Value added tax as dated data: the rate of a day, and the share of it in a sum paid in advance.

Source: Tax Code of Russia, art. 164: 18 % until 2018, 20 % from 2019, 22 % from 2026 (pt. 3), 10 % (pt. 2), rates of
the simplified system 5 % and 7 % from 2025 (pt. 8), and the calculated rate rate/(100 + rate) of pt. 4.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from calculations.refusal import Refusal


class VatRate(StrEnum):
    """What a seller pays: `standard` is whatever the law's general rate is on the day."""

    none = "none"
    zero = "0"
    five = "5"
    seven = "7"
    ten = "10"
    standard = "standard"


@dataclass(frozen=True, slots=True)
class DatedRate:
    rate: VatRate
    percent: int
    valid_from: date


RATES = (
    DatedRate(VatRate.zero, 0, date.min),
    DatedRate(VatRate.five, 5, date(2025, 1, 1)),
    DatedRate(VatRate.seven, 7, date(2025, 1, 1)),
    DatedRate(VatRate.ten, 10, date.min),
    DatedRate(VatRate.standard, 18, date(2004, 1, 1)),
    DatedRate(VatRate.standard, 20, date(2019, 1, 1)),
    DatedRate(VatRate.standard, 22, date(2026, 1, 1)),
)


def vat_percent(rate: VatRate, day: date) -> int | None:
    """Whole percent on that day; None for a seller without VAT. Refusal: vat_rate_unknown, where the rate was not."""
    if rate is VatRate.none:
        return None
    known = [one for one in RATES if one.rate is rate and one.valid_from <= day]
    if not known:
        raise Refusal(
            "vat_rate_unknown",
            ru=f"На {day:%d.%m.%Y} нет ставки НДС «{rate}»: укажите другую ставку терминала",
            en=f"There was no VAT rate {rate} on {day.isoformat()}: set another rate for the terminal",
        )
    return max(known, key=lambda one: one.valid_from).percent
