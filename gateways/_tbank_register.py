"""T-Bank's register of operations: a line an operation, fields between semicolons, in CP-1251, as a rule unnamed."""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from io import StringIO
from types import MappingProxyType
from typing import Literal

from calculations.money import Money
from calculations.refusal import Refusal
from gateways._register import (
    Gathered,
    Register,
    RegisterLine,
    RegisterUnreadable,
    in_utc,
    is_total,
    no_minus,
    no_sum_but_in_another_unit,
    numbered_rows,
    one_column_of_sums,
    sum_in_roubles,
    title,
    with_fees_as_taken,
)

MOSCOW = timezone(timedelta(hours=3))
KINDS: Mapping[str, Literal["charge", "refund"]] = MappingProxyType(
    {"debit": "charge", "оплата": "charge", "credit": "refund", "возврат": "refund"}
)
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
SUMS = ("amount", "fee", "receipt_fee")


def read_register(content: bytes) -> Register:
    rows = [(number, row) for number, row in _rows(_text(content)) if any(cell.strip() for cell in row)]
    if not rows:
        raise RegisterUnreadable("the file is empty: looked for T-Bank's register of operations")
    named = _named(rows[0][1])
    places = named or PLACES
    of_an_operation = [places[column] for column in ("order", "payment", "date") if column in places]
    gathered = Gathered()
    for number, row in rows[1:] if named else rows:
        if is_total(row, *of_an_operation):
            gathered.total(number, row, places["amount"])
        else:
            gathered.add(_line(number, _cells(number, row, named)))
    return Register(with_fees_as_taken(gathered.lines), warnings=gathered.warnings)


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """In the documented format quotes are signs of a name. One that a field begins with is taken so where it makes no
    CSV, if each line closes its quotes and all have as many fields: then no quote holds a semicolon or a line's end."""
    try:
        return numbered_rows(text, ";")
    except RegisterUnreadable:
        rows = [(number, line.rstrip("\n").split(";")) for number, line in enumerate(StringIO(text, newline=None), 1)]
        filled = [row for _, row in rows if any(cell.strip() for cell in row)]
        closed = all(";".join(row).count('"') % 2 == 0 for row in filled)
        if closed and len({len(row) for row in filled}) == 1:
            return rows
        raise


def _text(content: bytes) -> str:
    if content.startswith(b"PK"):
        raise RegisterUnreadable("this is an Excel file: order the register as a text file (CSV) from T-Bank")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1251", errors="replace")


def _named(row: list[str]) -> dict[str, int]:
    """Places of columns when the first line names them; {} when it is an operation already."""
    names = [title(cell) for cell in row]
    found: dict[str, int] = {}
    for column, titles in TITLES.items():
        place = next((names.index(one) for one in titles if one in names), None)
        if place is not None:
            found[column] = place
    if found.keys() & NEEDED == NEEDED - {"amount"}:
        no_sum_but_in_another_unit(row, TITLES["amount"])
    if not found.keys() >= NEEDED:
        return {}
    one_column_of_sums(row, names, TITLES["amount"])
    for column in SUMS:
        if column in found:
            sum_in_roubles(row[found[column]])
    return found


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
    if len(row) < FIELDS:
        raise RegisterUnreadable(
            f"line {number}: looked for an operation of T-Bank's register, {FIELDS} fields between semicolons with its "
            f"type (Debit, Credit ...) in the 15th, and found {len(row)}"
        )
    at = PLACES["kind"]
    raise RegisterUnreadable(
        f"line {number}: looked for the type of an operation (Debit, Credit ...) in the 15th field, or the 16th where "
        f"there is a fee for receipts, and found «{row[at].strip()}» and «{row[at + 1].strip()}»"
    )


def _line(number: int, cells: dict[str, str]) -> RegisterLine | None:
    kind = KINDS.get(cells["kind"].casefold())
    if kind is None and cells["kind"].casefold() in OTHERS:
        return None
    if kind is None:
        raise RegisterUnreadable(
            f"line {number}: «{cells['kind']}» in its column of types is none that T-Bank's registers have: "
            "take the line out of the file if it is neither a payment nor a refund"
        )
    amount = _money(number, cells["amount"])
    if kind == "charge":
        no_minus(number, amount)
    if not amount or not (cells["payment"] or cells.get("order")):
        raise RegisterUnreadable(f"line {number}: an operation without a sum or without a number")
    fees = [_money(number, cells[column]) for column in ("fee", "receipt_fee") if cells.get(column)]
    return RegisterLine(
        kind=kind,
        order_number=cells.get("order", ""),
        payment_id=cells["payment"],
        amount=-amount if amount.minor < 0 else amount,
        at=_moment(number, cells.get("date", ""), cells.get("time", "")),
        fee=sum(fees[1:], fees[0]) if fees else None,
        number=number,
    )


def _money(number: int, text: str) -> Money:
    try:
        return Money.parse(text, "RUB")
    except Refusal:
        raise RegisterUnreadable(f"line {number}: a sum cannot be read") from None


def _moment(number: int, date: str, time: str) -> datetime | None:
    if not date:
        return None
    try:
        local = datetime.strptime(f"{date} {time or '00:00:00'}", "%d.%m.%Y %H:%M:%S").replace(tzinfo=MOSCOW)
    except ValueError:
        raise RegisterUnreadable(f"line {number}: a moment cannot be read") from None
    return in_utc(number, local)
