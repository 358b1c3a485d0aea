"""Certificates: what one tells of a charge, and that a changed one is found out by itself alone."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import text

from billing.certificate import Certificate, notices_of, problems_of, read_certificate, sealed
from billing.key import order_stem
from billing.statements import Statements
from customers.consents import withdraw_consents
from tests.billing.statement_text import came_in, statement
from tests.billing.test_in_person import link
from tests.billing.till import configure, till_world
from tests.billing.world import World, by_hand

Place = tuple[str | int, ...]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A charge with something in every part of its certificate: declined and then paid in advance, given back in part,
    closed, and paid by a transfer besides, which was taken back and booked again."""
    with till_world(tmp_path_factory.mktemp("story")) as world:
        till = configure(world)
        till.standing = "done"
        till.script = ["declined:funds"]
        world.charge(world.new_order(receipt_email="c@example.com", receipt_kind="full_prepayment"))
        world.tick(days=1)
        world.charge(world.new_order(key="due:D_6", receipt_email="c@example.com"))
        world.charging.refunds.refund(1, 500_000)
        world.charging.receipts.close(1)
        world.clock.forward(hours=1)
        world.charging.receipts.follow_due()
        statements = Statements(world.database, world.clock)
        statements.take(1, statement(came_in(purpose=order_stem("member-1", "due:D_5"))))
        world.clock.forward(hours=1)
        statements.unmatch(1)
        statements.match(1, 1)
        withdraw_consents(world.database, 1, "C_5", "the client", world.clock())
        yield world


def read(world: World, charge_id: int = 1) -> Certificate:
    certificate = read_certificate(world.database, charge_id)
    assert certificate is not None
    return certificate


@pytest.fixture(scope="module")
def printed(story: World) -> str:
    return read(story).model_dump_json(indent=2)


def places(data: Any, before: Place = ()) -> Iterator[Place]:
    """Of every leaf; what is empty is a leaf too."""
    if isinstance(data, dict | list) and data:
        for step, inner in data.items() if isinstance(data, dict) else enumerate(data):
            yield from places(inner, (*before, step))
    else:
        yield before


def at(data: Any, place: Place) -> Any:
    for step in place:
        data = data[step]
    return data


def changed(printed: str, place: Place, value: object) -> str:
    data = json.loads(printed)
    at(data, place[:-1])[place[-1]] = value
    return json.dumps(data)


def noticed(content: str) -> list[str]:
    """Problems and notices: whichever there is, `charges verify` ends with 1."""
    try:
        certificate = Certificate.model_validate_json(content)
    except ValidationError as error:
        return [str(error)]
    return [*problems_of(certificate), *notices_of(certificate)]


