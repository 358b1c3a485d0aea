"""Registers of a day: payments that came and refunds that went, as CSV."""

from __future__ import annotations

import csv
from datetime import date, datetime
from io import StringIO
from zoneinfo import ZoneInfo

from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.yookassa.fees import fee_of
from sandbox.acquirers.yookassa.orders import payments_of
from sandbox.acquirers.yookassa.refunds import refunds_of

Columns = tuple[str, ...]
Line = tuple[int, tuple[str, ...]]
"""Kopecks, and the cells as they are written."""

MOSCOW = ZoneInfo("Europe/Moscow")
PAYMENTS: dict[str, Columns] = {
    "ru": (
        "Идентификатор платежа",
        "Сумма платежа",
        "Валюта платежа",
        "Сумма за вычетом комиссии и НДС",
        "Сумма комиссии без НДС",
        "Время платежа",
        "Описание",
        "НДС с комиссии",
    ),
    "en": (
        "Payment ID",
        "Payment amount",
        "Payment currency",
        "Amount excluding commission and VAT",
        "Commission amount without VAT",
        "Date and time of payment",
        "Description",
        "VAT on commission",
    ),
}
REFUNDS: dict[str, Columns] = {
    "ru": ("Идентификатор возврата", "Идентификатор платежа", "Сумма возврата", "Валюта возврата", "Время возврата"),
    "en": ("Refund ID", "Payment ID", "Refund amount", "Refund currency", "Date and time of refund"),
}
HEADINGS = {
    ("payments", "ru"): ("РЕЕСТР ПЛАТЕЖЕЙ ПО ДОГОВОРУ НЭК.{shop}.01 ({shop})", "Дата платежей: {day}"),
    ("payments", "en"): ("PAYMENT REGISTRY UNDER CONTRACT НЭК.{shop}.01 ({shop})", "Date of payments: {day}"),
    ("refunds", "ru"): ("РЕЕСТР ВОЗВРАТОВ ПО ДОГОВОРУ НЭК.{shop}.01 ({shop})", "Дата возвратов: {day}"),
    ("refunds", "en"): ("REFUND REGISTRY UNDER CONTRACT НЭК.{shop}.01 ({shop})", "Date of refunds: {day}"),
}
TOTALS = {
    ("payments", "ru"): ("Сумма принятых платежей: {sum} RUB", "Число платежей: {count}"),
    ("payments", "en"): ("Amount of accepted payments: {sum} RUB", "Number of payments: {count}"),
    ("refunds", "ru"): ("Сумма возвратов: {sum} RUB", "Число возвратов: {count}"),
    ("refunds", "en"): ("Amount of refunds: {sum} RUB", "Number of refunds: {count}"),
}


def register(bank: Bank, shop: str, kind: str, day: date) -> str:
    """Heading, columns, lines, an empty line and totals; days and moments are Moscow's."""
    language = bank.settings["register_language"]
    columns, lines = (_payments if kind == "payments" else _refunds)(bank, shop, day, language)
    written = StringIO()
    writer = csv.writer(written, delimiter=";", lineterminator="\r\n")
    writer.writerows([text.format(shop=shop, day=day)] for text in HEADINGS[kind, language])
    writer.writerows([columns, *(cells for _, cells in lines), []])
    whole = _money(sum(amount for amount, _ in lines))
    writer.writerows([text.format(sum=whole, count=len(lines))] for text in TOTALS[kind, language])
    return written.getvalue()


def days_of(bank: Bank, shop: str, kind: str) -> list[date]:
    """The days with operations of a kind, newest first."""
    at = [one.paid_at for one in _paid(bank, shop)]
    if kind == "refunds":
        at = [one.moved_at for one in refunds_of(bank, shop)]
    return sorted({_day(moment) for moment in at if moment}, reverse=True)


def _payments(bank: Bank, shop: str, day: date, language: str) -> tuple[Columns, list[Line]]:
    lines: list[Line] = []
    for order in _paid(bank, shop):
        if order.paid_at and _day(order.paid_at) == day:
            fee = fee_of(bank, order.taken)
            sums = (_money(order.taken), "RUB", _money(order.taken - fee.whole), _money(fee.commission))
            cells = (order.id, *sums, _moment(order.paid_at), order.description, _money(fee.vat))
            lines.append((order.taken, cells))
    return PAYMENTS[language], lines


def _refunds(bank: Bank, shop: str, day: date, language: str) -> tuple[Columns, list[Line]]:
    lines: list[Line] = []
    for refund in refunds_of(bank, shop):
        if refund.moved_at and _day(refund.moved_at) == day:
            named = (refund.id, refund.order.id)
            lines.append((refund.amount, (*named, _money(refund.amount), "RUB", _moment(refund.moved_at))))
    return REFUNDS[language], lines


def _paid(bank: Bank, shop: str) -> list[Order]:
    return [order for order in payments_of(bank, shop) if order.taken]


def _day(at: datetime) -> date:
    return at.astimezone(MOSCOW).date()


def _moment(at: datetime) -> str:
    return at.astimezone(MOSCOW).strftime("%d.%m.%Y %H:%M:%S")


def _money(amount: int) -> str:
    return f"{amount // 100}.{amount % 100:02d}"
