"""`statements import | list | match | unmatch`, as an accountant types them."""

from pathlib import Path

import click.testing
import pytest

from billing.key import order_stem
from billing.statements import Statements
from handlers.commands import statements
from storage.database import open_database
from tests.billing.statement_text import OTHER_INN, OURS, THEIR_INN, THEM, came_in, statement, went_out
from tests.billing.world import World
from tests.handlers.test_money_commands import Operator

PORTAL = ("--portal", "member-1")
SECOND = "40702810400000000088"
STEM = order_stem("member-1", "due:D_5")


class Accountant(Operator):
    def __init__(self, folder: Path) -> None:
        self.world = World(open_database(f"sqlite:///{folder}/money.db"))
        super().__init__(self.world)
        self.app.cli.add_command(statements.group)
        self.app.extensions["services"].statements = Statements(self.world.database, self.world.clock)
        self.file = folder / "statement.txt"
        self.world.charging.in_person.ask(self.world.new_order(call_id=None))

    def imports(self, *documents: str) -> click.testing.Result:
        self.file.write_bytes(statement(*documents))
        return self.types("statements", "import", *PORTAL, str(self.file))

    def lists(self, *more: str) -> str:
        return self.types("statements", "list", *PORTAL, *more).output


@pytest.fixture
def accountant(tmp_path: Path) -> Accountant:
    return Accountant(tmp_path)


def test_an_import_says_what_it_added_and_matched_and_a_second_one_that_nothing_is_new(accountant: Accountant) -> None:
    documents = (came_in(purpose=f"Оплата {STEM}"), came_in("7.00", number="119"), went_out())
    first = accountant.imports(*documents)
    assert first.exit_code == 0
    assert first.output == "Transfers added: 3, known already: 0.\nMatched now: 2, left unmatched: 1.\n"
    assert accountant.imports(*documents).output.startswith("Transfers added: 0, known already: 3.\nMatched now: 0,")


def test_the_list_says_what_each_transfer_is(accountant: Accountant) -> None:
    accountant.imports(came_in(purpose=f"Оплата {STEM}"), came_in(purpose=f"Еще раз {STEM}", number="119"), went_out())
    assert accountant.lists().splitlines() == [
        f"3  matched  out  2026-01-31  1000.00 RUB  ПАО «Газ» (INN {OTHER_INN})",
        "    Аренда по договору № 12/2025 от 01.02.2025",
        f"    paid to INN {OTHER_INN} for contract 12/2025, by recipient_inn",
        f"2  matched  in  2026-01-31  25000.00 RUB  {THEM} (INN {THEIR_INN})",
        f"    Еще раз {STEM}",
        "    a credit of C_5, besides charge 1, by order_number",
        f"1  matched  in  2026-01-31  25000.00 RUB  {THEM} (INN {THEIR_INN})",
        f"    Оплата {STEM}",
        "    pays charge 1, by order_number",
    ]
    assert accountant.lists("--unmatched") == "No such transfer.\n"


def test_what_is_unmatched_is_listed_with_its_reason_and_candidates(accountant: Accountant) -> None:
    accountant.imports(came_in(), came_in("7.00", f"часть {STEM}", number="119"))
    assert accountant.lists("--unmatched").splitlines() == [
        f"2  unmatched  in  2026-01-31  7.00 RUB  {THEM} (INN {THEIR_INN})",
        f"    часть {STEM}",
        "    it names charge 1 of 25000.00 RUB, and is of 7.00 RUB",
        "    charge 1?  open  25000.00 RUB  C_5  Payment 1 of 4",
        f"1  unmatched  in  2026-01-31  25000.00 RUB  {THEM} (INN {THEIR_INN})",
        "    Оплата услуг",
        "    its purpose names no order number, no key of a charge and no invoice of ours",
        "    charge 1?  open  25000.00 RUB  C_5  Payment 1 of 4",
    ]


def test_a_person_matches_takes_back_and_says_to_whom_money_went(accountant: Accountant) -> None:
    accountant.imports(came_in(), came_in("7.00", number="119"), went_out(inn="0"))
    assert accountant.types("statements", "match", "1", "--charge", "1").output == "Transfer 1 pays charge 1.\n"
    credit = accountant.types("statements", "match", "2", "--charge", "1").output
    assert credit.startswith("Transfer 2 is booked as a credit of the client of charge 1.")
    paid = accountant.types("statements", "match", "3", "--counterparty", OTHER_INN).output
    listed = accountant.lists()
    assert "pays charge 1, by hand" in listed
    assert f"paid to INN {OTHER_INN}" in listed
    assert "by by_hand" not in listed
    assert paid == f"Transfer 3 is booked as paid to INN {OTHER_INN}.\n"
    shown = accountant.types("charges", "show", "1").output
    assert "Charge 1 of portal member-1: succeeded" in shown
    assert "Transfer 1, 25000.00 RUB of 2026-01-31: pays it" in shown
    assert "Transfer 2, 7.00 RUB of 2026-01-31: a credit of its client" in shown
    assert accountant.types("statements", "unmatch", "1").exit_code == 0
    assert "1  left  in" in accountant.lists("--unmatched")
    assert "taken back" in accountant.types("charges", "show", "1").output
    assert "Charge 1 of portal member-1: open" in accountant.types("charges", "show", "1").output
    assert accountant.types("ledger", "check").exit_code == 0


