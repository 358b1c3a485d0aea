"""A call as a robot sees it: when and where it runs, its document, and every way it may touch the world."""

from dataclasses import dataclass
from datetime import date, datetime

from billing.charges import Charging
from billing.pay_links import PayLinks
from bitrix24.client import PortalClient
from bitrix24.crm import Item, get_item
from calculations.calendar import Calendar
from calculations.dates_text import Culture
from calculations.refusal import Refusal
from schemas.binding import Binding
from schemas.portal import PortalFacts
from storage.database import Database

CULTURES = {"dmy": Culture.day_month_year, "mdy": Culture.month_day_year}


@dataclass(frozen=True, slots=True)
class World:
    """What only a real call has: the portal, the rows, the money."""

    client: PortalClient
    database: Database
    charging: Charging
    pay_links: PayLinks
    call_id: int


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `world` is None when a robot is tried out: it calculates and touches nothing.

    `key` is made from the call's event token, the same in every run of the call and after a restore.
    """

    key: str
    code: str
    now: datetime
    facts: PortalFacts
    calendar: Calendar
    document: Binding | None
    deadline_at: datetime | None
    world: World | None

    @property
    def today(self) -> date:
        return self.now.astimezone(self.facts.time_zone).date()

    @property
    def culture(self) -> Culture:
        return CULTURES[self.facts.date_order]

    def item(self, binding: Binding | None) -> Item:
        """The CRM item a form names, else the document. Raises Refusal."""
        if self.world is None:
            raise Refusal(
                "document_needed",
                ru="Без документа этот робот не знает, откуда взять незаполненные поля: заполните сумму и дату",
                en="Without a document this robot cannot take empty fields from it: fill in the sum and the date",
            )
        wanted = binding or self.document
        if wanted is None:
            raise Refusal(
                "document_needed",
                ru="У этого шага нет документа CRM: запустите робота на сделке, счёте или другом элементе CRM",
                en="This step has no CRM document: run the robot on a deal, an invoice or another item of the CRM",
            )
        return get_item(self.world.client, wanted)
