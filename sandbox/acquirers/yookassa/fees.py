"""YooKassa's commission on a payment, and the VAT on the commission."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from sandbox.acquirers.bank import Bank


@dataclass(frozen=True)
class Fee:
    """Kopecks."""

    commission: int
    vat: int

    @property
    def whole(self) -> int:
        return self.commission + self.vat


def fee_of(bank: Bank, amount: int) -> Fee:
    commission = _share(amount, bank.settings["commission_percent"])
    return Fee(commission, _share(commission, bank.settings["commission_vat_percent"]))


def _share(amount: int, percent: object) -> int:
    share = Decimal(amount) * Decimal(str(percent)) / 100
    return int(share.quantize(Decimal(1), ROUND_HALF_UP))
