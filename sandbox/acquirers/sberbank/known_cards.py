"""Test cards of ECOM's documentation. Their dates roll there; here any date that is not past fits."""

from __future__ import annotations

from dataclasses import dataclass

ACS_PASSWORD = "111111"


@dataclass(frozen=True)
class KnownCard:
    """`asks`: the bank's ACS wants its password. `most`: the card's fixed balance in kopecks."""

    cvc: str
    says: str
    asks: bool = True
    code: str = ""
    most: int | None = None


CARDS = {
    "2202205000012424": KnownCard("649", "оплата проходит, 3-D Secure без вопросов", asks=False),
    "2202205300068092": KnownCard("583", "банк спросит пароль; на карте 100 рублей", most=10_000),
    "4006800900962514": KnownCard("941", "банк спросит пароль"),
    "5469980100048525": KnownCard("041", "банк спросит пароль"),
    "2202206100040083": KnownCard("061", "оплата проходит, карта без 3-D Secure", asks=False),
    "2202206000270541": KnownCard("123", "банк спросит пароль; карта компании"),
    "2202205000060910": KnownCard("810", "банк спросит пароль; недостаточно средств", code="116"),
    "2202202107593166": KnownCard("123", "банк спросит пароль; карта просрочена", code="101"),
}


def system_of(pan: str) -> str:
    return {"2": "MIR", "4": "VISA", "5": "MASTERCARD"}.get(pan[0], "MIR")
