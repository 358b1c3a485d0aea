"""Registers: an acquirer's file of what it took and gave back on a day."""

import csv
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime
from io import StringIO
from typing import Literal

from calculations.money import Money
from calculations.refusal import Refusal

ROUBLES = re.compile(r"(?:в )?(?:руб\.?|рублях|рубли|р\.?|₽|rub|rur)")
VAT = re.compile(r"(?:(?:с|без|включая|вкл\.|в т\. ?ч\.|в том числе) )?ндс")
IN_ROUBLES = re.compile(r"[,\s]+(?:в рублях|руб\.?|р\.|₽|rub|rur)$")  # at the end of a column's name
TOTAL = re.compile(r"(?:итого|всего|total)(?:[ :,.(].*)?")
OF_REFUNDS = re.compile(r"возврат|refund")
OF_PAYMENTS = re.compile(r"покуп|оплат|платеж|продаж|payment|purchase|sale")
OF_NEITHER = re.compile(r"комис|перечисл|выплат|fee|commission|payout")
HEADING_DAY = re.compile(
    r"(?:\bза|дата (?:платежей|возвратов):|date of (?:payments|refunds):) *"
    r"(?:(\d{4})-(\d\d)-(\d\d)|(\d\d)\.(\d\d)\.(\d{4}))"
    r"(?! *(?:г\.? *)?(?:\d\d:\d\d(?::\d\d)? *)?(?:[-–—]|по\b))"  # a period is no day
)
NOTES = re.compile(r"[,:()\[\]]")  # what stands after one of these in a column's name tells of its unit


class RegisterUnreadable(ValueError):
    """The file is no register of this acquirer; the text says what was looked for and what was found."""


@dataclass(frozen=True, slots=True)
class RegisterLine:
    """One movement of money. At least one of the two numbers is there; `amount` is above zero for both kinds.

    `fee` is below zero where the acquirer gave it back. `number` is the line of the `file` on which it
    begins; the file is named by whoever opened it.
    """

    kind: Literal["charge", "refund"]
    order_number: str
    payment_id: str
    amount: Money
    at: datetime | None = None
    fee: Money | None = None
    number: int = field(default=0, compare=False)  # the same operation twice is equal, wherever it stands
    file: str = field(default="", compare=False)

    @property
    def place(self) -> str:
        return f"{self.file}, line {self.number}"


@dataclass(frozen=True, slots=True)
class HeadingDay:
    """The day that a register says it is of, and the line of the file that says so."""

    day: date
    number: int


@dataclass(frozen=True, slots=True)
class Register:
    """A file as it was read. `warnings` tell what it says of itself and its lines do not bear out."""

    lines: Sequence[RegisterLine]
    heading: HeadingDay | None = None
    warnings: Sequence[str] = ()


class Gathered:
    """Lines as they are read, and what the totals among them say against them."""

    def __init__(self) -> None:
        self.lines: list[RegisterLine] = []
        self.warnings: list[str] = []
        self._since_total = 0
        self._left_out = False

    def add(self, line: RegisterLine | None) -> None:
        """None is an operation that is no line: totals may have it or not, so none is checked from here on."""
        if line is None:
            self._left_out = True
        else:
            self.lines.append(line)

    def total(self, number: int, row: Sequence[str], place: int) -> None:
        """A total is of all the lines or of those since the last one, of one kind or both, added or subtracted."""
        told = _roubles(row[place]) if place < len(row) else None
        label = word(next(cell for cell in row if cell.strip()))
        if told is not None and not self._left_out and not OF_NEITHER.search(label):
            sums = {total for lines in (self.lines, self.lines[self._since_total :]) for total in _totals(lines, label)}
            if abs(told.minor) not in sums:
                self.warnings.append(_differs(number, told, self.lines))
        self._since_total = len(self.lines)


def _roubles(text: str) -> Money | None:
    try:
        return Money.parse(text, "RUB")
    except Refusal:
        return None  # totals have words too


def _totals(lines: Sequence[RegisterLine], label: str) -> set[int]:
    paid, back = (sum_of_kind(lines, kind, "RUB").minor for kind in ("charge", "refund"))
    if OF_REFUNDS.search(label):
        return {back}
    if OF_PAYMENTS.search(label):
        return {paid}
    return {paid, abs(paid - back), paid + back}


def _differs(number: int, told: Money, lines: Sequence[RegisterLine]) -> str:
    paid, back = (sum_of_kind(lines, kind, told.currency) for kind in ("charge", "refund"))
    return (
        f"line {number}: the register's own total is {told}, and the lines above it are payments of {paid} and refunds "
        f"of {back}: order the register anew, this file may not be whole"
    )


def sum_of_kind(lines: Sequence[RegisterLine], kind: str, currency: str) -> Money:
    minor = (line.amount.minor for line in lines if line.kind == kind and line.amount.currency == currency)
    return Money(sum(minor), currency)


