"""Test cards of YooKassa's test shops: which succeed, which ask for the client, which are refused with what."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class KnownCard:
    """`reason` is the refusal, `asks` whether 3-D Secure wants its code; `kind` as the API names it."""

    says: str
    kind: str
    reason: str = ""
    asks: bool = False
    party: str = ""


CARDS = {
    "5555555555554444": KnownCard("оплата проходит", "MasterCard"),
    "5555555555554477": KnownCard("банк спросит код 3-D Secure", "MasterCard", asks=True),
    "4111111111111111": KnownCard("оплата проходит", "Visa"),
    "4793128161644804": KnownCard("банк спросит код 3-D Secure", "Visa", asks=True),
    "2202474301322987": KnownCard("оплата проходит", "Mir"),
    "2200000000000004": KnownCard("банк спросит код 3-D Secure", "Mir", asks=True),
    "5555555555554600": KnownCard("недостаточно средств", "MasterCard", "insufficient_funds"),
    "2200000000000053": KnownCard("недостаточно средств", "Mir", "insufficient_funds"),
    "5555555555554543": KnownCard("срок карты истёк", "MasterCard", "card_expired"),
    "5555555555554592": KnownCard("банк не подтвердит клиента", "MasterCard", "3d_secure_failed"),
    "5555555555554535": KnownCard("банк велит позвонить", "MasterCard", "call_issuer"),
    "5555555555554527": KnownCard("отказ без причины", "MasterCard", "general_decline"),
    "5555555555554501": KnownCard("банк недоступен", "MasterCard", "issuer_unavailable"),
    "5555555555554576": KnownCard("превышен лимит", "MasterCard", "payment_method_limit_exceeded"),
    "5555555555554550": KnownCard("операции по карте запрещены", "MasterCard", "payment_method_restricted"),
    "5555555555554568": KnownCard("подозрение на мошенничество у банка", "MasterCard", "fraud_suspected"),
    "5555555555554634": KnownCard(
        "подозрение на мошенничество у ЮKassa", "MasterCard", "fraud_suspected", party="yoo_money"
    ),
    "5555555555554584": KnownCard("карта другой страны", "MasterCard", "country_forbidden"),
    "5555555555554618": KnownCard("неверный номер карты", "MasterCard", "invalid_card_number"),
    "5555555555554626": KnownCard("неверный код", "MasterCard", "invalid_csc"),
}
