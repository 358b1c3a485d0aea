"""T-Bank's registers of operations, made after the description of the format in its OpenAPI document."""

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
    return list(TBank(Http("https://acquirer.example/", lambda: 0.0)).read_register(content))


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
        (register(row(), row("Something")), "line 2"),
        (register(row(amount="many")), "line 1: a sum"),
        (register(row(amount="")), "line 1: a sum"),
        (register(row(amount="0.00")), "line 1: .* without a sum"),
        (register(row(fee="many")), "line 1: a sum"),
        (register(row(day="2026-01-31")), "line 1: a moment"),
        (register(row(order="", payment="")), "line 1: .* without .* a number"),
        (register("Тип операции;PaymentId;Сумма операции", "Debit;5"), "line 2: fewer"),
        (register("Тип операции;PaymentId;Сумма операции", "Holiday;5;1.00"), "line 2: .* type"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_no_register_is_refused_with_its_line(content: bytes, named: str) -> None:
    with pytest.raises(RegisterUnreadable, match=named):
        read(content)
