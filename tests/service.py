"""The whole service inside a test: doors over HTTP, a worker's loop, a portal of the sandbox with the app installed."""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from cryptography.fernet import Fernet
from sqlalchemy import select, update
from werkzeug.serving import WSGIRequestHandler, make_server

import services
from bp_activities._runner import Runner
from handlers import create_app
from jobs.inline import InlineEngine
from jobs.loop import Loop
from sandbox.acquirers import acquirer_codes
from settings import Settings
from storage.migrate import upgrade
from storage.model import Call as CallRow
from storage.model import Portal as PortalRow
from tests.outside import Outside, Portal, eventually
from worker import claims, periodic_work

SLOTS = 16
ANSWER_SECONDS = 60


@dataclass
class RunningService:
    """A service, the portal it is installed in, and the hands of an admin and a manager."""

    outside: Outside
    portal: Portal
    built: services.Services
    address: str
    app: dict[str, Any]

    def install(self, **wish: object) -> dict[str, Any]:
        return self.portal.install(self.app, **wish)

    def registered(self) -> dict[str, list[str]]:
        """Codes of our robots and activities in the portal."""
        found = self.portal.get("/registered")
        return {
            "robots": sorted(one["code"] for one in found if one["robot"]),
            "activities": sorted(one["code"] for one in found if not one["robot"]),
        }

    def wait_registered(self) -> None:
        assert eventually(lambda: self.row.registration.get("finished", False), 30), "the registration did not end"

    def run(self, code: str, entity_type_id: int, item_id: int, **properties: object) -> dict[str, Any]:
        """A workflow of one step on an item; its results once it went on."""
        template = self.portal.define(
            [{"code": code, "name": "Step", "properties": properties}], entityTypeId=entity_type_id
        )
        return self.wait_answered(self.portal.start(template, item_id, entityTypeId=entity_type_id))

    def wait_answered(self, workflow_id: str) -> dict[str, Any]:
        """What a workflow's first step was answered, once it was."""
        answered = eventually(lambda: self.step(workflow_id)["outcome"] == "answered", ANSWER_SECONDS)
        step = self.step(workflow_id)
        assert answered, step
        assert step["answers"] == 1
        results: dict[str, Any] = step["returned"]
        return results

    def wait_call_state(self, workflow_id: str, state: str) -> bool:
        def reached() -> bool:
            with self.built.database.read() as session:
                return session.scalar(select(CallRow.state).where(CallRow.workflow_id == workflow_id)) == state

        return eventually(reached, ANSWER_SECONDS)

    def wait_waiting_for(self, workflow_id: str, reason: str) -> bool:
        def waits() -> bool:
            with self.built.database.read() as session:
                query = select(CallRow.reason).where(CallRow.workflow_id == workflow_id, CallRow.state == "waiting")
                return reason in (session.scalar(query) or "")

        return eventually(waits, ANSWER_SECONDS)

    def cancel(self, workflow_id: str) -> None:
        """What an operator does to a call that waits."""
        waiting = update(CallRow).where(CallRow.workflow_id == workflow_id, CallRow.state == "waiting")
        with self.built.database.write() as session:
            assert session.execute(waiting.values(state="cancelled").returning(CallRow.id)).first()

    def step(self, workflow_id: str) -> dict[str, Any]:
        step: dict[str, Any] = self.portal.get(f"/workflows/{workflow_id}")["steps"][0]
        return step

    def use_enterprise_rate(self) -> None:
        """Let tests go at the pace that this portal allows."""
        with self.built.database.write() as session:
            session.execute(update(PortalRow).values(rate_per_second=5, rate_burst=250))

    @property
    def row(self) -> PortalRow:
        with self.built.database.read() as session:
            return session.scalars(select(PortalRow).where(PortalRow.member_id == self.portal.member_id)).one()


@contextmanager
def running_service(outside: Outside, database_url: str, **traits: object) -> Iterator[RunningService]:
    portal = outside.create_portal(**traits)
    server = make_server("127.0.0.1", 0, _not_yet, threaded=True, request_handler=_Quiet)
    address = f"http://127.0.0.1:{server.server_port}"
    app = outside.register_app(address)
    upgrade(database_url)
    built = services.build(_settings(outside, address, app, database_url))
    server.app = create_app(built)
    runner = Runner(built.database, built.portals, built.robot_call, built.now)
    engine = InlineEngine(runner.run, SLOTS)
    loop = Loop(claims(built, engine, "test", SLOTS), periodic_work(built), pause=0.03)
    threads = [threading.Thread(target=server.serve_forever), threading.Thread(target=loop.run)]
    for thread in threads:
        thread.start()
    try:
        yield RunningService(outside, portal, built, address, app)
    finally:
        loop.stop()
        for thread in threading.enumerate():
            if thread.name.startswith("register-"):
                thread.join(30)
        engine.wait_until_idle(10)
        engine.close()
        server.shutdown()
        for thread in threads:
            thread.join(10)
        server.server_close()
        built.close()


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """Nothing: a test's output is for its failures."""


def _not_yet(_environ: object, _start: object) -> list[bytes]:
    raise RuntimeError("asked before the service stands")


def _settings(outside: Outside, address: str, app: dict[str, Any], database_url: str) -> Settings:
    return Settings(
        public_url=address,
        secret_key=secrets.token_hex(32),
        encryption_keys=(Fernet.generate_key().decode(),),
        bitrix24_client_id=app["client_id"],
        bitrix24_client_secret=app["client_secret"],
        bitrix24_oauth_url=outside.oauth_url,
        database_url=database_url,
        clock_url=f"{outside.oauth_url}/clock",
        gateway_urls={
            "sandbox": f"{outside.oauth_url}/acquirer/",
            **{code: f"{outside.oauth_url}/acquirers/{code}/" for code in acquirer_codes()},
        },
    )