def test_a_credit_for_a_charge_that_its_card_will_yet_pay_is_told_with_what_stops_the_card(
    accountant: Accountant,
) -> None:
    accountant.world.bank.script = ["declined:funds"]
    accountant.world.charge(accountant.world.new_order(key="due:D_6"))
    accountant.imports(came_in("25000.01"), came_in("800.00", number="119"))
    matched = accountant.types("statements", "match", "1", "--charge", "2")
    assert (matched.exit_code, matched.stderr) == (
        0,
        "Charge 2 is still planned: 25000.00 RUB are taken of the client's card at 2026-02-01 12:00, besides this "
        "transfer. `charges cancel 2` stops it.\n",
    )
    accountant.types("charges", "cancel", "2")
    assert accountant.types("statements", "match", "2", "--charge", "2").stderr == ""
    accountant.world.settle()
    assert accountant.world.money() == []


def test_a_credit_for_a_charge_that_is_open_behind_its_link_is_told(accountant: Accountant) -> None:
    accountant.imports(came_in("800.00"), came_in(number="119"), came_in("900.00", number="120"))
    told = accountant.types("statements", "match", "1", "--charge", "1").stderr
    assert told == (
        "Charge 1 is still open: 25000.00 RUB can be paid behind its link, besides this transfer. `charges cancel 1` "
        "stops it.\n"
    )
    assert accountant.types("statements", "match", "2", "--charge", "1").stderr == ""
    assert accountant.types("statements", "match", "3", "--charge", "1").stderr == ""


def test_documents_that_are_alike_and_an_account_never_seen_before_are_told(accountant: Accountant) -> None:
    alike = accountant.imports(came_in(), came_in())
    assert (alike.exit_code, alike.stdout.splitlines()[0]) == (1, "Transfers added: 2, known already: 0.")
    assert "stands 2 times (lines 17, 39)" in alike.stderr
    accountant.file.write_bytes(statement(came_in(ours=SECOND)).replace(OURS.encode(), SECOND.encode()))
    foreign = accountant.types("statements", "import", *PORTAL, str(accountant.file))
    assert foreign.stdout.startswith("Transfers added: 1,")
    assert f"{accountant.file}: account {SECOND} is new" in foreign.stderr


def test_a_link_and_a_charge_say_what_to_write_into_the_purpose_of_a_transfer(accountant: Accountant) -> None:
    assert f"In the purpose of a bank transfer: {STEM}" in accountant.types("charges", "show", "1").output


def test_an_inn_with_a_wrong_check_digit_is_shown_as_such(accountant: Accountant) -> None:
    accountant.imports(came_in(), went_out(inn="5027119067"))
    first, *_ = accountant.lists().splitlines()
    assert first.endswith("ПАО «Газ» (INN 5027119067 has a wrong check digit)")
    assert accountant.lists("--unmatched").splitlines()[0] == first
    assert accountant.types("statements", "match", "2", "--counterparty", "5027119067").exit_code == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("match", "1"), "either --charge or --counterparty"),
        (("match", "1", "--charge", "1", "--counterparty", OTHER_INN), "either --charge or --counterparty"),
        (("match", "9", "--charge", "1"), "There is no transfer 9"),
        (("match", "1", "--charge", "9"), "There is no charge 9"),
        (("match", "1", "--counterparty", OTHER_INN), "takes --charge"),
        (("match", "1", "--counterparty", "5"), "no INN"),
        (("unmatch", "1"), "matched with nothing"),
        (("match", str(2**63), "--charge", "1"), "is not in the range"),
        (("match", "1", "--charge", str(2**63)), "is not in the range"),
        (("unmatch", str(2**63)), "is not in the range"),
        (("list", *PORTAL, "--limit", str(2**63)), "is not in the range"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(accountant: Accountant, words: tuple[str, ...], said: str) -> None:
    accountant.imports(came_in())
    result = accountant.types("statements", *words)
    assert result.exit_code != 0
    assert said in result.stderr


def test_a_file_that_is_no_statement_and_one_that_is_not_whole_are_told(accountant: Accountant) -> None:
    accountant.file.write_text("no statement")
    result = accountant.types("statements", "import", *PORTAL, str(accountant.file))
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"{accountant.file}: no statement for 1C" in result.stderr
    left_out = accountant.imports(came_in(booked=""), came_in(number="119"))
    assert left_out.exit_code == 1
    assert "Transfers added: 1" in left_out.stdout
    assert "has no date on which the bank carried it out" in left_out.stderr
