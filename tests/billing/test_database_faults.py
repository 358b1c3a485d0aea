"""The database fails at any moment of a road of money, and the work goes on as it would after an error in production:
each key is paid once, nothing that the bank took is lost, and the step that waits gets its answer."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from typing import cast
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from billing.notices import Notices
from billing.settlement import OPEN
from bitrix24.portals import Portals
from bp_activities._call import Call
from bp_activities._declaration import Form, Result, Robot, Wait, result, robot
from bp_activities._inbox import claim_due, give_back_orphans, waits_for_charge, wake
from bp_activities._inbox import give_back as give_calls_back
from bp_activities._runner import Runner
from calculations.calendar import Calendar
from calculations.refusal import Refusal
from customers.consents import ConsentGiven
from gateways import Incoming
from jobs.outbox import tell
from schemas.portal import PortalFacts
from storage.database import Database, open_database
from storage.model import Base, Consent, Moment, News, OutboxMessage, Refund, Terminal
from storage.model import Call as CallRow
from tests.billing.database_faults import (
    ANSWER_LOST,
    FULL_AT_COMMIT,
    RESTARTED,
    RESTARTED_AFTER,
    SQLITE,
    STANDBY,
    Fault,
    Struck,
)
from tests.billing.world import World
from tests.bp_activities.road import FakePortal
from tests.databases import migrated_database

pytestmark = pytest.mark.passes_over

WORKER = "worker-1"
LATER = timedelta(hours=20)  # the call itself looks again so late: before that somebody has to wake it
SOON = timedelta(hours=3)
PRICE = 2_500_000
DUE = text("""
    SELECT min(moment) AS moment FROM (
        SELECT min(look_up_at) AS moment FROM charge_attempts
        UNION ALL SELECT min(look_up_at) FROM refunds WHERE state IN ('sent', 'unknown')
        UNION ALL SELECT min(next_attempt_at) FROM charges
        UNION ALL SELECT min(created_at) FROM outbox WHERE done_at IS NULL
        UNION ALL SELECT min(due_at) FROM calls WHERE finished_at IS NULL) AS due
