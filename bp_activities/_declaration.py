"""How a robot is declared: its form and its result as classes, its function under @robot; nothing is said twice.

The form draws the designer's fields and validates the call, so the two cannot drift.
"""

import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

from bp_activities._answer import Answer, Scalar, failed
from bp_activities._choices import titles
from bp_activities._values import (
    Amount,
    CurrencyCode,
    lines_of,
    one_of,
    read_binding,
    read_choice,
    read_currency,
    read_date,
    read_rate,
    read_whole,
    read_yes,
    refuse,
)
from calculations.dates_text import Culture
from calculations.money import Money
from calculations.refusal import Refusal
from schemas.binding import Binding
from schemas.card_number import CUT, cut_card_numbers
from schemas.declaration import Declaration, PropertyDeclaration, PropertyType, Words

if typing.TYPE_CHECKING:
    from bp_activities._call import Call

LONGEST_TEXT = 10_000
LONGEST_VALUE = 500  # of one value: keys are made of them, and PostgreSQL's indexes take 2704 bytes


@dataclass(frozen=True, slots=True)
class FormField:
    """What a form's field says of itself beyond its type."""

    label: Words
    hint: Words | None
    default: str
    required: bool
    join: str
    ge: int | None
    le: int | None


@dataclass(frozen=True, slots=True)
class ResultField:
    label: Words


def field(
    ru: str,
    en: str,
    *,
    hint: tuple[str, str] | None = None,
    default: str = "",
    required: bool = False,
    join: str = "",
    ge: int | None = None,
    le: int | None = None,
) -> Any:
    """A field of a form: its words, its hint (ru, en), and the text the designer fills in, read when nothing came.

    `join` puts a list that came for a text field together with this string; with line breaks the field is a long text.
    """
    said = FormField(Words(ru, en), Words(*hint) if hint else None, default, required, join, ge, le)
    return Field(default=None, json_schema_extra={"said": typing.cast(Any, said)})


def result(ru: str, en: str, *, default: Any = None) -> Any:
    """A result's field and its words; a field never set goes out empty."""
    return Field(default=default, json_schema_extra={"said": typing.cast(Any, ResultField(Words(ru, en)))})


class Form(BaseModel):
    """The base of every robot's form."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)


class Status(StrEnum):
    ok = "ok"
    skipped = "skipped"
    pending = "pending"
    failed = "failed"


class Result(BaseModel):
    """The base of every robot's result; the first three fields are in each of them."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    result_status: Status = result("Итог", "Outcome", default=Status.ok)
    error_code: str = result("Код причины", "Reason code", default="")
    error_text: Words | None = result("Причина словами", "Reason in words")

    def known(self) -> dict[str, Any]:
        """The robot's own results, without how it ended."""
        return {name: getattr(self, name) for name in type(self).model_fields if name not in Result.model_fields}


class NotDone(Refusal):
    """The robot has nothing to do: answered `skipped`, with whatever of the result is known."""

    def __init__(self, code: str, *, ru: str, en: str, known: Mapping[str, Any] | None = None) -> None:
        super().__init__(code, ru=ru, en=en)
        self.known = dict(known or {})


class Wait(Exception):
    """The result is not there yet: the call runs again at `until`, or when somebody wakes those that wait for `reason`.

    `answer` is what the workflow gets when it cannot wait any longer: pending, with whatever is known.
    """

    answer: Answer

    def __init__(
        self, until: datetime, code: str, *, ru: str, en: str, result: Result | None = None, reason: str = ""
    ) -> None:
        super().__init__(code)
        self.until = until
        self.code = code
        self.reason = reason or code
        self.words = (ru, en)
        self.result = result


FormT = TypeVar("FormT", bound=Form)
ResultT = TypeVar("ResultT", bound=Result)


def warned(done: ResultT, warning: Words, problem: str, code: str = "partly_done") -> ResultT:
    """A result that is `ok` but for something beside the point, which is said with the portal's own reason."""
    words = Words(f"{warning.ru}: {problem}", f"{warning.en}: {problem}")
    return done.model_copy(update={"error_code": code, "error_text": words})


@dataclass(frozen=True, slots=True)
class Robot:
    """One robot: everything the designer shows, and the function that does it."""

    code: str
    name: Words
    description: Words
    form: type[Form]
    result: type[Result]
    function: Callable[[Any, "Call"], Result]

    def answer(self, properties: Mapping[str, object], call: "Call") -> Answer:
        """Read the call and do the work; a refusal becomes an answer, everything else is raised."""
        language = call.facts.language
        try:
            done = self.function(self.read(properties, call.culture), call)
        except NotDone as reason:
            done = self.result(
                **reason.known,
                result_status=Status.skipped,
                error_code=reason.code,
                error_text=Words(reason.ru, reason.en),
            )
        except Wait as wait:
            wait.answer = self.render(self._pending(wait), language)
            raise
        except Refusal as refusal:
            return self.complete(failed(refusal.code, Words(refusal.ru, refusal.en), language))
        return self.render(done, language)

    def _pending(self, wait: Wait) -> Result:
        known = wait.result.known() if wait.result else {}
        words = Words(*wait.words)
        return self.result(**known, result_status=Status.pending, error_code=wait.code, error_text=words)

    def read(self, properties: Mapping[str, object], culture: Culture) -> Form:
        """The form of a call. Raises Refusal with the first field that cannot be read."""
        values = {}
        for name, info in self.form.model_fields.items():
            said = _said(info, FormField)
            _refuse_card_number(said, properties.get(name))
            value = _read(info.annotation, said, properties.get(name), culture)
            if value is not None:
                values[name] = value
        return self.form(**values)

    def render(self, done: Result, language: str) -> Answer:
        """A result as the workflow takes it."""
        values = {name: _rendered(getattr(done, name), language) for name in type(done).model_fields}
        text = str(values["error_text"])
        return Answer(values, text or self.name.in_language(language))

    def complete(self, answer: Answer) -> Answer:
        """The same answer with every result key present, empty where nothing is known."""
        empty = {name: _empty(info.annotation) for name, info in self.result.model_fields.items()}
        return Answer({**empty, **answer.values}, answer.log_message)

    @property
    def declaration(self) -> Declaration:
        properties = {
            name: _property(info.annotation, _said(info, FormField)) for name, info in self.form.model_fields.items()
        }
        results = {
            name: PropertyDeclaration(
                name=_said(info, ResultField).label,
                type=_result_type(info.annotation),
                multiple=_element(info.annotation)[1],
            )
            for name, info in self.result.model_fields.items()
        }
        return Declaration(self.code, self.name, self.description, properties, results)


