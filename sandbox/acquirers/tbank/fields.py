"""The fields of one request as T-Bank reads them: names are case-sensitive, types checked, errors carry its codes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from werkzeug.wrappers import Request

from sandbox.acquirers.tbank.refusals import Refusal


class Literal(Decimal):
    """A number that is no integer, kept as it was written, because it takes part in the token as text."""

    written: str

    @classmethod
    def read(cls, text: str) -> Literal:
        number = cls(text)
        number.written = text
        return number

    def __str__(self) -> str:
        return self.written


@dataclass(frozen=True)
class Fields:
    """`lenient` takes a number where text is documented and text of digits where a number is."""

    values: dict[str, Any]
    lenient: bool = False

    def text(self, name: str, longest: int = 0, too_long: str = "1") -> str:
        """A text that has to be there; `too_long` is the code for a wrong length."""
        value = self.values.get(name)
        if value is None:
            raise Refusal("2", f"Отсутствует обязательный параметр {name}")
        if value == "":
            raise Refusal("201", f"Поле {name} не должно быть пустым")
        return self._text(name, value, longest, too_long)

    def optional_text(self, name: str, longest: int = 0, too_long: str = "1") -> str:
        """A text that may be left out: empty then."""
        value = self.values.get(name)
        return "" if value is None else self._text(name, value, longest, too_long)

    def number_or_text(self, name: str) -> str:
        """An id that is documented as a number and taken as a text too."""
        value = self.values.get(name)
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else self.text(name)

    def amount(self, name: str = "Amount") -> int:
        value = self.values.get(name)
        if value is None:
            raise Refusal("2", f"Отсутствует обязательный параметр {name}")
        if self.lenient and isinstance(value, str) and value.isdecimal():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise Refusal("247", f"{name} — целое число копеек")
        if value < 1 or value > 9_999_999_999:
            raise Refusal("251", "Сумма должна быть больше или равна 1 копеек")
        return value

    def optional_amount(self, name: str = "Amount") -> int | None:
        return None if self.values.get(name) is None else self.amount(name)

    def one_of(self, name: str, choices: tuple[str, ...]) -> str:
        """One of the values, the first when left out."""
        value = self.optional_text(name) or choices[0]
        if value not in choices:
            raise Refusal("1", f"{name}: {', '.join(choices)}")
        return value

    def flag(self, name: str) -> bool:
        value = self.values.get(name, False)
        if not isinstance(value, bool):
            raise Refusal("1", f"{name} — true или false")
        return value

    def mapping(self, name: str) -> dict[str, Any] | None:
        value = self.values.get(name)
        if value is not None and not isinstance(value, dict):
            raise Refusal("1", f"{name} — объект")
        return value

    def _text(self, name: str, value: object, longest: int, too_long: str) -> str:
        if self.lenient and isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str):
            raise Refusal("1", f"{name} — строка")
        if longest and len(value) > longest:
            raise Refusal(too_long, f"Размер поля {name} должен быть от 1 до {longest}")
        return value


def read_fields(request: Request, lenient: bool) -> Fields:
    """The JSON object of a POST. Raises Refusal."""
    if request.mimetype != "application/json":
        raise Refusal("1", "Content-Type: application/json")
    try:
        values = json.loads(request.get_data(), parse_float=Literal.read)
    except ValueError:
        raise Refusal("1", "Тело запроса не является JSON") from None
    if not isinstance(values, dict):
        raise Refusal("1", "Тело запроса должно быть объектом JSON")
    return Fields(values, lenient)


def read_data(fields: Fields) -> dict[str, str]:
    """The pairs of `DATA`: at most 20, keys to 20 characters, values to 100; both are texts.

    `OperationInitiatorType`, the one documented key that is longer, is let through.
    """
    data = fields.values.get("DATA")
    if data is None:
        return {}
    if not isinstance(data, dict) or not all(isinstance(value, str) for value in data.values()):
        raise Refusal("250", "DATA — объект, значения которого строки")
    if len(data) > 20:
        raise Refusal("207", "Не больше 20 пар")
    if any(len(key) > 20 and key != "OperationInitiatorType" for key in data):
        raise Refusal("208", "Не больше 20 знаков")
    if any(len(value) > 100 for value in data.values()):
        raise Refusal("209", "Не больше 100 знаков")
    return data
