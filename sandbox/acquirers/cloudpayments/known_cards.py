"""The test cards of the documentation: what they do when entered, and when their token is charged."""

from __future__ import annotations

from dataclasses import dataclass

PASSWORD = "123456"


@dataclass(frozen=True)
class KnownCard:
    """`code` refuses the card itself, `token_code` its token later, `asks` for 3-D Secure."""

    says: str
    kind: str
    asks: bool = False
    code: str = ""
    token_code: str = ""


CARDS = {
    "4242424242424242": KnownCard("Visa, спросит 3-D Secure", "Visa", asks=True),
    "5555555555554444": KnownCard("Mastercard, спросит 3-D Secure", "MasterCard", asks=True),
    "2200000000000004": KnownCard("МИР, спросит 3-D Secure", "МИР", asks=True),
    "4012888888881881": KnownCard("3-D Secure, недостаточно средств", "Visa", asks=True, code="5051"),
    "4000000000003055": KnownCard("Visa, оплата проходит", "Visa"),
    "2202000000003055": KnownCard("МИР, оплата проходит", "МИР"),
    "4111111111111111": KnownCard("оплата проходит, по токену — недостаточно средств", "Visa", token_code="5051"),
    "2200000022222222": KnownCard("МИР, по токену — недостаточно средств", "МИР", token_code="5051"),
    "4000056655665556": KnownCard("недостаточно средств", "Visa", code="5051"),
    "2203000000000043": KnownCard("МИР, недостаточно средств", "МИР", code="5051"),
}
