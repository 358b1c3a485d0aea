"""What is said where an acquirer does not take the currency of a sum: which one, and what it takes instead."""

from collections.abc import Sequence

from calculations.refusal import Refusal
from gateways import AnyGateway, Method

Untaken = tuple[AnyGateway, str]
"""A gateway, and the name of its terminal as people type it."""


def takes(gateway: AnyGateway, method: Method, currency: str) -> bool:
    """As far as is known without asking the acquirer."""
    known = gateway.currencies_by(method)
    return known is None or currency in known


def currency_not_taken(currency: str, method: Method, asked: Sequence[Untaken]) -> Refusal:
    lines = [(gateway.title, name, ", ".join(sorted(gateway.currencies_by(method) or ()))) for gateway, name in asked]
    ru = "; ".join(f"{title.ru} ({name}) не принимает {currency}, а только {taken}" for title, name, taken in lines)
    en = "; ".join(f"{title.en} ({name}) does not take {currency}, only {taken}" for title, name, taken in lines)
    return Refusal(
        "currency_not_taken",
        ru=f"{ru}. Деньги не списаны: назовите сумму в другой валюте или другую платёжную систему.",
        en=f"{en}. Nothing was taken: give the sum in another currency, or name another gateway.",
    )
