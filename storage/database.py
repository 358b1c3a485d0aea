"""The engine and its sessions, on SQLite or PostgreSQL, opened so that a commit that returned is on the disk."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.orm import Session, sessionmaker

BUSY_TIMEOUT_MS = 10_000


class Database:
    """One engine and the two ways to use it; `write` holds SQLite's write lock from its first statement on."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.is_sqlite = engine.dialect.name == "sqlite"
        self._read = sessionmaker(engine, expire_on_commit=False, autoflush=False)
        # SQLite's every transaction sees one state; PostgreSQL's usual one sees what each statement finds.
        still = engine if self.is_sqlite else engine.execution_options(isolation_level="REPEATABLE READ")
        self._snapshot = sessionmaker(still, expire_on_commit=False, autoflush=False)
        # A read that becomes a write cannot wait its turn in SQLite (SQLITE_BUSY at once), so writers say it first.
        writer = engine.execution_options(begin="IMMEDIATE") if self.is_sqlite else engine
        self._write = sessionmaker(writer, expire_on_commit=False)
        # SQLite lets one write at a time and wakes the others by chance: within a process they queue up here.
        self._turn: AbstractContextManager[Any] = threading.Lock() if self.is_sqlite else nullcontext()

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction: committed when the block ends, rolled back when it raises."""
        with self._turn, self._write() as session, session.begin():
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A short look at one state of the database; nothing is written."""
        with self._read() as session:
            yield session

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """A long look at one state of the database, whatever is committed meanwhile; nothing is written."""
        with self._snapshot() as session:
            yield session

    def close(self) -> None:
        self.engine.dispose()


def open_database(url: str, *, pool_size: int = 20) -> Database:
    """Open `sqlite:///path` (its folder is made) or `postgresql://...` (spoken to by psycopg 3)."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        return Database(_open_sqlite(url, address.database))
    return Database(
        create_engine(
            address.set(drivername="postgresql+psycopg"),
            pool_size=pool_size,
            max_overflow=20,
            pool_pre_ping=True,
            hide_parameters=True,
        )
    )


def _open_sqlite(url: str, path: str | None) -> Engine:
    if path and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url,
        connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False},
        pool_size=20,
        max_overflow=20,
        pool_timeout=60,
        hide_parameters=True,  # an error's text goes to the log: values of rows stay out of it
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver's own BEGIN is off: `_begin` below decides
        cursor = connection.cursor()
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            f"busy_timeout = {BUSY_TIMEOUT_MS}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('begin', 'DEFERRED')}")

    return engine
