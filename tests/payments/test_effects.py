"""Effects: begun once under a key, found by every repeat, taken over from a call that has ended."""

from collections.abc import Iterator
from pathlib import Path
from threading import Barrier, Thread

import pytest

from payments.effects import begin_effect, drop_effect, find_effect, find_effect_of_call, finish_effect
from storage.database import Database, open_database
from storage.model import Base
from tests.factories import NOW, make_call, make_portal
from tests.postgres import postgres_database


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        opened = open_database(f"sqlite:///{tmp_path}/effects.db")
        Base.metadata.create_all(opened.engine)
        yield opened
        opened.close()
        return
    with postgres_database() as url:
        opened = open_database(url)
        Base.metadata.create_all(opened.engine)
        yield opened
        opened.close()


@pytest.fixture
def portal_id(database: Database) -> int:
    with database.write() as session:
        return make_portal(session).id


def running_call(database: Database, portal_id: int, state: str = "running") -> int:
    with database.write() as session:
        return make_call(session, portal_id, state=state).id


def test_a_repeat_finds_what_the_first_run_planned(database: Database, portal_id: int) -> None:
    call = running_call(database, portal_id)
    begin_effect(database, portal_id, "split:D_5", call, {"parts": 4}, NOW)
    again = begin_effect(database, portal_id, "split:D_5", call, {"parts": 2}, NOW)
    assert (again.result, again.call_id, again.done) == ({"parts": 4}, call, False)


def test_what_is_done_stays_with_the_call_that_did_it(database: Database, portal_id: int) -> None:
    first, second = running_call(database, portal_id, "delivered"), running_call(database, portal_id)
    finish_effect(database, begin_effect(database, portal_id, "key", first, {}, NOW).id, {"ids": [1]})
    found = find_effect(database, portal_id, "key", second)
    assert found
    assert (found.done, found.call_id, found.result) == (True, first, {"ids": [1]})


@pytest.mark.parametrize(
    ("state", "taken"), [("running", False), ("waiting", False), ("dead", True), ("cancelled", True)]
)
def test_only_a_call_that_has_ended_leaves_its_work_to_another(
    database: Database, portal_id: int, state: str, taken: bool
) -> None:
    first, second = running_call(database, portal_id, state), running_call(database, portal_id)
    begin_effect(database, portal_id, "key", first, {"parts": 4}, NOW)
    found = find_effect(database, portal_id, "key", second)
    assert found
    assert found.call_id == (second if taken else first)
    assert found.result == {"parts": 4}


def test_a_call_whose_answer_is_fixed_leaves_its_work_to_another(database: Database, portal_id: int) -> None:
    with database.write() as session:
        first = make_call(session, portal_id, state="answering", answer="{}").id
    second = running_call(database, portal_id)
    begin_effect(database, portal_id, "key", first, {}, NOW)
    found = find_effect(database, portal_id, "key", second)
    assert found
    assert found.call_id == second


def test_of_calls_at_the_same_moment_one_begins(database: Database, portal_id: int) -> None:
    calls = [running_call(database, portal_id) for _ in range(6)]
    together, owners = Barrier(len(calls)), []

    def begin(call: int) -> None:
        together.wait()
        owners.append(begin_effect(database, portal_id, "key", call, {"call": call}, NOW))

    threads = [Thread(target=begin, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({owner.call_id for owner in owners}) == 1
    assert all(owner.result == {"call": owner.call_id} for owner in owners)


def test_keys_of_two_portals_never_meet(database: Database, portal_id: int) -> None:
    with database.write() as session:
        other = make_portal(session).id
    begin_effect(database, portal_id, "key", running_call(database, portal_id), {"of": "first"}, NOW)
    assert find_effect(database, other, "key", running_call(database, other)) is None


def test_a_calls_own_effect_is_found_by_the_beginning_of_its_key(database: Database, portal_id: int) -> None:
    call = running_call(database, portal_id)
    begun = begin_effect(database, portal_id, "advance:D_5:x", call, {}, NOW)
    found = find_effect_of_call(database, call, "advance:")
    assert found
    assert found.id == begun.id
    assert find_effect_of_call(database, call, "split:") is None


def test_an_effect_that_was_undone_may_be_done_again(database: Database, portal_id: int) -> None:
    call = running_call(database, portal_id)
    drop_effect(database, begin_effect(database, portal_id, "key", call, {}, NOW))
    assert find_effect(database, portal_id, "key", call) is None


def test_of_two_that_undo_the_same_effect_the_slower_one_leaves_what_the_other_began(
    database: Database, portal_id: int
) -> None:
    first, second = running_call(database, portal_id, "delivered"), running_call(database, portal_id)
    finish_effect(database, begin_effect(database, portal_id, "key", first, {}, NOW).id, {})
    seen = find_effect(database, portal_id, "key", second)
    assert seen
    drop_effect(database, seen)
    begin_effect(database, portal_id, "key", second, {}, NOW)  # on SQLite it may get the same id
    drop_effect(database, seen)
    assert find_effect(database, portal_id, "key", second)
