"""Sberbank's registers: the bank publishes no columns, so files of several cabinets are made up here, read by names."""

import re
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calculations.money import Money
from gateways import Http, Register, RegisterLine, RegisterUnreadable
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


def register(content: bytes) -> Register:
    return Sberbank(Http("https://bank.example/", lambda: 0.0)).read_register(content)


def read(content: bytes) -> list[RegisterLine]:
    return list(register(content).lines)


PAID, RETURNED, FOREIGN = "A;25,00;Оплата;", "A;-5,00;Возврат;", "B;9,00;Оплата;Отклонен"


@pytest.mark.parametrize(
    ("rows", "wrong"),
    [
        ([PAID, RETURNED, "Итого;20,00;;"], []),
        ([PAID, RETURNED, "Итого;30,00;;"], []),
        ([PAID, RETURNED, "Итого;25,00;;"], []),
        ([PAID, RETURNED, "Итого;-20,00"], []),
        ([PAID, RETURNED, "Итого;20,01;;"], [4]),
        ([PAID, RETURNED, "Итого;0,00;;"], [4]),
        ([PAID, RETURNED, "Итого возвратов;-5,00;;", "Итого покупок;25,00;;"], []),
        ([PAID, RETURNED, "Итого возвратов;25,00;;", "Итого покупок;20,00;;"], [4, 5]),
        ([PAID, "Итого по терминалу 1;25,00;;", RETURNED, "Итого по терминалу 2;-5,00", "Всего;20,00"], []),
        ([PAID, "Итого по терминалу 1;24,00;;", RETURNED, "Всего;20,00"], [3]),
        ([PAID, "Итого;2 операции;;", "Итого к перечислению;24,00;;", "Итого;;;"], []),
        ([PAID, FOREIGN, "Итого;34,00;;"], []),
    ],
)
def test_totals_are_compared_with_what_they_may_be_of(rows: list[str], wrong: list[int]) -> None:
    head = "Номер заказа;Сумма;Тип операции;Статус\n"
    text = head + "".join(f"{row}Успешно\n" if row in (PAID, RETURNED) else f"{row}\n" for row in rows)
    assert [int(warning.split()[1].rstrip(":")) for warning in register(text.encode()).warnings] == wrong


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("Реестр операций за 31.01.2026", date(2026, 1, 31)),
        ("Реестр за 2026-01-31 г.", date(2026, 1, 31)),
        ("Реестр за период с 01.01.2026 по 31.01.2026", None),
        ("Реестр за 01.01.2026 - 31.01.2026", None),
        ("Реестр за 01.01.2026 00:00:00 - 31.01.2026 23:59:59", None),
        ("Реестр за 01.01.2026 00:00 по 31.01.2026 23:59", None),
        ("Сформирован 01.02.2026", None),
    ],
)
def test_the_day_of_the_heading_is_told_and_a_period_is_none(words: str, day: date | None) -> None:
    heading = register(f"Сбербанк\n{words}\nНомер заказа;Сумма\n".encode()).heading
    assert (heading and (heading.day, heading.number)) == (day and (day, 2))


def test_a_heading_of_no_day_is_refused() -> None:
    with pytest.raises(RegisterUnreadable, match="line 1: the date of the heading"):
        read("Реестр за 31.02.2026\nНомер заказа;Сумма\n".encode())


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


@pytest.mark.parametrize(
    "title",
    [
        "Сумма операции, руб.",
        "Сумма, руб.",
        "Сумма операции (руб.)",
        "Сумма операции, руб",
        "СУММА ОПЕРАЦИИ,РУБ.",
        "Сумма операции, в рублях",
        "Сумма операции руб.",
        "Сумма, RUB",
        "Сумма, ₽",
    ],
)
@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_a_column_of_sums_may_say_that_they_are_roubles(title: str, separator: str) -> None:
    row = separator.join(["A-1", '"1 342,00"', '"13,42"'])
    head = separator.join(["Номер заказа", f'"{title}"', '"Комиссия, руб."'])
    expected = RegisterLine("charge", "A-1", "", Money(134_200, "RUB"), fee=Money(1_342, "RUB"))
    assert read(f"{head}\n{row}\n".encode()) == [expected]


