"""The inbox: 200 only after the commit, one row a token whoever hurries, and no 200 when the database will not."""

import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from handlers import inbox as inbox_module
from handlers.accepted_calls import Outcome
from handlers.activities import read_call
from handlers.guards import NotProven
from handlers.inbox import Inbox, NotStored
from schemas.robot_call import RobotCall
from storage.database import Database
from tests.handlers.doors import Doors, proof, robot_call


def a_call(token: str, **changes: Any) -> RobotCall:
    return read_call(robot_call(event_token=token, **changes))


def inbox_of(doors: Doors) -> Inbox:
    inbox: Inbox = doors.app.extensions["inbox"]
    return inbox


def at_once(doors: Doors, calls: list[RobotCall]) -> Counter[Outcome | type[Exception]]:
    """What each call came to, all of them sent from threads of their own at the same moment."""
    ready = threading.Barrier(len(calls))

    def send(call: RobotCall) -> Outcome | type[Exception]:
        ready.wait()
        try:
            return inbox_of(doors).accept(call)
        except (NotProven, NotStored) as refusal:
            return type(refusal)

    with ThreadPoolExecutor(len(calls)) as pool:
        return Counter(pool.map(send, calls))


@contextmanager
def held_lock(database: Database) -> Iterator[Callable[[], None]]:
    """Somebody else writes: the inbox has to wait until `release` is called."""
    with database.engine.execution_options(begin="IMMEDIATE").connect() as connection, connection.begin() as writing:
        yield writing.rollback


def spoil(database: Database, pragma: str) -> None:
    """Every connection from now on has this setting."""
    database.engine.dispose()

    @event.listens_for(database.engine, "connect")
    def _spoil(connection: Any, _record: Any) -> None:
        connection.execute(f"PRAGMA {pragma}")


def test_the_same_token_from_many_threads_is_one_row(either_doors: Doors) -> None:
    came = at_once(either_doors, [a_call("same") for _ in range(24)])
    assert came == {Outcome.NEW: 1, Outcome.REPEAT: 23}
    assert len(either_doors.calls()) == 1


def test_the_same_token_through_two_processes_is_one_row(either_doors: Doors) -> None:
    here = inbox_of(either_doors)
    there = Inbox(either_doors.database, either_doors.services.settings.bitrix24_client_id, either_doors.services.now)
    calls = [(inbox, a_call(f"token-{number % 20}")) for number in range(40) for inbox in (here, there)]
    with ThreadPoolExecutor(16) as pool:
        came = Counter(pool.map(lambda pair: pair[0].accept(pair[1]), calls))
    assert came == {Outcome.NEW: 20, Outcome.REPEAT: 60}
    assert sorted(call.event_token for call in either_doors.calls()) == sorted(f"token-{n}" for n in range(20))


def test_of_contradicting_calls_in_one_commit_one_is_the_row_and_the_others_are_conflicts(doors: Doors) -> None:
    calls = [a_call("same", properties={"amount": str(number)}) for number in range(5)]
    came = at_once(doors, [*calls, *calls])
    assert came == {Outcome.NEW: 1, Outcome.REPEAT: 1, Outcome.CONFLICT: 8}
    kept = {conflict.properties["amount"] for conflict in doors.conflicts()}
    assert kept | {doors.calls()[0].properties["amount"]} == {"0", "1", "2", "3", "4"}
    assert len(doors.conflicts()) == 4


def test_calls_that_gather_share_a_commit(doors: Doors) -> None:
    commits: list[object] = []
    event.listen(doors.database.engine, "commit", commits.append)
    with held_lock(doors.database) as release, ThreadPoolExecutor(20) as pool:
        answers = [pool.submit(inbox_of(doors).accept, a_call("token-0"))]
        while inbox_of(doors)._writer is None or not inbox_of(doors)._queue.empty():
            time.sleep(0.001)  # until the first is in the thread's hands, waiting for the lock
        answers += [pool.submit(inbox_of(doors).accept, a_call(f"token-{number}")) for number in range(1, 20)]
        while inbox_of(doors)._queue.qsize() < 19:
            time.sleep(0.001)
        release()
        assert {answer.result() for answer in answers} == {Outcome.NEW}
    assert len(doors.calls()) == 20
    assert len(commits) == 2


def test_no_call_is_answered_before_its_commit(doors: Doors) -> None:
    with held_lock(doors.database) as release, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(doors.post, robot_call())
        while inbox_of(doors)._writer is None:
            pass
        with pytest.raises(TimeoutError):
            answer.result(timeout=0.3)
        assert doors.calls() == []
        release()
        assert answer.result().status_code == 200


def test_a_forged_call_in_a_batch_is_refused_alone(doors: Doors) -> None:
    forged = a_call("forged", auth=proof(application_token="wrong"))
    came = at_once(doors, [a_call("good-1"), forged, a_call("good-2"), forged])
    assert came == {Outcome.NEW: 2, NotProven: 2}
    assert {call.event_token for call in doors.calls()} == {"good-1", "good-2"}


