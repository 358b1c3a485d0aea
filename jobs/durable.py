"""The durable engine: each run is a DBOS workflow in our own database; only here is DBOS known.

It brings runs back after a crash, but it is never asked what happened: a run reads its row first and does nothing when
the row has gone on. One process of a name at a time (locks.py): DBOS itself would let two of them run the same jobs.
"""

import logging

from dbos import DBOS, DBOSConfig, SetWorkflowID
from sqlalchemy import make_url

from jobs.counting import Counted
from jobs.engine import Job

# Constant, or jobs stored by another version of our code would wait for a worker that never comes.
APPLICATION_VERSION = "calls-1"
NAME = "payment-robots"
POLLING_SECONDS = 1.0


class DurableEngine:
    """Launches DBOS in this process: for workers only, after the name's lock is held."""

    def __init__(self, database_url: str, executor_id: str, job: Job, slots: int) -> None:
        self._job = Counted(job)
        url = make_url(database_url)
        if url.get_backend_name() != "sqlite":
            url = url.set(drivername="postgresql+psycopg")
        config: DBOSConfig = {
            "name": NAME,
            "system_database_url": url.render_as_string(hide_password=False),
            "executor_id": executor_id,
            "application_version": APPLICATION_VERSION,
            "max_executor_threads": slots,
            "sys_db_pool_size": 10,
            "notification_listener_polling_interval_sec": POLLING_SECONDS,
            "log_level": "ERROR",
            "enable_otlp": False,
        }
        DBOS(config=config)
        logging.getLogger("dbos").setLevel(logging.ERROR)

        @DBOS.workflow(name="run")
        def run(subject_id: int, number: int) -> None:
            self._job(subject_id, number)

        self._workflow = run
        DBOS.launch()

    def start(self, job_id: str, subject_id: int, run: int) -> None:
        self._job.begin(subject_id, run)
        with SetWorkflowID(job_id):
            DBOS.start_workflow(self._workflow, subject_id, run)

    @property
    def under_way(self) -> frozenset[tuple[int, int]]:
        return self._job.under_way

    def close(self, grace: float) -> None:
        self._job.wait_until_idle(grace)
        DBOS.destroy(workflow_completion_timeout_sec=0)
