"""The daily report of a site's operations, as QIWI mails it: CSV with semicolons and commas, days of Moscow."""

from __future__ import annotations

import re
from datetime import date, datetime

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.qiwi.orders import facts_of
from sandbox.acquirers.qiwi.shown import MOSCOW

COLUMNS = [
    "BANK_DATA_DOC",
    "BANK_VALUE_DOC",
    "BANK_AGR_CODE",
    "SUM_BANK",
    "TRANS_DATE",
    "TRANSACTION_ID",
    "SUM",
    "COMMISSION",
    "USER_INFO",
    "ID",
    "MERCH",
    "MERCH_SITE",
    "PARENT_TRANSACTION_ID",
    "BILL",
    "PURPOSE",
    "MERCHANT_SITE_NAME",
    "PAYMENT_METHOD_TYPE",
    "MMVB",
    "CLIENT_AMOUNT",
    "CLIENT_CUR_CODE",
    "SETTLEMENT_AMOUNT",
    "PAYMENTDETAILS",
]
CURRENCY_CODES = {"RUB": "643", "USD": "840", "EUR": "978"}
COMMISSION_PERCENT = 2
FIRST_TRANSACTION = 659_720
_NAME = re.compile(r"([^/]+)/report-(\d{4}-\d\d-\d\d)\.csv")


def report_answer(bank: Bank, path: str) -> Response:
    """`<site>/report-2026-01-31.csv`: what was taken and given back on that day."""
    named = _NAME.fullmatch(path)
    if named is None or named[1] not in bank.shops:
        raise NotFound("Такого отчёта нет")
    rows = [COLUMNS, _settlement(named[2]), *_operations(bank, named[1], date.fromisoformat(named[2]))]
    return Response("".join(f"{';'.join(row)}\n" for row in rows).encode(), content_type="text/csv")


def _operations(bank: Bank, shop: str, day: date) -> list[list[str]]:
    """Transactions are numbered as they came about; a refund names the payment's."""
    rows: list[tuple[datetime, dict[str, str]]] = []
    number = FIRST_TRANSACTION
    for order in bank.orders:
        for one in facts_of(order).tries:
            if order.shop != shop or one.status != "COMPLETED":
                continue
            parent, number = str(number), number + 1
            own = {"TRANSACTION_ID": parent, "USER_INFO": one.mask, "ID": one.id, "PURPOSE": "payment"}
            commission = one.amount * COMMISSION_PERCENT // 100
            rows.append((one.changed_at, _row(order, one.amount, commission, one.changed_at, one.bill) | own))
            for back in facts_of(order).returns:
                if back.status != "COMPLETED":
                    continue
                own = {"TRANSACTION_ID": str(number), "ID": back.id, "PARENT_TRANSACTION_ID": parent}
                shown = _row(order, back.amount, 0, back.made_at, one.bill) | own | {"PURPOSE": "Refund"}
                rows.append((back.made_at, shown))
                number += 1
    return [[row.get(name, "") for name in COLUMNS] for at, row in rows if at.astimezone(MOSCOW).date() == day]


def _row(order: Order, amount: int, commission: int, at: datetime, bill: str) -> dict[str, str]:
    return {
        "TRANS_DATE": f"{at.astimezone(MOSCOW):%d.%m.%Y %H:%M}",
        "SUM": _comma(amount),
        "COMMISSION": _comma(commission),
        "MERCH": order.shop.partition("-")[0],
        "MERCH_SITE": order.shop,
        "BILL": bill,
        "PAYMENT_METHOD_TYPE": "Bank card",
        "MMVB": "null",
        "CLIENT_AMOUNT": _comma(amount),
        "CLIENT_CUR_CODE": CURRENCY_CODES[order.currency],
    }


def _settlement(day: str) -> list[str]:
    """What is paid out to the shop stands among the operations."""
    row = {"BANK_DATA_DOC": f"{date.fromisoformat(day):%d.%m.%Y}", "SUM": "0", "PURPOSE": "SETTLEMENT", "MMVB": "null"}
    return [row.get(name, "") for name in COLUMNS]


def _comma(amount: int) -> str:
    return f"{amount // 100},{amount % 100:02d}" if amount % 100 else str(amount // 100)
