"""A portal with much to do, or with an acquirer that hangs, keeps no other portal's rows from their turn."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from storage.model import Base
from tests.billing.bank import BankCredentials
from tests.billing.till import configure, till_world
from tests.billing.world import Killed, World

FEW = 3


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with till_world(tmp_path) as world:
        yield world


@dataclass(frozen=True)
class Work:
    """`leave` brings about a row of a portal that is due in a day; `verb` of the bank is what doing it asks for."""

    leave: Callable[[World, int, str], None]
    do: Callable[[World], object]
    verb: str


def charge(world: World, portal_id: int, document: str) -> int:
    order = world.new_order(
        portal_id=portal_id,
        key=document,
        document=document,
        deadline_at=world.clock() + timedelta(days=30),
        receipt_email="c@example.com",
        receipt_kind="advance",
    )
    return world.charge(order).charge_id


def decline(world: World, portal_id: int, document: str) -> None:
    world.bank.script = ["declined:funds"]
    charge(world, portal_id, document)


def leave_behind(world: World, portal_id: int, document: str) -> None:
    world.kill_at("intent_committed")
    with suppress(Killed):
        charge(world, portal_id, document)


def lose(world: World, portal_id: int, document: str) -> None:
    world.bank.script = ["lost_after"]
    charge(world, portal_id, document)


def lose_refund(world: World, portal_id: int, document: str) -> None:
    world.bank.refund_script = ["lost_after"]
    world.charging.refunds.refund(charge(world, portal_id, document))


def wait_for_receipt(world: World, portal_id: int, document: str) -> None:
    world.charging.receipts.close(charge(world, portal_id, document))


def retry(world: World) -> object:
    return world.charging.retry_due()


WORK = {
    "planned tries": Work(decline, retry, "charge_saved_card"),
    "tries left behind": Work(leave_behind, retry, "charge_saved_card"),
    "look-ups": Work(lose, lambda world: world.charging.look_up_due(), "fetch_payment"),
    "look-ups of refunds": Work(lose_refund, lambda world: world.charging.look_up_due(), "fetch_refund"),
    "receipts": Work(wait_for_receipt, lambda world: world.charging.receipts.follow_due(), "fetch_receipt"),
}


def prepare(world: World, work: Work, rows: int) -> None:
    """So many older rows of a portal with the shop `demo`, then one of another's, with the shop `other`."""
    configure(world)
    world.credentials = '{"shop": "other", "receipts": {"tax_system": "osn", "vat": "standard"}}'
    other = world.add_portal("member-2")
    for number in range(rows):
        work.leave(world, world.portal_id, f"D_{number}")
    world.clock.forward(minutes=1)
    work.leave(world, other, "D_other")
    world.clock.forward(days=1)


def shops_asked(world: World, work: Work, monkeypatch: pytest.MonkeyPatch, *, first_takes: float) -> list[str]:
    """Whose requests of the verb were made in one tick; the first is answered after so many seconds."""
    sound: Callable[..., object] = getattr(world.bank, work.verb)
    asked: list[str] = []

    def answer(credentials: BankCredentials, *given: Any) -> object:
        world.clock.forward(seconds=0 if asked else first_takes)
        asked.append(credentials.shop)
        return sound(credentials, *given)

    with monkeypatch.context() as patched:
        patched.setattr(world.bank, work.verb, answer)
        work.do(world)
    return asked


@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
def test_many_rows_of_one_portal_leave_their_turn_to_the_others(
    world: World, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("billing.turns.AT_ONE_TICK", FEW)
    prepare(world, work, FEW + 1)
    asked = shops_asked(world, work, monkeypatch, first_takes=0)
    assert (asked.count("demo"), asked.count("other")) == (FEW - 1, 1)


@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
def test_what_is_due_is_found_without_reading_all_that_is_done(world: World, work: Work) -> None:
    questions: list[tuple[str, Any]] = []

    def note(connection: object, cursor: object, statement: str, parameters: Any, *_: object) -> None:
        questions.append((statement, parameters))

    event.listen(world.database.engine, "before_cursor_execute", note)
    work.do(world)
    event.remove(world.database.engine, "before_cursor_execute", note)
    with world.database.engine.connect() as connection:
        plan = [
            row[3]
            for statement, parameters in questions
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]
    read_whole = [step for step in plan if step.startswith("SCAN") and step.split()[1] in Base.metadata.tables]
    assert plan
    assert read_whole == []


@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
def test_an_acquirer_that_hangs_delays_the_other_portals_by_one_request(
    world: World, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(world, work, FEW)
    assert shops_asked(world, work, monkeypatch, first_takes=30) == ["demo", "other"]
    assert shops_asked(world, work, monkeypatch, first_takes=0) == ["demo"] * (FEW - 1)
