"""YooKassa's registers of payments and refunds (yookassa.ru/docs/support/merchant/payments/reports), as CSV."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Literal
from zoneinfo import ZoneInfo

from calculations.money import Money
from calculations.refusal import Refusal
from gateways._register import (
    Register,
    RegisterLine,
    RegisterUnreadable,
    heading_day,
    in_utc,
    numbered_rows,
    one_column_of_sums,
    total_in_doubt,
)

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
COUNT = re.compile(
    r"(?:число|(?:the )?number of) (?:принятых )?(?:платежей|возвратов|payments|refunds)[^:]*: *"
    r"(\d[\d \xa0\u202f]{0,11})"
)
SUM = re.compile(r"(?:сумма|amount of) (?:принятых |accepted )?(?:платежей|возвратов|payments|refunds): *(.+)")
MOSCOW = ZoneInfo("Europe/Moscow")  # the registers' days and moments


@dataclass(frozen=True, slots=True)
class _Columns:
    kind: Literal["charge", "refund"]
    places: Mapping[str, int]


def read_register(content: bytes) -> Register:
    """A heading, the names of columns, lines, an empty line, totals; the count among the totals must agree."""
    rows = numbered_rows(_text(content), ";")
    names = [[" ".join(cell.casefold().split()) for cell in row] for _, row in rows]
    for at, row in enumerate(names):
        columns = _columns(row)
        if columns:
            lines = _lines(rows, at, columns)
            warnings: list[str] = []
            for (number, _), total in list(zip(rows, names, strict=True))[at + 1 + len(lines) :]:
                told = ";".join(total)
                _same_count(told, len(lines))
                if found := SUM.match(told):
                    warnings += total_in_doubt(number, found[1], columns.kind, lines)
            return Register(lines, heading_day(rows[:at]), warnings)
    raise RegisterUnreadable(
        "no register of YooKassa: looked for a line of columns with «Идентификатор платежа» and «Сумма платежа» (or "
        f"«Сумма возврата») and their currency, found {len(rows)} lines without one"
    )


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
            one_column_of_sums(row, row, wanted["amount"])
            return _Columns(kind, {**places, "payment_id": payment_id})
    return None


def _place(row: list[str], titles: tuple[str, ...]) -> int | None:
    return next((row.index(title) for title in titles if title in row), None)


def _lines(rows: list[tuple[int, list[str]]], at: int, columns: _Columns) -> list[RegisterLine]:
    lines = []
    for number, row in _body(rows, at, columns):
        if len(row) <= max(columns.places.values()):
            raise RegisterUnreadable(f"line {number}: fewer columns than the register has names for")
        cells = {name: row[place].strip() for name, place in columns.places.items()}
        lines.append(_line(number, columns.kind, cells))
    return lines


def _same_count(total: str, lines: int) -> None:
    counted = COUNT.match(total)
    if counted and int(re.sub(r"\s", "", counted[1])) != lines:
        raise RegisterUnreadable(f"the register counts {counted[1].strip()} lines and holds {lines}: it is not whole")


def _body(rows: list[tuple[int, list[str]]], at: int, columns: _Columns) -> Iterator[tuple[int, list[str]]]:
    """The lines; after an empty one totals are expected, and lines are taken all the same."""
    is_over = False
    for number, row in rows[at + 1 :]:
        if len(row) < 2 or not any(cell.strip() for cell in row):
            is_over = True
        elif not is_over or _tells_of_money(row, columns):
            yield number, row


def _tells_of_money(row: list[str], columns: _Columns) -> bool:
    places = columns.places["payment_id"], columns.places["amount"]
    return len(row) > max(places) and all(row[place].strip() for place in places)


def _line(number: int, kind: Literal["charge", "refund"], cells: dict[str, str]) -> RegisterLine:
    if not cells["payment_id"]:
        raise RegisterUnreadable(f"line {number}: no payment is named")
    amount = _money(number, cells["amount"], cells["currency"])
    if amount.minor <= 0:
        raise RegisterUnreadable(f"line {number}: the sum is not above zero")
    fee = amount - _money(number, cells["net"], cells["currency"]) if cells.get("net") else None
    return RegisterLine(
        kind=kind,
        order_number="",
        payment_id=cells["payment_id"],
        amount=amount,
        at=_moment(number, cells.get("at", "")),
        fee=fee,
        number=number,
    )


def _money(number: int, text: str, currency: str) -> Money:
    try:
        return Money.parse(text, currency)
    except Refusal:
        raise RegisterUnreadable(f"line {number}: a sum or currency cannot be read") from None


def _moment(number: int, text: str) -> datetime | None:
    if not text:
        return None
    try:
        at = datetime.strptime(text, "%d.%m.%Y %H:%M:%S").replace(tzinfo=MOSCOW)
    except ValueError:
        at = _iso(number, text)
    return in_utc(number, at)


def _iso(number: int, text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise RegisterUnreadable(f"line {number}: a moment cannot be read") from None
    return at if at.tzinfo else at.replace(tzinfo=MOSCOW)
