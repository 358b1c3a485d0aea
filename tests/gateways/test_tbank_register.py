"""T-Bank's registers of operations, made after the description of the format in its OpenAPI document."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from calculations.money import Money
from gateways import Http, RegisterLine, RegisterUnreadable
from gateways.tbank import TBank

# every type of operation of the document besides Debit and Credit
KINDS_BESIDES = [
    "Chargeback_Fee",
    "2Chargeback",
    "2Chargeback_Reversal",
    "DebitCorrection",
    "CreditCorrection",
    "DebitClientCorrection",
    "CR_Chargeback",
    "CR_Chargeback_Fee",
    "Chargeback_Reversal",
    "Representment_Reversal",
    "CancelRefund",
    "CreditClientCorrection",
    "Chargeback",
    "Chargeback_Reversal_Fee",
    "Representment",
    "Representment_Fee",
    "ServiceFee",
    "AUTH_FAIL",
]
AT = datetime(2026, 1, 31, 9, 30, 15, tzinfo=UTC)


def row(
    kind: str = "Debit",
    *,
    amount: str = "25000.00",
    fee: str = "500.00",
    receipt_fee: str | None = None,
    order: str = "A-1",
    payment: str = "3093639567",
    day: str = "31.01.2026",
) -> str:
    """One operation in the documented order of fields; with a fee for receipts there is one field more."""
    fees = [fee] if receipt_fee is None else [fee, receipt_fee]
    before = ["1", "2200 77** **** 7761", "Mir", order, day, "12:30:15", "MSK", "A1B2C3", "10001", day, day, amount]
    after = ["24500.00", kind, "835508576879", payment, "Магазин", "Dom", "Email:a@test.ru", "Платёж 1 из 4"]
    return ";".join(before + fees + after)


def register(*rows: str, encoding: str = "cp1251") -> bytes:
    return "".join(f"{one}\r\n" for one in rows).encode(encoding)


def read(content: bytes) -> list[RegisterLine]:
    return list(TBank(Http("https://acquirer.example/", lambda: 0.0)).read_register(content).lines)


PAID = RegisterLine("charge", "A-1", "3093639567", Money(2_500_000, "RUB"), AT, Money(50_000, "RUB"))


@pytest.mark.parametrize("encoding", ["cp1251", "utf-8", "utf-8-sig"])
def test_payments_and_refunds_are_read_with_moment_and_fee(encoding: str) -> None:
    refund = row("Credit", amount="5000.00", fee="0.00", payment="7")
    assert read(register(row(), refund, encoding=encoding)) == [
        PAID,
        RegisterLine("refund", "A-1", "7", Money(500_000, "RUB"), AT, Money(0, "RUB")),
    ]


def test_the_fee_for_receipts_is_part_of_the_fee() -> None:
    (line,) = read(register(row(receipt_fee="1.50")))
    assert (line.payment_id, line.amount, line.fee) == ("3093639567", Money(2_500_000, "RUB"), Money(50_150, "RUB"))


def test_a_refund_is_a_sum_above_zero_however_it_is_written() -> None:
    (line,) = read(register(row("Credit", amount="-5000,00", fee="")))
    assert (line.kind, line.amount, line.fee) == ("refund", Money(500_000, "RUB"), None)


@pytest.mark.parametrize(("written", "kind"), [("Оплата", "charge"), ("ОПЛАТА", "charge"), ("Возврат", "refund")])
def test_types_may_be_in_russian_under_names_and_in_the_documented_order(written: str, kind: str) -> None:
    named = register("Тип операции;PaymentId;Сумма операции", f"{written};5;1\u00a0342,00")
    assert [(line.kind, line.amount.minor) for line in read(named)] == [(kind, 134_200)]
    assert [(line.kind, line.amount.minor) for line in read(register(row(written)))] == [(kind, 2_500_000)]


@pytest.mark.parametrize("kind", KINDS_BESIDES)
def test_disputes_corrections_fees_and_failures_are_no_payments(kind: str) -> None:
    assert read(register(row(kind), row())) == [PAID]


@pytest.mark.parametrize(
    "titles",
    [
        "Номер заказа;Дата операции;Время операции;Сумма операции (руб.);Комиссия Банка (руб.);Тип операции;Payment ID",
        "Order ID;Operation date;Operation time;Operation amount;Bank fee;Operation type;PaymentID",
    ],
)
def test_columns_that_are_named_are_found_by_their_names(titles: str) -> None:
    content = register(titles, "A-1;31.01.2026;12:30:15;25000.00;500.00;Debit;3093639567", "Итого;;;25000.00;;;")
    assert read(content) == [PAID]


@pytest.mark.parametrize(
    ("titles", "expected"),
    [("Сумма операции, руб.;Комиссия банка, руб.", 2_500_000), ("СУММА ОПЕРАЦИИ, В РУБЛЯХ;Комиссия", 2_500_000)],
)
def test_named_sums_may_say_that_they_are_roubles(titles: str, expected: int) -> None:
    content = register(f"Тип операции;PaymentId;{titles}", "Debit;5;25000.00;500.00")
    assert [(line.amount.minor, line.fee) for line in read(content)] == [(expected, Money(50_000, "RUB"))]


def test_what_stands_after_a_subtotal_is_read_on() -> None:
    subtotal = ";".join(["Итого", *[""] * 10, "25000.00", "500.00"])
    assert read(register(row(), subtotal, row("Credit"))) == [PAID, replace(PAID, kind="refund")]


@pytest.mark.parametrize(("told", "warned"), [("25000.00", False), ("999999.00", True)])
def test_a_total_that_the_lines_do_not_add_up_to_is_a_warning(told: str, warned: bool) -> None:
    total = ";".join(["Итого", *[""] * 10, told, "500.00"])
    warnings = TBank(Http("https://acquirer.example/", lambda: 0.0)).read_register(register(row(), total)).warnings
    assert ["line 2: the register's own total is 999999.00 RUB" in warning for warning in warnings] == [True] * warned


def test_an_operation_numbered_by_a_word_like_totals_is_an_operation() -> None:
    assert read(register(row().replace("1;", "Итого;", 1))) == [PAID]


def test_lines_are_numbered_as_in_the_file_whatever_is_quoted_or_empty() -> None:
    quoted = row().replace("Платёж 1 из 4", '"Платёж\r\n1; 4"')
    assert [line.number for line in read(register("", "", quoted, row()))] == [3, 5]
    with pytest.raises(RegisterUnreadable, match="line 5: a sum"):
        read(register("", "", quoted, row(amount="oops")))


def test_an_operation_whose_words_look_like_a_column_of_sums_is_no_line_of_columns() -> None:
    assert read(register(row().replace("Платёж 1 из 4", "Amount: 5 USD"))) == [PAID]


def test_named_columns_need_neither_order_nor_moment_nor_fee() -> None:
    content = register("Тип операции;PaymentId;Сумма операции", "Debit;5;1.00")
    assert read(content) == [RegisterLine("charge", "", "5", Money(100, "RUB"))]


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"", "empty"),
        (b"\r\n\r\n", "empty"),
        (b"PK\x03\x04rest", "Excel"),
        (b"<html><body>no</body></html>", "line 1: .* found 1"),
        (register("a;b;c"), "line 1"),
        (register(row(), row().replace("Платёж", '"Платёж'), row(order="X")), "line 2: no CSV .* quote"),
        (register(row(amount="-12000.00")), "line 1: a payment of -12000.00 RUB"),
        (register(row(amount="−12000.00"), encoding="utf-8"), "line 1: a payment of -12000.00 RUB"),
        (register(row("Комиссия")), "line 1: .* in the 15th field.* found «Комиссия» and «835508576879»"),
        (register(row(), row("Something")), "line 2"),
        (register(row(amount="many")), "line 1: a sum"),
        (register(row(amount="")), "line 1: a sum"),
        (register(row(amount="0.00")), "line 1: .* without a sum"),
        (register(row(fee="many")), "line 1: a sum"),
        (register(row(day="2026-01-31")), "line 1: a moment"),
        (register(row(order="", payment="")), "line 1: .* without .* a number"),
        (register("Тип операции;PaymentId;Сумма операции", "Debit;5"), "line 2: fewer"),
        (
            register("Тип операции;PaymentId;Сумма операции (в копейках)", "Debit;5;100"),
            "копейках.» does not say roubles",
        ),
        (register("Тип операции;PaymentId;Сумма операции, коп.", "Debit;5;100"), "коп.» does not say roubles"),
        (register("Type;PaymentId;Amount;Fee (cents)", "Debit;5;1.00;1"), "«Fee .cents.» does not say roubles"),
        (register("Тип операции;PaymentId;Сумма операции", "Holiday;5;1.00"), "line 2: «Holiday» .* type"),
        (register("Тип операции;PaymentId;Сумма операции", "Отмена возврата;5;1.00"), "line 2: .* type"),
        (register("Тип операции;PaymentId;Сумма операции;Amount", "Debit;5;1.00;1.00"), "two columns may be the sum"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_no_register_is_refused_with_its_line(content: bytes, named: str) -> None:
    with pytest.raises(RegisterUnreadable, match=named):
        read(content)


@pytest.mark.parametrize("day", ["01.01.0001", "31.12.9999"])
def test_a_day_at_an_end_of_the_calendar_such_as_the_empty_one_of_1c_is_no_moment(day: str) -> None:
    with pytest.raises(RegisterUnreadable, match="line 2: a moment"):
        read(register(row(), row(day=day)))


def test_a_field_that_begins_with_a_quoted_name_is_read_as_it_stands() -> None:
    named = row(order="A-2").replace("Магазин", '"Ромашка" на Тверской').replace("Платёж", '"Платёж"')
    lines = read(register(row(), "", named, row("Credit", order="A-3")))
    assert [(line.order_number, line.number) for line in lines] == [("A-1", 1), ("A-2", 3), ("A-3", 4)]


@pytest.mark.parametrize(
    "name",
    ['"Ромашка; цветы" на Тверской', '"Ромашка на Тверской', '"Курсы "Ромашка"'],
)
def test_where_a_quote_may_hold_more_than_a_name_the_file_is_refused_by_its_line(name: str) -> None:
    with pytest.raises(RegisterUnreadable, match="line 2: no CSV from here on"):
        read(register(row(), row(order="A-2").replace("Магазин", name), row(order="A-3")))


def test_a_file_all_in_quotes_with_one_broken_is_refused() -> None:
    quoted = ['"' + one.replace(";", '";"') + '"' for one in (row(), row(order="A-2"))]
    quoted[1] = quoted[1].replace('"Магазин"', '"Магазин" на Тверской')
    with pytest.raises(RegisterUnreadable):
        read(register(*quoted))
