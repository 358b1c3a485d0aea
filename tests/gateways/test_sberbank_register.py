"""Sberbank's registers: the bank publishes no columns, so files of several cabinets are made up here, read by names."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calculations.money import Money
from gateways import Http, RegisterLine, RegisterUnreadable
from gateways.sberbank import Sberbank

OPERATIONS = """Реестр операций по мерчанту 780000000001 за 31.01.2026

Дата операции;Время операции;Номер заказа;Уникальный номер заказа;Тип операции;Сумма операции;Комиссия;Валюта;RRN
31.01.2026;12:00:05;A-1;70906e55-7114-41d6-8332-4609dc6590f4;Покупка;25 000,00;500,00;643;603112345678
31.01.2026;23:59:59;A-2;11106e55-7114-41d6-8332-4609dc6590f4;Возврат;-5000,00;0,00;643;603112345679
Итого;;;;;20 000,00;500,00;;
"""
CHARGE = RegisterLine(
    kind="charge",
    order_number="A-1",
    payment_id="70906e55-7114-41d6-8332-4609dc6590f4",
    amount=Money(2_500_000, "RUB"),
    at=datetime(2026, 1, 31, 9, 0, 5, tzinfo=UTC),
    fee=Money(50_000, "RUB"),
)
REFUND = RegisterLine(
    kind="refund",
    order_number="A-2",
    payment_id="11106e55-7114-41d6-8332-4609dc6590f4",
    amount=Money(500_000, "RUB"),
    at=datetime(2026, 1, 31, 20, 59, 59, tzinfo=UTC),
    fee=Money(0, "RUB"),
)


def read(content: bytes) -> list[RegisterLine]:
    return list(Sberbank(Http("https://bank.example/", lambda: 0.0)).read_register(content))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_operations_are_read_between_the_heading_and_the_totals(encoding: str, end: str) -> None:
    assert read(OPERATIONS.replace("\n", end).encode(encoding)) == [CHARGE, REFUND]


@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_columns_in_english_may_stand_in_any_order_under_any_separator(separator: str) -> None:
    rows = [
        ["Amount", "mdOrder", "Order number", "Status", "Payment date"],
        ["1.50", "m-1", "A-1", "Deposited", "2026-01-31 10:00:00"],
        ["9.99", "m-2", "A-2", "Declined", "2026-01-31 10:00:01"],
    ]
    text = "\n".join(separator.join(row) for row in rows)
    at = datetime(2026, 1, 31, 7, tzinfo=UTC)
    assert read(text.encode()) == [RegisterLine("charge", "A-1", "m-1", Money(150, "RUB"), at)]


def test_without_a_column_of_types_a_minus_is_a_refund() -> None:
    lines = read("Номер заказа;Сумма\nA-1;10,00\nA-1;-4,00\n".encode())
    assert [(line.kind, line.amount.minor) for line in lines] == [("charge", 1000), ("refund", 400)]


def test_a_card_that_was_only_checked_moved_no_money() -> None:
    assert read("Номер заказа;Сумма\nA-1;0,00\n".encode()) == []


def test_a_day_without_operations_is_an_empty_register() -> None:
    assert read("Номер заказа;Сумма операции\nИтого;0,00\n".encode()) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "looked for a line of columns with «Сумма операции».*found no such line.*nothing"),
        ("Номер;Деньги\n1;2\n", "begins with: Номер Деньги"),
        (OPERATIONS.replace("Покупка", "Спор"), "line 4: whether this is a payment or a refund"),
        (OPERATIONS.replace("25 000,00;500", "много;500"), "line 4: a sum"),
        (OPERATIONS.replace("643;603112345678", "840;603112345678"), "line 4: a currency"),
        (OPERATIONS.replace("31.01.2026;12:00:05", "вчера;12:00:05"), "line 4: a moment"),
        ("Номер заказа;Сумма;Статус\nA-1;1,00;Частичный возврат\n", "line 2: whether money moved"),
        ("Номер заказа;Сумма\n;1,00\n", "line 2: .* without a number"),
        ("Номер заказа;Сумма;Комиссия\nA-1;1,00\n", "line 2: fewer columns"),
        ('Номер заказа;Сумма\n"A-1;1,00\n', "no CSV"),
    ],
)
def test_what_cannot_be_told_for_sure_is_not_read_at_all(text: str, why: str) -> None:
    with pytest.raises(RegisterUnreadable, match=why):
        read(text.encode())


@pytest.mark.parametrize("content", [b"PK\x03\x04...", b"\xd0\xcf\x11\xe0...."])
def test_excel_files_are_told_apart(content: bytes) -> None:
    with pytest.raises(RegisterUnreadable, match="Excel"):
        read(content)


@given(st.text(alphabet="Номерзакасум;,\t\n\"'0123456789.-\0\r", max_size=200))
def test_no_text_after_the_columns_gives_anything_but_lines_or_a_reason(text: str) -> None:
    try:
        lines = read(f"Номер заказа;Сумма\n{text}".encode())
    except RegisterUnreadable:
        return
    assert all(line.amount.minor > 0 for line in lines)
