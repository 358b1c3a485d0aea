"""Registers compared with what was charged and refunded; nothing is ever settled by a file."""

from dataclasses import replace
from datetime import date
from typing import ClassVar

import pytest

from billing.ledger import check_ledger
from billing.registers import RegisterRefused, RegisterReport, Registers
from calculations.money import Money
from gateways import Capability, Register, RegisterUnreadable
from gateways._sberbank_register import read_register
from tests.billing.bank import Bank
from tests.billing.world import World

DAY = date(2026, 1, 31)
HEADER = "Номер заказа;mdOrder;Тип операции;Сумма операции;Комиссия;Дата операции;Время операции\n"


class BankWithRegisters(Bank):
    capabilities: ClassVar[frozenset[Capability]] = Bank.capabilities | {Capability.READ_REGISTER}

    def read_register(self, content: bytes) -> Register:
        return read_register(content)


@pytest.fixture
def shop(world: World) -> World:
    world.bank = BankWithRegisters(world.clock)
    world.charging = world.new_process()
    return world


def line(order: str, amount: str = "25000,00", kind: str = "Покупка", at: str = "31.01.2026;12:00:00") -> str:
    return f"{order};;{kind};{amount};500,00;{at}\n"


def compared(world: World, *lines: str, day: date = DAY, portal_id: int = 1, name: str = "") -> RegisterReport:
    registers = Registers(world.database, world.gateways, world.charging)
    return registers.compare(portal_id, "bank", name, day, [("register.csv", (HEADER + "".join(lines)).encode())])


def orders(world: World) -> list[str]:
    return [attempt.order_number for attempt in world.attempts()]


def test_a_day_that_agrees_says_so_and_sums_the_fee(shop: World) -> None:
    shop.charge()
    shop.charge(shop.new_order(key="due:D_6"))
    shop.charging.refunds.refund(1, 500_000)
    first, second = orders(shop)
    report = compared(shop, line(first), line(second), line(first, "5000,00", "Возврат"))
    assert report.agrees
    assert [row.charge_id for row in report.rows] == [1, 1, 2]
    assert report.fees == (Money(150_000, "RUB"),)


def test_what_one_side_lacks_is_told_by_its_order(shop: World) -> None:
    shop.charge()
    report = compared(shop, line("FOREIGN"))
    assert [(row.verdict, row.order_number) for row in report.rows] == [
        ("missing_here", "FOREIGN"),
        ("missing_there", orders(shop)[0]),
    ]
    assert not report.agrees


def test_an_unknown_try_is_asked_about_at_once_and_only_the_answer_settles_it(shop: World) -> None:
    shop.bank.script = ["lost_after"]
    shop.charge()
    report = compared(shop, line(orders(shop)[0]))
    assert [row.verdict for row in report.rows] == ["open_here"]
    assert shop.attempts()[0].state == "unknown"
    assert shop.attempts()[0].look_up_at == shop.clock()
    assert shop.tick() == 1
    assert shop.attempts()[0].state == "succeeded"
    assert compared(shop, line(orders(shop)[0])).agrees


def test_a_file_that_lies_settles_nothing(shop: World) -> None:
    shop.bank.script = ["pending"]
    shop.charge()
    compared(shop, line(orders(shop)[0]))
    shop.tick()
    assert shop.attempts()[0].state == "pending"
    assert shop.money() == []
    assert shop.sound()


def test_a_try_that_was_declined_here_and_is_listed_there_is_asked_about(shop: World) -> None:
    shop.bank.script = ["declined:funds"]
    shop.charge()
    shop.bank.becomes(orders(shop)[0], "paid")
    assert compared(shop, line(orders(shop)[0])).rows[0].verdict == "missing_here"
    shop.tick()
    assert compared(shop, line(orders(shop)[0])).agrees


