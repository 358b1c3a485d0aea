"""YooKassa's registers: the columns of its help page by their names, in files as shops get them."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calculations.money import Money
from gateways import Http, RegisterLine, RegisterUnreadable
from gateways._register import HeadingDay
from gateways.yookassa import YooKassa

PAYMENTS = """РЕЕСТР ПЛАТЕЖЕЙ ПО ДОГОВОРУ НЭК.11322.23 (152368)
Дата платежей: 2026-01-31
Идентификатор платежа;Сумма платежа;Валюта платежа;Сумма за вычетом комиссии и НДС;Сумма комиссии без НДС;\
Время платежа;Описание;НДС с комиссии
276a9776-000f-5000-a000-179a4d5c6bad;25000.00;RUB;24115.00;725.41;31.01.2026 15:00:05;"Заказ; №72";159,59
21b212e1-0016-50fb-9000-07aebf184c41;8,50;RUB;8,20;0.25;31.01.2026 23:59:59;;0,05

Сумма принятых платежей: 25008.50 RUB
Число платежей: 2
"""
REFUNDS = """РЕЕСТР ВОЗВРАТОВ ПО ДОГОВОРУ НЭК.11322.23 (152368)
Дата возвратов: 2026-02-01
Идентификатор возврата;Идентификатор платежа;Сумма возврата;Валюта возврата;Время возврата
2d5c8000-0015-5000-8000-1c2a5e5f0a11;276a9776-000f-5000-a000-179a4d5c6bad;5000.00;RUB;01.02.2026 10:00:00

