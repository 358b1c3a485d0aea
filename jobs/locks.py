"""Locks that a process holds while it lives, so that the living and the dead can be told apart.

PostgreSQL: advisory locks of a session of their own. SQLite, where everything is on one machine: locks of files beside
the database. Both are let go by the system when the process dies, however it dies.
"""

import fcntl
import hashlib
from pathlib import Path
from typing import IO, Protocol

import psycopg
from sqlalchemy import URL, make_url

SILENCE = 10  # seconds after which each side of a silent connection asks whether the other still lives
ASK_AGAIN = 5
MOST_SILENCE_MS = 25_000
# The server, too, must notice that our machine is gone, or a dead worker's lock would outlive it by hours.
SESSION = f"-c tcp_keepalives_idle={SILENCE} -c tcp_keepalives_interval={ASK_AGAIN} -c tcp_keepalives_count=3"


class LockLost(Exception):
    """The database ended the session that held our locks: others may already think that we are dead."""


class Locks(Protocol):
    def take(self, name: str) -> bool:
        """Whether the lock is ours now; at once, never waiting."""

    def release(self, name: str) -> None: ...

    def check(self) -> None:
        """Raises LockLost when what we hold cannot be relied on any more."""

    def close(self) -> None: ...


def worker_lock(name: str) -> str:
    """What a worker of this name holds while it lives."""
    return f"worker {name}"


def open_locks(database_url: str) -> Locks:
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        return FileLocks(Path(url.database or "payments.db"))
    return SessionLocks(url)


class FileLocks:
    def __init__(self, database: Path) -> None:
        self._folder = database.parent
        self._stem = database.name
        self._held: dict[str, IO[str]] = {}

    def take(self, name: str) -> bool:
        self._folder.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256(name.encode()).hexdigest()[:16]
        file = (self._folder / f"{self._stem}.{digest}.lock").open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return False
        self._held[name] = file
        return True

    def release(self, name: str) -> None:
        self._held.pop(name).close()

    def check(self) -> None:
        """A file's lock is held as long as the process lives."""

    def close(self) -> None:
        for file in self._held.values():
            file.close()
        self._held.clear()


class SessionLocks:
    """A session-level lock needs a session of its own: not through a pooler that shares sessions."""

    def __init__(self, url: URL) -> None:
        plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
        try:
            self._connection = psycopg.connect(
                plain,
                autocommit=True,
                options=SESSION,
                connect_timeout=SILENCE,
                keepalives_idle=SILENCE,
                keepalives_interval=ASK_AGAIN,
                tcp_user_timeout=MOST_SILENCE_MS,
            )
        except psycopg.OperationalError as error:
            raise LockLost(f"the database does not answer: {' '.join(str(error).split())}") from None

    def take(self, name: str) -> bool:
        row = self._connection.execute("SELECT pg_try_advisory_lock(%s)", (_number(name),)).fetchone()
        return bool(row and row[0])

    def release(self, name: str) -> None:
        self._connection.execute("SELECT pg_advisory_unlock(%s)", (_number(name),))

    def check(self) -> None:
        try:
            self._connection.execute("SELECT 1")
        except psycopg.Error as error:
            raise LockLost(str(error)) from error

    def close(self) -> None:
        self._connection.close()


def _number(name: str) -> int:
    return int.from_bytes(hashlib.sha256(f"payment-robots {name}".encode()).digest()[:8], "big", signed=True)