def test_an_open_refund_is_asked_about_at_once(shop: World) -> None:
    shop.charge()
    shop.bank.refund_script = ["lost_after"]
    shop.charging.refunds.refund(1, 100)
    given_back = line(orders(shop)[0], "1,00", "Возврат")
    assert compared(shop, line(orders(shop)[0]), given_back).rows[0].verdict == "open_here"
    shop.tick()
    assert compared(shop, line(orders(shop)[0]), given_back).agrees


def test_the_day_is_moscows_whatever_the_portals_zone(shop: World) -> None:
    shop.clock.forward(hours=11, minutes=59)  # 20:59 UTC: a minute to midnight in Moscow
    shop.charge()
    shop.clock.forward(minutes=2)
    shop.charge(shop.new_order(key="due:D_6"))
    late, early = orders(shop)
    assert compared(shop, line(late)).agrees
    assert compared(shop, line(early, at="01.02.2026;00:01:00"), day=date(2026, 2, 1)).agrees


def test_a_file_of_another_day_is_refused(shop: World) -> None:
    shop.charge()
    with pytest.raises(RegisterRefused, match=r"register\.csv is of 2026-01-31, not of 2026-02-01"):
        compared(shop, line(orders(shop)[0]), day=date(2026, 2, 1))


def test_of_two_files_the_one_of_another_day_is_named(shop: World) -> None:
    shop.charge()
    known, alien = line(orders(shop)[0]), line("A", at="31.12.2025;12:00:00")
    files = [(name, (HEADER + one).encode()) for name, one in (("a.csv", known), ("b.csv", alien))]
    with pytest.raises(RegisterRefused, match=r"register b\.csv is of 2025-12-31, not of 2026-01-31"):
        Registers(shop.database, shop.gateways, shop.charging).compare(1, "bank", "", DAY, files)


def test_a_line_of_another_day_is_told_by_file_and_line(shop: World) -> None:
    shop.charge()
    shop.charge(shop.new_order(key="due:D_6"))
    first, second = orders(shop)
    report = compared(shop, line(first), line(second, at="30.01.2026;23:59:59"))
    assert [(row.verdict, row.note) for row in report.rows] == [
        ("other_day", "register.csv, line 3 is of 2026-01-30"),
        ("agrees", ""),
    ]
    assert not report.agrees


def test_lines_without_a_date_do_not_agree_with_another_day(shop: World) -> None:
    shop.charge()
    lines = [line(orders(shop)[0], at=";")]
    assert compared(shop, *lines).agrees
    [row] = compared(shop, *lines, day=date(2026, 1, 20)).rows
    assert (row.verdict, row.note) == ("other_day", "settled here on 2026-01-31; register.csv, line 2 has no date")


def test_a_heading_of_another_day_is_a_warning(shop: World) -> None:
    shop.charge()
    content = f"Реестр за 30.01.2026\n{HEADER}{line(orders(shop)[0])}".encode()
    report = Registers(shop.database, shop.gateways, shop.charging).compare(1, "bank", "", DAY, [("a.csv", content)])
    assert report.warnings == ["a.csv, line 1: the register says that it is of 2026-01-30, not of 2026-01-31"]
    assert not report.agrees


def test_totals_that_the_lines_do_not_bear_out_are_a_warning(shop: World) -> None:
    shop.charge()
    report = compared(shop, line(orders(shop)[0]), "Итого;;;99 999,00;;;\n")
    assert [row.verdict for row in report.rows] == ["agrees"]
    assert report.warnings[0].startswith("register.csv, line 3: the register's own total is 99999.00 RUB")
    assert not report.agrees


def test_numbers_of_two_orders_on_one_line_do_not_agree(shop: World) -> None:
    shop.charge()
    shop.charge(shop.new_order(key="due:D_6"))
    first, second = shop.attempts()
    swapped = line(first.order_number).replace(";", f";{second.gateway_payment_id}", 1)
    report = compared(shop, swapped, line(second.order_number))
    assert [(row.verdict, row.note) for row in report.rows] == [
        ("two_orders", f"register.csv, line 2 has the acquirer's number of another order, {second.order_number}"),
        ("agrees", ""),
    ]


