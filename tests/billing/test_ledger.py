"""The ledger proves itself: its sums, its chain, and that it says what the charges say."""

import pytest
from sqlalchemy import text

from billing.key import order_stem
from billing.ledger import check_ledger
from billing.ledger_watch import watch_ledger
from billing.statements import Statements
from tests.billing.statement_text import came_in, statement
from tests.billing.world import World, by_hand


@pytest.fixture
def booked(world: World) -> World:
    world.charge()
    world.charge(world.new_order(key="due:D_6"))
    world.charging.refunds.refund(1, 500_000)
    return world


def problems(world: World, change: str) -> list[str]:
    by_hand(world.database, change)
    return list(check_ledger(world.database).problems)


def test_each_movement_is_two_lines_that_add_up_to_nothing(booked: World) -> None:
    report = check_ledger(booked.database)
    assert report.entries == 6
    assert report.balances == {
        "portal 1: acquirer:bank/main, RUB": 4_500_000,
        "portal 1: customer:C_5, RUB": -4_500_000,
    }
    assert report.sound


def test_each_portal_has_a_chain_of_its_own(booked: World) -> None:
    other = booked.add_portal("member-2")
    booked.charge(booked.new_order(portal_id=other, call_id=None))
    assert check_ledger(booked.database).sound


def test_a_changed_line_is_found(booked: World) -> None:
    found = problems(booked, "UPDATE ledger_entries SET amount = amount + 1 WHERE sequence = 3")
    assert any("line 3" in problem and "changed" in problem for problem in found)
    assert any("add up to 1" in problem for problem in found)


def test_a_removed_line_is_found(booked: World) -> None:
    assert any(
        "line 4 is missing" in problem for problem in problems(booked, "DELETE FROM ledger_entries WHERE id = 4")
    )


def test_a_cut_off_end_is_found(booked: World) -> None:
    found = problems(booked, "DELETE FROM ledger_entries WHERE sequence > 4")
    assert found == ["portal 1: refund:1:1 is not in the ledger"]


def test_a_charge_called_paid_by_hand_is_found(booked: World) -> None:
    booked.bank.script = ["declined:lost"]
    booked.charge(booked.new_order(key="due:D_7"))
    found = problems(booked, "UPDATE charge_attempts SET state = 'succeeded' WHERE charge_id = 3")
    assert found == ["portal 1: charge:3:1 is not in the ledger", "charge 3 was paid and is not called so"]


def test_a_booking_without_its_charge_is_found(booked: World) -> None:
    found = problems(booked, "UPDATE charge_attempts SET state = 'declined' WHERE charge_id = 2")
    assert found == [
        "portal 1: charge:2:1 is booked, but no such money moved by our own rows",
        "charge 2 is called paid, and neither a try nor a transfer paid it",
    ]


def test_an_amount_changed_in_the_charge_is_found(booked: World) -> None:
    found = problems(booked, "UPDATE charge_attempts SET amount = 7 WHERE charge_id = 2")
    assert found[0] == "portal 1: charge:2:1 is booked with other figures than its row has"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("UPDATE charges SET amount = 7 WHERE id = 2", "was of other figures than its charge"),
        ("UPDATE charges SET document = 'D_9' WHERE id = 2", "charge:2:1 is booked with other figures"),
        ("UPDATE refunds SET amount = 2500001", "more of order"),
    ],
)
def test_what_was_agreed_and_what_was_moved_are_held_against_each_other(
    booked: World, change: str, problem: str
) -> None:
    assert any(problem in found for found in problems(booked, change))


def test_money_taken_twice_is_told_until_one_try_was_given_back_whole(world: World) -> None:
    world.bank.script = ["declined:funds"]
    charge_id = world.charge().charge_id
    world.tick(days=1)
    first = world.attempts()[0]
    world.bank.becomes(first.order_number, "paid")  # against its own word that it was declined
    world.charging.reconciliation.bring_forward(first.terminal_id, first.order_number)
    world.tick(seconds=1)
    told = ["charge 1 was taken more than once: refund one try"]
    assert check_ledger(world.database).problems == told
    world.charging.refunds.refund(charge_id, 500_000)
    assert check_ledger(world.database).problems == told
    world.charging.refunds.refund(charge_id)
    assert world.sound()
    assert sum(world.money()) == 2_500_000


COPIED = """
INSERT INTO ledger_entries
(portal_id, sequence, event, account, amount, currency, document, charge_id, created_at, previous_hash, hash)
SELECT 99, sequence, event, account, amount, currency, document, charge_id, created_at, previous_hash, hash
FROM ledger_entries WHERE sequence < 3
"""


def test_lines_of_a_portal_that_there_is_not_are_found(booked: World) -> None:
    found = problems(booked, COPIED)
    assert "portal 99: there is no such portal, and the ledger has 2 lines of it" in found
    assert "portal 99: charge:1:1 is booked, but no such money moved by our own rows" in found