@pytest.mark.parametrize(
    "title",
    [
        "Сумма операции (в копейках)",
        "Сумма операции, коп.",
        "Сумма (коп.)",
        "СУММА ОПЕРАЦИИ(КОП)",
        "Сумма, USD",
        "Сумма операции, в тыс. руб.",
        "Сумма (тыс. руб.)",
        "Сумма операции, руб. (коп.)",
        "Сумма операции (в валюте)",
        "Amount (cents)",
        "Сумма операции [коп.]",
        "Сумма: коп.",
        "Сумма операции (с НДС в копейках)",
    ],
)
def test_a_column_of_sums_in_anything_but_roubles_is_refused_by_name(title: str) -> None:
    with pytest.raises(RegisterUnreadable, match=f"«{re.escape(title)}» does not say roubles"):
        read(f"Номер заказа;{title}\nA-1;123456\n".encode())


def test_a_fee_in_kopecks_is_refused_by_name_too() -> None:
    with pytest.raises(RegisterUnreadable, match=r"«Комиссия \(в копейках\)» does not say roubles"):
        read("Номер заказа;Сумма (RUB);Комиссия (в копейках)\nA-1;1,00;1\n".encode())


@pytest.mark.parametrize("title", ["Сумма (руб)", "Сумма (р.)", "Сумма (в рублях)", "Сумма (₽)", "Сумма (с НДС, руб.)"])
def test_brackets_may_say_that_sums_are_roubles_and_have_vat_in_them(title: str) -> None:
    assert [line.amount.minor for line in read(f"Номер заказа;{title}\nA-1;1,00\n".encode())] == [100]


@pytest.mark.parametrize("other", ["Сумма операции, USD", "Комиссия, %", "Дата операции (МСК)"])
def test_a_column_that_is_not_read_may_have_any_unit(other: str) -> None:
    assert [line.amount.minor for line in read(f"Номер заказа;Сумма, руб.;{other}\nA-1;1,00;\n".encode())] == [100]


@pytest.mark.parametrize("other", ["Сумма, руб.", "Сумма платежа", "Сумма операции (в валюте)", "Сумма операции"])
def test_of_two_columns_that_may_be_the_sum_none_is_chosen(other: str) -> None:
    with pytest.raises(RegisterUnreadable, match=r"two columns may be the sum: «Сумма операции, руб\.» and «Сумма"):
        read(f"Номер заказа;Сумма операции, руб.;{other}\nA-1;1,00;2,00\n".encode())


def test_a_summary_above_the_columns_may_name_sums_too() -> None:
    text = "Сумма;Сумма, руб.\n1,00;1,00\nНомер заказа;Сумма, руб.\nA-1;1,00\n"
    assert [line.amount.minor for line in read(text.encode())] == [100]


def test_without_a_column_of_types_a_minus_is_a_refund() -> None:
    lines = read("Номер заказа;Сумма\nA-1;10,00\nA-1;-4,00\n".encode())
    assert [(line.kind, line.amount.minor) for line in lines] == [("charge", 1000), ("refund", 400)]


@pytest.mark.parametrize(
    "total", ["Итого;;;;;20 000,00;500,00;;", "Итого по терминалу 1;;;;;20 000,00", ";;;;Всего:;20 000,00;;;", "TOTAL"]
)
def test_what_stands_after_a_subtotal_is_read_on(total: str) -> None:
    head, body, *more = OPERATIONS.split("\n31.01.2026")
    text = f"{head}\n31.01.2026{body}\n{total}\n31.01.2026{more[0]}\nИсполнитель Иванова\n"
    assert read(text.encode()) == [CHARGE, REFUND]


@pytest.mark.parametrize("words", ["Всего за апрель", "Total Group, оплата", "Итого"])
@pytest.mark.parametrize("order", ["A-1", "Total-5"])
def test_an_operation_whose_words_begin_like_totals_is_an_operation(words: str, order: str) -> None:
    text = f"Описание;Номер заказа;Сумма;Примечание\n{words};{order};1,00;{words}\n;B;2,00;\n"
    assert [(line.order_number, line.amount.minor) for line in read(text.encode())] == [(order, 100), ("B", 200)]