""").columns(moment=Moment())


class Taken(Result):
    status: str = result("Списание", "Charge status", default="")


@dataclass
class Works:
    """A worker with a call in its inbox, an acquirer that sends notices, a person at the commands, a client at a page.

    After an error the worker goes on, or, with `begins_again`, another process does; the others try again.
    """

    world: World
    begins_again: bool = False
    portal: FakePortal = field(default_factory=FakePortal)

    def __post_init__(self) -> None:
        self.robot = self._robot()
        self.begin()

    def begin(self) -> None:
        world = self.world
        world.charging = world.new_process()
        self.runner = Runner(
            world.database,
            cast(Portals, self.portal),
            self._open_call,
            world.clock,
            robots=lambda _code: self.robot,
        )

    def tick(self, **later: float) -> None:
        """What the worker does again and again; each piece of it is called again at the next tick."""
        self.world.clock.forward(**later)
        for work in (self._run_calls, self._tell, self.world.charging.look_up_due, self.world.charging.retry_due):
            with suppress(DBAPIError):
                work()

    def settle(self) -> None:
        """Time goes from one moment at which something is due to the next, until nothing is."""
        for _ in range(40):
            with self.world.database.read() as session:
                due_at = session.scalar(DUE)
            if due_at is None:
                return
            wait = due_at - self.world.clock()
            self.tick(seconds=max(wait.total_seconds(), 2))
        raise AssertionError("something stays due for ever")

    def again_and_again(self, deed: Callable[[], object]) -> None:
        """As a person or an acquirer does who got an error: some minutes later once more."""
        for _ in range(8):
            try:
                deed()
            except (DBAPIError, Refusal):
                self.tick(minutes=3)
            else:
                return
        raise AssertionError("it never works again")

    def notify(self, number: str) -> None:
        world = self.world
        with world.database.read() as session:
            key = session.scalars(select(Terminal.webhook_key)).one()
        notices = Notices(world.database, world.vault, world.gateways, world.charging)
        notices.take("bank", key, Incoming({"X-Bank": "s"}, number.encode(), b"", "POST"))

    def call(self) -> CallRow:
        assert self.world.order.call_id is not None
        with self.world.database.read() as session:
            return session.get_one(CallRow, self.world.order.call_id)

    def _run_calls(self) -> None:
        database, now = self.world.database, self.world.clock()
        if self.begins_again:
            self.begin()
            give_calls_back(database, WORKER, now)
        else:
            give_back_orphans(database, WORKER, frozenset(), now)
        for one in claim_due(database, WORKER, 10, now):
            self.runner.run(one.call_id, one.run)

    def _tell(self) -> None:
        database, now = self.world.database, self.world.clock()
        tell(database, {"charge_settled": lambda charge_id: wake(database, charge_id, now)}, now)

    def _robot(self) -> Robot:
        @robot("charge_saved_card", ru="Списать", en="Charge", hint=("Для проверки", "For tests"))
        def take(form: Form, call: Call) -> Taken:
            charge = self.world.charge()
            if charge.status in ("pending", "unknown"):
                reason = waits_for_charge(charge.charge_id)
                raise Wait(call.now + LATER, "charge_open", ru="Ждём", en="It waits", reason=reason)
            return Taken(status=charge.status)

        return take

    def _open_call(self, row: CallRow) -> Call:
        facts = PortalFacts(row.portal_id, "member-1", "ru", ZoneInfo("UTC"), "dmy", "RUB")
        return Call(
            key=f"pay-{row.id}",
            code=row.code,
            now=self.world.clock(),
            facts=facts,
            calendar=Calendar(),
            document=None,
            deadline_at=None,
            world=None,
        )


@dataclass(frozen=True, slots=True)
class Road:
    """`before` is done while the database is well; `after` under the fault, and `movements` is what the bank has moved
    in the end."""

    name: str
    before: Callable[[Works], object]
    after: Callable[[Works], object]
    movements: tuple[int, ...] = (PRICE,)

    def __str__(self) -> str:
        return self.name


def bank_says(*words: str) -> Callable[[Works], object]:
    return lambda works: works.world.bank.script.extend(words)


def places_first(works: Works) -> None:
    works.world.bank.places_first = True


def decided_and_told(works: Works) -> None:
    """The bank thinks until a notice of it is taken; that comes again when it was not."""
    bank = works.world.bank
    works.again_and_again(lambda: has_asked(works))
    [number] = bank.book
    bank.becomes(number, "paid")
    works.again_and_again(lambda: works.notify(number))
    works.settle()


def has_asked(works: Works) -> None:
    works.tick()
    if not works.world.bank.book:
        raise Refusal("not_asked", ru="Ещё не спросили", en="Not asked yet")


def charged(works: Works) -> None:
    works.tick()
    works.tick()


def charged_and_refund_lost(works: Works) -> None:
    charged(works)
    works.world.bank.refund_script = ["lost_after"]


def given_back(works: Works) -> None:
    works.again_and_again(lambda: give_back(works))
    works.settle()


def give_back(works: Works) -> None:
    try:
        works.world.charging.refunds.refund(works.world.charges()[0].id)
    except Refusal as refusal:
        if refusal.code != "nothing_to_refund":
            raise


def paid_in_person(works: Works) -> None:
    """The client clicks until a page is shown, pays there and comes back, or not when that fails."""
    world = works.world
    order = replace(world.order, call_id=None, customer="C_9", key="sum:D_9", retry="none")
    works.again_and_again(lambda: world.charging.in_person.ask(order))
    charge_id = next(charge.id for charge in world.charges() if charge.key == order.key)
    consent = ConsentGiven(words="I agree", text_version="1", given_at=world.clock(), evidence={"charge": "1"})
    pages: list[str] = []

    def click() -> None:
        shown = world.charging.in_person.start(charge_id, "card", "https://pay.example/back", consent)
        if shown.state != "started":
            raise Refusal("checking", ru="Проверяем", en="It is checked")
        pages.append(shown.page_url)

    works.again_and_again(click)
    world.bank.becomes(pages[-1].rpartition("/")[2], "paid")
    with suppress(DBAPIError):
        world.charging.in_person.refresh(charge_id)
    works.settle()


PAID = Road("paid at once", bank_says("paid"), Works.settle)
LOST = Road("the bank's answer lost", bank_says("lost_after"), Works.settle)
PAGE = Road("paid in person", charged, paid_in_person, (PRICE, PRICE))
OTHERS = (
    LOST,
    Road("refused connection", bank_says("refused"), Works.settle),
    Road("declined, then by plan", bank_says("declined:funds"), Works.settle),
    Road("placed first, then paid", places_first, Works.settle),
    Road("told by a notice", bank_says("pending"), decided_and_told),
    Road("given back, the answer lost", charged_and_refund_lost, given_back, (PRICE, -PRICE)),
    PAGE,
)


def is_fine(works: Works, road: Road, where: str) -> None:
    world = works.world
    assert world.money() == list(road.movements), where
    assert {charge.state for charge in world.charges()} == {"succeeded"}, where
    assert world.sound(), where
    assert {attempt.state for attempt in world.attempts()} & OPEN == set(), where
    call = works.call()
    assert (call.state, call.result_status, call.reason) == ("delivered", "ok", ""), where
    assert set(works.portal.sent) == {call.answer}, where
    assert call.finished_at, where
    assert call.finished_at < call.received_at + SOON, where
    with world.database.read() as session:
        assert session.scalars(select(OutboxMessage).where(OutboxMessage.done_at.is_(None))).all() == [], where
        told = [news.what for news in session.scalars(select(News))]
        refunds = [refund.state for refund in session.scalars(select(Refund)) if refund.state != "not_sent"]
        consents = session.scalars(select(Consent).where(Consent.customer == "C_9")).all()
    assert told.count("payment_received") == len(world.charges()), where
    assert told.count("payment_refunded") == len(refunds) == sum(amount < 0 for amount in road.movements), where
    assert len(consents) == told.count("card_linked") == (road is PAGE), where


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One for all: what is emptied is begun anew sooner than what is opened."""
    with migrated_database("sqlite", tmp_path_factory.mktemp("faults")) as url:
        database = open_database(url)
        yield database
        database.close()


