"""Values as a portal sends them, read into what a robot works with; every refusal names the field and the value.

A portal substitutes expressions before it calls, so any field can hold any text: dates in the portal's own order,
`1 200,50|RUB`, `Y`, a one-element list, or an expression it could not resolve (Bitrix24 REST docs, bizproc robots).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import TypeVar

from calculations.currencies import currency_code
from calculations.dates_text import Culture, parse_date
from calculations.money import Money
from calculations.percent import parse_percent
from calculations.refusal import Refusal
from schemas.binding import Binding
from schemas.declaration import Words

T = TypeVar("T")
Choice = TypeVar("Choice", bound=StrEnum)

UNRESOLVED = re.compile(r"\{=[^{}]*\}")
YES = frozenset({"y", "yes", "1", "true", "да", "д"})
NO = frozenset({"n", "no", "0", "false", "нет", "н"})
LONGEST_SHOWN = 60
WHOLE_NUMBER = re.compile(r"[+-]?[0-9]+(?:[.,]0{1,6})?")
MAYBE_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}[.,]000")
SPACES = re.compile(r"\s")


class CurrencyCode(str):
    """A currency by its code of ISO 4217."""


@dataclass(frozen=True, slots=True)
class Amount:
    """A sum as it was typed; it becomes money once its currency is known."""

    text: str
    label: Words

    def money(self, currency: str | None, default: str) -> Money:
        """The sum: in the currency the form names (another one typed with the sum is refused), else in the one typed
        with the sum, else in `default`."""
        return naming(self.label, self.text, lambda: Money.parse(self.text, currency, default=default))


def shown(value: object) -> str:
    """A received value, cut to what fits in a sentence."""
    text = " ".join(str(value).split())
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "…"


def refuse(label: Words, value: object, code: str, *, ru: str, en: str) -> Refusal:
    """A refusal in one sentence: the field as the form shows it, the value received, and what to do."""
    return Refusal(
        code,
        ru=f"Поле «{label.ru}», получено «{shown(value)}»: {ru}",
        en=f"Field “{label.en}”, received “{shown(value)}”: {en}",
    )


def naming(label: Words, value: object, read: Callable[[], T]) -> T:
    """Run a calculation's own reading; its refusal gets the field's name and the value received in front."""
    try:
        return read()
    except Refusal as refusal:
        raise refuse(label, value, refusal.code, ru=refusal.ru, en=refusal.en) from refusal


def lines_of(value: object, label: Words) -> list[str]:
    """A property as a list of texts without blanks: a portal sends one value, a list, or a map with number keys."""
    if value is None:
        return []
    if isinstance(value, Mapping):
        value = list(value.values())
    values = value if isinstance(value, list | tuple) else [value]
    texts = []
    for one in values:
        if isinstance(one, Mapping | list | tuple):
            raise refuse(label, one, "not_a_value", ru="ожидалось одно значение", en="one value was expected")
        text = ("Y" if one else "N") if isinstance(one, bool) else "" if one is None else str(one).strip()
        unresolved = UNRESOLVED.search(text)
        if unresolved:
            raise refuse(
                label,
                unresolved.group(),
                "unresolved_expression",
                ru="портал не нашёл такого поля документа; выберите поле заново в настройках робота",
                en="the portal found no such field in the document; choose the field again in the robot's settings",
            )
        if text:
            texts.append(text)
    return texts


def one_of(texts: list[str], label: Words) -> str:
    if len(texts) > 1:
        raise refuse(
            label,
            ", ".join(texts),
            "one_value_expected",
            ru="пришло несколько значений, а нужно одно",
            en="several values came where one is needed",
        )
    return texts[0]


def read_whole(text: str, label: Words) -> int:
    bare = SPACES.sub("", text)
    if not WHOLE_NUMBER.fullmatch(bare):
        raise refuse(label, text, "bad_number", ru="нужно целое число, например 4", en="give a whole number such as 4")
    whole, *zeros = re.split("[.,]", bare)
    if MAYBE_THOUSANDS.fullmatch(bare):
        thousands = whole + "".join(zeros)
        raise refuse(
            label,
            text,
            "bad_number",
            ru=f"можно прочесть и как {thousands}, и как {whole}: напишите число без разделителя",
            en=f"it may mean {thousands} or {whole}: write the number without a separator",
        )
    return int(whole)


def read_currency(text: str, label: Words) -> CurrencyCode:
    """`RUB`, `руб.` or `₽` as `RUB`."""
    return CurrencyCode(naming(label, text, lambda: currency_code(text)))


def read_rate(text: str, label: Words) -> Fraction:
    """`12,5 %` or `12.5` as one eighth."""
    return naming(label, text, lambda: parse_percent(text))


def read_yes(text: str, label: Words) -> bool:
    word = text.lower()
    if word in YES:
        return True
    if word in NO:
        return False
    raise refuse(label, text, "bad_choice", ru="нужно «да» (Y) или «нет» (N)", en="give yes (Y) or no (N)")


def read_choice(text: str, label: Words, kind: type[Choice], titles: Mapping[str, Words]) -> Choice:
    """A key of the list, or its title as people see it; the case does not matter."""
    word = text.lower()
    for key, words in titles.items():
        if word in (key, words.ru.lower(), words.en.lower()):
            return kind(key)
    known = ", ".join(titles)
    raise refuse(label, text, "bad_choice", ru=f"выберите одно из: {known}", en=f"choose one of: {known}")


def read_binding(text: str, label: Words) -> Binding:
    """`D_5` as CRM fields hold it, or `DEAL_5` as workflows name documents."""
    for read in (Binding.parse, Binding.of_document):
        try:
            return read(text)
        except ValueError:
            continue
    raise refuse(
        label,
        text,
        "bad_binding",
        ru="нужна привязка к элементу CRM, например D_5, SI_7 или T412_15",
        en="give a binding to a CRM item such as D_5, SI_7 or T412_15",
    )


def read_date(text: str, label: Words, culture: Culture) -> date:
    return naming(label, text, lambda: parse_date(text, culture))
