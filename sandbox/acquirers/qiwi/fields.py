"""The JSON object of a request as QIWI reads it: sums are roubles with two digits, moments carry an offset."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from werkzeug.wrappers import Request

from sandbox.acquirers.qiwi.refusals import Refusal, wrong

CURRENCIES = ("RUB", "USD", "EUR")
LONGEST_COMMENT = 255
_SUM = re.compile(r"\d{1,6}(\.\d{1,2})?")


@dataclass(frozen=True)
class Fields:
    values: dict[str, Any]

    def text(self, name: str, longest: int = 0) -> str:
        """Empty when it is left out. Raises Refusal."""
        value = self.values.get(name, "")
        if not isinstance(value, str):
            raise wrong(name, "Invalid format. Must be a string")
        if longest and len(value) > longest:
            raise wrong(name, f"Invalid length. Must not be longer than {longest}")
        return value

    def inner(self, name: str) -> Fields:
        value = self.values.get(name, {})
        if not isinstance(value, dict):
            raise wrong(name, "Invalid format. Must be an object")
        return Fields(value)

    def flags(self) -> list[str]:
        value = self.values.get("flags", [])
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise wrong("flags", "Invalid format. Must be an array of strings")
        return value

    def amount(self) -> tuple[int, str]:
        """Kopecks above zero, and the currency."""
        money = self.inner("amount")
        text, currency = str(money.values.get("value", "")), money.text("currency")
        if isinstance(money.values.get("value"), bool) or not _SUM.fullmatch(text) or not Decimal(text):
            raise wrong("amount", "Invalid format. Amount value must be greater then zero")
        if currency not in CURRENCIES:
            raise wrong("currency", "Unsupported currency")
        return int(Decimal(text).scaleb(2)), currency

    def moment(self, name: str) -> datetime:
        try:
            at = datetime.fromisoformat(self.text(name))
        except ValueError:
            raise wrong(name, "Invalid format") from None
        if at.tzinfo is None:
            raise wrong(name, "Invalid format. Time zone is required")
        return at


def read_fields(request: Request) -> Fields:
    """The object in the body; empty where there is none. Raises Refusal."""
    content = request.get_data()
    if not content:
        return Fields({})
    if request.mimetype != "application/json":
        raise Refusal("http.media.type.not.supported", 406)
    try:
        values = json.loads(content, parse_float=Decimal)
    except ValueError:
        raise Refusal("http.message.conversion.failed") from None
    if not isinstance(values, dict):
        raise Refusal("http.message.conversion.failed")
    return Fields(values)