def robot(
    code: str, *, ru: str, en: str, hint: tuple[str, str]
) -> Callable[[Callable[[FormT, "Call"], ResultT]], Robot]:
    """Declare a robot; the function's first parameter names its form, its return annotation its result."""

    def declare(function: Callable[[FormT, "Call"], ResultT]) -> Robot:
        parameters = list(inspect.signature(function).parameters)
        hints = inspect.get_annotations(function)
        return Robot(code, Words(ru, en), Words(*hint), hints[parameters[0]], hints["return"], function)

    return declare


SaidT = TypeVar("SaidT", FormField, ResultField)


def _refuse_card_number(field: FormField, value: object) -> None:
    """Numbers are cut out at the door; the robot says so instead of working with what is left."""
    if CUT in cut_card_numbers(str(value)):
        raise Refusal(
            "card_number",
            ru=f"В поле «{field.label.ru}» номер карты: уберите его, номера карт здесь не нужны и не хранятся. Ничего "
            "не сделано",
            en=f"The field “{field.label.en}” holds a card number: take it out, card numbers are neither needed nor "
            "kept here. Nothing was done",
        )


def _said(info: FieldInfo, kind: type[SaidT]) -> SaidT:
    said = typing.cast(dict[str, Any], info.json_schema_extra)["said"]
    if not isinstance(said, kind):
        raise TypeError(f"{info!r} is declared with the wrong one of field() and result()")
    return said


def _element(annotation: Any) -> tuple[Any, bool]:
    """The type of one value without its None, and whether there are many of them."""
    inner = [argument for argument in typing.get_args(annotation) if argument is not type(None)]
    if typing.get_origin(annotation) is list:
        return inner[0], True
    if inner:
        return inner[0], False
    return annotation, False


FORM_TYPES: Mapping[Any, PropertyType] = {
    str: "string",
    CurrencyCode: "string",
    Amount: "string",
    Fraction: "string",
    Binding: "string",
    int: "int",
    bool: "bool",
    date: "date",
}
RESULT_TYPES: Mapping[Any, PropertyType] = {
    **FORM_TYPES,
    Money: "string",
    Decimal: "string",
    datetime: "string",
    Words: "string",
}


def _property(annotation: Any, said: FormField) -> PropertyDeclaration:
    kind, _ = _element(annotation)
    options: Mapping[str, Words] = {}
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        options = titles(kind)
    return PropertyDeclaration(
        name=said.label,
        type="select" if options else "text" if said.join == "\n" else FORM_TYPES[kind],
        description=said.hint,
        required=said.required,
        default=said.default or None,
        options=options,
    )


def _result_type(annotation: Any) -> PropertyType:
    kind, _ = _element(annotation)
    return "string" if issubclass(kind, StrEnum) else RESULT_TYPES[kind]


def _read(annotation: Any, said: FormField, raw: object, culture: Culture) -> Any:
    texts = lines_of(raw, said.label) or ([said.default] if said.default else [])
    if not texts:
        if said.required:
            raise refuse(said.label, "", "field_required", ru="заполните это поле", en="fill this field in")
        return None
    kind, _ = _element(annotation)
    return _read_one(kind, said, said.join.join(texts) if said.join else one_of(texts, said.label), culture)


def _read_one(kind: Any, said: FormField, text: str, culture: Culture) -> Any:
    label = said.label
    if len(text) > (LONGEST_TEXT if said.join else LONGEST_VALUE):
        raise refuse(label, text, "too_long", ru="слишком длинное значение", en="the value is too long")
    if kind is int:
        number = read_whole(text, label)
        if (said.ge is not None and number < said.ge) or (said.le is not None and number > said.le):
            raise refuse(
                label,
                text,
                "out_of_range",
                ru=f"нужно число от {said.ge} до {said.le}",
                en=f"give a number from {said.ge} to {said.le}",
            )
        return number
    if kind is bool:
        return read_yes(text, label)
    if kind is date:
        return read_date(text, label, culture)
    if kind is CurrencyCode:
        return read_currency(text, label)
    if kind is Fraction:
        return read_rate(text, label)
    if kind is Binding:
        return read_binding(text, label)
    if kind is Amount:
        return Amount(text, label)
    if issubclass(kind, StrEnum):
        return read_choice(text, label, kind, titles(kind))
    return text


def _rendered(value: Any, language: str) -> Scalar | list[str] | list[int]:
    if isinstance(value, list):
        return [typing.cast(Any, _rendered(one, language)) for one in value]
    if value is None:
        return ""
    if isinstance(value, bool):
        return "Y" if value else "N"
    if isinstance(value, int):
        return value
    if isinstance(value, Money):
        return value.text
    if isinstance(value, Words):
        return value.in_language(language)
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def _empty(annotation: Any) -> Scalar | list[str] | list[int]:
    return [] if _element(annotation)[1] else ""
