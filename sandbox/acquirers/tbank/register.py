"""The register of a day's operations, as the shop is sent it: 21 fields a line, CP-1251, no names of columns."""

from __future__ import annotations

import csv
from datetime import date, datetime, timedelta, timezone
from io import StringIO

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sandbox.acquirers.bank import Bank, Operation, Order

MOSCOW = timezone(timedelta(hours=3), "MSK")
FEE_PERCENT = 2
FEE_OF_RECEIPT = 150
DAY = "%d.%m.%Y"


def register_of(bank: Bank, name: str) -> Response:
    """The file `<terminal>/2026-01-31.csv`; the day is Moscow's. With a fee for receipts a line has 22 fields."""
    shop, _, file = name.partition("/")
    try:
        day = date.fromisoformat(file.removesuffix(".csv"))
    except ValueError:
        raise NotFound("Такого реестра нет") from None
    with bank.lock:
        found = [one for one in bank.operations if one.shop == shop and one.at.astimezone(MOSCOW).date() == day]
        lines = [_line(bank, place, one) for place, one in enumerate(found, start=1)]
    written = StringIO()
    csv.writer(written, delimiter=";", lineterminator="\r\n").writerows(lines)
    return Response(written.getvalue().encode("cp1251", "replace"), content_type="text/csv; charset=windows-1251")


def _line(bank: Bank, place: int, operation: Operation) -> list[str]:
    order = bank.find(operation.shop, order_id=operation.order_id)[0]
    at, charged = operation.at.astimezone(MOSCOW), operation.kind == "charge"
    fees = [operation.amount * FEE_PERCENT // 100 if charged else 0]
    if bank.settings["register_receipt_fee"]:
        fees.append(FEE_OF_RECEIPT if order.facts["receipt"] else 0)
    return [
        str(place),
        _mask(order),
        "SBP" if order.facts["by_account"] else "Mir",
        operation.number,
        at.strftime(DAY),
        at.strftime("%H:%M:%S"),
        "MSK",
        f"{int(operation.order_id) % 10**6:06d}",
        "10001234",
        at.strftime(DAY),
        _next_day(at),
        _roubles(operation.amount),
        *(_roubles(fee) for fee in fees),
        _roubles(operation.amount - sum(fees)),
        "Debit" if charged else "Credit",
        "" if order.facts["by_account"] else f"{int(operation.order_id) % 10**12:012d}",
        operation.order_id,
        "Sandbox",
        "Dom",
        ",".join(f"{key}:{value}" for key, value in order.facts["data"].items()),
        order.description,
    ]


def _mask(order: Order) -> str:
    mask = str((order.facts["instrument"] or {}).get("Pan", "+7(903)XXX-XX-11"))
    return mask if mask.startswith("+") else f"{mask[:4]} {mask[4:6]}** **** {mask[-4:]}"


def _next_day(at: datetime) -> str:
    return (at + timedelta(days=1)).strftime(DAY)


def _roubles(amount: int) -> str:
    return f"{amount // 100}.{amount % 100:02d}"
