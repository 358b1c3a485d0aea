"""The inbox of robot calls: many calls in one transaction, each answered after the commit.

A commit waits for the disk, so one thread of each process commits whatever has gathered during the last one.
"""

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import NamedTuple

import structlog
from sqlalchemy.exc import OperationalError

from handlers.accepted_calls import Outcome, take_in
from schemas.robot_call import RobotCall
from storage.database import Database

MOST_IN_ONE_COMMIT = 500
MOST_WAITING = 1000
PATIENCE_SECONDS = 20.0  # twice what SQLite waits for its lock

log = structlog.get_logger(__name__)


class NotStored(Exception):
    """No commit, so no 200; the text says why for the sender's log."""


class _Waiting(NamedTuple):
    call: RobotCall
    outcome: Future[Outcome]


class Inbox:
    """One a process; its thread starts with the first call, when the web server has already forked."""

    def __init__(self, database: Database, client_id: str, now: Callable[[], datetime]) -> None:
        self._database = database
        self._client_id = client_id
        self._now = now
        self._queue: queue.SimpleQueue[_Waiting] = queue.SimpleQueue()
        self._starting = threading.Lock()
        self._writer: threading.Thread | None = None

    def accept(self, call: RobotCall) -> Outcome:
        """Returns after the commit. Raises NotProven, NotStored."""
        if self._queue.qsize() >= MOST_WAITING:
            raise NotStored("too many calls are waiting to be stored")
        waiting = _Waiting(call, Future())
        self._queue.put(waiting)
        self._see_to_the_writer()
        try:
            return waiting.outcome.result(PATIENCE_SECONDS)
        except TimeoutError:
            raise NotStored("the database did not answer in time") from None

    def _see_to_the_writer(self) -> None:
        if self._writer and self._writer.is_alive():
            return
        with self._starting:
            if not (self._writer and self._writer.is_alive()):
                self._writer = threading.Thread(target=self._write_for_ever, name="inbox", daemon=True)
                self._writer.start()

    def _write_for_ever(self) -> None:
        while True:
            batch = [self._queue.get()]
            while len(batch) < MOST_IN_ONE_COMMIT and not self._queue.empty():
                batch.append(self._queue.get())
            self._commit(batch)

    def _commit(self, batch: Sequence[_Waiting]) -> None:
        try:
            with self._database.write() as session:
                outcomes = take_in(session, self._client_id, [waiting.call for waiting in batch], self._now())
        except Exception as error:
            log.exception("inbox.not_stored", calls=len(batch))
            if len(batch) > 1 and not isinstance(error, OperationalError):
                for waiting in batch:  # one call that the database will not have is not the others' trouble
                    self._commit([waiting])
                return
            for waiting in batch:
                waiting.outcome.set_exception(NotStored("the call could not be stored"))
            return
        for waiting, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Outcome):
                waiting.outcome.set_result(outcome)
            else:
                waiting.outcome.set_exception(outcome)
