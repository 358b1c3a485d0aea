"""T-Bank's register of operations: a line an operation, fields between semicolons, in CP-1251, as a rule unnamed."""

import csv
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from io import StringIO
from types import MappingProxyType
from typing import Literal

from calculations.money import Money
from calculations.refusal import Refusal
from gateways._register import RegisterLine, RegisterUnreadable

MOSCOW = timezone(timedelta(hours=3))
KINDS: Mapping[str, Literal["charge", "refund"]] = MappingProxyType({"debit": "charge", "credit": "refund"})
# operations that are neither a payment nor a refund of ours: disputes, corrections, fees, failures
OTHERS = frozenset(
    {
        "chargeback_fee",
        "2chargeback",
        "2chargeback_reversal",
        "debitcorrection",
        "creditcorrection",
        "debitclientcorrection",
        "creditclientcorrection",
        "cr_chargeback",
        "cr_chargeback_fee",
        "chargeback",
        "chargeback_reversal",
        "chargeback_reversal_fee",
        "representment",
        "representment_reversal",
        "representment_fee",
        "cancelrefund",
        "servicefee",
        "auth_fail",
    }
)
# the documented order of 21 fields; with the fee for receipts (13.1) there are 22
PLACES: Mapping[str, int] = MappingProxyType(
    {"order": 3, "date": 4, "time": 5, "amount": 11, "fee": 12, "kind": 14, "payment": 16}
)
FIELDS = 21
TITLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "order": ("номер заказа", "order id", "orderid", "order number"),
        "date": ("дата операции", "operation date", "date"),
        "time": ("время операции", "operation time", "time"),
        "amount": ("сумма операции", "operation amount", "amount"),
        "fee": ("комиссия банка", "комиссия", "bank fee", "fee"),
        "receipt_fee": ("комиссия за фискализацию", "fiscalization fee"),
        "kind": ("тип операции", "operation type", "type"),
        "payment": ("payment id", "paymentid", "payment_id", "идентификатор платежа"),
    }
)
NEEDED = frozenset({"amount", "kind", "payment"})


def read_register(content: bytes) -> Sequence[RegisterLine]:
    try:
        rows = [row for row in csv.reader(StringIO(_text(content)), delimiter=";") if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise RegisterUnreadable(f"this is no text CSV: save the table as CSV ({error})") from None
    if not rows:
        raise RegisterUnreadable("the file is empty: looked for T-Bank's register of operations")
    named = _named(rows[0])
    lines = []
    for number, row in enumerate(rows[1:] if named else rows, start=2 if named else 1):
        if row[0].strip().casefold().startswith("итого"):
            continue
        line = _line(number, _cells(number, row, named))
        if line:
            lines.append(line)
    return lines


def _text(content: bytes) -> str:
    if content.startswith(b"PK"):
        raise RegisterUnreadable("this is an Excel file: order the register as a text file (CSV) from T-Bank")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1251", errors="replace")


def _named(row: list[str]) -> dict[str, int]:
    """Places of columns when the first line names them; {} when it is an operation already."""
    names = [" ".join(cell.casefold().split("(")[0].split()) for cell in row]
    found: dict[str, int] = {}
    for column, titles in TITLES.items():
        place = next((names.index(title) for title in titles if title in names), None)
        if place is not None:
            found[column] = place
    return found if found.keys() >= NEEDED else {}


def _cells(number: int, row: list[str], named: dict[str, int]) -> dict[str, str]:
    places = named or _places(number, row)
    if len(row) <= max(places.values()):
        raise RegisterUnreadable(f"line {number}: fewer fields than its register has")
    return {column: row[place].strip() for column, place in places.items()}


def _places(number: int, row: list[str]) -> dict[str, int]:
    kinds = KINDS.keys() | OTHERS
    for extra in (0, 1):
        at = PLACES["kind"] + extra
        if len(row) >= FIELDS + extra and row[at].strip().casefold() in kinds:
            shifted = {column: place + extra if place > PLACES["fee"] else place for column, place in PLACES.items()}
            return {**shifted, "receipt_fee": PLACES["fee"] + 1} if extra else shifted
    raise RegisterUnreadable(
        f"line {number}: looked for an operation of T-Bank's register, {FIELDS} fields between semicolons with its "
        f"type (Debit, Credit ...) in the 15th, and found {len(row)}"
    )


def _line(number: int, cells: dict[str, str]) -> RegisterLine | None:
    kind = KINDS.get(cells["kind"].casefold())
    if kind is None and cells["kind"].casefold() in OTHERS:
        return None
    if kind is None:
        raise RegisterUnreadable(f"line {number}: an operation of a type that T-Bank's registers do not have")
    amount = _money(number, cells["amount"])
    if not amount or not (cells["payment"] or cells.get("order")):
        raise RegisterUnreadable(f"line {number}: an operation without a sum or without a number")
    fees = [_money(number, cells[column]) for column in ("fee", "receipt_fee") if cells.get(column)]
    return RegisterLine(
        kind=kind,
        order_number=cells.get("order", ""),
        payment_id=cells["payment"],
        amount=amount,
        at=_moment(number, cells.get("date", ""), cells.get("time", "")),
        fee=sum(fees[1:], fees[0]) if fees else None,
    )


def _money(number: int, text: str) -> Money:
    """Refunds may bear a minus: a line's kind tells the direction."""
    try:
        return Money.parse(text.lstrip("-"), "RUB")
    except Refusal:
        raise RegisterUnreadable(f"line {number}: a sum cannot be read") from None


def _moment(number: int, date: str, time: str) -> datetime | None:
    if not date:
        return None
    try:
        local = datetime.strptime(f"{date} {time or '00:00:00'}", "%d.%m.%Y %H:%M:%S").replace(tzinfo=MOSCOW)
    except ValueError:
        raise RegisterUnreadable(f"line {number}: a moment cannot be read") from None
    return local.astimezone(UTC)
