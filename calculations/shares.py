"""Splitting a sum by percentages or weights."""

import re
from collections.abc import Sequence
from fractions import Fraction

from calculations.money import Money
from calculations.percent import percent_text
from calculations.refusal import Refusal, shown
from calculations.rounding import round_up
from calculations.split import check_parts

REST_WORDS = frozenset({"rest", "остаток", "остальное"})

_NUMBER = re.compile(r"(?P<whole>[0-9]{1,9})(?:[.,](?P<part>[0-9]{1,12}))? ?(?P<percent>%?)")


def parse_shares(value: str | Sequence[str]) -> tuple[Fraction, ...]:
    """`50%, 30%, 20%`, `50%, 30%, rest` or weights `5, 3, 2`; as one text or as a list. The result adds up to 1.

    Percentages reach 100 % or end in `rest` (`остаток`). Each element of a list is one share, and so is what stands
    between semicolons or on a line: commas in it are decimal. Elsewhere a comma separates, but where some commas have a
    space after them or there are percentages, one right before a digit is decimal: `50,5, 49,5`; `1,5` alone is two
    weights. Refusals: `shares_missing`, `shares_not_understood`, `shares_mixed`, `shares_not_positive`,
    `shares_not_100`, `shares_rest_not_last`, `shares_rest_of_weights`, `too_many_parts`.
    """
    shown_value = value if isinstance(value, str) else "; ".join(value)
    words = _words(value)
    if not words:
        raise Refusal(
            "shares_missing",
            ru="Доли не указаны: напишите проценты (50%, 30%, 20%) или веса (5, 3, 2)",
            en="There are no shares: write percentages (50%, 30%, 20%) or weights (5, 3, 2)",
        )
    check_parts(len(words))
    has_rest = words[-1].casefold() in REST_WORDS
    numbers = [_number(word, shown_value) for word in (words[:-1] if has_rest else words)]
    signs = {is_percent for _, is_percent in numbers}
    if len(signs) > 1:
        raise Refusal(
            "shares_mixed",
            ru=f"В долях «{shown(shown_value)}» проценты смешаны с весами: поставьте % везде или нигде",
            en=f'The shares "{shown(shown_value)}" mix percentages and weights: put % everywhere or nowhere',
        )
    sizes = [size for size, _ in numbers]
    if any(size <= 0 for size in sizes):
        raise Refusal(
            "shares_not_positive",
            ru=f"В долях «{shown(shown_value)}» есть нулевая: каждая доля должна быть больше нуля",
            en=f'The shares "{shown(shown_value)}" have a zero: every share must be above zero',
        )
    if signs == {False}:
        return _weights(sizes, has_rest, shown_value)
    return percent_shares(tuple(Fraction(size, 100) for size in sizes), has_rest, shown_value)


def percent_shares(shares: tuple[Fraction, ...], has_rest: bool, received: str) -> tuple[Fraction, ...]:
    """Shares that must reach 1, or stay below it where the rest follows; the rest is added as the last share."""
    total = sum(shares, Fraction(0))
    if has_rest and total < 1:
        return (*shares, 1 - total)
    if has_rest or total != 1:
        sum_shown = percent_text(total)
        wanted = ("меньше 100%, раз последняя — остаток", "below 100%, for the rest to follow")
        ru, en = wanted if has_rest else ("ровно 100%, или последней укажите rest", "exactly 100%, or end in rest")
        raise Refusal(
            "shares_not_100",
            ru=f"Доли «{shown(received)}» дают {sum_shown}%: должно быть {ru}",
            en=f'The shares "{shown(received)}" make {sum_shown}%: they must make {en}',
        )
    return shares


def split_by_shares(total: Money, shares: Sequence[Fraction]) -> tuple[Money, ...]:
    """Parts in proportion to `shares` (any positive numbers), adding up to `total` exactly.

    Every part is rounded down, the leftover minor units go to the largest lost fractions, ties to the earlier part;
    a negative total is the mirror image. A part of zero is the refusal `zero_part`.
    """
    check_parts(len(shares))
    if any(share <= 0 for share in shares):
        raise Refusal(
            "shares_not_positive",
            ru="Каждая доля должна быть больше нуля",
            en="Every share must be above zero",
        )
    sums = split_by_weights_minor(abs(total.minor), shares)
    if 0 in sums:
        number = sums.index(0) + 1
        needed = Fraction(sum(shares, Fraction(0)), min(shares))
        enough = Money(round_up(needed.numerator, needed.denominator, 1), total.currency)
        ru, en = ("увеличьте её или ", "make it larger or ") if abs(total.minor) >= len(shares) else ("", "")
        raise Refusal(
            "zero_part",
            ru=f"От суммы {total} доля № {number} из {len(shares)} равна нулю: {ru}делите сумму от {enough}",
            en=f"Share {number} of {len(shares)} is zero for the sum {total}: {en}split a sum of {enough} or more",
        )
    sign = -1 if total.minor < 0 else 1
    return tuple(Money(sign * part, total.currency) for part in sums)


def split_by_weights_minor(total: int, weights: Sequence[Fraction]) -> list[int]:
    """The arithmetic of `split_by_shares` on minor units not below zero; parts of zero are allowed here."""
    whole = sum(weights, Fraction(0))
    exact = [Fraction(total * weight, whole) for weight in weights]
    sums = [part.numerator // part.denominator for part in exact]
    by_loss = sorted(range(len(exact)), key=lambda k: (sums[k] - exact[k], k))
    for k in by_loss[: total - sum(sums)]:
        sums[k] += 1
    if sum(sums) != total:
        raise AssertionError(f"parts {sums} do not add up to {total}")
    return sums


def _words(value: str | Sequence[str]) -> list[str]:
    if not isinstance(value, str) and len(value) == 1:
        value = value[0]
    if not isinstance(value, str):
        return [" ".join(word.split()) for part in value for word in re.split(r"[;\n]", part) if word.strip()]
    if ";" in value or "\n" in value.strip():
        separator = r"[;\n]"
    elif "%" in value or re.search(r",\s", value.strip()):
        separator = r"(?<=%)\s*,|,(?!\d)"
    else:
        separator = ","
    return [" ".join(word.split()) for word in re.split(separator, value) if word.strip()]


def _number(word: str, received: str) -> tuple[Fraction, bool]:
    if word.casefold() in REST_WORDS:
        raise Refusal(
            "shares_rest_not_last",
            ru=f"В долях «{shown(received)}» слово «{word}» может стоять только последним",
            en=f'In the shares "{shown(received)}" the word "{word}" may only stand last',
        )
    found = _NUMBER.fullmatch(word)
    if found is None:
        raise Refusal(
            "shares_not_understood",
            ru=f"Доля «{shown(word)}» не прочитана: напишите 50%, 30%, 20% или веса 5, 3, 2",
            en=f'The share "{shown(word)}" was not understood: write 50%, 30%, 20% or weights 5, 3, 2',
        )
    return Fraction(f"{found['whole']}.{found['part'] or 0}"), bool(found["percent"])


def _weights(weights: list[Fraction], has_rest: bool, received: str) -> tuple[Fraction, ...]:
    if has_rest:
        raise Refusal(
            "shares_rest_of_weights",
            ru=f"В долях «{shown(received)}» остаток возможен только у процентов: поставьте % у каждой доли",
            en=f'In the shares "{shown(received)}" a rest needs percentages: put % after every share',
        )
    total = sum(weights, Fraction(0))
    return tuple(Fraction(weight, total) for weight in weights)
