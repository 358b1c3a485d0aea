"""The JSON object of a request as YooKassa reads it: sums are texts of roubles, errors name the field by its path."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from werkzeug.wrappers import Request

from sandbox.acquirers.yookassa.refusals import Refusal

_SUM = re.compile(r"\d{1,12}(\.\d{1,2})?")


@dataclass(frozen=True)
class Fields:
    """`at` is the place of this object in the whole body, with a final dot."""

    values: dict[str, Any]
    at: str = ""

    def wrong(self, name: str, why: str) -> Refusal:
        return Refusal("invalid_request", why, self.at + name)

    def text(self, name: str, longest: int = 0) -> str:
        """A text that has to be there."""
        value = self.optional_text(name, longest)
        if not value:
            raise self.wrong(name, "The parameter is required")
        return value

    def optional_text(self, name: str, longest: int = 0) -> str:
        value = self.values.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self.wrong(name, "The parameter is a string")
        if longest and len(value) > longest:
            raise self.wrong(name, f"The parameter is not longer than {longest}")
        return value

    def one_of(self, name: str, choices: frozenset[str]) -> str:
        """One of the values; empty when left out."""
        value = self.optional_text(name)
        if value and value not in choices:
            raise self.wrong(name, f"The parameter is one of {', '.join(sorted(choices))}")
        return value

    def flag(self, name: str) -> bool:
        value = self.values.get(name)
        if value is not None and not isinstance(value, bool):
            raise self.wrong(name, "The parameter is true or false")
        return bool(value)

    def whole(self, name: str, least: int, most: int) -> int:
        value = self.values.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self.wrong(name, f"The parameter is a number from {least} to {most}")
        return value

    def inner(self, name: str) -> Fields | None:
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self.wrong(name, "The parameter is an object")
        return Fields(value, f"{self.at}{name}.")

    def each(self, name: str, most: int) -> list[Fields]:
        """A list of objects, at least one."""
        value = self.values.get(name)
        if (
            not isinstance(value, list)
            or not 1 <= len(value) <= most
            or not all(isinstance(one, dict) for one in value)
        ):
            raise self.wrong(name, f"The parameter is a list of 1 to {most} objects")
        return [Fields(one, f"{self.at}{name}[{place}].") for place, one in enumerate(value)]

    def amount(self, name: str = "amount") -> int:
        """A sum of roubles in kopecks, above zero."""
        money = self.inner(name)
        if money is None:
            raise self.wrong(name, "The parameter is required")
        text = str(money.values.get("value"))
        if not _SUM.fullmatch(text) or not Decimal(text):
            raise money.wrong("value", "The sum is a number above zero with a point and two digits")
        if money.text("currency") != "RUB":
            raise money.wrong("currency", "The currency is not that of the store")
        return int(Decimal(text).scaleb(2))

    def metadata(self) -> dict[str, str]:
        """At most 16 pairs, names to 32 characters, values to 512."""
        found = self.inner("metadata")
        if found is None:
            return {}
        if len(found.values) > 16 or any(len(name) > 32 for name in found.values):
            raise self.wrong("metadata", "Not more than 16 keys of 32 characters")
        return {name: found.optional_text(name, 512) for name in found.values}


def read_fields(request: Request) -> Fields:
    """The object in a POST's body, empty where there is no body. Raises Refusal."""
    content = request.get_data()
    if not content:
        return Fields({})
    if request.mimetype != "application/json":
        raise Refusal("", "Content-Type must be application/json", "Content-Type", 415)
    try:
        values = json.loads(content, parse_float=Decimal)
    except ValueError:
        raise Refusal("invalid_request", "The body is not JSON") from None
    if not isinstance(values, dict):
        raise Refusal("invalid_request", "The body must be a JSON object")
    return Fields(values)


def plain(value: Any) -> Any:
    """What was read, with fractions as ordinary numbers, as it is told again."""
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return float(value) if isinstance(value, Decimal) else value


def roubles(amount: int) -> dict[str, object]:
    """Kopecks as YooKassa writes a sum."""
    return {"value": f"{amount // 100}.{amount % 100:02d}", "currency": "RUB"}
