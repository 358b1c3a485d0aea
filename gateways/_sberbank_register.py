"""Sberbank's register of operations, as CSV: the bank documents no columns, and cabinets differ, so they are read by
their names."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Literal
from zoneinfo import ZoneInfo

from calculations.money import Money
from calculations.refusal import Refusal
from gateways._register import (
    Gathered,
    Register,
    RegisterLine,
    RegisterUnreadable,
    heading_day,
    in_utc,
    is_total,
    no_minus,
    no_sum_but_in_another_unit,
    numbered_rows,
    one_column_of_sums,
    sum_in_roubles,
    title,
    with_fees_as_taken,
    word,
)

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
SUMS = ("amount", "fee")
NAMES = frozenset(name for names in TITLES.values() for name in names)
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


def read_register(content: bytes) -> Register:
    """A heading of any length, the names of columns, lines, totals. Without a column of kinds a minus is a refund."""
    rows = _rows(_text(content))
    for at, (_, row) in enumerate(rows):
        if places := _places(row):
            titles = {column: row[place].strip() for column, place in places.items()}
            gathered = _gathered(rows[at + 1 :], places, titles)
            return Register(with_fees_as_taken(gathered.lines), heading_day(rows[:at]), gathered.warnings)
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
    rows = numbered_rows(text, max(";\t,", key=lambda separator: _names_between(separator, text)))
    return [(number, row) for number, row in rows if any(cell.strip() for cell in row)]


def _names_between(separator: str, text: str) -> int:
    """The most names of columns that a line has between these separators: the heading's words may have commas too."""
    heads = [line for line in text.splitlines() if "сумма" in line.casefold() or "amount" in line.casefold()]
    cells = [line.replace('"', "").split(separator) for line in heads]
    return max((sum(title(cell) in NAMES for cell in row) for row in cells), default=0)


def _places(row: list[str]) -> dict[str, int]:
    """Where each column stands; {} when this is no line of columns."""
    names = [title(cell) for cell in row]
    found: dict[str, int] = {}
    for column, titles in TITLES.items():
        place = next((names.index(one) for one in titles if one in names), None)
        if place is not None:
            found[column] = place
    if not found.keys() & {"order", "payment"}:
        return {}
    if "amount" not in found:
        no_sum_but_in_another_unit(row, TITLES["amount"])
        return {}
    one_column_of_sums(row, names, TITLES["amount"])
    for column in SUMS:
        if column in found:
            sum_in_roubles(row[found[column]])
    return found


def _gathered(rows: Sequence[tuple[int, list[str]]], places: Mapping[str, int], titles: Mapping[str, str]) -> Gathered:
    """Operations before the totals and after them: totals may be of one terminal, or of payments alone."""
    of_an_operation = [places[column] for column in ("order", "payment", "date") if column in places]
    gathered = Gathered()
    totals = False
    for number, row in rows:
        if is_total(row, *of_an_operation):
            totals = True
            gathered.total(number, row, places["amount"])
            continue
        if totals and sum(bool(cell.strip()) for cell in row) == 1:
            continue  # words below the totals, such as who made the register
        if len(row) <= max(places.values()):
            raise RegisterUnreadable(f"line {number}: fewer columns than the register has names for")
        cells = {column: row[place].strip() for column, place in places.items()}
        gathered.add(_line(number, cells, titles))
    return gathered


def _line(number: int, cells: Mapping[str, str], titles: Mapping[str, str]) -> RegisterLine | None:
    if word(cells.get("state", "")) in DID_NOT_MOVE:
        return None
    if "state" in cells and word(cells["state"]) not in MOVED:
        raise RegisterUnreadable(
            f"line {number}: whether money moved cannot be told from its status, «{cells['state']}» in the column "
            f"«{titles['state']}»: see the operation in the bank's cabinet, and take the line out if it did not"
        )
    currency = CURRENCIES.get(cells.get("currency", "rub").casefold())
    if currency is None:
        raise RegisterUnreadable(f"line {number}: a currency other than roubles")
    amount = _money(number, cells["amount"], currency)
    kind = _kind(number, cells, titles, amount)
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
        fee=_money(number, cells["fee"], currency) if cells.get("fee") else None,
        number=number,
    )


def _kind(
    number: int, cells: Mapping[str, str], titles: Mapping[str, str], amount: Money
) -> Literal["charge", "refund"]:
    if "kind" not in cells:
        return "refund" if amount.minor < 0 else "charge"
    kind = KINDS.get(word(cells["kind"]))
    if kind is None:
        raise RegisterUnreadable(
            f"line {number}: whether this is a payment or a refund cannot be told from its type, «{cells['kind']}» in "
            f"the column «{titles['kind']}»: take the line out of the file if it is neither, such as the bank's fee"
        )
    if kind == "charge":
        no_minus(number, amount)
    return kind


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
        return in_utc(number, local)
    raise RegisterUnreadable(f"line {number}: a moment cannot be read")