def other_values(value: object) -> list[object]:
    """Others of its kind, and nothing at all."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, -value - 1, None]
    if isinstance(value, str):
        return [f"{value}0", f"1{value}", value.swapcase() + " ", "", None] if value else ["x", None]
    return ["x", 7, "2026-03-01T09:00:00Z"] if value is None else [["x"], None]


def test_a_certificate_holds_the_key_the_tries_the_lines_and_whether_their_hashes_are_right(world: World) -> None:
    world.charge()
    world.charge(world.new_order(key="due:D_6"))
    world.charging.refunds.refund(1, 500_000)
    certificate = read(world)
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
    assert read_certificate(world.database, 99) is None


def test_a_certificate_of_changed_lines_says_so(world: World) -> None:
    world.charge()
    with world.database.engine.begin() as connection:
        connection.execute(text("UPDATE ledger_entries SET document = 'D_9' WHERE charge_id = 1"))
    certificate = read(world)
    assert not certificate.entries_unchanged
    assert "line 1 has another hash than its facts" in problems_of(certificate)


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_line_written_on_no_day_of_the_calendar_says_something_else_than_its_facts(printed: str, moment: str) -> None:
    content = changed(printed, ("entries", 0, "created_at"), moment)
    assert "line 1 says something else than its facts" in noticed(content)


@pytest.mark.parametrize("change", ["currency = 'XYZ'", "amount = 100.5", "created_at = 'garbage'", "hash = x'ff'"])
def test_a_certificate_leaves_out_a_line_that_cannot_be_read_and_is_not_sound(world: World, change: str) -> None:
    world.charge()
    by_hand(world.database, f"UPDATE ledger_entries SET {change} WHERE id = 1")
    certificate = read(world)
    assert [entry.sequence for entry in certificate.entries] == [2]
    assert not certificate.entries_unchanged
    assert "the lines of charge:1:1 add up to -2500000, not to 0" in problems_of(certificate)


def test_the_story_has_something_in_every_part_of_the_certificate_and_is_sound(story: World, printed: str) -> None:
    data = json.loads(printed)
    assert [name for name, value in data.items() if value == []] == []
    assert noticed(printed) == []
    assert problems_of(read(story, 2)) == []


def test_two_prints_of_a_charge_that_stayed_as_it_was_bear_the_same_seal(story: World) -> None:
    assert read(story).seal == read(story).seal != read(story, 2).seal


def test_a_seal_can_be_worked_out_without_this_program(printed: str) -> None:
    data = json.loads(printed)
    seal = data.pop("seal")
    canonical = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(canonical.encode()).hexdigest() == seal


def test_a_sealed_certificate_of_before_charges_could_be_cancelled_is_sound_still(printed: str) -> None:
    data = json.loads(printed)
    del data["seal"], data["cancelled_at"]
    canonical = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert noticed(json.dumps(data | {"seal": hashlib.sha256(canonical.encode()).hexdigest()})) == []


def test_a_certificate_says_when_its_charge_was_cancelled(world: World) -> None:
    charge_id = link(world)
    assert read(world, charge_id).cancelled_at is None
    world.charging.cancelling.cancel(charge_id)
    assert read(world, charge_id).cancelled_at == world.clock()
    assert problems_of(read(world, charge_id)) == []


def test_whatever_is_changed_in_a_certificate_is_noticed(printed: str) -> None:
    data = json.loads(printed)
    unnoticed = [
        (place, value)
        for place in places(data)
        for value in other_values(at(data, place))
        if not noticed(changed(printed, place, value))
    ]
    assert unnoticed == []


def test_whatever_is_left_out_or_added_is_noticed(printed: str) -> None:
    data = json.loads(printed)
    for place in [*places(data), *[(name,) for name in data]]:
        copy = json.loads(printed)
        at(copy, place[:-1]).pop(place[-1])
        assert noticed(json.dumps(copy)), place
    for place in {place[:-1] for place in places(data)}:
        copy = json.loads(printed)
        inner = at(copy, place)
        inner.append(inner[0]) if isinstance(inner, list) else inner.update(note="x")
        assert noticed(json.dumps(copy)), place


@given(
    number=st.integers(0, 10_000),
    value=st.one_of(st.none(), st.booleans(), st.integers(), st.text(), st.lists(st.none(), max_size=2)),
)
def test_no_value_whatever_in_any_place_goes_unnoticed(printed: str, number: int, value: object) -> None:
    data = json.loads(printed)
    leaves = list(places(data))
    place = leaves[number % len(leaves)]
    same = at(data, place) == value and type(at(data, place)) is type(value)
    assert bool(noticed(changed(printed, place, value))) is not same


def test_a_seal_that_was_made_for_other_words_is_named(printed: str) -> None:
    told = noticed(changed(printed, ("attempts", 1, "gateway_payment_id"), "bank-9"))
    assert told == ["the seal is not that of what is written here: something was changed after it was printed"]


@pytest.mark.parametrize("seal", [{"seal": ""}, {}])
def test_a_certificate_without_a_seal_is_told_apart_from_a_changed_one(printed: str, seal: dict[str, str]) -> None:
    old = {name: value for name, value in json.loads(printed).items() if name != "seal"} | seal
    certificate = Certificate.model_validate_json(json.dumps(old))
    assert problems_of(certificate) == []
    assert notices_of(certificate) == [
        "it is not sealed: printed before seals, or its seal was taken out; only its lines can be checked"
    ]


@pytest.mark.parametrize("seal", [" ", "0", "0" * 64])
def test_a_seal_of_something_else_is_no_missing_one(printed: str, seal: str) -> None:
    assert noticed(changed(printed, ("seal",), seal)) == [
        "the seal is not that of what is written here: something was changed after it was printed"
    ]


def test_a_line_changed_in_a_certificate_without_a_seal_is_still_found(printed: str) -> None:
    certificate = Certificate.model_validate_json(changed(printed, ("entries", 0, "facts", 5), 1))
    unsealed = certificate.model_copy(update={"seal": ""})
    assert "line 1 has another hash than its facts" in problems_of(unsealed)
    assert len(notices_of(unsealed)) == 1


def test_a_sealed_certificate_has_nothing_to_be_noticed(printed: str) -> None:
    assert notices_of(Certificate.model_validate_json(printed)) == []


@pytest.mark.parametrize(
    ("place", "value", "problem"),
    [
        (("entries", 0, "facts", 5), 1, "another hash"),
        (("entries", 0, "hash"), "0" * 64, "another hash"),
        (("entries", 1, "previous_hash"), "0" * 64, "another hash"),
        (("entries", 1, "account"), "customer:C_9", "something else than its facts"),
        (("entries", 0, "amount"), "1.00 RUB", "something else than its facts"),
        (("entries", 0, "facts", 6), "QQQ", "something else than its facts"),
        (("entries", 0, "created_at"), "2026-03-01T09:00:00Z", "something else than its facts"),
        (("entries_unchanged",), False, "calls its lines changed, and they are as they were written"),
        (("charge_id",), 2, "something else than its facts"),
        (("document",), "D_6", "something else than its facts"),
        (("customer",), "C_6", "charge:1:2 is booked with other sums or accounts"),
        (("amount",), "1.00 RUB", "charge:1:2 is booked with other sums"),
        (("state",), "declined", "it is called declined, which what is told of its money denies"),
        (
            ("settled_at",),
            "2026-03-01T09:00:00Z",
            "nothing that pays it was booked at the moment at which it is said",
        ),
        (("key",), "due:D_6", "does not follow from the portal and the key"),
        (("member_id",), "member-2", "does not follow from the portal and the key"),
        (("attempts", 1, "order_number"), "A" * 26 + "-1", "does not follow from the portal and the key"),
        (("attempts", 0, "number"), 2, "try 2 is told of more than once"),
        (("attempts", 0, "state"), "succeeded", "charge:1:1 is not booked"),
        (("attempts", 1, "state"), "declined", "charge:1:2 is booked and is no money"),
        (("attempts", 1, "gateway"), "bank/other", "charge:1:2 is booked with other sums or accounts"),
        (("attempts", 1, "settled_at"), None, "charge:1:2 is booked at another moment"),
        (("attempts", 1, "paid_at"), None, "try 2 is succeeded and has no moment of payment"),
        (("attempts", 0, "paid_at"), "2026-03-01T09:00:00Z", "try 1 is declined and has a moment of payment"),
        (("refunds", 0, "number"), 7, "refund:1:7 is not booked"),
        (("refunds", 0, "amount"), "1.00 RUB", "refund:1:1 is booked with other sums"),
        (("refunds", 0, "gateway"), "bank/other", "refund:1:1 is booked with other sums or accounts"),
        (("refunds", 0, "settled_at"), "2026-03-01T09:00:00Z", "refund:1:1 is booked at another moment"),
        (("refunds", 0, "refund_number"), "A" * 26 + "-1-R1", "is of no order here"),
        (("transfers", 0, "kind"), "charge", "transfer:1:1 is booked with other sums or accounts"),
        (("transfers", 0, "amount"), "1.00 RUB", "transfer:1:1 is booked with other sums"),
        (("transfers", 0, "undone_at"), None, "transfer:1:1:back is booked and is no money"),
        (("transfers", 0, "undone_at"), "2026-03-01T09:00:00Z", "transfer:1:1:back is booked at another moment"),
        (("receipts", 0, "number"), "A" * 26 + "-2", "is of nothing told of here"),
        (("receipts", 0, "content", "lines", 0, "amount"), 1, "is of 0.01 RUB"),
        (("receipts", 0, "content", "lines", 0, "currency"), "USD", "is of 25000.00 USD"),
        (("receipts", 0, "content", "lines"), [], "has no sum"),
        (("receipts", 1, "content", "lines", 0, "amount"), 500_001, "is of 5000.01 RUB"),
        (("receipts", 2, "content", "lines", 0, "amount"), 1_999_999, "is of 19999.99 RUB"),
        (("receipts", 2, "content", "lines", 0, "amount"), 2_500_001, "is of 25000.01 RUB"),
    ],
)
def test_what_contradicts_the_rest_is_named_also_under_a_new_seal(
    printed: str, place: Place, value: object, problem: str
) -> None:
    certificate = Certificate.model_validate_json(changed(printed, place, value))
    assert any(problem in told for told in problems_of(sealed(certificate)))


def test_a_line_put_in_between_breaks_the_chain(printed: str) -> None:
    data = json.loads(printed)
    data["entries"][0], data["entries"][1] = data["entries"][1], data["entries"][0]
    told = problems_of(sealed(Certificate.model_validate_json(json.dumps(data))))
    assert told == ["line 1 does not follow line 2"]


def test_a_charge_that_nothing_was_taken_for_is_called_paid_in_vain(world: World) -> None:
    world.bank.script = ["declined:lost"]
    world.charge()
    certificate = read(world)
    assert problems_of(certificate) == []
    assert problems_of(sealed(certificate.model_copy(update={"state": "succeeded"}))) != []
    assert problems_of(sealed(certificate.model_copy(update={"entries_unchanged": False}))) != []


def test_a_seal_is_no_signature_what_nothing_contradicts_can_be_sealed_anew(printed: str) -> None:
    """See docs/decisions/seal-without-a-secret.md."""
    certificate = Certificate.model_validate_json(changed(printed, ("attempts", 1, "gateway_payment_id"), "bank-9"))
    assert problems_of(sealed(certificate)) == []