def test_commas_in_the_words_above_do_not_choose_the_separator() -> None:
    text = OPERATIONS.replace(
        "Реестр операций", "Реестр, сумма операций: 3 383,33, возвратов: 1 050,00, комиссий: 67,67"
    )
    assert read(text.encode()) == [CHARGE, REFUND]


@pytest.mark.parametrize(
    ("paid", "returned", "fees"),
    [("500,00", "-100,00", [50_000, -10_000]), ("-500,00", "100,00", [50_000, -10_000]), ("5,00", "1,00", [500, 100])],
)
def test_a_fee_that_was_given_back_is_below_zero_however_fees_are_signed(
    paid: str, returned: str, fees: list[int]
) -> None:
    text = OPERATIONS.replace("25 000,00;500,00", f"25 000,00;{paid}").replace("-5000,00;0,00", f"-5000,00;{returned}")
    assert [line.fee and line.fee.minor for line in read(text.encode())] == fees


def test_one_payments_fee_with_a_minus_does_not_turn_the_signs_of_the_others() -> None:
    lines = read("Номер заказа;Сумма;Комиссия\nA;10,00;1,00\nB;10,00;-0,20\n".encode())
    assert [line.fee and line.fee.minor for line in lines] == [100, -20]


def test_lines_are_numbered_as_in_the_file_whatever_is_quoted_or_empty() -> None:
    text = 'Реестр\n\nНомер заказа;Сумма;Описание\nA-1;1,00;"Аренда\nза\nапрель"\n\nA-2;2,00;\n'
    assert [line.number for line in read(text.encode())] == [4, 8]
    with pytest.raises(RegisterUnreadable, match="line 8: a sum"):
        read(text.replace("2,00", "x").encode())


def test_a_card_that_was_only_checked_moved_no_money() -> None:
    assert read("Номер заказа;Сумма\nA-1;0,00\n".encode()) == []


def test_a_day_without_operations_is_an_empty_register() -> None:
    assert read("Номер заказа;Сумма операции\nИтого;0,00\n".encode()) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "looked for a line of columns with «Сумма операции».*found no such line.*nothing"),
        ("Номер;Деньги\n1;2\n", "begins with: Номер Деньги"),
        (OPERATIONS.replace("Покупка", "Спор"), "line 4: whether .* a refund .*«Спор» in the column «Тип операции»"),
        (OPERATIONS.replace("25 000,00;500", "-25 000,00;500"), "line 4: a payment of -25000.00 RUB"),
        (OPERATIONS.replace("25 000,00;500", "много;500"), "line 4: a sum"),
        (OPERATIONS.replace("643;603112345678", "840;603112345678"), "line 4: a currency"),
        (OPERATIONS.replace("31.01.2026;12:00:05", "вчера;12:00:05"), "line 4: a moment"),
        (
            "Номер заказа;Сумма;Статус\nA-1;1,00;Частичный возврат\n",
            "line 2: whether money moved .*«Частичный.*«Статус»",
        ),
        ("Номер заказа;Сумма\n;1,00\n", "line 2: .* without a number"),
        ("Номер заказа;Сумма;Комиссия\nA-1;1,00\n", "line 2: fewer columns"),
        ('Номер заказа;Сумма\nA-1;1,00\n"A-2;1,00\nA-3;1,00\n', "line 3: no CSV"),
    ],
)
def test_what_cannot_be_told_for_sure_is_not_read_at_all(text: str, why: str) -> None:
    with pytest.raises(RegisterUnreadable, match=why):
        read(text.encode())


@pytest.mark.parametrize("day", ["01.01.0001", "31.12.9999"])
def test_a_day_at_an_end_of_the_calendar_such_as_the_empty_one_of_1c_is_no_moment(day: str) -> None:
    with pytest.raises(RegisterUnreadable, match="line 4: a moment"):
        read(OPERATIONS.replace("31.01.2026;12:00:05", f"{day};12:00:05").encode())


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