Сумма возвратов: 5000.00 RUB
Число возвратов: 1
"""
ENGLISH = """Payment ID;Payment amount;Payment currency;Amount excluding commission;Date and time of payment
p-1;2.00;RUB;1.91;2026-01-31T12:37:07+03:00
"""
LINES = [
    RegisterLine(
        kind="charge",
        order_number="",
        payment_id="276a9776-000f-5000-a000-179a4d5c6bad",
        amount=Money(2_500_000, "RUB"),
        at=datetime(2026, 1, 31, 12, 0, 5, tzinfo=UTC),
        fee=Money(88_500, "RUB"),
    ),
    RegisterLine(
        kind="charge",
        order_number="",
        payment_id="21b212e1-0016-50fb-9000-07aebf184c41",
        amount=Money(850, "RUB"),
        at=datetime(2026, 1, 31, 20, 59, 59, tzinfo=UTC),
        fee=Money(30, "RUB"),
    ),
]
YOOKASSA = YooKassa(Http("https://api.yookassa.example/", lambda: 0.0))


def read(content: bytes) -> list[RegisterLine]:
    return list(YOOKASSA.read_register(content).lines)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_payments_are_read_with_their_fee_and_moment(encoding: str, end: str) -> None:
    assert read(PAYMENTS.replace("\n", end).encode(encoding)) == LINES


def test_refunds_name_the_payment_they_give_back() -> None:
    assert read(REFUNDS.encode()) == [
        RegisterLine(
            kind="refund",
            order_number="",
            payment_id="276a9776-000f-5000-a000-179a4d5c6bad",
            amount=Money(500_000, "RUB"),
            at=datetime(2026, 2, 1, 7, 0, tzinfo=UTC),
        )
    ]


def test_a_register_in_english_without_heading_and_totals_is_read_too() -> None:
    (line,) = read(ENGLISH.encode())
    assert (line.payment_id, line.amount, line.fee) == ("p-1", Money(200, "RUB"), Money(9, "RUB"))
    assert line.at == datetime(2026, 1, 31, 9, 37, 7, tzinfo=UTC)


def test_columns_may_stand_in_any_order_and_fee_and_moment_may_be_missing() -> None:
    text = "Валюта платежа;X;Сумма платежа; идентификатор  платежа\nRUB;;2.00;p-1\n"
    assert read(text.encode()) == [RegisterLine("charge", "", "p-1", Money(200, "RUB"))]


@pytest.mark.parametrize(
    "written", ["1342,00", "1 342,00", "1\u00a0342,00", "1\u202f342,00", "1 342.00", "1 342", "1342,0"]
)
def test_a_sum_is_read_as_a_table_writes_it(written: str) -> None:
    text = (
        f"Идентификатор платежа;Сумма платежа;Валюта платежа;Сумма за вычетом комиссии\np-1;{written};RUB;{written}\n"
    )
    line = RegisterLine("charge", "", "p-1", Money(134_200, "RUB"), fee=Money(0, "RUB"))
    assert read(text.encode()) == [line]


def test_lines_are_numbered_as_in_the_file_whatever_is_quoted() -> None:
    text = PAYMENTS.replace("Заказ; №72", "Заказ;\n№72")
    assert [line.number for line in read(text.encode())] == [4, 6]
    with pytest.raises(RegisterUnreadable, match="line 6: a sum"):
        read(text.replace("8,50", "x").encode())


@pytest.mark.parametrize(
    ("text", "day"),
    [
        (PAYMENTS, date(2026, 1, 31)),
        (REFUNDS, date(2026, 2, 1)),
        (PAYMENTS.replace("Дата платежей", "Date of payments"), date(2026, 1, 31)),
    ],
)
def test_the_heading_tells_its_day(text: str, day: date) -> None:
    assert YOOKASSA.read_register(text.encode()).heading == HeadingDay(day, 2)
    assert YOOKASSA.read_register(ENGLISH.encode()).heading is None


@pytest.mark.parametrize(
    "written", ["Сумма принятых платежей: 9999.10 RUB", "Amount of accepted payments: 9999.10 RUB"]
)
def test_a_sum_that_the_lines_do_not_add_up_to_is_a_warning(written: str) -> None:
    assert YOOKASSA.read_register(PAYMENTS.encode()).warnings == []
    [warning] = YOOKASSA.read_register(
        PAYMENTS.replace("Сумма принятых платежей: 25008.50 RUB", written).encode()
    ).warnings
    assert warning.startswith("line 7: the register's own total is 9999.10 RUB, and the lines above it are payments")


def test_lines_after_an_empty_one_are_not_left_out() -> None:
    first, second = [line for line in PAYMENTS.splitlines(keepends=True) if ";RUB;" in line]
    assert read(PAYMENTS.replace(first + second, f"{first};;;\n{second}").encode()) == LINES
    padded = PAYMENTS.replace("Число платежей: 2", "Число платежей: 2;;;;;;;;")
    assert read(padded.encode()) == LINES


def test_a_count_may_be_written_in_groups() -> None:
    line = ENGLISH.splitlines()[1]
    text = ENGLISH + f"{line}\n" * 1000 + "\nNumber of payments: 1 001\n"
    assert len(read(text.encode())) == 1001
    with pytest.raises(RegisterUnreadable, match="counts 1 002 lines and holds 1001"):
        read(text.replace("1 001", "1 002").encode())


def test_a_day_without_payments_is_an_empty_register() -> None:
    head, _, _ = PAYMENTS.partition("276a9776")
    assert read(f"{head}\nЧисло платежей: 0\n".encode()) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "found 0 lines"),
        ("Номер транзакции;Сумма\n1;2.00\n", "looked for a line of columns"),
        (PAYMENTS.replace("Сумма платежа", "Сумма платежа (в копейках)"), "looked for a line of columns"),
        (PAYMENTS.replace("Сумма платежа", "Сумма платежа, коп."), "looked for a line of columns"),
        (PAYMENTS.replace("Число платежей: 2", "Число платежей: 3"), "counts 3 lines and holds 2"),
        (PAYMENTS.replace("25000.00;RUB", "25 00.00;RUB"), "line 4: a sum"),
        (PAYMENTS.replace("25000.00;RUB", "25,000;RUB"), "line 4: a sum"),
        (PAYMENTS.replace("25000.00;RUB", "25000.00 USD;RUB"), "line 4: a sum"),
        (PAYMENTS.replace("Описание", "Сумма платежа"), "two columns .*«сумма платежа» and «сумма платежа»"),
        (PAYMENTS.replace("Описание", "Payment amount"), "two columns .*«сумма платежа» and «payment amount»"),
        (PAYMENTS.replace("25000.00;RUB", "25000.005;RUB"), "line 4: a sum"),
        (PAYMENTS.replace("25000.00;RUB", "0.00;RUB"), "line 4: the sum is not above zero"),
        (PAYMENTS.replace("25000.00;RUB", "-25000.00;RUB"), "line 4"),
        (PAYMENTS.replace("25000.00;RUB", "25000.00;QQQ"), "line 4: a sum"),
        (PAYMENTS.replace("31.01.2026 15:00:05", "вчера"), "line 4: a moment"),
        (PAYMENTS.replace("21b212e1-0016-50fb-9000-07aebf184c41", ""), "line 5: no payment"),
        (PAYMENTS.replace(";8,50;RUB;8,20;0.25;31.01.2026 23:59:59;;0,05", ";8,50;RUB"), "line 5: fewer columns"),
        (PAYMENTS.replace(";31.01.2026 15:00:05;", ';"31.01.2026 15:00:05;'), "no CSV"),
    ],
)
def test_what_cannot_be_read_whole_is_not_read_at_all(text: str, why: str) -> None:
    with pytest.raises(RegisterUnreadable, match=why):
        read(text.encode())


@pytest.mark.parametrize(
    "written",
    ["01.01.0001 00:00:00", "31.12.9999 23:59:59", "0001-01-01T00:00:00+03:00", "9999-12-31T23:59:59-03:00"],
)
def test_a_day_at_an_end_of_the_calendar_such_as_the_empty_one_of_1c_is_no_moment(written: str) -> None:
    with pytest.raises(RegisterUnreadable, match="line 4: a moment"):
        read(PAYMENTS.replace("31.01.2026 15:00:05", written).encode())


def test_a_count_of_more_digits_than_a_number_may_have_agrees_with_no_lines() -> None:
    with pytest.raises(RegisterUnreadable, match="holds 2: it is not whole"):
        read(PAYMENTS.replace("Число платежей: 2", f"Число платежей: {'9' * 5000}").encode())


def test_an_excel_file_is_told_apart() -> None:
    with pytest.raises(RegisterUnreadable, match="Excel"):
        read(b"PK\x03\x04...")


@given(st.binary(max_size=300))
def test_no_bytes_whatever_give_anything_but_lines_or_a_reason(content: bytes) -> None:
    try:
        lines = read(content)
    except RegisterUnreadable:
        return
    assert all(line.amount.minor > 0 for line in lines)


@given(st.text(alphabet="Идентификаторплжасум;\n\"'0123456789.\0\r", max_size=200))
def test_no_text_after_the_columns_breaks_the_reader(text: str) -> None:
    head = "Идентификатор платежа;Сумма платежа;Валюта платежа\n"
    try:
        lines = read((head + text).encode())
    except RegisterUnreadable:
        return
    assert all(line.amount.minor > 0 for line in lines)
