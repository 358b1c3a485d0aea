"""QIWI's daily report (payments-docs, "Reports"): CSV with semicolons, sums with commas, days of Moscow."""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Literal

from calculations.currencies import exponent
from calculations.money import Money
from gateways._qiwi_notices import OF_QIWI
from gateways._qiwi_times import MOSCOW
from gateways._register import Register, RegisterLine, RegisterUnreadable, in_utc, numbered_rows

NEEDED = ("TRANS_DATE", "TRANSACTION_ID", "SUM", "COMMISSION", "ID", "PARENT_TRANSACTION_ID", "BILL", "PURPOSE")
CURRENCY = "CLIENT_CUR_CODE"
KINDS: Mapping[str, Literal["charge", "refund"]] = MappingProxyType(
    {"PAYMENT": "charge", "REFUND": "refund", "CHARGEBACK": "refund", "REVERT_CHARGEBACK": "charge"}
)
NO_PAYMENT = frozenset({"SETTLEMENT", "OPERATION+", "OPERATION-"})  # between QIWI and the shop
CURRENCIES: Mapping[str, str] = MappingProxyType({"643": "RUB", "810": "RUB", "840": "USD", "978": "EUR"})
AMOUNT = re.compile(r"-?[0-9]{1,15}([.,][0-9]{1,2})?")


def read_register(content: bytes) -> Register:
    (_, names), *rows = numbered_rows(_text(content), ";") or [(1, [])]
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise RegisterUnreadable(f"no report of QIWI: looked for the columns {', '.join(missing)} in its first line")
    cells = [_cells(number, names, row) for number, row in rows if any(row)]
    orders = {cell["TRANSACTION_ID"]: _order(cell) for _, cell in cells if cell.get("PURPOSE", "").upper() == "PAYMENT"}
    return Register([_line(number, cell, orders) for number, cell in cells if _is_payment(number, cell)])


def _cells(number: int, names: list[str], row: list[str]) -> tuple[int, dict[str, str]]:
    if len(row) < len(names):
        raise RegisterUnreadable(f"line {number}: fewer columns than the report has names for")
    return number, dict(zip(names, row, strict=False))


def _is_payment(number: int, cell: Mapping[str, str]) -> bool:
    purpose = cell.get("PURPOSE", "").upper()
    if purpose not in NO_PAYMENT and purpose not in KINDS:
        raise RegisterUnreadable(f"line {number}: its PURPOSE is not known")
    return purpose in KINDS


def _line(number: int, cell: Mapping[str, str], orders: Mapping[str, str]) -> RegisterLine:
    kind = KINDS[cell["PURPOSE"].upper()]
    currency = CURRENCIES.get(cell.get(CURRENCY, ""), "")
    if not currency:
        raise RegisterUnreadable(f"line {number}: its currency is not known")
    amount = _money(number, cell["SUM"], currency)
    if not amount:
        raise RegisterUnreadable(f"line {number}: the sum is not above zero")
    return RegisterLine(
        kind=kind,
        order_number=orders.get(cell["PARENT_TRANSACTION_ID"], "") or _order(cell),
        payment_id=cell["ID"] if kind == "charge" else "",
        amount=amount,
        at=_moment(number, cell["TRANS_DATE"]),
        fee=_money(number, cell["COMMISSION"], currency) if cell["COMMISSION"] else None,
        number=number,
    )


def _order(cell: Mapping[str, str]) -> str:
    """A page bears our number as its bill, a charge as its own; a bill of QIWI's making is nobody's number."""
    bill = cell.get("BILL", "")
    return bill if bill and not bill.startswith(OF_QIWI) else cell.get("ID", "")


def _money(number: int, text: str, currency: str) -> Money:
    """Refunds may be written below zero; the kind says that already."""
    if not AMOUNT.fullmatch(text):
        raise RegisterUnreadable(f"line {number}: a sum cannot be read")
    return Money(abs(int(Decimal(text.replace(",", ".")).scaleb(exponent(currency)))), currency)


def _moment(number: int, text: str) -> datetime:
    for written in ("%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S"):
        try:
            local = datetime.strptime(text, written).replace(tzinfo=MOSCOW)
        except ValueError:
            continue
        return in_utc(number, local)
    raise RegisterUnreadable(f"line {number}: a moment cannot be read")


def _text(content: bytes) -> str:
    if content.startswith(b"PK"):
        raise RegisterUnreadable("this is an archive: unpack the report from QIWI's letter first")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1251", errors="replace")
