"""Everything with a lifetime, built in one place from the settings; nothing is opened at import."""

import hashlib
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from billing.charges import Charging
from billing.forgetting import Forgetting
from billing.pay_links import PayLinks
from billing.registers import Registers
from billing.statements import Statements
from billing.subscriptions import Subscriptions
from billing.terminals import Terminals
from bitrix24.oauth import App
from bitrix24.portals import Portals
from bp_activities._call import Call, World
from bp_activities._catalogue import catalogue
from bp_activities._declaration import Robot
from calculations.calendar import Calendar
from calculations.own_days import OwnDays
from gateways import AnyGateway, open_gateways
from jobs.clock import Clock, open_clock
from payments.news import Teller
from payments.owed import is_owed
from schemas.binding import Binding
from settings import Settings
from storage.database import Database, open_database
from storage.model import Call as CallRow
from storage.vault import Vault

USER_AGENT = "bitrix24-payment-robots"
BACKGROUND_RESERVE = 10  # requests of a portal's bucket left to the pages people open


@dataclass(frozen=True, slots=True)
class Services:
    settings: Settings
    now: Clock
    database: Database
    vault: Vault
    portals: Portals
    gateways: Mapping[str, AnyGateway]
    charging: Charging
    pay_links: PayLinks
    subscriptions: Subscriptions
    forgetting: Forgetting
    terminals: Terminals
    registers: Registers
    statements: Statements
    teller: Teller
    catalogue: Mapping[str, Robot]

    def robot_call(self, row: CallRow) -> Call:
        """A stored call as its robot sees it, with the portal opened and everything at hand."""
        client = self.portals.open(row.portal_id)
        return Call(
            key=call_key(row.event_token),
            code=row.code,
            now=self.now(),
            facts=client.facts,
            calendar=calendar_of(OwnDays.stored(client.facts.own_days)),
            document=document_of(row),
            deadline_at=row.deadline_at,
            world=World(client, self.database, self.charging, self.pay_links, row.id),
        )

    def close(self, seconds: float = 5.0) -> None:
        """Requests to portals under way get so many seconds to end."""
        self.teller.close()
        self.portals.close(seconds)
        self.teller.wait_until_idle(seconds)
        self.database.close()


def call_key(event_token: str) -> str:
    """The key of a call's effects: from the token alone, so that it is the same after a restore of the database."""
    return "pay-" + hashlib.sha256(event_token.encode()).hexdigest()[:24]


@lru_cache(maxsize=256)
def calendar_of(own_days: OwnDays) -> Calendar:
    """The calendar of all portals that have the same days of their own: it learns a year once."""
    return Calendar(working=own_days.working, off=own_days.off)


def document_of(row: CallRow) -> Binding | None:
    try:
        return Binding.of_document(str(row.document_id[-1]))
    except (ValueError, IndexError):
        return None


def build(
    settings: Settings, *, reserve: int = BACKGROUND_RESERVE, step: Callable[[str], None] = lambda _name: None
) -> Services:
    """Everything of one process; to be called after it forked. `reserve`: see Portals; `step`: see Charging."""
    database = open_database(settings.database_url)
    vault = Vault(settings.encryption_keys)
    now = open_clock(settings.clock_url)
    gateways = open_gateways(settings.gateway_urls, time.monotonic, settings.extra_root_certificates)
    app = App(settings.bitrix24_client_id, settings.bitrix24_client_secret, settings.bitrix24_oauth_url)
    portals = Portals(
        database,
        vault,
        app,
        local=settings.local,
        user_agent=USER_AGENT,
        now=now,
        elapsed=time.monotonic,
        random=secrets.SystemRandom().random,
        reserve=reserve,
    )
    charging = Charging(database, vault, gateways, now, step, settings.public_url, is_owed)
    pay_links = PayLinks(database, settings.secret_key, settings.public_url)
    return Services(
        settings=settings,
        now=now,
        database=database,
        vault=vault,
        portals=portals,
        gateways=gateways,
        charging=charging,
        subscriptions=Subscriptions(database, charging, now),
        forgetting=Forgetting(database, vault, gateways, now),
        pay_links=pay_links,
        terminals=Terminals(database, vault, gateways, now, lambda: secrets.token_hex(32)),
        registers=Registers(database, gateways, charging),
        statements=Statements(database, now),
        teller=Teller(database, portals, charging, pay_links, now, step),
        catalogue=catalogue(),
    )
