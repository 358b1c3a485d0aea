"""A billing world on an acquirer of the sandbox: both speak HTTP to each other, and the acquirer counts the money."""

import json
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from html import unescape
from typing import Any

import requests
from flask import Flask
from sqlalchemy import select
from werkzeug.wrappers import Request, Response

from billing.charges import Charging
from billing.in_person import Standing
from billing.terminals import notice_path
from customers.consents import ConsentGiven
from gateways import Method, open_gateways
from handlers.webhooks import blueprint
from sandbox.acquirers import Acquirer, open_acquirer
from sandbox.acquirers.bank import Bank
from sandbox.acquirers.turns import Turn
from storage.database import open_database
from storage.model import SavedCard
from tests.billing.world import Clock, World
from tests.sandbox.served import served

BACK = "https://pay.example/back"


@dataclass
class AcquirerWorld(World):
    """`shop` is its name at the acquirer; `address` and `public_url` are where the acquirer and our door are reached.

    `token` is a card of the acquirer's demo shop, kept for C_5 with a consent.
    """

    acquirer: Acquirer = field(kw_only=True)
    shop: str = field(kw_only=True)
    address: str = field(kw_only=True)
    public_url: str = field(kw_only=True)

    bank: Bank = field(init=False)  # type: ignore[assignment]  # counts here instead of the one in memory

    def __post_init__(self) -> None:
        super().__post_init__()
        self.bank = self.acquirer.bank
        self.bank.webhooks[self.shop] = self.webhook

    def new_process(self) -> Charging:
        return Charging(self.database, self.vault, self.gateways, self.clock, self.pass_step, self.public_url)

    @property
    def webhook(self) -> str:
        """Where the terminal's notices are taken."""
        return self.public_url + notice_path(self.terminals().of_portal(self.portal_id)[0])

    def add_card(self, token: str, mask: str, **more: Any) -> None:
        """As the acquirer knows it, when it does: under its customer there."""
        known = self.acquirer.bank.card(self.shop, token)
        super().add_card(token, mask, **({"gateway_customer_id": known.customer} if known else {}) | more)

    def plan(self, verb: str, *turns: Turn) -> None:
        """What the next requests of this verb meet at the acquirer."""
        self.bank.turns.planned.setdefault(verb, deque()).extend(turns)

    def money(self) -> list[int]:
        signs = {"charge": 1, "refund": -1}
        return [signs[one.kind] * one.amount for one in self.bank.operations]

    def numbers(self) -> list[str]:
        """Order numbers at the acquirer, oldest first."""
        return [order.number for order in self.bank.orders if order.shop == self.shop]

    def tick(self, **later: float) -> int:
        """Time passes at both; what the acquirer settles meanwhile is told before we ask about it."""
        self.clock.forward(**later)
        self.let_settle()
        return super().tick()

    def let_settle(self) -> None:
        """What the clock has brought about at the acquirer is done, and the shop was told."""
        for order in self.bank.due():
            self.acquirer.kind.settle(self.bank, order)
        self.bank.notices.wait()

    def delivered(self) -> list[int | None]:
        """How our door answered the notices so far."""
        self.bank.notices.wait()
        return [one.status for one in self.bank.notices.deliveries]

    def only_notices(self) -> None:
        """From here on nothing but a notice makes us ask about the orders that are open."""
        with self.database.write() as session:
            for attempt in self.attempts():
                session.merge(attempt).look_up_at = None

    def link(self, **changes: Any) -> int:
        """A charge of C_9 that waits for its client."""
        order = self.new_order(call_id=None, customer="C_9", key="sum:D_9", retry="none")
        return self.charging.in_person.ask(replace(order, **changes))

    def start(self, charge_id: int, method: Method = "card", *, agreed: bool = False) -> Standing:
        """The client's click; `agreed` to keep the card for further payments."""
        return self.charging.in_person.start(charge_id, method, BACK, self._consent() if agreed else None)

    def come_back(self, charge_id: int) -> Standing:
        """The client is led back to us."""
        return self.charging.in_person.refresh(charge_id)

    def saved_cards(self, customer: str = "C_9") -> list[SavedCard]:
        with self.database.read() as session:
            return list(session.scalars(select(SavedCard).where(SavedCard.customer == customer).order_by(SavedCard.id)))

    def _consent(self) -> ConsentGiven:
        return ConsentGiven(words="I agree", text_version="1", given_at=self.clock(), evidence={"address": "127.0.0.1"})


@contextmanager
def open_world(
    database_url: str, code: str, credentials: Mapping[str, str], *, shop: str, token: str
) -> Iterator[AcquirerWorld]:
    """A fresh acquirer of this code, our billing set up for its demo shop, and our door for its notices."""
    clock = Clock()
    acquirer = open_acquirer(code, clock)
    prefix = f"/acquirers/{code}/"
    app = Flask(__name__)
    app.register_blueprint(blueprint)

    def at_acquirer(request: Request) -> Response:
        return acquirer.kind.answer(acquirer.bank, request, request.path.removeprefix(prefix))

    def at_our_door(request: Request) -> Response:
        return Response.from_app(app, request.environ)

    with served(at_acquirer) as address, served(at_our_door) as public_url:
        world = AcquirerWorld(
            open_database(database_url),
            clock=clock,
            code=code,
            credentials=json.dumps(credentials),
            token=token,
            opened=open_gateways({code: address + prefix}, time.monotonic),
            acquirer=acquirer,
            shop=shop,
            address=address,
            public_url=public_url,
        )
        app.extensions["services"] = world
        try:
            yield world
        finally:
            acquirer.bank.notices.wait()
            world.database.close()


@dataclass(frozen=True)
class Page:
    """What a browser got; `location` is where it is led next."""

    status: int
    text: str
    location: str


def visit(url: str, **form: str) -> Page:
    """Open a page, or press a button of it when there is a form; nothing is followed."""
    answer = requests.request("POST" if form else "GET", url, data=form or None, allow_redirects=False, timeout=30)
    return Page(answer.status_code, unescape(answer.text), answer.headers.get("Location", ""))
