"""Reading a sum and its currency out of what people and portals write."""

import re
import unicodedata

from calculations.currencies import currency_code, exponent
from calculations.refusal import Refusal, shown

_MINUSES = "-−–‒"
_NUMBER = re.compile(r"[0-9]+(?:[ .,'’][0-9]+)*")
_POWER_OF_TEN = re.compile(r"[-+−]?[0-9.,]+e[-+]?[0-9]+", re.IGNORECASE)
LONGEST_NUMBER = 18
"""Digits of a sum in minor units: it still fits a 64-bit column, with sums of sums to spare."""


def read_money(text: str, currency: str | None, default: str | None) -> tuple[int, str]:
    """Minor units and currency code; what is accepted and refused is told at `Money.parse`."""
    spaced = " ".join(text.split())
    if not spaced or spaced.startswith("|"):
        raise Refusal(
            "amount_missing",
            ru=f"Сумма не указана (получено «{shown(text)}»): впишите число, например 1200.50",
            en=f'There is no amount (received "{shown(text)}"): write a number such as 1200.50',
        )
    amount, _, code = spaced.partition("|")
    found = _NUMBER.search(amount)
    if found is None:
        raise _not_understood(text)
    negative, before = _without_minus(amount[: found.start()])
    words = [word for word in (before, amount[found.end() :].strip(), code.strip()) if word]
    if not all(map(_is_name, words)):
        raise _not_understood(text)
    names = {currency_code(word) for word in words}
    chosen = _chosen_currency(text, names, currency, default)
    minor = _minor_units(text, found.group(), exponent(chosen), chosen)
    return (-minor if negative else minor), chosen


def _is_name(word: str) -> bool:
    """Whether it may name a currency: `1e3` and `5 рублей 20 копеек` have more digits where a name should stand."""
    has_letters = any(sign.isalpha() or unicodedata.category(sign) == "Sc" for sign in word)
    return has_letters and not any(map(str.isdecimal, word))


def _without_minus(before: str) -> tuple[bool, str]:
    stripped = before.strip()
    for minus in _MINUSES:
        if stripped.startswith(minus):
            return True, stripped[1:].strip()
        if stripped.endswith(minus):
            return True, stripped[:-1].strip()
    return False, stripped


def _chosen_currency(text: str, names: set[str], currency: str | None, default: str | None) -> str:
    if currency:
        names = names | {currency_code(currency)}
    if len(names) > 1:
        codes = ", ".join(sorted(names))
        raise Refusal(
            "currency_mismatch",
            ru=f"В сумме «{shown(text)}» и рядом с ней названы разные валюты ({codes}): оставьте одну",
            en=f'The amount "{shown(text)}" and its form name different currencies ({codes}): leave one',
        )
    if names:
        return names.pop()
    if not default:
        raise Refusal(
            "currency_missing",
            ru=f"У суммы «{shown(text)}» нет валюты: укажите её код, например RUB",
            en=f'The amount "{shown(text)}" has no currency: give its code, such as RUB',
        )
    return currency_code(default)


def _minor_units(text: str, number: str, decimals: int, currency: str) -> int:
    whole, part = _whole_and_part(text, number, decimals)
    if len(part) > decimals:
        raise Refusal(
            "amount_too_precise",
            ru=f"В сумме «{shown(text)}» знаков после запятой {len(part)}, а у {currency} их {decimals}: округлите",
            en=f'The decimals of the amount "{shown(text)}" are {len(part)} where {currency} has {decimals}: round it',
        )
    digits = (whole + part.ljust(decimals, "0")).lstrip("0") or "0"
    if len(digits) > LONGEST_NUMBER:
        raise Refusal(
            "amount_too_large",
            ru=f"Сумма «{shown(text)}» слишком велика: проверьте, нет ли лишних цифр",
            en=f'The amount "{shown(text)}" is too large: check it for extra digits',
        )
    return int(digits)


def _whole_and_part(text: str, number: str, decimals: int) -> tuple[str, str]:
    """The digits before and after the decimal sign, once it is certain which sign that is."""
    groups = re.split(r"[ .,'’]", number)
    signs = [sign for sign in number if not sign.isdigit()]
    kinds = list(dict.fromkeys(signs))
    if not signs:
        return number, ""
    if len(kinds) == 1:
        sign = signs[0]
        if sign not in ".," or len(signs) > 1:
            return _grouped(text, groups), ""
        if not _could_be_thousands(groups) or (sign == "." and decimals >= 3):
            return groups[0], groups[1]
        whole, fraction = "".join(groups), f"{groups[0]}.{groups[1]}"
        ru, en = "напишите без разделителя тысяч", "write it without a thousands separator"
        if decimals >= 3:
            ru, en = f"напишите {whole} или {fraction}", f"write {whole} or {fraction}"
        raise Refusal(
            "amount_ambiguous",
            ru=f"Сумму «{shown(text)}» можно прочесть и как {whole}, и как {fraction}: {ru}",
            en=f'The amount "{shown(text)}" may mean {whole} or {fraction}: {en}',
        )
    if len(kinds) > 2 or kinds[1] not in ".," or signs.count(kinds[1]) > 1 or signs[-1] != kinds[1]:
        raise _not_understood(text)
    return _grouped(text, groups[:-1]), groups[-1]


def _grouped(text: str, groups: list[str]) -> str:
    if not _could_be_thousands(groups):
        raise _not_understood(text)
    return "".join(groups)


def _could_be_thousands(groups: list[str]) -> bool:
    first, *others = groups
    return len(first) <= 3 and not first.startswith("0") and all(len(group) == 3 for group in others)


def _not_understood(text: str) -> Refusal:
    if _POWER_OF_TEN.fullmatch(text.strip()):
        return Refusal(
            "amount_not_understood",
            ru=f"Сумма «{shown(text)}» записана степенью десяти: напишите её цифрами, как 1200.50",
            en=f'The amount "{shown(text)}" is written as a power of ten: write its digits out, as 1200.50',
        )
    return Refusal(
        "amount_not_understood",
        ru=f"Сумма «{shown(text)}» не прочитана: напишите её как 1200.50 или 1 200,50",
        en=f'The amount "{shown(text)}" was not understood: write it as 1200.50 or 1 200,50',
    )
