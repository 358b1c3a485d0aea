"""`registers compare`: a table for people, JSON for programs, and an exit status that says whether all agrees."""

import json
from pathlib import Path

import click.testing
import pytest

from billing.registers import Registers
from handlers.commands import registers
from storage.database import open_database
from tests.billing.test_registers import HEADER, BankWithRegisters, line
from tests.billing.world import World
from tests.handlers.test_money_commands import Operator


class Accountant(Operator):
    def __init__(self, folder: Path) -> None:
        self.world = World(open_database(f"sqlite:///{folder}/money.db"))
        self.world.bank = BankWithRegisters(self.world.clock)
        self.world.charging = self.world.new_process()
        super().__init__(self.world)
        self.app.cli.add_command(registers.group)
        services = self.app.extensions["services"]
        services.registers = Registers(self.world.database, self.world.gateways, self.world.charging)
        self.file = folder / "register.csv"

    def compares(self, content: str, *more: str) -> click.testing.Result:
        self.file.write_text(content)
        known = ("--portal", "member-1", "--gateway", "bank", "--day", "2026-01-31")
        return self.types("registers", "compare", *known, *more, str(self.file))


@pytest.fixture
def accountant(tmp_path: Path) -> Accountant:
    return Accountant(tmp_path)


def test_a_day_that_agrees_exits_with_0(accountant: Accountant) -> None:
    accountant.world.charge()
    [attempt] = accountant.world.attempts()
    result = accountant.compares(HEADER + line(attempt.order_number))
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "bank/main on 2026-01-31, Moscow's day:",
        f"agrees  charge  {attempt.order_number}  theirs 25000.00 RUB  ours 25000.00 RUB  charge 1",
        "Payments: the acquirer lists 1 of 25000.00 RUB, we have 1 of 25000.00 RUB.",
        "Refunds: the acquirer lists 0 of 0, we have 0 of 0.",
        "Fee: 500.00 RUB.",
        "1 lines, all agree.",
    ]


def test_what_differs_stands_first_and_exits_with_1(accountant: Accountant) -> None:
    accountant.world.charge()
    [attempt] = accountant.world.attempts()
    result = accountant.compares(HEADER + line(attempt.order_number) + line("X-1", "7,00", "Возврат"))
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert lines[1].startswith("missing at us  refund  X-1 ")
    assert lines[1].endswith("no charge  no such order here")
    assert lines[2].startswith("agrees         charge  ")
    assert lines[-1] == "2 lines, differing: 1."


def test_a_warning_exits_with_1_though_all_lines_agree(accountant: Accountant) -> None:
    content = HEADER + "Итого;;;7,00;;;\n"
    result = accountant.compares(content)
    assert result.exit_code == 1
    *_, warning, last = result.output.splitlines()
    assert warning.startswith(f"Warning: {accountant.file}, line 2: the register's own total is 7.00 RUB, ")
    assert last == "0 lines, warnings: 1."
    assert json.loads(accountant.compares(content, "--json").output)["warnings"] == [warning[9:-1]]


def test_an_empty_day_agrees(accountant: Accountant) -> None:
    assert accountant.compares(HEADER).output.splitlines()[-1] == "0 lines, all agree."


def test_json_says_the_same(accountant: Accountant) -> None:
    result = accountant.compares(HEADER + line("X-1"), "--json")
    assert result.exit_code == 1
    told = json.loads(result.output)
    assert told["agrees"] is False
    assert told["fees"] == ["500.00 RUB"]
    assert told["lines"][0]["verdict"] == "missing_here"
    assert told["lines"][0]["theirs"] == "25000.00 RUB"


@pytest.mark.parametrize(
    ("content", "more", "word"),
    [
        ("nothing of the kind", (), "looked for a line of columns"),
        (HEADER + line("A", at="30.01.2026;12:00:00"), (), "is of 2026-01-30, not of 2026-01-31"),
        (HEADER, ("--terminal", "second"), "the portal has: main"),
    ],
)
def test_a_file_that_cannot_be_compared_is_said_in_one_sentence(
    accountant: Accountant, content: str, more: tuple[str, ...], word: str
) -> None:
    result = accountant.compares(content, *more)
    assert result.exit_code == 1
    [sentence] = result.stderr.splitlines()
    assert word in sentence
    assert str(accountant.file) in sentence


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_a_day_that_no_acquirer_has_is_said_plainly(accountant: Accountant, day: str) -> None:
    result = accountant.compares(HEADER, "--day", day)
    assert result.exit_code == 1
    assert "no acquirer has a register of" in result.output
