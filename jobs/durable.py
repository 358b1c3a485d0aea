"""The durable engine: each run is a DBOS workflow in our own database; only here is DBOS known.

It brings runs back after a crash, but it is never asked what happened: a run reads its row first and does nothing when
the row has gone on. One process of a name at a time (locks.py): DBOS itself would let two of them run the same jobs.
"""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from dbos import DBOS, DBOSConfig, SetWorkflowID
from sqlalchemy import Engine, create_engine, event, make_url

from jobs.counting import Counted
from jobs.engine import Job

# Constant, or jobs stored by another version of our code would wait for a worker that never comes.
APPLICATION_VERSION = "calls-1"
NAME = "payment-robots"
POLLING_SECONDS = 1.0
CONNECTIONS = 10
BUSY_TIMEOUT_MS = 30_000
KEPT = timedelta(days=1)  # no run takes this long; what is older is of no use to anybody
AT_ONE_TURN = 1000


class DurableEngine:
    """Launches DBOS in this process: for workers only, after the name's lock is held. One a process."""

    def __init__(self, database_url: str, executor_id: str, job: Job, slots: int) -> None:
        self._job = Counted(job)
        self._engine = _open_sqlite(database_url) if database_url.startswith("sqlite") else None
        config: DBOSConfig = {
            "name": NAME,
            "system_database_url": _address(database_url),
            "system_database_engine": self._engine,
            "executor_id": executor_id,
            "application_version": APPLICATION_VERSION,
            "max_executor_threads": slots,
            "sys_db_pool_size": CONNECTIONS,
            "use_listen_notify": False,  # for messages between workflows, of which we have none
            "notification_listener_polling_interval_sec": POLLING_SECONDS,
            "log_level": "ERROR",
            "enable_otlp": False,
        }
        DBOS(config=config)
        _join_our_logs()

        @DBOS.workflow(name="run")
        def run(subject_id: int, number: int) -> None:
            self._job(subject_id, number)

        self._workflow = run
        DBOS.launch()

    def start(self, job_id: str, subject_id: int, run: int) -> None:
        self._job.begin(subject_id, run)
        try:
            with SetWorkflowID(job_id):
                DBOS.start_workflow(self._workflow, subject_id, run)
        except BaseException:
            self._job.end(subject_id, run)
            raise

    @property
    def under_way(self) -> frozenset[tuple[int, int]]:
        return self._job.under_way

    def forget_old(self) -> int:
        """Remove what the engine still remembers of runs of other days; how many runs that was."""
        before = (datetime.now(UTC) - KEPT).isoformat()
        forgotten = 0
        while old := DBOS.list_workflows(end_time=before, limit=AT_ONE_TURN, load_input=False, load_output=False):
            DBOS.delete_workflows([one.workflow_id for one in old])
            forgotten += len(old)
        return forgotten

    def wait_until_idle(self, seconds: float) -> bool:
        return self._job.wait_until_idle(seconds)

    def close(self) -> None:
        DBOS.destroy()
        if self._engine is not None:
            self._engine.dispose()


def _address(database_url: str) -> str:
    url = make_url(database_url)
    if url.get_backend_name() != "sqlite":
        url = url.set(drivername="postgresql+psycopg")
    return url.render_as_string(hide_password=False)


def _open_sqlite(database_url: str) -> Engine:
    """As DBOS opens SQLite, but its commits do not wait for the disk.

    What a power failure takes from the engine's memory is not missed: the rows say what is to be run.
    """
    engine = create_engine(database_url, pool_size=CONNECTIONS, max_overflow=0)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = "IMMEDIATE"
        for pragma in (f"busy_timeout = {BUSY_TIMEOUT_MS}", "foreign_keys = ON", "synchronous = NORMAL"):
            connection.execute(f"PRAGMA {pragma}")

    return engine


def _join_our_logs() -> None:
    """DBOS gives its logger a way out of its own; everything we write takes the same one."""
    logger = logging.getLogger("dbos")
    logger.handlers.clear()
    logger.propagate = True
    logger.setLevel(logging.ERROR)
