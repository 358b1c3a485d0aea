"""An individual plan as people write it: a row a line, date and sum."""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from calculations.dates_text import Culture, parse_date
from calculations.money import Money
from calculations.percent import parse_sum_or_percent
from calculations.refusal import Refusal, shown
from calculations.shares import REST_WORDS
from calculations.split import check_parts

# A dash with spaces around it separates; one that touches the sum is its minus.
_ROW = re.compile(r"(?P<date>[0-9]+[./-][0-9]+[./-][0-9]+)(?:\s*[,:=|]\s*|\s+[-−–—]\s+|\s+)(?P<amount>\S.*)")


@dataclass(frozen=True, slots=True)
class CustomRow:
    """`amount` is a sum, a share of what the rows divide, or None for the rest."""

    date: dt.date
    amount: Money | Fraction | None


def parse_custom_rows(
    value: str | Sequence[str], currency: str, culture: Culture = Culture.day_month_year
) -> tuple[CustomRow, ...]:
    """`31.01.2027 10000` a line, sums or percentages; the last row may say `rest` (`остаток`). Lists are accepted.

    Refusals: `rows_missing`, `row_not_understood`, `too_many_parts` and those of dates and money.
    """
    texts = [value] if isinstance(value, str) else value
    lines = [line.strip(" \t;,") for text in texts for line in re.split(r"[\n\r;]+", text) if line.strip(" \t;,")]
    if not lines:
        raise Refusal(
            "rows_missing",
            ru="Строки индивидуального плана не указаны: напишите дату и сумму, например 31.01.2027 10000",
            en="The custom plan has no rows: write a date and a sum, such as 31.01.2027 10000",
        )
    check_parts(len(lines))
    return tuple(_row(number, line, currency, culture) for number, line in enumerate(lines, start=1))


def _row(number: int, line: str, currency: str, culture: Culture) -> CustomRow:
    found = _ROW.fullmatch(line)
    if found is None:
        raise Refusal(
            "row_not_understood",
            ru=f"Строка {number} «{shown(line)}» не прочитана: напишите дату, пробел и сумму, например "
            "31.01.2027 10000, а точкой с запятой отделяйте строки",
            en=f'Row {number} "{shown(line)}" was not understood: write a date, a space and a sum, such as '
            "31.01.2027 10000, and put semicolons between rows only",
        )
    try:
        date, amount = parse_date(found["date"], culture), found["amount"]
        if amount.casefold() in REST_WORDS:
            return CustomRow(date, None)
        return CustomRow(date, parse_sum_or_percent(amount, currency))
    except Refusal as refusal:
        raise Refusal(refusal.code, ru=f"Строка {number}: {refusal.ru}", en=f"Row {number}: {refusal.en}") from None
