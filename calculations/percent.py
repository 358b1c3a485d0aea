"""Percentages people write: exact fractions, never rounded."""

import re
from fractions import Fraction

from calculations.money import Money
from calculations.refusal import Refusal, shown

_PERCENT = re.compile(r"(?P<minus>[-−–]?) ?(?P<whole>[0-9]{1,9})(?:[.,](?P<part>[0-9]{1,12}))? ?%?")
_LARGEST = 10_000


def parse_percent(text: str) -> Fraction:
    """`12.5`, `12,5`, `12,5 %` -> 1/8. Refusals: `percent_not_understood`, `percent_negative`, `percent_too_large`."""
    found = _PERCENT.fullmatch(" ".join(text.split()))
    if found is None:
        raise Refusal(
            "percent_not_understood",
            ru=f"Процент «{shown(text)}» не прочитан: напишите его как 12.5 или 12,5%",
            en=f'The percentage "{shown(text)}" was not understood: write it as 12.5 or 12,5%',
        )
    percent = Fraction(f"{found['whole']}.{found['part'] or 0}")
    if found["minus"] and percent:
        raise Refusal(
            "percent_negative",
            ru=f"Процент «{shown(text)}» отрицательный: укажите 0 или больше",
            en=f'The percentage "{shown(text)}" is negative: give 0 or more',
        )
    if percent > _LARGEST:
        raise Refusal(
            "percent_too_large",
            ru=f"Процент «{shown(text)}» больше {_LARGEST}: проверьте, нет ли лишних цифр",
            en=f'The percentage "{shown(text)}" is above {_LARGEST}: check it for extra digits',
        )
    return Fraction(percent, 100)


def parse_sum_or_percent(text: str, currency: str) -> Money | Fraction:
    """`20%` -> Fraction(1, 5); anything else is money in `currency`."""
    return parse_percent(text) if text.rstrip().endswith("%") else Money.parse(text, currency)


def percent_text(share: Fraction) -> str:
    """1/3 -> `33.333`, 1/2 -> `50`: for sentences only, cut to three decimals."""
    thousandths = share.numerator * 100_000 // share.denominator
    whole, part = divmod(thousandths, 1000)
    return f"{whole}.{part:03}".rstrip("0").rstrip(".")