def total_in_doubt(number: int, told: str, kind: str, lines: Sequence[RegisterLine]) -> Sequence[str]:
    """A warning where `told` is a sum, in a currency, that the lines of this kind do not add up to."""
    try:
        total = Money.parse(told)
    except Refusal:
        return ()
    return () if sum_of_kind(lines, kind, total.currency) == total else (_differs(number, total, lines),)


def heading_day(rows: Iterable[tuple[int, Sequence[str]]]) -> HeadingDay | None:
    for number, row in rows:
        if found := HEADING_DAY.search(word(" ".join(row))):
            year, month, day = (found[1], found[2], found[3]) if found[1] else (found[6], found[5], found[4])
            try:
                return HeadingDay(date(int(year), int(month), int(day)), number)
            except ValueError:
                raise RegisterUnreadable(f"line {number}: the date of the heading is in no calendar") from None
    return None


def numbered_rows(text: str, separator: str) -> list[tuple[int, list[str]]]:
    """Rows with the line of the file on which each begins: a cell in quotes may go on over several lines."""
    reader = csv.reader(StringIO(text, newline=None), delimiter=separator, strict=True)
    rows: list[tuple[int, list[str]]] = []
    begins = 1
    try:
        for row in reader:
            rows.append((begins, row))
            begins = reader.line_num + 1
    except csv.Error as error:
        raise RegisterUnreadable(
            f"line {begins}: no CSV from here on ({error}): see whether a quote that opens on this line is closed, and "
            "whether this is a table saved as CSV"
        ) from None
    return rows


def in_utc(number: int, local: datetime) -> datetime:
    """Raises RegisterUnreadable in the first year of the calendar, in which 1C's empty date is, and in the last: in
    another zone such a moment may be in no year at all."""
    if not MINYEAR < local.year < MAXYEAR:
        raise RegisterUnreadable(f"line {number}: a moment cannot be read")
    return local.astimezone(UTC)


def word(text: str) -> str:
    return " ".join(text.casefold().replace("ё", "е").split())


def title(cell: str) -> str:
    """A column's name without its note in brackets and without the word that its sums are roubles."""
    return IN_ROUBLES.sub("", word(cell.split("(")[0]).rstrip(",:"))


def is_total(row: Sequence[str], *of_an_operation: int) -> bool:
    """Whether the row is of totals: its first word says so, and it has nothing where an operation has its numbers.

    Words alone do not tell: an operation's description may begin with them, and its order be named `Total-5`.
    """
    first = next((place for place, cell in enumerate(row) if cell.strip()), None)
    if first is None or not TOTAL.fullmatch(word(row[first])):
        return False
    return not any(row[place].strip() for place in of_an_operation if first != place < len(row))


def no_minus(number: int, amount: Money) -> None:
    """Raises RegisterUnreadable for a payment below zero: whether it is one, or a refund, nobody can tell here."""
    if amount.minor < 0:
        raise RegisterUnreadable(
            f"line {number}: a payment of {amount}: if money went back, its type has to say so; ask the acquirer"
        )


def with_fees_as_taken(lines: Sequence[RegisterLine]) -> list[RegisterLine]:
    """Fees above zero where they are taken: if all those of payments have a minus, they are written as deductions."""
    of_payments = [line.fee.minor for line in lines if line.kind == "charge" and line.fee]
    if max(of_payments, default=0) >= 0:
        return list(lines)
    return [replace(line, fee=-line.fee) if line.fee else line for line in lines]


def one_column_of_sums(row: Sequence[str], names: Sequence[str], titles: Collection[str]) -> None:
    """Raises RegisterUnreadable where several of the `names` are titles of the sum; `row` has them as written."""
    found = [f"«{cell.strip()}»" for cell, name in zip(row, names, strict=True) if name in titles]
    if len(found) > 1:
        raise RegisterUnreadable(f"two columns may be the sum: {' and '.join(found)}; leave one of them in the file")


def sum_in_roubles(cell: str) -> None:
    """Raises RegisterUnreadable where a column's name, as written, has a unit other than roubles; VAT is no unit."""
    _, *notes = (" ".join(note.casefold().split()) for note in NOTES.split(cell))
    if any(note and not ROUBLES.fullmatch(note) and not VAT.fullmatch(note) for note in notes):
        raise RegisterUnreadable(f"«{cell.strip()}» does not say roubles: only sums in roubles are read")


def no_sum_but_in_another_unit(row: Sequence[str], titles: Collection[str]) -> None:
    """For a line of columns without a sum: raises RegisterUnreadable where one is the sum but for its unit."""
    for cell in row:
        if " ".join(NOTES.split(cell)[0].casefold().split()) in titles:
            sum_in_roubles(cell)
