"""The way to QIWI: a bearer key, errors told by their codes, sums as texts with two decimals."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from calculations.currencies import exponent
from calculations.money import Money
from calculations.refusal import Refusal
from gateways._errors import Misconfigured, OutcomeUnknown, Trouble
from gateways._http import Http, Reply

WORD = re.compile(r"[A-Za-z0-9_.]{1,60}")
AMOUNT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,4})?")
REFUSED = frozenset({400, 405, 406})  # the request was wrong; nothing came of it


class Shape(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, coerce_numbers_to_str=True)


class Amount(Shape):
    """`value` is a number in one answer and a text in the next."""

    value: str
    currency: str

    @property
    def money(self) -> Money:
        """Raises OutcomeUnknown."""
        try:
            scaled = Decimal(self.value).scaleb(exponent(self.currency)) if AMOUNT.fullmatch(self.value) else None
            if scaled is None or scaled != int(scaled):
                raise OutcomeUnknown("QIWI answered with a sum that is none")
            return Money(int(scaled), self.currency)
        except (InvalidOperation, Refusal):
            raise OutcomeUnknown("QIWI answered with a currency that nobody knows") from None


class Error(Shape):
    error_code: str = Field(default="", alias="errorCode")
    cause: Mapping[str, Any] | None = None

    @property
    def code(self) -> str:
        """Elder answers spell it with `error.code.` in front."""
        return word(self.error_code).removeprefix("error.code.")

    @property
    def text(self) -> str:
        """The code and the fields it is about; what stands in them is left out."""
        return " ".join(filter(None, (self.code, *(word(name) for name in self.cause or ()))))

    @property
    def no_such_thing(self) -> bool:
        """`http.url.not.found` is about an address, not about what we asked for."""
        return self.code.endswith("not.found") and not self.code.startswith("http.")


class Line:
    """`root` is the path of one of QIWI's interfaces."""

    def __init__(self, http: Http, root: str, key: str) -> None:
        self._http = http
        self._root = root
        self._headers = {"Authorization": f"Bearer {key}", "Accept": "application/json"}

    def find(self, path: str) -> Any:
        """What stands there; None when QIWI says that there is no such thing."""
        reply = self._http.get(self._root + path, {}, headers=self._headers)
        if reply.status == 404 and read(Error, reply.data).no_such_thing:
            return None
        if reply.status != 200:
            raise trouble(reply)
        return reply.data

    def put(self, path: str, body: Mapping[str, object]) -> Reply:
        return self._http.put(self._root + path, body, headers=self._headers)

    def post(self, path: str) -> Reply:
        return self._http.post(self._root + path, {}, headers=self._headers)

    def delete(self, path: str, body: Mapping[str, object]) -> Reply:
        return self._http.delete(self._root + path, body, headers=self._headers)


def refusal(reply: Reply) -> Error:
    """Why nothing came of a request. Raises where that is not sure, or a person has to act."""
    if reply.status not in REFUSED:
        raise trouble(reply)
    error = read(Error, reply.data)
    if not error.code or error.code.startswith("auth."):
        raise trouble(reply)
    return error


def refund_refusal(reply: Reply) -> str:
    """The same of a refund, where a payment that QIWI does not know is a refusal too."""
    error = read(Error, reply.data) if reply.status == 404 else refusal(reply)
    if reply.status == 404 and not error.no_such_thing:
        raise trouble(reply)
    return error.text


def trouble(reply: Reply) -> Trouble:
    error = read(Error, reply.data)
    text = ", ".join(filter(None, (f"{reply.request}: answered {reply.status}", error.text)))
    if reply.status in (401, 403) or error.code.startswith("auth."):
        return Misconfigured(f"{text}: compare site_id and secret_key with QIWI's cabinet, and what the key is for")
    if reply.status == 404 and error.no_such_thing:
        return Misconfigured(f"{text}: QIWI knows no such site; compare site_id with its cabinet")
    return OutcomeUnknown(text)


S = TypeVar("S", bound=Shape)


def read(shape: type[S], data: object) -> S:
    """Raises OutcomeUnknown that names the field and nothing of what stood there."""
    try:
        return shape.model_validate(data)
    except ValidationError as error:
        wrong = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
        raise OutcomeUnknown(f"QIWI's answer is not of the shape agreed: {wrong or 'not an object'}") from None


def word(text: str | None) -> str:
    """A word of theirs as it may stand in ours; empty for anything that might be an echo."""
    return text if text and WORD.fullmatch(text) else ""


def sum_of(amount: Money) -> dict[str, str]:
    return {"currency": amount.currency, "value": amount.text}
