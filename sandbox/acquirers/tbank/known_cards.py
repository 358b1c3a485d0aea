"""Test cards of T-Bank's test environment: which succeed, which ask for the client, which are refused with what."""

from __future__ import annotations

from dataclasses import dataclass

PASSWORD = "1qwezxc"


@dataclass(frozen=True)
class KnownCard:
    """`code` is the refusal, `asks` whether 3-D Secure wants its password."""

    says: str
    code: str = ""
    asks: bool = False


CARDS = {
    "2200770239097761": KnownCard("оплата проходит"),
    "2201382000000013": KnownCard("оплата проходит, 3-D Secure без вопросов"),
    "2201382000000047": KnownCard("банк спросит пароль 3-D Secure", asks=True),
    "2201382000000831": KnownCard("недостаточно средств", code="1051"),
    "2201382000000021": KnownCard("банк отклонит оплату", code="1005"),
    "2201382000000005": KnownCard("банк не подтвердит клиента", code="101"),
    "2201382000000039": KnownCard("оплата проходит, банк без 3-D Secure"),
}