def test_another_portals_order_is_an_order_we_do_not_know(shop: World) -> None:
    other = shop.add_portal("member-2")
    shop.charge(shop.new_order(portal_id=other, call_id=None))
    [row] = compared(shop, line(orders(shop)[0])).rows
    assert (row.verdict, row.charge_id, row.note) == ("missing_here", None, "no such order here")


def test_a_portal_with_several_terminals_there_has_to_say_which(shop: World) -> None:
    shop.terminals().configure(1, "bank", "second", '{"shop": "second"}')
    with pytest.raises(RegisterRefused, match="main, second"):
        compared(shop)
    shop.charge(shop.new_order(gateway="bank/main"))
    assert compared(shop, line(orders(shop)[0]), name="main").agrees
    assert not compared(shop, line(orders(shop)[0]), name="second").agrees


def test_what_cannot_be_read_is_said(shop: World, world: World) -> None:
    registers = Registers(shop.database, shop.gateways, shop.charging)
    with pytest.raises(RegisterUnreadable, match=r"^day\.csv: no register .* looked for"):
        registers.compare(1, "bank", "", DAY, [("day.csv", b"no register")])
    with pytest.raises(RegisterRefused, match="none"):
        registers.compare(1, "sandbox", "", DAY, [])
    plain = {"bank": Bank(world.clock)}
    with pytest.raises(RegisterRefused, match="cannot be read"):
        Registers(world.database, plain, world.charging).compare(1, "bank", "", DAY, [])


def test_money_given_back_past_us_that_a_register_lists_is_asked_about_and_booked(shop: World) -> None:
    shop.charge()
    [order] = orders(shop)
    shop.bank.book[order] = replace(shop.bank.book[order], given_back=Money(500_000, "RUB"))
    lines = line(order), line(order, "5000,00", "Возврат")
    [row, _] = compared(shop, *lines).rows
    assert row.verdict == "missing_here"
    assert row.note == "no such refund of this order here, the acquirer is asked what went back"
    assert shop.tick() == 1
    assert compared(shop, *lines).agrees
    assert check_ledger(shop.database).sound


def test_an_order_is_asked_about_where_the_register_names_the_acquirers_number_alone(shop: World) -> None:
    shop.charge()
    [attempt] = shop.attempts()
    order = attempt.order_number
    shop.bank.book[order] = replace(shop.bank.book[order], given_back=Money(500_000, "RUB"))
    paid, back = (
        f";{attempt.gateway_payment_id};{one};31.01.2026;12:00:00\n"
        for one in ("Покупка;25000,00;500,00", "Возврат;5000,00;0,00")
    )
    assert compared(shop, paid, back).rows[0].order_number == order
    shop.tick()
    assert compared(shop, paid, back).agrees


def test_a_refund_given_up_here_and_listed_there_is_asked_about_by_its_order_and_never_asked_for_again(
    shop: World,
) -> None:
    shop.charge()
    shop.bank.refund_script = ["declined"]
    shop.charging.refunds.refund(1, 500_000)
    [row, _] = compared(shop, line(orders(shop)[0]), line(orders(shop)[0], "5000,00", "Возврат")).rows
    assert row.note == "declined here, the acquirer is asked what went back"
    shop.tick()
    assert shop.money() == [2_500_000]
    assert shop.attempts()[0].look_up_at is None


def test_an_order_that_nobody_paid_here_and_that_was_cancelled_there_is_told_as_such(shop: World) -> None:
    shop.bank.script = ["declined:lost"]
    shop.charge()
    [row] = compared(shop, line(orders(shop)[0], kind="Отмена")).rows
    assert row.verdict == "missing_here"
    assert row.note == "declined here, the acquirer is asked about it; if only a hold was let go, no money moved"