def test_a_call_that_the_database_will_not_have_is_not_the_others_trouble(doors: Doors) -> None:
    bad = a_call("bad").model_copy(update={"code": "half a pair: \ud800"})
    came = at_once(doors, [a_call("good-1"), bad, a_call("good-2")])
    assert came == {Outcome.NEW: 2, NotStored: 1}
    assert {call.event_token for call in doors.calls()} == {"good-1", "good-2"}


# --- the commit cannot be made -----------------------------------------------------------------------------------


def test_an_insert_refused_by_sqlite_is_no_200(doors: Doors) -> None:
    with doors.database.write() as session:
        session.execute(text("CREATE TRIGGER no BEFORE INSERT ON calls BEGIN SELECT RAISE(ABORT, 'not today'); END"))
    answer = doors.post(robot_call())
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
    assert doors.calls() == []


def test_an_insert_refused_by_postgresql_is_no_200(postgresql_doors: Doors) -> None:
    with postgresql_doors.database.write() as session:
        session.execute(text("ALTER TABLE calls ADD CONSTRAINT no CHECK (id < 0)"))
    assert postgresql_doors.post(robot_call()).status_code == 503
    assert postgresql_doors.calls() == []


def test_a_commit_refused_by_sqlite_is_no_200(doors: Doors) -> None:
    event.listen(doors.database.engine, "commit", _full_at_commit)
    assert doors.post(robot_call()).status_code == 503
    event.remove(doors.database.engine, "commit", _full_at_commit)
    assert doors.calls() == []


def test_a_commit_refused_by_postgresql_is_no_200(postgresql_doors: Doors) -> None:
    at_commit = "CREATE CONSTRAINT TRIGGER no AFTER INSERT ON calls DEFERRABLE INITIALLY DEFERRED"
    with postgresql_doors.database.write() as session:
        session.execute(
            text("CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END'")
        )
        session.execute(text(f"{at_commit} FOR EACH ROW EXECUTE FUNCTION no()"))
    assert postgresql_doors.post(robot_call()).status_code == 503
    assert postgresql_doors.calls() == []


def _full_at_commit(_connection: object) -> None:
    raise OperationalError("COMMIT", {}, sqlite3.OperationalError("database or disk is full"))


@pytest.mark.parametrize("pragma", ["query_only = ON", "max_page_count = 1"], ids=["read-only", "disk full"])
def test_a_database_that_takes_nothing_is_no_200(doors: Doors, pragma: str) -> None:
    doors.post(robot_call(properties={"a": "x" * 3000}))
    spoil(doors.database, pragma)
    for number in range(3):
        answer = doors.post(robot_call(event_token=f"next-{number}", properties={"a": "x" * 60_000}))
        assert answer.status_code == 503
    assert len(doors.calls()) == 1


def test_a_database_locked_for_too_long_is_no_200(doors: Doors) -> None:
    spoil(doors.database, "busy_timeout = 50")
    with held_lock(doors.database):
        assert doors.post(robot_call()).status_code == 503
    assert doors.calls() == []
    assert doors.post(robot_call()).status_code == 200


def test_a_database_that_does_not_answer_in_time_is_no_200(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox_module, "PATIENCE_SECONDS", 0.05)
    with held_lock(doors.database):
        assert doors.post(robot_call()).status_code == 503


def test_a_full_queue_is_no_200(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox_module, "MOST_WAITING", 0)
    assert doors.post(robot_call()).status_code == 503
    assert doors.calls() == []


def test_tables_that_are_not_there_are_no_200(doors: Doors) -> None:
    with doors.database.write() as session:
        session.execute(text("ALTER TABLE calls RENAME TO gone"))
    assert doors.post(robot_call()).status_code == 503


# --- a database that comes back ----------------------------------------------------------------------------------


def test_calls_survive_a_connection_cut_in_the_middle_of_their_transaction(postgresql_doors: Doors) -> None:
    cuts = iter([True])

    @event.listens_for(postgresql_doors.database.engine, "after_cursor_execute")
    def _cut(connection: Any, _cursor: Any, statement: str, *_rest: object) -> None:
        if statement.startswith("INSERT INTO calls") and next(cuts, False):
            connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")

    assert postgresql_doors.post(robot_call()).text == "accepted\n"
    assert len(postgresql_doors.calls()) == 1


def test_a_commit_whose_answer_is_lost_is_found_by_the_next_try(postgresql_doors: Doors) -> None:
    losses = iter([True])

    @event.listens_for(postgresql_doors.database.engine, "commit")
    def _lose(connection: Any) -> None:
        if next(losses, False):
            connection.connection.dbapi_connection.commit()
            raise OperationalError("COMMIT", {}, sqlite3.OperationalError("the answer is lost"))

    assert postgresql_doors.post(robot_call()).text == "accepted before\n"
    assert len(postgresql_doors.calls()) == 1
