"""The durable engine: one run under one id, brought back after a crash, and no long memory."""

import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from jobs.durable import DurableEngine
from storage.database import open_database
from tests.databases import KINDS, migrated_database
from tests.outside import ROOT, eventually


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with migrated_database(request.param, tmp_path) as address:
        yield address


@contextmanager
def engine_on(url: str, job: "Recorded") -> Iterator[DurableEngine]:
    engine = DurableEngine(url, "worker-1", job, 8)
    job.engine = engine
    try:
        yield engine
    finally:
        job.may_end.set()
        engine.wait_until_idle(10)
        engine.close()


class Recorded:
    """A job that writes down its runs and ends when it may."""

    def __init__(self) -> None:
        self.runs: list[tuple[int, int]] = []
        self.under_way: list[frozenset[tuple[int, int]]] = []
        self.may_end = threading.Event()
        self.engine: DurableEngine | None = None

    def __call__(self, subject_id: int, run: int) -> None:
        self.runs.append((subject_id, run))
        if self.engine:
            self.under_way.append(self.engine.under_way)
        self.may_end.wait(10)


def test_one_run_under_one_id(url: str) -> None:
    job = Recorded()
    job.may_end.set()
    with engine_on(url, job) as engine:
        engine.start("call-5-1", 5, 1)
        assert engine.wait_until_idle(10)
        engine.start("call-5-2", 5, 2)
        assert engine.wait_until_idle(10)
    assert job.runs == [(5, 1), (5, 2)]
    assert job.under_way == [{(5, 1)}, {(5, 2)}]


def test_a_second_start_under_the_same_id_runs_nothing_while_the_first_is_at_work(url: str) -> None:
    job = Recorded()
    with engine_on(url, job) as engine:
        engine.start("call-5-1", 5, 1)
        assert eventually(lambda: job.runs == [(5, 1)])
        engine.start("call-5-1", 5, 1)
        engine.start("call-6-1", 6, 1)
        assert eventually(lambda: (6, 1) in job.runs)
    assert job.runs == [(5, 1), (6, 1)]


def test_a_run_that_could_not_be_started_is_not_under_way(url: str) -> None:
    job = Recorded()
    with engine_on(url, job) as engine:
        engine.close()
        with pytest.raises(Exception, match="DBOS"):
            engine.start("call-5-1", 5, 1)
        assert engine.under_way == frozenset()


def test_what_it_remembers_of_other_days_is_removed(url: str) -> None:
    job = Recorded()
    job.may_end.set()
    with engine_on(url, job) as engine:
        for subject in range(3):
            engine.start(f"call-{subject}-1", subject, 1)
        engine.wait_until_idle(10)
        assert eventually(lambda: remembered(url) == 3)
        assert engine.forget_old() == 0
        age_by_days(url, 2)
        engine.start("call-9-1", 9, 1)
        engine.wait_until_idle(10)
        assert engine.forget_old() == 3
        assert eventually(lambda: remembered(url) == 1)


def test_its_words_take_the_way_of_all_our_logs(url: str) -> None:
    with engine_on(url, Recorded()):
        logger = logging.getLogger("dbos")
        assert (logger.handlers, logger.propagate) == ([], True)


def test_after_kill_nine_the_next_process_of_the_name_runs_again_what_had_not_ended(url: str) -> None:
    with engine_process(url, "worker-1", "1", "2", "3", "4") as first:
        assert set(lines(first, 5)) == {"started", "run 1 1", "run 2 1", "run 3 1", "run 4 1"}
        assert eventually(lambda: pending(url) == 2)
    with engine_process(url, "worker-1") as second:
        assert sorted(lines(second, 3)) == ["run 2 1", "run 4 1", "started"]


def test_another_name_leaves_alone_what_it_did_not_start(url: str) -> None:
    with engine_process(url, "worker-1", "2") as first:
        lines(first, 2)
        with engine_process(url, "worker-2", "3") as second:
            assert sorted(lines(second, 2)) == ["run 3 1", "started"]
            assert eventually(lambda: pending(url) == 1)


@contextmanager
def engine_process(url: str, *words: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.jobs.engine_process", url, *words],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream:
                stream.close()


def lines(process: subprocess.Popen[str], count: int) -> list[str]:
    assert process.stdout
    return [process.stdout.readline().strip() for _ in range(count)]


@contextmanager
def connected(url: str) -> Iterator[tuple[Connection, str]]:
    """A connection, and the name of the engine's table."""
    database = open_database(url)
    table = "workflow_status" if database.is_sqlite else "dbos.workflow_status"
    with database.engine.begin() as connection:
        yield connection, table
    database.close()


def remembered(url: str) -> int:
    with connected(url) as (connection, table):
        return int(connection.execute(text(f"SELECT count(*) FROM {table} WHERE status = 'SUCCESS'")).scalar_one())


def pending(url: str) -> int:
    with connected(url) as (connection, table):
        return int(connection.execute(text(f"SELECT count(*) FROM {table} WHERE status = 'PENDING'")).scalar_one())


def age_by_days(url: str, days: int) -> None:
    with connected(url) as (connection, table):
        connection.execute(text(f"UPDATE {table} SET created_at = created_at - {days * 86_400_000}"))