@pytest.fixture(scope="module")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with migrated_database("postgresql", tmp_path_factory.mktemp("faults")) as url:
        database = open_database(url)
        yield database
        database.close()


def emptied(database: Database) -> Database:
    with database.write() as session:
        for table in reversed(Base.metadata.sorted_tables):
            session.execute(table.delete())
    return database


def play(database: Database, road: Road, fault: Fault, *, times: int = 1) -> int:
    """The road again and again, the fault at its first moment, at its second ... until it is over before that: how
    many moments there were."""
    for number in count(1):
        works = Works(World(emptied(database)), begins_again=times > 1)
        road.before(works)
        struck = Struck(database, fault, number, times)
        with struck.under_way():
            road.after(works)
        is_fine(works, road, f"{fault} at the {number}. {fault.at}")
        if not struck.in_time:
            return number - 1
    raise AssertionError


@pytest.mark.parametrize("fault", SQLITE, ids=str)
def test_any_fault_at_any_moment_of_a_charge(sqlite: Database, fault: Fault) -> None:
    assert play(sqlite, PAID, fault) > 6


@pytest.mark.parametrize("fault", [FULL_AT_COMMIT, ANSWER_LOST], ids=str)
@pytest.mark.parametrize("road", OTHERS, ids=str)
def test_no_commit_of_any_road_is_missed_and_none_is_done_twice(sqlite: Database, road: Road, fault: Fault) -> None:
    assert play(sqlite, road, fault) > 4


@pytest.mark.parametrize("fault", [FULL_AT_COMMIT, ANSWER_LOST], ids=str)
def test_a_fault_that_lasts_while_process_after_process_begins(sqlite: Database, fault: Fault) -> None:
    assert play(sqlite, PAID, fault, times=4) > 6


@pytest.mark.parametrize(("road", "fault"), [(PAID, STANDBY), (LOST, RESTARTED), (LOST, RESTARTED_AFTER)], ids=str)
def test_the_same_on_postgresql(postgresql: Database, road: Road, fault: Fault) -> None:
    assert play(postgresql, road, fault) > 6
