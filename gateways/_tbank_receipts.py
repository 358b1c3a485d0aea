"""T-Bank's notices of receipts: how the till fared with one, told with its fiscal numbers and without any of ours."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError

from calculations.money import Money
from gateways._notice import Notice, ReceiptNotice
from gateways._receipt import Settlement
from gateways._tbank_answers import CURRENCY, Answer, Kopecks, Shape, Wording, seen

FISCAL_NUMBER = re.compile(r"[0-9A-Za-z]{1,20}")


def _as_list(value: object) -> object:
    return value if isinstance(value, list) and all(isinstance(one, dict) for one in value) else []


def _as_mapping(value: object) -> object:
    return value if isinstance(value, dict) else {}


class _Item(Shape):
    payment_method: Wording = ""


class _Content(Shape):
    items: Annotated[list[_Item], BeforeValidator(_as_list)] = Field(default_factory=list)

    @property
    def settlements(self) -> frozenset[Settlement]:
        words = {item.payment_method for item in self.items}
        return frozenset(Settlement(word) for word in words) if words <= set(Settlement) else frozenset()


class _Fiscal(Answer):
    message: Wording = Field(default="", alias="ErrorMessage")
    direction: Literal["Income", "IncomeReturn"] = Field(alias="Type")
    amount: Kopecks
    fn_number: Wording = ""
    fiscal_document_number: Wording = ""
    fiscal_document_attribute: Wording = ""
    receipt: Annotated[_Content, BeforeValidator(_as_mapping)] = Field(default_factory=_Content)

    @property
    def receipt_id(self) -> str:
        parts = (self.fn_number, self.fiscal_document_number, self.fiscal_document_attribute)
        return "-".join(parts) if all(FISCAL_NUMBER.fullmatch(part) for part in parts) else ""


def receipt_notice(fields: Mapping[str, Any], notice: Notice, password: str) -> Notice:
    """From the fields of a verified notice; as it is where they tell no direction, no sum or two outcomes at once."""
    try:
        told = _Fiscal.model_validate(fields)
    except ValidationError:
        return notice
    if told.success and not told.ok:
        return notice
    words = told.words(password)
    return ReceiptNotice(
        order_number=notice.order_number,
        payment_id=notice.payment_id,
        status="done" if told.ok else "failed",
        returned=told.direction == "IncomeReturn",
        amount=Money(told.amount, CURRENCY),
        settlements=told.receipt.settlements,
        receipt_id=told.receipt_id if told.ok else "",
        reason="" if told.ok else ": ".join(one for one in (seen(told.error_code), words) if one),
    )
