"""The fields of one request, JSON or form alike; sums are numbers in the currency's units with two digits at most."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from werkzeug.wrappers import Request

from sandbox.acquirers.cloudpayments.refusals import Refusal

CURRENCIES = frozenset({"RUB", "USD", "EUR", "GBP", "KZT", "BYN", "UAH"})
SMALLEST = Decimal("0.01")


@dataclass(frozen=True)
class Fields:
    """Names are read in any letter case."""

    values: Mapping[str, Any]

    def __contains__(self, name: str) -> bool:
        return self.values.get(name.lower()) not in (None, "")

    def text(self, name: str) -> str:
        if name not in self:
            raise Refusal(f"{name} is required")
        return self.optional_text(name)

    def optional_text(self, name: str, usual: str = "") -> str:
        value = self.values.get(name.lower())
        if value is None or value == "":
            return usual
        if isinstance(value, bool | dict | list):
            raise Refusal(f"Invalid {name} value")
        return str(value)

    def amount(self, name: str = "Amount") -> int:
        """Minor units."""
        value = self.values.get(name.lower())
        if value is None or value == "":
            raise Refusal(f"{name} is required")
        try:
            number = Decimal(value) if isinstance(value, int | Decimal | str) else Decimal("NaN")
        except InvalidOperation:
            number = Decimal("NaN")
        if isinstance(value, bool) or not number.is_finite() or number < SMALLEST or number * 100 != int(number * 100):
            raise Refusal(f"Invalid {name} value")
        return int(number * 100)

    def number(self, name: str) -> int:
        text = self.text(name)
        if not text.isdecimal():
            raise Refusal(f"Invalid {name} value")
        return int(text)

    def flag(self, name: str) -> bool:
        value = self.values.get(name.lower(), False)
        return value is True or str(value).lower() == "true"

    def one_of(self, name: str, choices: tuple[str, ...]) -> str:
        value = self.text(name)
        if value not in choices:
            raise Refusal(f"Invalid {name} value")
        return value

    def currency(self) -> str:
        value = self.optional_text("Currency", "RUB")
        if value not in CURRENCIES:
            raise Refusal("Invalid Currency value")
        return value

    def data(self) -> dict[str, Any] | None:
        """`JsonData`: an object, or its text."""
        value = self.values.get("jsondata")
        if isinstance(value, str) and value:
            try:
                value = json.loads(value, parse_float=Decimal)
            except ValueError:
                raise Refusal("Invalid JsonData value") from None
        if value in (None, ""):
            return None
        if not isinstance(value, dict):
            raise Refusal("Invalid JsonData value")
        return value


def read_fields(request: Request) -> Fields:
    """Raises Refusal."""
    if request.mimetype != "application/json":
        return Fields({name.lower(): value for name, value in request.form.items()})
    raw = request.get_data()
    try:
        values = json.loads(raw, parse_float=Decimal) if raw else {}
    except ValueError:
        raise Refusal("Invalid JSON") from None
    if not isinstance(values, dict):
        raise Refusal("Invalid JSON")
    return Fields({str(name).lower(): value for name, value in values.items()})


def units(minor: int) -> int | float:
    """Minor units as the number of an answer; two digits come out exactly."""
    whole, cents = divmod(minor, 100)
    return minor / 100 if cents else whole
