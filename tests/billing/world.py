"""A portal, a client with a card and an acquirer, with a clock and a database that the test owns."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select

from billing.certificate import notices_of, problems_of, read_certificate
from billing.charges import Charging
from billing.ledger import check_ledger
from billing.orders import ChargeOrder, ChargeResult
from billing.terminals import Terminals
from calculations.money import Money
from calculations.refusal import Refusal
from customers.cards import import_cards
from gateways import AnyGateway
from payments.owed import is_owed
from storage.database import Database
from storage.model import Base, Call, Charge, ChargeAttempt, News, OutboxMessage, Portal
from storage.vault import Vault
from tests.billing.bank import Bank

BEGINNING = datetime(2026, 1, 31, 9, 0, tzinfo=UTC)
HEADER = "gateway,customer,token,mask,expires,gateway_customer_id,consent_at,consent_source\n"


def by_hand(database: Database, change: str) -> None:
    """As who has the file of an SQLite database and another program: no foreign key holds."""
    with closing(sqlite3.connect(str(database.engine.url.database))) as connection:
        connection.executescript(change)


class Killed(BaseException):
    """The process ended here; nothing catches it."""


@dataclass
class Clock:
    moment: datetime = BEGINNING

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, **by: float) -> None:
        self.moment += timedelta(**by)


@dataclass
class World:
    database: Database
    vault: Vault = field(default_factory=lambda: Vault([Fernet.generate_key().decode()]))
    clock: Clock = field(default_factory=Clock)
    steps: list[str] = field(default_factory=list)
    keys: Iterator[int] = field(default_factory=lambda: count(1))
    at_step: dict[str, Callable[[], None]] = field(default_factory=dict)  # done once when the step is passed
    code: str = "bank"
    credentials: str = '{"shop": "demo"}'
    token: str = "token-1"  # of the client's card
    opened: Mapping[str, AnyGateway] | None = None  # instead of the bank in memory

    def __post_init__(self) -> None:
        Base.metadata.create_all(self.database.engine)
        self.bank = Bank(self.clock)
        self.charging = self.new_process()
        self.portal_id = self.add_portal("member-1")
        self.order = self.new_order()

    def new_process(self) -> Charging:
        return Charging(self.database, self.vault, self.gateways, self.clock, self.pass_step, is_owed=is_owed)

    @property
    def gateways(self) -> Mapping[str, AnyGateway]:
        return self.opened or {"bank": self.bank}

    def pass_step(self, step: str) -> None:
        self.steps.append(step)
        self.at_step.pop(step, lambda: None)()

    def kill_at(self, step: str) -> None:
        def kill() -> None:
            raise Killed(step)

        self.at_step[step] = kill

    def add_portal(self, member_id: str) -> int:
        """A portal with a terminal `main`, and a client C_5 with one consented card **** 4242."""
        with self.database.write() as session:
            portal = Portal(
                client_id="app",
                member_id=member_id,
                client_endpoint="https://portal.example/rest/",
                state="active",
                application_token_hash="",
                installer_user_id=1,
                installed_at=self.clock(),
                changed_at=self.clock(),
            )
            session.add(portal)
            session.flush()
            portal_id = portal.id
        self.terminals().configure(portal_id, self.code, "main", self.credentials, confirm_closed=True)
        self.add_card(self.token, "**** 4242", portal_id=portal_id)
        return portal_id

    def terminals(self) -> Terminals:
        return Terminals(self.database, self.vault, self.gateways, self.clock, lambda: f"key-{next(self.keys)}")

    def add_card(
        self,
        token: str,
        mask: str,
        *,
        customer: str = "C_5",
        consent: bool = True,
        portal_id: int | None = None,
        gateway_customer_id: str = "",
    ) -> None:
        ending = "2026-01-01,paper" if consent else ","
        line = f"{self.code},{customer},{token},{mask},2030-01,{gateway_customer_id},{ending}\n"
        report = import_cards(
            self.database, self.vault, portal_id or self.portal_id, (HEADER + line).encode(), {self.code}, self.clock()
        )
        assert report.problems == []

    def new_call(self) -> int:
        with self.database.write() as session:
            call = Call(
                portal_id=self.portal_id,
                event_token=f"token-{next(self.keys)}",
                code="charge_saved_card",
                workflow_id="w",
                document_id=["crm", "CCrmDocumentDeal", "DEAL_5"],
                document_type=["crm", "CCrmDocumentDeal", "DEAL"],
                properties={},
                properties_hash="",
                use_subscription=True,
                user_id=1,
                sent_at=self.clock(),
                received_at=self.clock(),
                due_at=self.clock(),
            )
            session.add(call)
            session.flush()
            return call.id

    def new_order(self, **changes: Any) -> ChargeOrder:
        """An order of a new call: 25 000,00 RUB of C_5 for the deal D_5, key `due:D_5`."""
        order = ChargeOrder(
            portal_id=self.portal_id,
            key="due:D_5",
            call_id=self.new_call(),
            document="D_5",
            customer="C_5",
            amount=Money(2_500_000, "RUB"),
            description="Payment 1 of 4",
        )
        return replace(order, **changes)

    def charge(self, order: ChargeOrder | None = None) -> ChargeResult:
        return self.charging.charge(order or self.order)

    def again(self, **changes: Any) -> ChargeResult:
        """Another call asks for the same."""
        return self.charging.charge(self.new_order(**changes))

    def refused(self, **changes: Any) -> Refusal:
        """Why another call may not have it."""
        with pytest.raises(Refusal) as caught:
            self.again(**changes)
        return caught.value

    def tick(self, **later: float) -> int:
        self.clock.forward(**later)
        return self.charging.look_up_due() + self.charging.retry_due()

    def settle(self) -> None:
        """Let time pass until nothing is due any more."""
        for _ in range(4):
            self.tick(minutes=2)
        for _ in range(20):  # by day and by night: planned tries are made by day
            self.tick(hours=12)

    def money(self) -> list[int]:
        """Every movement of money at the bank, in minor units."""
        return [amount.minor for _, amount in self.bank.taken]

    def attempts(self) -> list[ChargeAttempt]:
        with self.database.read() as session:
            return list(session.scalars(select(ChargeAttempt).order_by(ChargeAttempt.id)))

    def charges(self) -> list[Charge]:
        with self.database.read() as session:
            return list(session.scalars(select(Charge).order_by(Charge.id)))

    def told(self) -> list[int]:
        """Ids of the charges that the outbox told about."""
        with self.database.read() as session:
            query = select(OutboxMessage.subject_id).where(OutboxMessage.topic == "charge_settled")
            return list(session.scalars(query.order_by(OutboxMessage.id)))

    def news(self) -> list[tuple[str, str, str]]:
        """What documents are to be told: the document, what it is, and the words where no charge gives them."""
        with self.database.read() as session:
            rows = session.scalars(select(News).order_by(News.id))
            return [(row.document, row.what, row.said.get("ru", "")) for row in rows]

    def sound(self) -> bool:
        """Of the ledger, by the bank's own book, and of every charge's certificate by itself."""
        report = check_ledger(self.database)
        booked = sum(amount for name, amount in report.balances.items() if "acquirer" in name)
        return report.sound and booked == sum(self.money()) and not self.doubted()

    def doubted(self) -> list[str]:
        """What is wrong with the charges' certificates."""
        certificates = [read_certificate(self.database, charge.id) for charge in self.charges()]
        return [problem for one in certificates if one for problem in (*problems_of(one), *notices_of(one))]
