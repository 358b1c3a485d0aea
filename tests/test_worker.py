"""The worker as a process: refuses to start with a sentence, ends in order, and is taken over when it dies."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import select

from jobs.locks import open_locks, worker_lock
from storage.database import open_database
from storage.model import Call, Worker
from storage.model import Portal as PortalRow
from tests.chaos.processes import Service
from tests.databases import KINDS, migrated_database
from tests.outside import ROOT, Outside, Portal, eventually
from tests.ports import free_port

DEAL = 2
DEBT = "UF_CRM_PAY_DEBT"
GOES_ON = "the step is behind us"
KILLED = 9
STEPS = ["robot_done", "answer_fixed", "sent", "commented"]


@pytest.fixture(scope="module")
def outside() -> Iterator[Outside]:
    with Outside() as running:
        yield running


@dataclass
class Stand:
    """A door that is open, a portal with the app installed, and workers that a test starts."""

    service: Service
    portal: Portal
    database_url: str

    def call(self, deal: int, **properties: str) -> str:
        """A workflow of one step on a deal, once the call is in the inbox."""
        step = {"code": "deduct_from_debt", "name": "Step", "properties": properties}
        template = self.portal.define([step, {"type": "log", "text": GOES_ON}])
        workflow = self.portal.start(template, deal)
        assert eventually(lambda: any(row.workflow_id == workflow for row in self.rows()), 20)
        return workflow

    def deal(self) -> int:
        return self.portal.add(DEAL, None, title="Сделка", opportunity="300.00", **{DEBT: "1000.00|RUB"})

    def debt(self, deal: int) -> str:
        return str(self.portal.item(DEAL, deal)[DEBT])

    def went_on(self, workflow: str) -> int:
        """How often the workflow went on behind the robot's step."""
        return [line["text"] for line in self.portal.get(f"/workflows/{workflow}")["log"]].count(GOES_ON)

    def sent(self, row: Call) -> list[Any]:
        """What the portal received as this call's answers."""
        asked = self.portal.history(method="bizproc.event.send")["entries"]
        return [one["params"] for one in asked if one["params"]["EVENT_TOKEN"] == row.event_token]

    def row(self, workflow: str) -> Call:
        return next(row for row in self.rows() if row.workflow_id == workflow)

    def is_registered(self) -> bool:
        database = open_database(self.database_url)
        with database.read() as session:
            report = session.scalars(select(PortalRow.registration)).first()
        database.close()
        return bool(report and report.get("finished"))

    def rows(self) -> list[Call]:
        database = open_database(self.database_url)
        with database.read() as session:
            rows = list(session.scalars(select(Call)))
        database.close()
        return rows

    def is_at_work(self, workflow: str) -> bool:
        return self.row(workflow).state == "running"

    def wait_delivered(self, workflow: str) -> Call:
        assert eventually(lambda: self.row(workflow).state == "delivered", 40), (
            self.row(workflow).reason,
            self.service.logs(),
        )
        return self.row(workflow)


@pytest.fixture(scope="module", params=KINDS)
def stand(
    request: pytest.FixtureRequest, outside: Outside, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stand]:
    folder = tmp_path_factory.mktemp("worker")
    portal = outside.create_portal(enterprise=True)
    public_url = f"http://127.0.0.1:{free_port()}"
    app = outside.register_app(public_url)
    with (
        migrated_database(request.param, folder) as url,
        Service(outside, url, folder, public_url, app) as service,
    ):
        service.start("web")
        assert eventually(service.is_live, 60), service.logs()
        portal.install(app)
        stand = Stand(service, portal, url)
        assert eventually(stand.is_registered, 30), service.logs()
        yield stand


# SQLite has one worker; PostgreSQL takes as many as are started.
on_postgresql = pytest.mark.parametrize("stand", ["postgresql"], indirect=True)
on_sqlite = pytest.mark.parametrize("stand", ["sqlite"], indirect=True)


