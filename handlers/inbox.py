"""The inbox of robot calls: many calls in one transaction, each answered after the commit.

A commit waits for the disk, so one thread of each process commits whatever has gathered during the last one.
"""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

import structlog
from sqlalchemy.exc import OperationalError

from handlers.accepted_calls import Outcome, take_in
from handlers.guards import NotProven
from schemas.robot_call import RobotCall
from storage.database import Database

MOST_IN_ONE_COMMIT = 500
MOST_WAITING = 1000
GATHER_SECONDS = 0.002
GATHER_ROUNDS = 5
TRY_AGAIN_AFTER = (0.2, 0.8, 2.0)  # a server that restarts is back before the portal stops waiting for an answer
PATIENCE_SECONDS = 20.0  # twice what SQLite waits for its lock

log = structlog.get_logger(__name__)


class NotStored(Exception):
    """No commit, so no 200; the text says why for the sender's log."""


class _Waiting(NamedTuple):
    call: RobotCall
    answer: queue.SimpleQueue[Outcome | NotProven | NotStored]


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
        """Returns after the commit. Raises NotProven, and NotStored: the call may prove to be stored all the same."""
        if self._queue.qsize() >= MOST_WAITING:
            raise NotStored("too many calls are waiting to be stored")
        waiting = _Waiting(call, queue.SimpleQueue())
        self._queue.put(waiting)
        self._see_to_the_writer()
        try:
            outcome = waiting.answer.get(timeout=PATIENCE_SECONDS)
        except queue.Empty:
            raise NotStored("the database did not answer in time") from None
        if isinstance(outcome, Outcome):
            return outcome
        raise outcome

    def _see_to_the_writer(self) -> None:
        if self._writer and self._writer.is_alive():
            return
        with self._starting:
            if not (self._writer and self._writer.is_alive()):
                self._writer = threading.Thread(target=self._write_for_ever, name="inbox", daemon=True)
                self._writer.start()

    # --- the thread ----------------------------------------------------------------------------------------------

    def _write_for_ever(self) -> None:
        crowd = False
        while True:
            batch = [self._queue.get()]
            if crowd:
                self._gather()
            while len(batch) < MOST_IN_ONE_COMMIT and not self._queue.empty():
                batch.append(self._queue.get())
            self._commit(batch)
            crowd = len(batch) > 1

    def _gather(self) -> None:
        """While more keep coming: what a transaction costs beside its rows is then shared by more of them."""
        for _ in range(GATHER_ROUNDS):
            before = self._queue.qsize()
            time.sleep(GATHER_SECONDS)
            if self._queue.qsize() == before:
                return

    def _commit(self, batch: Sequence[_Waiting]) -> None:
        try:
            outcomes: Sequence[Outcome | NotProven | NotStored] = self._patiently_store(batch)
        except OperationalError:
            log.exception("inbox.database_failed", calls=len(batch))
            outcomes = [NotStored("the database does not take calls now")] * len(batch)
        except Exception:
            log.exception("inbox.not_stored", calls=len(batch))
            if len(batch) > 1:
                for waiting in batch:  # one call that the database will not have is not the others' trouble
                    self._commit([waiting])
                return
            outcomes = [NotStored("the call could not be stored")]
        for waiting, outcome in zip(batch, outcomes, strict=True):
            waiting.answer.put(outcome)

    def _patiently_store(self, batch: Sequence[_Waiting]) -> list[Outcome | NotProven]:
        """A lost connection is worth another try: what was committed unheard is found again as a repeat."""
        for pause in () if self._database.is_sqlite else TRY_AGAIN_AFTER:
            try:
                return self._store(batch)
            except OperationalError:
                log.warning("inbox.database_lost", exc_info=True, calls=len(batch), again_after=pause)
                time.sleep(pause)
        return self._store(batch)

    def _store(self, batch: Sequence[_Waiting]) -> list[Outcome | NotProven]:
        with self._database.write() as session:
            return take_in(session, self._client_id, [waiting.call for waiting in batch], self._now())
