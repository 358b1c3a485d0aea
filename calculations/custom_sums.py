"""The sums of an individual plan: they add up to what is to be paid, or the difference is told."""

from collections.abc import Sequence
from fractions import Fraction

from calculations.custom_rows import CustomRow
from calculations.money import Money
from calculations.percent import percent_text
from calculations.refusal import Refusal
from calculations.shares import percent_shares, split_by_shares


def custom_sums(rows: Sequence[CustomRow], principal: Money) -> list[int]:
    """Minor units of each row; percentages are of `principal` and share it by the largest remainder.

    Refusals: `rest_not_last`, `rows_mixed`, `row_not_positive`, `rows_sum_wrong`, `rest_not_positive`,
    `shares_not_positive`, `shares_not_100`, `zero_part`.
    """
    amounts = [row.amount for row in rows]
    has_rest = amounts[-1] is None
    stated = amounts[:-1] if has_rest else amounts
    sums = [amount for amount in stated if isinstance(amount, Money)]
    shares = [amount for amount in stated if isinstance(amount, Fraction)]
    if None in stated:
        number = amounts.index(None) + 1
        raise Refusal(
            "rest_not_last",
            ru=f"Строка {number} — остаток, но она не последняя: остаток возможен только в последней строке",
            en=f"Row {number} is the rest but not the last one: only the last row may be the rest",
        )
    if sums and shares:
        raise Refusal(
            "rows_mixed",
            ru="В строках плана и суммы, и проценты: укажите что-то одно, последней может быть rest",
            en="The rows of the plan have both sums and percentages: use one of them, the last row may be rest",
        )
    if shares:
        received = ", ".join(f"{percent_text(share)}%" for share in shares)
        exact = percent_shares(tuple(shares), has_rest, received)
        return [part.minor for part in split_by_shares(principal, exact)]
    return _sums(sums, has_rest, principal)


def _sums(sums: list[Money], has_rest: bool, principal: Money) -> list[int]:
    zero = Money(0, principal.currency)
    for number, amount in enumerate(sums, start=1):
        if amount <= zero:
            raise Refusal(
                "row_not_positive",
                ru=f"Сумма строки {number} — {amount}: должна быть больше нуля",
                en=f"The sum of row {number} is {amount}: it must be above zero",
            )
    together = sum(sums, zero)
    left = principal - together
    if has_rest:
        if left <= zero:
            raise Refusal(
                "rest_not_positive",
                ru=f"Строки дают {together} при сумме {principal}: последней остаётся {left}, а нужно больше нуля",
                en=f"The rows make {together} of {principal}: {left} is left for the last row, it must be above zero",
            )
        return [*(amount.minor for amount in sums), left.minor]
    if left:
        ru, en = ("не хватает", "missing") if left > zero else ("лишние", "too much")
        difference = left if left > zero else -left
        raise Refusal(
            "rows_sum_wrong",
            ru=f"Строки дают {together}, а нужно {principal}: {ru} {difference}; последней строкой можно написать rest",
            en=f"The rows make {together} and must make {principal}: {difference} {en}; the last row may be rest",
        )
    return [amount.minor for amount in sums]
