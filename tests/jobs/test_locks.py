"""Locks that tell the living from the dead, on each of the two databases."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from jobs.locks import LockLost, open_locks, worker_lock
from tests.databases import KINDS, migrated_database
from tests.outside import ROOT, eventually

NAME = worker_lock("worker-1")
HOLDER = """
import sys, time
from jobs.locks import open_locks
locks = open_locks(sys.argv[1])
print(locks.take(sys.argv[2]), flush=True)
time.sleep(600)
"""


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with migrated_database(request.param, tmp_path) as address:
        yield address


@contextmanager
def held_by_another_process(url: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, url, NAME], cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout
    try:
        assert process.stdout.readline() == "True\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_lock_is_one_holders_until_it_is_released(url: str) -> None:
    with closing(open_locks(url)) as first, closing(open_locks(url)) as second:
        assert first.take(NAME)
        assert not second.take(NAME)
        assert second.take(worker_lock("worker-2"))
        first.release(NAME)
        assert second.take(NAME)


def test_a_closed_holder_holds_nothing(url: str) -> None:
    with closing(open_locks(url)) as first:
        first.take(NAME)
    with closing(open_locks(url)) as second:
        assert eventually(lambda: second.take(NAME))


def test_kill_nine_lets_the_lock_go(url: str) -> None:
    with held_by_another_process(url) as process, closing(open_locks(url)) as locks:
        assert not locks.take(NAME)
        process.kill()
        assert eventually(lambda: locks.take(NAME))


def test_a_holder_in_good_health_is_told_nothing(url: str) -> None:
    with closing(open_locks(url)) as locks:
        locks.take(NAME)
        locks.check()


def test_a_session_that_the_server_ended_is_noticed(tmp_path: Path) -> None:
    with migrated_database("postgresql", tmp_path) as url, closing(open_locks(url)) as locks:
        locks.take(NAME)
        with psycopg.connect(url, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
            )
        with pytest.raises(LockLost):
            locks.check()


def test_a_database_that_does_not_answer_is_said_so() -> None:
    with pytest.raises(LockLost, match="does not answer"):
        open_locks("postgresql://nobody@127.0.0.1:1/nothing")