def test_portals_that_were_removed_are_found_by_their_lines(booked: World) -> None:
    found = problems(booked, "DELETE FROM portals")
    assert found == ["portal 1: there is no such portal, and the ledger has 6 lines of it"]
    assert check_ledger(booked.database).balances["portal 1: customer:C_5, RUB"] == -4_500_000


@pytest.mark.parametrize("change", ["currency = 'USD'", "portal_id = 99", "charge_id = 2"])
def test_a_refund_that_denies_its_order_is_found(booked: World, change: str) -> None:
    number = f"{booked.attempts()[0].order_number}-R1"
    assert f"refund {number} is of other figures than its order" in problems(booked, f"UPDATE refunds SET {change}")


def test_a_transfer_of_another_portal_than_its_booking_is_found(world: World) -> None:
    world.add_portal("member-2")
    world.charging.in_person.ask(world.new_order(call_id=None))
    Statements(world.database, world.clock).take(1, statement(came_in(purpose=order_stem("member-1", "due:D_5"))))
    assert check_ledger(world.database).sound
    assert problems(world, "UPDATE bank_transfers SET portal_id = 2") == [
        "transfer 1 is of another portal than its booking"
    ]


def test_an_end_that_went_with_its_rows_is_found_by_what_was_counted_before(booked: World) -> None:
    watch_ledger(booked.database, booked.clock)
    at = booked.clock().isoformat()
    found = problems(booked, "DELETE FROM ledger_entries WHERE sequence > 4; DELETE FROM refunds")
    assert found == [f"the ledger has 4 lines, and had 6 when it was checked at {at}"]
    booked.clock.forward(days=1)
    watch_ledger(booked.database, booked.clock)
    assert check_ledger(booked.database).problems == found  # a check that counted fewer mends nothing


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ("currency = 'XYZ'", "currency"),
        ("currency = ''", "currency"),
        ("amount = 100.5", "amount"),
        ("amount = 1e23", "amount"),
        ("amount = 'abc'", "amount"),
        ("amount = 9e999", "amount"),
        ("created_at = 'garbage'", "created_at"),
        ("created_at = 7", "created_at"),
        ("account = CAST(x'ff' AS TEXT)", "account"),
        ("event = x'ff'", "event"),
        ("hash = x'ff'", "hash"),
        ("sequence = 'abc'", "sequence"),
        ("charge_id = 'abc'", "charge_id"),
    ],
)
def test_a_line_that_cannot_be_read_is_found_and_left_out_of_the_balances(
    booked: World, change: str, column: str
) -> None:
    found = problems(booked, f"UPDATE ledger_entries SET {change} WHERE id = 3")
    assert f"portal 1: the line of id 3 has what cannot be read as its {column}: left out" in found
    assert not any("line 4" in problem for problem in found) or column == "sequence"
    report = check_ledger(booked.database)
    assert report.entries == 6
    assert report.balances == {
        "portal 1: acquirer:bank/main, RUB": 2_000_000,
        "portal 1: customer:C_5, RUB": -4_500_000,
    }


def test_a_moment_that_no_clock_shows_is_found_on_both_databases(either_world: World) -> None:
    either_world.charge()
    with either_world.database.engine.begin() as connection:
        connection.execute(text("UPDATE ledger_entries SET created_at = 'infinity' WHERE sequence = 1"))
    found = check_ledger(either_world.database).problems
    assert "portal 1: the line of id 1 has what cannot be read as its created_at: left out" in found


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE refunds SET amount = 'abc'",
        "UPDATE charge_attempts SET amount = x'ff'; UPDATE charges SET settled_at = 'garbage'",
        "UPDATE charges SET created_at = 'garbage' WHERE id = 2",
    ],
)
def test_a_row_beside_the_ledger_that_cannot_be_read_is_a_problem_too(booked: World, change: str) -> None:
    told = "portal 1: a row of its charges, refunds or transfers cannot be read: no event was held against them"
    assert told in problems(booked, change)
    assert check_ledger(booked.database).balances["portal 1: customer:C_5, RUB"] == -4_500_000


def test_a_refund_of_what_was_never_paid_is_found(booked: World) -> None:
    booked.bank.script = ["declined:lost"]
    booked.charge(booked.new_order(key="due:D_7"))
    number = f"{booked.attempts()[0].order_number}-R1"
    declined = booked.attempts()[2]
    assert declined.state == "declined"
    change = f"UPDATE refunds SET attempt_id = {declined.id}, charge_id = 3"
    assert f"refund {number} is of an order that was not paid" in problems(booked, change)


def test_money_of_a_portal_that_there_is_not_is_held_against_the_ledger_too(booked: World) -> None:
    moved = "; ".join(f"UPDATE {table} SET portal_id = 99" for table in ("charges", "charge_attempts", "refunds"))
    found = problems(booked, f"{moved}; DELETE FROM ledger_entries")
    assert "portal 99: charge:1:1 is not in the ledger" in found
    assert "portal 99: refund:1:1 is not in the ledger" in found
