"""The ledger proves itself: its sums, its chain, and that it says what the charges say."""

from typing import Any

import pytest
from sqlalchemy import text

from billing.certificate import Certificate, problems_of, read_certificate
from billing.ledger import check_ledger
from tests.billing.world import World


@pytest.fixture
def booked(world: World) -> World:
    world.charge()
    world.charge(world.new_order(key="due:D_6"))
    world.charging.refunds.refund(1, 500_000)
    return world


def problems(world: World, statement: str) -> list[str]:
    with world.database.engine.begin() as connection:
        connection.execute(text(statement))
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


def test_a_certificate_holds_the_key_the_tries_the_lines_and_whether_their_hashes_are_right(booked: World) -> None:
    certificate = read_certificate(booked.database, 1)
    assert certificate is not None
    assert (certificate.key, certificate.amount, certificate.state) == ("due:D_5", "25000.00 RUB", "succeeded")
    assert [attempt.gateway_payment_id for attempt in certificate.attempts] == ["bank-1"]
    assert [(entry.account, entry.amount) for entry in certificate.entries] == [
        ("acquirer:bank/main", "25000.00 RUB"),
        ("customer:C_5", "-25000.00 RUB"),
        ("acquirer:bank/main", "-5000.00 RUB"),
        ("customer:C_5", "5000.00 RUB"),
    ]
    assert [refund.amount for refund in certificate.refunds] == ["5000.00 RUB"]
    assert certificate.entries_unchanged
    assert read_certificate(booked.database, 99) is None


def test_a_certificate_of_changed_lines_says_so(booked: World) -> None:
    problems(booked, "UPDATE ledger_entries SET document = 'D_9' WHERE charge_id = 1")
    certificate = read_certificate(booked.database, 1)
    assert certificate is not None
    assert not certificate.entries_unchanged


def test_a_certificate_is_checked_by_whoever_holds_it(booked: World) -> None:
    certificate = read_certificate(booked.database, 1)
    assert certificate is not None
    assert problems_of(Certificate.model_validate_json(certificate.model_dump_json())) == []


@pytest.mark.parametrize(
    ("where", "value", "problem"),
    [
        (("entries", 0, "facts", 5), 1, "another hash"),
        (("entries", 0, "hash"), "0" * 64, "another hash"),
        (("entries", 1, "account"), "customer:C_9", "something else than its facts"),
        (("attempts", 0, "state"), "declined", "is booked and is no money"),
        (("refunds", 0, "number"), 7, "refund:1:7 is not booked"),
        (("charge_id",), 2, "something else than its facts"),
        (("document",), "D_6", "something else than its facts"),
        (("entries", 0, "amount"), "1.00 RUB", "something else than its facts"),
        (("entries", 0, "created_at"), "2026-02-01T09:00:00Z", "something else than its facts"),
        (("amount",), "1.00 RUB", "charge:1:1 is booked with other sums"),
        (("refunds", 0, "amount"), "1.00 RUB", "refund:1:1 is booked with other sums"),
        (("key",), "due:D_6", "does not follow from the portal and the key"),
        (("attempts", 0, "order_number"), "A" * 26 + "-1", "does not follow from the portal and the key"),
    ],
)
def test_a_changed_certificate_is_found_out(booked: World, where: tuple[Any, ...], value: object, problem: str) -> None:
    certificate = read_certificate(booked.database, 1)
    assert certificate is not None
    data: Any = certificate.model_dump(mode="json")
    place = data
    for step in where[:-1]:
        place = place[step]
    place[where[-1]] = value
    assert any(problem in found for found in problems_of(Certificate.model_validate(data)))