def refused(environment: dict[str, str]) -> str:
    """What a worker says that does not start."""
    done = subprocess.run(
        [sys.executable, "worker.py"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    [sentence] = done.stderr.splitlines()
    return sentence


# --- the start ---


def test_settings_that_are_refused_are_named(stand: Stand) -> None:
    assert "SECRET_KEY" in refused(stand.service.environment | {"SECRET_KEY": "short"})


def test_a_database_without_migrations_is_not_worked_on(stand: Stand, tmp_path: Path) -> None:
    sentence = refused(stand.service.environment | {"DATABASE_URL": f"sqlite:///{tmp_path}/empty.db"})
    assert "database upgrade" in sentence


def test_a_database_that_is_away_is_said_so(stand: Stand) -> None:
    sentence = refused(stand.service.environment | {"DATABASE_URL": "postgresql://me:hidden-word@127.0.0.1:1/x"})
    assert "does not answer" in sentence
    assert "hidden-word" not in sentence


def test_a_name_that_a_living_worker_has_is_refused(stand: Stand) -> None:
    locks = open_locks(stand.database_url)
    locks.take(worker_lock("worker-1"))
    try:
        assert "worker-1 is taken" in refused(stand.service.environment | {"WORKER_NAME": "worker-1"})
    finally:
        locks.close()


@on_sqlite
def test_a_second_worker_on_sqlite_is_refused_whatever_its_name(stand: Stand) -> None:
    stand.service.start("worker-1")
    assert eventually(lambda: bool(seen(stand)), 30), stand.service.logs()
    assert "PostgreSQL" in refused(stand.service.environment | {"WORKER_NAME": "worker-2"})
    assert stand.service.stop("worker-1") == 0


def seen(stand: Stand) -> list[Worker]:
    database = open_database(stand.database_url)
    with database.read() as session:
        found = list(session.scalars(select(Worker)))
    database.close()
    return found


# --- the end ---


def test_asked_to_end_it_finishes_what_runs_and_takes_nothing_new(stand: Stand) -> None:
    stand.portal.fault("delay", match="crm.item.get", seconds=2)
    deal = stand.deal()
    at_work = stand.call(deal, payment_amount="100")
    stand.service.start("worker-1")
    assert eventually(lambda: stand.is_at_work(at_work), 30), stand.service.logs()
    assert stand.service.stop("worker-1") == 0
    assert stand.row(at_work).state == "delivered"
    assert stand.debt(deal) == "900.00|RUB"
    left = stand.call(stand.deal(), payment_amount="100")
    assert stand.row(left).state == "accepted"
    stand.service.start("worker-1")
    stand.wait_delivered(left)
    stand.service.stop("worker-1")


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_a_step_the_next_process_finishes_the_call_once(stand: Stand, step: str) -> None:
    failing = step == "commented"
    deal = stand.deal()
    call = stand.call(deal, payment_amount="much" if failing else "100")
    stand.service.start("worker-1", FAULT_AT=step)
    assert stand.service.wait_end("worker-1") == KILLED
    assert stand.row(call).state == "running"
    stand.service.start("worker-1")
    row = stand.wait_delivered(call)
    stand.service.stop("worker-1")
    assert stand.went_on(call) == 1
    assert stand.sent(row) == [stand.sent(row)[0]] * (2 if step in ("sent", "commented") else 1)
    assert json.loads(str(row.answer))["RETURN_VALUES"]["result_status"] == ("failed" if failing else "ok")
    assert stand.debt(deal) == ("1000.00|RUB" if failing else "900.00|RUB")
    told = [one for one in stand.portal.get("/comments") if one["entity_id"] == deal]
    assert len(told) == (1 if failing else 0)


@on_postgresql
def test_the_calls_of_a_worker_that_was_killed_are_finished_by_the_other(stand: Stand) -> None:
    stand.portal.fault("delay", match="crm.item.get", seconds=20)
    deal = stand.deal()
    call = stand.call(deal, payment_amount="100")
    stand.service.start("worker-1")
    assert eventually(lambda: stand.is_at_work(call), 30), stand.service.logs()
    stand.service.start("worker-2")
    assert eventually(lambda: any(one.name == "worker-2" for one in seen(stand)), 30), stand.service.logs()
    assert stand.row(call).worker == "worker-1"
    stand.service.kill("worker-1")
    row = stand.wait_delivered(call)
    assert row.run == 2
    assert stand.went_on(call) == 1
    assert stand.debt(deal) == "900.00|RUB"
    stand.service.stop("worker-2")


@on_postgresql
def test_a_worker_whose_locks_the_database_let_go_ends_at_once(stand: Stand) -> None:
    stand.service.start("worker-1")
    assert eventually(lambda: is_held(stand, "worker-1"), 30), stand.service.logs()
    with psycopg.connect(stand.database_url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
    assert stand.service.wait_end("worker-1") == 4


def is_held(stand: Stand, name: str) -> bool:
    locks = open_locks(stand.database_url)
    try:
        return not locks.take(worker_lock(name))
    finally:
        locks.close()
