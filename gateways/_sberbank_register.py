"""Sberbank's register of operations, as CSV: the bank documents no columns, and cabinets differ, so they are read by
their names."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from io import StringIO
from types import MappingProxyType
from typing import Literal
from zoneinfo import ZoneInfo

from calculations.money import Money
from calculations.refusal import Refusal
from gateways._register import RegisterLine, RegisterUnreadable

TITLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "order": ("номер заказа", "номер заказа в магазине", "order number", "ordernumber", "merchant order number"),
        "payment": (
            "уникальный номер заказа",
            "уникальный номер заказа в платежной системе",
            "уникальный номер заказа в платежном шлюзе",
            "номер заказа в платежной системе",
            "номер заказа в платежном шлюзе",
            "идентификатор заказа",
            "mdorder",
            "order id",
            "orderid",
        ),
        "amount": ("сумма операции", "сумма платежа", "сумма транзакции", "сумма", "operation amount", "amount"),
        "currency": ("валюта операции", "валюта платежа", "валюта", "код валюты", "currency"),
        "kind": ("тип операции", "вид операции", "тип транзакции", "операция", "operation type", "operation", "type"),
        "state": ("статус операции", "статус заказа", "статус", "состояние", "operation status", "status", "state"),
        "fee": ("сумма комиссии", "комиссия банка", "комиссия", "commission", "fee"),
        "date": (
            "дата и время операции",
            "дата операции",
            "дата и время оплаты",
            "дата оплаты",
            "дата платежа",
            "operation date",
            "payment date",
            "date",
        ),
        "time": ("время операции", "время оплаты", "время платежа", "operation time", "time"),
    }
)
KINDS: Mapping[str, Literal["charge", "refund"]] = MappingProxyType(
    {
        **dict.fromkeys(("покупка", "оплата", "оплата товаров и услуг", "платеж", "продажа"), "charge"),
        **dict.fromkeys(("списание", "завершение", "завершение расчетов", "deposit", "deposited"), "charge"),
        **dict.fromkeys(("purchase", "payment", "sale", "completion"), "charge"),
        **dict.fromkeys(("возврат", "возврат покупки", "возврат платежа", "возврат товара", "refund"), "refund"),
        **dict.fromkeys(("отмена", "отмена покупки", "отмена оплаты", "refunded", "reversal", "reversed"), "refund"),
    }
)
MOVED = frozenset(
    {"успешно", "успешная", "проведена", "проведено", "завершен", "завершена", "завершено", "оплачен", "оплачено"}
    | {"success", "successful", "deposited", "completed", "paid"}
)
DID_NOT_MOVE = frozenset(
    {"отклонен", "отклонена", "отклонено", "неуспешно", "неуспешная", "создан", "зарегистрирован", "истек"}
    | {"declined", "failed", "created", "registered", "expired"}
)
CURRENCIES: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(("643", "810", "rub", "rur", "руб", "руб.", "р."), "RUB")
)
MOSCOW = ZoneInfo("Europe/Moscow")
MOMENTS = ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d")
LOOKED_FOR = "«Сумма операции» with «Номер заказа» or «Уникальный номер заказа» (mdOrder)"


def read_register(content: bytes) -> Sequence[RegisterLine]:
    """A heading of any length, the names of columns, lines, totals. Without a column of kinds a minus is a refund."""
    rows = _rows(_text(content))
    for at, (_, row) in enumerate(rows):
        if places := _places(row):
            return [line for number, cells in _body(rows[at + 1 :], places) if (line := _line(number, cells))]
    seen = "; ".join(" ".join(row)[:60] for _, row in rows[:3]) or "nothing"
    raise RegisterUnreadable(
        f"no register of Sberbank: looked for a line of columns with {LOOKED_FOR}, found no such line; the file begins "
        f"with: {seen}"
    )


def _text(content: bytes) -> str:
    if content.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        raise RegisterUnreadable("this is an Excel file: choose CSV where the bank's cabinet exports the register")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1251", errors="replace")


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """Numbered lines that are not empty, split by whichever of the three separators the line of columns has."""
    heads = [line for line in text.splitlines() if "сумма" in line.casefold() or "amount" in line.casefold()]
    separator = max(";\t,", key=(heads[0] if heads else "").count)
    try:
        rows = list(csv.reader(StringIO(text, newline=None), delimiter=separator, strict=True))
    except csv.Error as error:
        raise RegisterUnreadable(f"no CSV: {error}") from None
    return [(number, row) for number, row in enumerate(rows, start=1) if any(cell.strip() for cell in row)]


def _places(row: list[str]) -> dict[str, int]:
    """Where each column stands; {} when this is no line of columns."""
    names = [" ".join(cell.casefold().replace("ё", "е").split("(")[0].split()).rstrip(",:") for cell in row]
    found: dict[str, int] = {}
    for column, titles in TITLES.items():
        place = next((names.index(title) for title in titles if title in names), None)
        if place is not None:
            found[column] = place
    return found if "amount" in found and found.keys() & {"order", "payment"} else {}


def _body(rows: list[tuple[int, list[str]]], places: dict[str, int]) -> Iterator[tuple[int, dict[str, str]]]:
    for number, row in rows:
        if any(cell.strip().casefold().startswith(("итого", "всего", "total")) for cell in row):
            return
        if len(row) <= max(places.values()):
            raise RegisterUnreadable(f"line {number}: fewer columns than the register has names for")
        yield number, {column: row[place].strip() for column, place in places.items()}


def _line(number: int, cells: dict[str, str]) -> RegisterLine | None:
    if _word(cells.get("state", "")) in DID_NOT_MOVE:
        return None
    if "state" in cells and _word(cells["state"]) not in MOVED:
        raise RegisterUnreadable(f"line {number}: whether money moved cannot be told from its status")
    currency = CURRENCIES.get(cells.get("currency", "rub").casefold())
    if currency is None:
        raise RegisterUnreadable(f"line {number}: a currency other than roubles")
    amount = _money(number, cells["amount"], currency)
    kind = _kind(number, cells, amount)
    if not amount:
        return None  # a card that was only checked
    if not (cells.get("order") or cells.get("payment")):
        raise RegisterUnreadable(f"line {number}: an operation without a number")
    return RegisterLine(
        kind=kind,
        order_number=cells.get("order", ""),
        payment_id=cells.get("payment", ""),
        amount=_positive(amount),
        at=_moment(number, cells.get("date", ""), cells.get("time", "")),
        fee=_positive(_money(number, cells["fee"], currency)) if cells.get("fee") else None,
    )


def _kind(number: int, cells: dict[str, str], amount: Money) -> Literal["charge", "refund"]:
    if "kind" not in cells:
        return "refund" if amount.minor < 0 else "charge"
    kind = KINDS.get(_word(cells["kind"]))
    if kind is None:
        raise RegisterUnreadable(f"line {number}: whether this is a payment or a refund cannot be told from its type")
    return kind


def _word(text: str) -> str:
    return " ".join(text.casefold().replace("ё", "е").split())


def _positive(amount: Money) -> Money:
    return -amount if amount.minor < 0 else amount


def _money(number: int, text: str, currency: str) -> Money:
    try:
        return Money.parse(text, currency)
    except Refusal:
        raise RegisterUnreadable(f"line {number}: a sum cannot be read") from None


def _moment(number: int, date: str, time: str) -> datetime | None:
    """Times are Moscow's; a day alone is its midnight."""
    if not date:
        return None
    text = f"{date} {time}".strip()
    for shape in MOMENTS:
        try:
            local = datetime.strptime(text, shape).replace(tzinfo=MOSCOW)
        except ValueError:
            continue
        return local.astimezone(UTC)
    raise RegisterUnreadable(f"line {number}: a moment cannot be read")
