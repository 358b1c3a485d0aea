"""Documents of one statement that are alike: each is money of its own, unless the bank's total counts them once."""

import pytest

from billing.key import order_stem
from billing.ledger import check_ledger
from billing.statement_file import read_statement
from billing.statements import ImportReport, Statements
from tests.billing.statement_text import OURS, THEIRS, came_in, statement, went_out
from tests.billing.test_statements import asked_for, bookings, take, transfers
from tests.billing.world import World

FEE = came_in("500.00", "Взнос за членство", number="1")
SECOND = "40702810400000000088"  # another account of the firm


def takes(world: World, *documents: str, totals: tuple[str, str] | None = None) -> ImportReport:
    return Statements(world.database, world.clock).take(1, statement(*documents, totals=totals))


def test_documents_that_are_alike_are_each_kept_where_the_banks_total_counts_both(world: World) -> None:
    assert takes(world, FEE, FEE, totals=("1000.00", "0")) == ImportReport(
        added=2, known=0, matched=0, unmatched=2, warnings=[]
    )
    assert [(row.number, row.ordinal, row.amount) for row in transfers(world)] == [("1", 1, 50_000), ("1", 2, 50_000)]


def test_the_same_statement_again_or_one_that_overlaps_adds_no_third(world: World) -> None:
    takes(world, FEE, FEE, totals=("1000.00", "0"))
    assert takes(world, FEE, FEE, totals=("1000.00", "0")).added == 0
    assert takes(world, FEE, totals=("500.00", "0")).added == 0
    assert takes(world, FEE, FEE, FEE, totals=("1500.00", "0")).added == 1
    assert [row.ordinal for row in transfers(world)] == [1, 2, 3]


def test_a_second_one_that_an_earlier_statement_did_not_have_yet_is_added(world: World) -> None:
    assert takes(world, FEE, totals=("500.00", "0")).added == 1
    later = takes(world, FEE, FEE, totals=("1000.00", "0"))
    assert (later.added, later.known, later.warnings) == (1, 1, [])


@pytest.mark.parametrize("again", [(0, 1), (1, 0)])
def test_documents_that_differ_in_their_purpose_alone_pay_each_its_charge(world: World, again: tuple[int, int]) -> None:
    asked_for(world)
    asked_for(world, key="due:D_6", customer="C_6")
    documents = [came_in(purpose=order_stem("member-1", key)) for key in ("due:D_5", "due:D_6")]
    first = takes(world, *documents, totals=("50000.00", "0"))
    assert (first.added, first.matched, first.warnings) == (2, 2, [])
    assert bookings(world) == [("charge", "order_number", 1), ("charge", "order_number", 2)]
    second = takes(world, *[documents[number] for number in again], totals=("50000.00", "0"))
    assert (second.added, second.known, second.warnings) == (0, 2, [])
    assert takes(world, documents[1], totals=("25000.00", "0")).warnings == []
    assert check_ledger(world.database).entries == 4


def test_the_second_of_two_that_an_earlier_release_dropped_is_added_by_the_same_statement(world: World) -> None:
    first, second = came_in(purpose="Взнос за Иванова"), came_in(purpose="Взнос за Петрова")
    take(world, first)
    assert "import a statement that has both" in takes(world, second).warnings[0]
    report = takes(world, second, first, totals=("50000.00", "0"))
    assert (report.added, report.warnings) == (1, [])
    assert [(row.purpose, row.ordinal) for row in transfers(world)] == [
        ("Взнос за Иванова", 1),
        ("Взнос за Петрова", 2),
    ]


def test_without_a_total_both_are_kept_and_told_with_their_lines(world: World) -> None:
    report = takes(world, FEE, came_in("500.00", "Другое", number="1"), went_out())
    assert report.added == 3
    [warning] = report.warnings
    assert warning.startswith(
        f"account {OURS}: document 1 of 2026-01-31, 500.00 RUB, stands 2 times (lines 17, 39), and no total of the bank"
    )


def test_a_total_that_counts_a_document_once_leaves_its_repetition_out(world: World) -> None:
    report = takes(world, FEE, went_out(), FEE, totals=("500.00", "1000.00"))
    assert (report.added, report.known) == (2, 0)
    assert report.warnings == [
        f"account {OURS}: document 1 of 2026-01-31, 500.00 RUB, stands 2 times (lines 19, 55): the bank's total counts "
        "it once, the repetition is left out"
    ]
    assert [(row.direction, row.ordinal) for row in transfers(world)] == [("in", 1), ("out", 1)]


def test_a_repetition_of_a_transfer_between_own_accounts_is_left_out_on_both_sides() -> None:
    document = went_out("777.00", account=SECOND).replace("ДатаПоступило=", "ДатаПоступило=31.01.2026")
    balance = f"СекцияРасчСчет\nРасчСчет={SECOND}\nВсегоПоступило=777.00\nВсегоСписано=0\nКонецРасчСчет\n"
    read = read_statement(statement(balance, document, document, totals=("0", "777.00")))
    assert [(line.direction, line.account, line.at) for line in read.lines] == [("out", OURS, 24), ("in", SECOND, 24)]
    assert len(read.warnings) == 2
    assert all("the repetition is left out" in warning for warning in read.warnings)


@pytest.mark.parametrize("total", ["500.00", "1000.01", "2000.00"])
def test_documents_with_other_words_are_never_taken_for_a_repetition_and_a_wrong_total_is_told(total: str) -> None:
    read = read_statement(statement(FEE, came_in("500.00", "Другое", number="1"), totals=(total, "0")))
    assert len(read.lines) == 2
    assert read.warnings[0] == (
        f"account {OURS}: the bank says {total} RUB came in, the documents add up to 1000.00 RUB"
    )
    assert "stands 2 times (lines 19, 41), and no total of the bank says whether each was paid" in read.warnings[1]


def test_an_account_that_the_portal_has_no_statement_of_is_told_once_others_are_known(world: World) -> None:
    theirs = statement(went_out()).replace(OURS.encode(), THEIRS.encode())
    machine = Statements(world.database, world.clock)
    assert takes(world, FEE).warnings == []
    report = machine.take(1, theirs)
    assert (report.added, report.matched) == (1, 1)
    assert report.warnings == [
        f"account {THEIRS} is new: so far the portal has statements of {OURS}; if this one is of another firm, take "
        "back what was booked of it (`statements list`, `statements unmatch`)"
    ]
    assert machine.take(1, theirs).warnings == []
    assert machine.take(world.add_portal("member-2"), theirs).warnings == []
