"""The whole service beside a portal it has never met; only acquirer and clock are the sandbox's."""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import count
from typing import Any

from cryptography.fernet import Fernet
from sqlalchemy import func, select, update
from werkzeug.serving import WSGIRequestHandler, make_server

import services
from bp_activities._runner import Runner
from customers.cards import import_cards
from handlers import create_app
from jobs.inline import InlineEngine
from jobs.loop import Loop
from settings import Settings
from storage.model import Base
from storage.model import Call as CallRow
from storage.model import Portal as PortalRow
from tests.foreign.bitrix import Bitrix
from tests.outside import Outside, eventually
from worker import claims, periodic_work

SLOTS = 8
SECONDS = 15
SHOP = '{"shop": "demo", "secret": "demo-secret-of-the-sandbox"}'
_cards = count(6001)  # of all portals: they share one acquirer
CARDS = "gateway,customer,token,mask,expires,gateway_customer_id,consent_at,consent_source"


@dataclass
class World:
    bitrix: Bitrix
    outside: Outside
    built: services.Services
    address: str
    worker: threading.Thread
    date_format: str = "%d.%m.%Y"

    def date(self, iso: str) -> str:
        """A day as this portal writes it into a robot's field."""
        return date.fromisoformat(iso).strftime(self.date_format)

    def wait_registered(self) -> None:
        assert eventually(lambda: self.portal.registration.get("finished", False), SECONDS), self.bitrix.requests[-20:]

    def run(self, code: str, document: list[str], properties: dict[str, Any] | None, **other: Any) -> dict[str, Any]:
        """A robot runs in the portal; what its workflow was answered."""
        body = self.bitrix.call(code, document, properties, **other)
        assert self.bitrix.deliver(body)[0] == 200
        return self.answer(body)

    def answer(self, body: dict[str, Any]) -> dict[str, Any]:
        step = self.bitrix.steps[body["event_token"]]
        assert eventually(lambda: bool(step.answers), SECONDS), (step, self.states(), self.bitrix.requests[-10:])
        return step.answers[0]

    def wait_state(self, body: dict[str, Any], *states: str) -> bool:
        return eventually(lambda: self.state(body) in states, SECONDS)

    def state(self, body: dict[str, Any]) -> str | None:
        with self.built.database.read() as session:
            return session.scalar(select(CallRow.state).where(CallRow.event_token == body["event_token"]))

    def states(self) -> list[tuple[str, str]]:
        with self.built.database.read() as session:
            return [(row.code, row.state) for row in session.scalars(select(CallRow))]

    def rows(self) -> int:
        """Rows of every table."""
        with self.built.database.read() as session:
            return sum(
                session.scalar(select(func.count()).select_from(one)) or 0 for one in Base.metadata.sorted_tables
            )

    def use_enterprise_rate(self) -> None:
        """Let tests go at the pace that this portal allows."""
        with self.built.database.write() as session:
            session.execute(update(PortalRow).values(rate_per_second=5, rate_burst=250))

    def save_card(self, contact: int) -> str:
        """A consented card of a client, kept elsewhere before; gives its last digits. The bank always pays."""
        self.built.terminals.configure(self.portal.id, "sandbox", "main", SHOP)
        digits = f"{next(_cards):04}"
        line = f"sandbox,C_{contact},card_{digits}_paid,**** {digits},2030-12,,2026-01-10T09:00:00Z,paper"
        file = f"{CARDS}\n{line}\n".encode()
        built = self.built
        report = import_cards(built.database, built.vault, self.portal.id, file, {"sandbox"}, built.now())
        assert not report.problems
        return digits

    def taken(self, digits: str) -> list[dict[str, Any]]:
        """What the acquirer's book says about a card."""
        return [one for one in self.outside.get("/acquirer/operations")["operations"] if f"card_{digits}_" in str(one)]

    @property
    def portal(self) -> PortalRow:
        with self.built.database.read() as session:
            return session.scalars(select(PortalRow)).one()


@contextmanager
def world_of(bitrix: Bitrix, outside: Outside, database_url: str, *, working: bool = True) -> Iterator[World]:
    """A service in which nothing is installed yet; without `working` its worker waits to be started."""
    server = make_server("127.0.0.1", 0, _not_yet, threaded=True, request_handler=_Quiet)
    address = f"http://127.0.0.1:{server.server_port}"
    built = services.build(
        Settings(
            public_url=address,
            secret_key=secrets.token_hex(32),
            encryption_keys=(Fernet.generate_key().decode(),),
            bitrix24_client_id=bitrix.client_id,
            bitrix24_client_secret=bitrix.client_secret,
            bitrix24_oauth_url=bitrix.oauth_url,
            database_url=database_url,
            clock_url=f"{outside.oauth_url}/clock",
            gateway_urls={"sandbox": f"{outside.oauth_url}/acquirer/"},
        )
    )
    server.app = create_app(built)
    engine = InlineEngine(Runner(built.database, built.portals, built.robot_call, built.now).run, SLOTS)
    loop = Loop(claims(built, engine, "foreign", SLOTS), periodic_work(built), pause=0.03)
    doors, worker = threading.Thread(target=server.serve_forever), threading.Thread(target=loop.run)
    doors.start()
    if working:
        worker.start()
    try:
        yield World(bitrix, outside, built, address, worker)
    finally:
        for thread in threading.enumerate():
            if thread.name.startswith("register-"):
                thread.join(30)
        loop.stop()
        engine.wait_until_idle(10)
        engine.close()
        server.shutdown()
        for thread in (doors, worker):
            if thread.ident:
                thread.join(10)
        server.server_close()
        built.close()


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """Nothing: a test's output is for its failures."""


def _not_yet(_environ: object, _start: object) -> list[bytes]:
    raise RuntimeError("asked before the service stands")
