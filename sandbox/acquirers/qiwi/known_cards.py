"""Test cards of QIWI's test mode: what happens to them follows from the month they expire in."""

from __future__ import annotations

CARDS = {
    "2200000000000004": "Мир",
    "2200000000000012": "Мир",
    "4256000000000003": "Visa",
    "5236000000000005": "Mastercard",
    "6056000000000000": "UnionPay",
}
REFUSED_MONTHS = frozenset({"02", "04"})  # 04, and 03, only after three seconds
SLOW_MONTHS = frozenset({"03", "04"})
SECONDS = 3
CVC_OF_3DS = "849"
REFUSAL = "ACQUIRING_INSUFFICIENT_FUNDS 51"


def masked(pan: str) -> str:
    return f"{pan[:6]}******{pan[-4:]}"
