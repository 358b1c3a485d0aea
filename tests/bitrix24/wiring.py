"""A database with one installed portal, and what the client needs around it."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bitrix24.oauth import App
from bitrix24.portals import Portals
from bitrix24.tokens import Pair, store_pair
from storage.database import Database, open_database
from storage.model import Base, Portal, PortalToken
from storage.vault import Vault

KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
ENDPOINT = "https://demo.bitrix24.ru/rest/"
OAUTH = "https://oauth.bitrix.info"
MEMBER = "0123456789abcdef0123456789abcdef"


def wall_clock() -> datetime:
    return datetime.now(UTC)


@dataclass
class Steps:
    """A clock and a steady count that move when told."""

    moment: datetime = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
    seconds: float = 1000.0

    def now(self) -> datetime:
        return self.moment

    def elapsed(self) -> float:
        return self.seconds

    def move(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)
        self.seconds += seconds


@dataclass
class House:
    """One database, one vault, one app; as many processes' worth of Portals as a test wants."""

    url: str
    app: App = field(default_factory=lambda: App("local.66aa.1", "the-client-secret", OAUTH))
    local: bool = False
    now: Callable[[], datetime] = wall_clock
    elapsed: Callable[[], float] = time.monotonic
    opened: list[Portals] = field(default_factory=list)
    databases: list[Database] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.database = open_database(self.url)
        self.vault = Vault([KEY])
        Base.metadata.create_all(self.database.engine)

    def another_database(self) -> Database:
        """The same database opened once more, as another process does; closed with the house."""
        self.databases.append(open_database(self.url))
        return self.databases[-1]

    def add_portal(
        self,
        pair: Pair | None = None,
        *,
        member_id: str = MEMBER,
        endpoint: str = ENDPOINT,
        state: str = "active",
        rate: int = 2,
        burst: int = 50,
    ) -> int:
        with self.database.write() as session:
            portal = Portal(
                client_id=self.app.client_id,
                member_id=member_id,
                client_endpoint=endpoint,
                state=state,
                application_token_hash="",
                installer_user_id=1,
                rate_per_second=rate,
                rate_burst=burst,
                installed_at=self.now(),
                changed_at=self.now(),
            )
            session.add(portal)
            session.flush()
            if pair is not None:
                store_pair(session, self.vault, portal.id, 1, pair)
            return portal.id

    def pair(self, access: str = "access-1", refresh: str = "refresh-1", *, seconds: int = 3600) -> Pair:
        return Pair(access, refresh, self.now() + timedelta(seconds=seconds))

    def portals(self, **more: object) -> Portals:
        """What one process has."""
        given: dict[str, object] = {"random": random.random, "reserve": 10, "patience": 5.0} | more
        portals = Portals(
            self.database,
            self.vault,
            self.app,
            local=self.local,
            user_agent="payment-robots-test",
            now=self.now,
            elapsed=self.elapsed,
            **given,  # type: ignore[arg-type]  # a test names what it changes
        )
        self.opened.append(portals)
        return portals

    def row(self, portal_id: int) -> Portal:
        with self.database.read() as session:
            return session.get_one(Portal, portal_id)

    def token_row(self, portal_id: int) -> PortalToken | None:
        with self.database.read() as session:
            return session.query(PortalToken).filter_by(portal_id=portal_id, user_id=1).one_or_none()

    def close(self) -> None:
        for portals in self.opened:
            portals.close()
        for database in [self.database, *self.databases]:
            database.close()
