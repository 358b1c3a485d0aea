"""YooKassa's registers of payments and refunds (yookassa.ru/docs/support/merchant/payments/reports), as CSV."""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from types import MappingProxyType
from typing import Literal
from zoneinfo import ZoneInfo

from calculations.money import Money
from gateways._errors import OutcomeUnknown
from gateways._register import RegisterLine, RegisterUnreadable
from gateways._yookassa_answers import Amount, money_of

# columns can be added and their order changed in the cabinet; a register is written in Russian or in English
PAYMENT_ID = ("идентификатор платежа", "payment id", "payment identifier")
PAYMENT: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "amount": ("сумма платежа", "payment amount"),
        "currency": ("валюта платежа", "payment currency"),
        "at": ("время платежа", "payment time", "time of payment", "date and time of payment"),
        "net": (
            "сумма за вычетом комиссии и ндс",
            "сумма за вычетом комиссии",
            "amount excluding commission and vat",
            "amount excluding commission",
            "amount with commission deducted",
        ),
    }
)
REFUND: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "amount": ("сумма возврата", "refund amount"),
        "currency": ("валюта возврата", "refund currency"),
        "at": ("время возврата", "refund time", "time of refund", "date and time of refund"),
    }
)
COUNT = re.compile(r"(?:число|(?:the )?number of) (?:принятых )?(?:платежей|возвратов|payments|refunds)[^:]*: *(\d+)")
MOSCOW = ZoneInfo("Europe/Moscow")  # the registers' days and moments


@dataclass(frozen=True, slots=True)
class _Columns:
    kind: Literal["charge", "refund"]
    places: Mapping[str, int]


def read_register(content: bytes) -> Sequence[RegisterLine]:
    """A heading, the names of columns, lines, an empty line, totals; the count among the totals must agree."""
    rows = _rows(content)
    names = [[" ".join(cell.casefold().split()) for cell in row] for row in rows]
    for at, row in enumerate(names):
        columns = _columns(row)
        if columns:
            return _lines(rows, names, at, columns)
    raise RegisterUnreadable(
        "no register of YooKassa: looked for a line of columns with «Идентификатор платежа» and «Сумма платежа» (or "
        f"«Сумма возврата») and their currency, found {len(rows)} lines without one"
    )


def _rows(content: bytes) -> list[list[str]]:
    try:
        return list(csv.reader(StringIO(_text(content), newline=None), delimiter=";", strict=True))
    except csv.Error as error:
        raise RegisterUnreadable(f"no CSV with semicolons: {error}") from None


def _text(content: bytes) -> str:
    if content.startswith(b"PK"):
        raise RegisterUnreadable("this is an Excel file: choose CSV in YooKassa's settings of registers")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1251", errors="replace")


def _columns(row: list[str]) -> _Columns | None:
    """None when this is no line of columns. A register of refunds names their payments too."""
    payment_id = _place(row, PAYMENT_ID)
    if payment_id is None:
        return None
    kinds: tuple[tuple[Literal["charge", "refund"], Mapping[str, tuple[str, ...]]], ...] = (
        ("refund", REFUND),
        ("charge", PAYMENT),
    )
    for kind, wanted in kinds:
        places = {name: place for name, titles in wanted.items() if (place := _place(row, titles)) is not None}
        if {"amount", "currency"} <= places.keys():
            return _Columns(kind, {**places, "payment_id": payment_id})
    return None


def _place(row: list[str], titles: tuple[str, ...]) -> int | None:
    return next((row.index(title) for title in titles if title in row), None)


def _lines(rows: list[list[str]], names: list[list[str]], at: int, columns: _Columns) -> list[RegisterLine]:
    lines = []
    number = at
    for number, row in _body(rows, at):
        if len(row) <= max(columns.places.values()):
            raise RegisterUnreadable(f"line {number + 1}: fewer columns than the register has names for")
        cells = {name: row[place].strip() for name, place in columns.places.items()}
        lines.append(_line(number, columns.kind, cells))
    for total in names[number + 1 :]:
        counted = COUNT.match(";".join(total))
        if counted and int(counted[1]) != len(lines):
            raise RegisterUnreadable(f"the register counts {counted[1]} lines and holds {len(lines)}: it is not whole")
    return lines


def _body(rows: list[list[str]], at: int) -> Iterator[tuple[int, list[str]]]:
    for number, row in enumerate(rows[at + 1 :], start=at + 1):
        if len(row) < 2 or not any(cell.strip() for cell in row):
            return
        yield number, row


def _line(number: int, kind: Literal["charge", "refund"], cells: dict[str, str]) -> RegisterLine:
    if not cells["payment_id"]:
        raise RegisterUnreadable(f"line {number + 1}: no payment is named")
    amount = _money(number, cells["amount"], cells["currency"])
    if amount.minor <= 0:
        raise RegisterUnreadable(f"line {number + 1}: the sum is not above zero")
    fee = amount - _money(number, cells["net"], cells["currency"]) if cells.get("net") else None
    return RegisterLine(
        kind=kind,
        order_number="",
        payment_id=cells["payment_id"],
        amount=amount,
        at=_moment(number, cells.get("at", "")),
        fee=fee,
    )


def _money(number: int, text: str, currency: str) -> Money:
    try:
        return money_of(Amount(value=text.replace(",", "."), currency=currency))
    except OutcomeUnknown:
        raise RegisterUnreadable(f"line {number + 1}: a sum or currency cannot be read") from None


def _moment(number: int, text: str) -> datetime | None:
    if not text:
        return None
    try:
        at = datetime.strptime(text, "%d.%m.%Y %H:%M:%S").replace(tzinfo=MOSCOW)
    except ValueError:
        at = _iso(number, text)
    return at.astimezone(UTC)


def _iso(number: int, text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise RegisterUnreadable(f"line {number + 1}: a moment cannot be read") from None
    return at if at.tzinfo else at.replace(tzinfo=MOSCOW)
