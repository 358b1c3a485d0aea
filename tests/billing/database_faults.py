"""Faults of the database under a world: the N-th moment of a kind fails, as the database itself would fail it."""

import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Literal
from unittest.mock import patch

import psycopg
from sqlalchemy import event

from storage.database import BUSY_TIMEOUT_MS, Database

Moment = Literal["begin", "write", "commit"]
Raw = Any  # the driver's own connection: sqlite3's or psycopg's

MOST_PAGES = 1_073_741_823  # as many as SQLite has when nobody says otherwise
WRITES = ("INSERT", "UPDATE", "DELETE")


@dataclass(frozen=True, slots=True)
class Fault:
    """`strike` is given the driver's connection at its moment, and raises what the driver raises then, or leaves the
    connection so that what follows on it does."""

    name: str
    at: Moment
    strike: Callable[[Raw], None]

    def __str__(self) -> str:
        return self.name


@dataclass
class Struck:
    """`first` is the number of the first moment that fails, `times` how many after one another do."""

    database: Database
    fault: Fault
    first: int
    times: int = 1
    passed: int = 0

    @property
    def in_time(self) -> bool:
        """Whether the fault struck at all."""
        return self.passed >= self.first

    @contextmanager
    def under_way(self) -> Iterator[None]:
        engine = self.database.engine
        event.listen(engine, "do_execute", self._execute)
        commit = engine.dialect.do_commit

        def struck(connection: Any) -> None:
            self._pass("commit", connection.driver_connection)
            commit(connection)

        try:
            with patch.object(engine.dialect, "do_commit", struck):
                yield
        finally:
            event.remove(engine, "do_execute", self._execute)

    def _execute(self, cursor: Any, statement: str, _parameters: object, _context: object) -> None:
        if statement.startswith("BEGIN IMMEDIATE"):
            self._pass("begin", cursor.connection)
        elif statement.startswith(WRITES):
            self._pass("write", cursor.connection)

    def _pass(self, moment: Moment, raw: Raw) -> None:
        if moment != self.fault.at:
            return
        self.passed += 1
        if self.first <= self.passed < self.first + self.times:
            self.fault.strike(raw)


def _full_at_begin(_raw: Raw) -> None:
    raise sqlite3.OperationalError("database or disk is full")


def _full_at_write(raw: Raw) -> None:
    raw.execute("PRAGMA max_page_count = 1")
    try:
        raw.execute("CREATE TABLE filler AS SELECT zeroblob(1000000)")
    finally:
        raw.execute(f"PRAGMA max_page_count = {MOST_PAGES}")


def _full_at_commit(raw: Raw) -> None:
    """The operating system takes no byte more of any file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        raw.commit()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _locked(raw: Raw) -> None:
    file = raw.execute("PRAGMA database_list").fetchone()[2]
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        raw.execute("PRAGMA busy_timeout = 0")
        try:
            raw.execute("BEGIN IMMEDIATE")
        finally:
            raw.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")


def _read_only(raw: Raw) -> None:
    raw.execute("PRAGMA query_only = ON")
    try:
        raw.execute("DELETE FROM charges")
    finally:
        raw.execute("PRAGMA query_only = OFF")


def _closed(raw: Raw) -> None:
    raw.close()


def _answer_lost(raw: Raw) -> None:
    raw.commit()
    raise sqlite3.OperationalError("disk I/O error")


FULL_AT_COMMIT = Fault("disk full at commit", "commit", _full_at_commit)
ANSWER_LOST = Fault("the commit's answer lost", "commit", _answer_lost)
SQLITE = (
    Fault("disk full at begin", "begin", _full_at_begin),
    Fault("disk full at write", "write", _full_at_write),
    FULL_AT_COMMIT,
    Fault("database is locked", "begin", _locked),
    Fault("read-only", "write", _read_only),
    Fault("connection gone in the middle", "write", _closed),
    Fault("connection gone at commit", "commit", _closed),
    ANSWER_LOST,
)


def _restarted(raw: Raw) -> None:
    with suppress(psycopg.OperationalError):  # the server says goodbye; what follows finds nobody
        raw.execute("SELECT pg_terminate_backend(pg_backend_pid())")


def _answer_lost_by_restart(raw: Raw) -> None:
    raw.commit()
    _restarted(raw)
    raw.execute("SELECT 1")


def _standby(raw: Raw) -> None:
    """The server that answers now is a copy that nobody may write to."""
    raw.execute("SET TRANSACTION READ ONLY")


STANDBY = Fault("read-only", "write", _standby)
RESTARTED = Fault("restarted in the middle", "commit", _restarted)
RESTARTED_AFTER = Fault("the commit's answer lost", "commit", _answer_lost_by_restart)
