"""The worker proves the ledger every day, and says aloud what is not sound."""

import pytest
from sqlalchemy import select, text

from billing import ledger
from billing.ledger import check_ledger
from billing.ledger_watch import watch_ledger
from storage.model import LedgerCheck
from tests.billing.world import World, by_hand


def checks(world: World) -> list[tuple[int, int]]:
    with world.database.read() as session:
        rows = session.scalars(select(LedgerCheck).order_by(LedgerCheck.id))
        return [(row.entries, row.problems) for row in rows]


def test_it_is_checked_at_once_and_then_once_a_day(world: World) -> None:
    world.charge()
    watched = [watch_ledger(world.database, world.clock) for _ in range(2)]
    world.clock.forward(hours=23)
    watched.append(watch_ledger(world.database, world.clock))
    world.clock.forward(hours=1)
    watched.append(watch_ledger(world.database, world.clock))
    assert watched == [True, False, False, True]
    assert checks(world) == [(2, 0), (2, 0)]


def test_a_clock_that_was_put_back_asks_for_one_check_and_no_more(world: World) -> None:
    watch_ledger(world.database, world.clock)
    world.clock.forward(days=-2)
    assert [watch_ledger(world.database, world.clock) for _ in range(2)] == [True, False]


def test_what_is_not_sound_is_an_error_that_names_it(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.charge()
    with world.database.engine.begin() as connection:
        connection.execute(text("UPDATE ledger_entries SET amount = amount + 1 WHERE sequence = 1"))
    watch_ledger(world.database, world.clock)
    problems = check_ledger(world.database).problems
    assert checks(world) == [(2, len(problems))]
    told = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert [any(problem in line for line in told) for problem in problems] == [True] * len(problems)
    assert len(told) == len(problems) > 0


def test_what_is_booked_while_it_looks_is_no_problem(either_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A charge committed between two of its questions would be in one answer and not in the other."""
    either_world.charge()
    chain_problems = ledger._chain_problems

    def book_meanwhile(*about: object) -> list[str]:
        either_world.charge(either_world.new_order(key="due:D_6"))
        return chain_problems(*about)  # type: ignore[arg-type]

    monkeypatch.setattr(ledger, "_chain_problems", book_meanwhile)
    assert check_ledger(either_world.database).problems == []


@pytest.mark.parametrize("change", ["amount = 'abc'", "created_at = 'garbage'", "currency = 'XYZ'"])
def test_a_line_that_cannot_be_read_is_no_end_of_the_check(world: World, change: str) -> None:
    world.charge()
    by_hand(world.database, f"UPDATE ledger_entries SET {change} WHERE id = 1")
    assert watch_ledger(world.database, world.clock)
    [(entries, problems)] = checks(world)
    assert entries == 2
    assert problems > 0
