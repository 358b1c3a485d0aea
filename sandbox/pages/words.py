"""Sums, dates and numbers as Russians write them."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

SIGNS = {"RUB": "₽", "USD": "$", "EUR": "€", "KZT": "₸", "BYN": "Br"}
NO_BREAK = "\u00a0"

_MONEY = re.compile(r"-?\d+\.\d{2}")
_DECIMAL = re.compile(r"-?\d+\.\d+")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ][\d:.]+(Z|[+-]\d\d:\d\d)")
_MONTHS = (
    "января",
    "февраля",
    "марта",
    "апреля",
    "мая",
    "июня",
    "июля",
    "августа",
    "сентября",
    "октября",
    "ноября",
    "декабря",
)


def sum_of_minor(amount: int, currency: str) -> str:
    """Kopecks as `25 000,00 ₽`."""
    sign = "−" if amount < 0 else ""
    whole, cents = divmod(abs(amount), 100)
    return f"{sign}{grouped(whole)},{cents:02d}{NO_BREAK}{SIGNS.get(currency, currency)}"


def sum_of_text(amount: object, currency: str) -> str:
    """A CRM value (`100000.5`, `"100000.50"`, empty) as `100 000,50 ₽`; what is no number stays as it is."""
    try:
        minor = Decimal(str(amount or 0)) * 100
        return sum_of_minor(int(minor.to_integral_value()), currency)
    except InvalidOperation:
        return str(amount)


def grouped(number: int) -> str:
    """`1234567` as `1 234 567`."""
    return f"{number:,}".replace(",", NO_BREAK)


def day(value: object) -> str:
    """A date, a moment or its ISO text as `31.01.2026`; what is no date stays as it is."""
    found = _as_date(value)
    return found.strftime("%d.%m.%Y") if found else str(value or "")


def moment(value: datetime, zone: ZoneInfo) -> str:
    """`31.01.2026 15:04` on the wall clock of a zone."""
    return value.astimezone(zone).strftime("%d.%m.%Y %H:%M")


def exact_moment(value: datetime, zone: ZoneInfo) -> str:
    return value.astimezone(zone).strftime("%d.%m.%Y %H:%M:%S")


def long_day(value: datetime, zone: ZoneInfo) -> str:
    """`31 января 2026`."""
    local = value.astimezone(zone)
    return f"{local.day} {_MONTHS[local.month - 1]} {local.year}"


def counted(number: int, one: str, few: str, many: str) -> str:
    """`1 счёт`, `2 счёта`, `5 счетов`."""
    tens, units = number % 100, number % 10
    if units == 1 and tens != 11:
        word = one
    elif units in (2, 3, 4) and tens not in (12, 13, 14):
        word = few
    else:
        word = many
    return f"{grouped(number)}{NO_BREAK}{word}"


def plain(value: object, zone: ZoneInfo) -> str:
    """A value a robot sent or returned, as Russians write it: `25 000,00`, `31.01.2026`, `5,125`, lists with `;`."""
    if isinstance(value, list):
        return "; ".join(plain(item, zone) for item in value)
    if isinstance(value, bool):
        return "да" if value else "нет"
    if isinstance(value, datetime):
        return moment(value, zone)
    if isinstance(value, date):
        return day(value)
    text = "" if value is None else str(value)
    if _MONEY.fullmatch(text):
        return sum_of_text(text, "").strip()
    if _DECIMAL.fullmatch(text):
        return text.replace(".", ",")
    if _DAY.fullmatch(text):
        return day(text)
    if _MOMENT.fullmatch(text):
        return moment(datetime.fromisoformat(text), zone)
    return text


def _as_date(value: object) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return datetime.fromisoformat(str(value)).date()
    except ValueError:
        return None
