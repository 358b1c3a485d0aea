"""News of money for the CRM: a document's trigger fires and people read a comment, each once, whatever breaks.

A workflow that waits for a charge is answered first: a trigger moves the item, and that may end the workflow.
"""

import json
import logging
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from billing.charges import Charging
from billing.pay_links import PayLinks
from billing.turns import in_turns
from bitrix24.client import PortalClient
from bitrix24.crm import get_item
from bitrix24.errors import AnswerLost, PortalUnavailable, RestError, TryLater
from bitrix24.lanes import Lane
from bitrix24.portals import TRIED_PORTALS, Portals
from bitrix24.workflow import add_comment, has_comment
from jobs.passing_over import passing_over
from payments.effects import FINISHED_CALL
from payments.news_words import text_of
from schemas.binding import COMPANY, CONTACT, Binding
from schemas.declaration import Words
from storage.database import Database
from storage.model import Call, Charge, Effect, News, OutboxMessage, Portal

AT_ONCE = 64
AT_ONCE_OF_A_PORTAL = 16  # so many share its batches, and a portal that hangs leaves room for others
A_REQUEST_IS_OVER = timedelta(minutes=3)  # with its wait for a turn in the portal's lane
CALL_ANSWERS = timedelta(seconds=5)
PORTAL_AGAIN = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 60))
MOST_LOST = 20  # of what the portal takes and never answers
LONGEST = timedelta(days=7)
LONGEST_REASON = 500
TOO_OLD = "it could not be told for a week"
TRIGGERS = {
    "payment_received": "pay_payment_received",
    "payment_declined": "pay_payment_failed",
    "payment_given_up": "pay_payment_failed",
    "payment_cancelled": "pay_payment_failed",
    "card_linked": "pay_card_linked",
    "debt_appeared": "pay_debt_appeared",
    "debt_cleared": "pay_debt_cleared",
    "schedule_finished": "pay_schedule_finished",
}
SAID_BY_ROBOT = {"payment_received": "succeeded", "payment_declined": "declined"}

log = logging.getLogger(__name__)


class Overtaken(Exception):
    """Somebody else has this row now: not one more request from here."""


@dataclass(frozen=True, slots=True)
class _Errand:
    """`text` for the timeline, if it is still to be written; `stage`: the item's when its trigger may have fired."""

    news_id: int
    portal_id: int
    document: str
    trigger: str
    text: str
    stage: str | None
    tries: int
    created_at: datetime


class Teller:
    """`step` is told each labelled step as it is passed: news_taken, news_commented, trigger_begun, trigger_fired."""

    def __init__(
        self,
        database: Database,
        portals: Portals,
        charging: Charging,
        pay_links: PayLinks,
        now: Callable[[], datetime],
        step: Callable[[str], None],
    ) -> None:
        self._database = database
        self._portals = portals
        self._charging = charging
        self._pay_links = pay_links
        self._now = now
        self._step = step
        self._pool = ThreadPoolExecutor(AT_ONCE, "news")
        self._changed = threading.Condition()  # guards what is under way
        self._under_way: dict[int, int] = {}  # news -> its portal
        self._closed = False

    def tell_due(self) -> int:
        """Begin to tell what is due, a portal's many at once, so that they travel in its batches; how many."""
        begun = 0
        for news_id, portal_id in self._portals_of(list(in_turns(self._database, self._due(), News.id, self._now))):
            begun += self._begin(news_id, portal_id)
        return begun

    def wait_until_idle(self, seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: not self._under_way, seconds)

    def close(self) -> None:
        """Nothing new begins; what is under way ends with the portals' clients."""
        with self._changed:
            self._closed = True
        self._pool.shutdown(wait=False)

    def _due(self) -> Select[int, int]:
        earlier = aliased(News)
        before = exists().where(
            earlier.portal_id == News.portal_id,
            earlier.document == News.document,
            earlier.id < News.id,
            earlier.due_at.is_not(None),
        )
        with self._changed:
            counted = Counter(self._under_way.values())
            under_way = list(self._under_way)
        full = [portal_id for portal_id, number in counted.items() if number >= AT_ONCE_OF_A_PORTAL]
        return (
            select(News.id, News.portal_id)
            .join(Portal, Portal.id == News.portal_id)
            .where(
                News.due_at <= self._now(),
                Portal.state.in_(TRIED_PORTALS),
                News.portal_id.not_in(full),
                News.id.not_in(under_way),
                ~before,
            )
        )

    def _portals_of(self, news_ids: list[int]) -> list[tuple[int, int]]:
        with self._database.read() as session:
            query = select(News.id, News.portal_id).where(News.id.in_(news_ids))
            found = {row.id: row.portal_id for row in session.execute(query)}
        return [(news_id, found[news_id]) for news_id in news_ids]

    def _begin(self, news_id: int, portal_id: int) -> bool:
        with self._changed:
            of_portal = sum(one == portal_id for one in self._under_way.values())
            full = of_portal >= AT_ONCE_OF_A_PORTAL or len(self._under_way) >= AT_ONCE
            if self._closed or full or news_id in self._under_way:
                return False
            self._under_way[news_id] = portal_id
            self._pool.submit(self._tell_safely, news_id)
        return True

    def _tell_safely(self, news_id: int) -> None:
        try:
            with passing_over(f"news {news_id}"):
                self._tell(news_id)
        finally:
            with self._changed:
                del self._under_way[news_id]
                self._changed.notify_all()

    def _tell(self, news_id: int) -> None:
        tries = self._take(news_id)
        if tries is None:
            return
        errand = self._errand(news_id, tries)
        if errand is None:
            return
        self._step("news_taken")
        try:
            refused = self._carry_out(errand)
        except Overtaken:
            log.warning("news %s took so long that it was taken over", news_id)
        except AnswerLost as lost:
            log.warning("news %s: looked for before it is told again: %s", news_id, lost)
            if tries >= MOST_LOST:
                self._leave(errand, None, str(lost))
        except (TryLater, PortalUnavailable) as trouble:
            log.warning("news %s: the portal is told later: %s", news_id, trouble)
            self._leave(errand, self._later(errand, trouble), str(trouble))
        else:
            self._leave(errand, None, refused)

    def _take(self, news_id: int) -> int | None:
        """The number of this try. Committed before anything is asked: what a process that dies, or breaks, has asked
        for is over when the row comes again."""
        now = self._now()
        with self._database.write() as session:
            return session.scalar(
                update(News)
                .where(News.id == news_id, News.due_at <= now)
                .values(due_at=now + A_REQUEST_IS_OVER, tries=News.tries + 1)
                .returning(News.tries)
                .execution_options(synchronize_session=False)
            )

    def _errand(self, news_id: int, tries: int) -> _Errand | None:
        """What is to be told; None when it is told already, never, or not yet."""
        now = self._now()
        with self._database.write() as session:
            news = session.get_one(News, news_id)
            if news.tries != tries or news.due_at is None:
                return None
            charge = session.get(Charge, news.charge_id) if news.charge_id else None
            if _is_stale(news, charge):
                news.due_at = None
                return None
            if now - news.created_at > LONGEST:
                news.due_at, news.reason = None, news.reason or TOO_OLD
                return None
            call = session.get(Call, news.call_id) if news.call_id else None
            if (call and call.state not in FINISHED_CALL) or (charge and _is_awaited(session, charge, now)):
                news.due_at, news.tries = now + CALL_ANSWERS, tries - 1
                return None
            portal = session.get_one(Portal, news.portal_id)
            text = ""
            if not news.is_commented and not _was_said(session, news, call):
                text = Words(**news.said).in_language(portal.language) if news.said else ""
                if charge is not None:
                    text = text_of(session, news, charge, self._charging, self._pay_links, portal.language)
            trigger = TRIGGERS.get(news.what, "")
            return _Errand(news.id, portal.id, news.document, trigger, text, news.stage, tries, news.created_at)

    def _carry_out(self, errand: _Errand) -> str:
        """What the portal refused of it, in words. Raises TryLater, AnswerLost, PortalUnavailable, Overtaken."""
        client = self._portals.open(errand.portal_id)
        refused: list[str] = []
        for tell in (self._comment, self._fire):
            try:
                tell(client, errand)
            except (TryLater, AnswerLost, PortalUnavailable):
                raise
            except (RestError, ValueError) as no:
                log.warning("news %s of %s: %s", errand.news_id, errand.document, no)
                refused.append(str(no))
        return "; ".join(refused)

    def _comment(self, client: PortalClient, errand: _Errand) -> None:
        if not errand.text:
            return
        document = Binding.parse(errand.document)
        self._hold(errand)
        if errand.tries == 1 or not has_comment(client, document, errand.text):
            self._hold(errand)
            add_comment(client, document, errand.text)
        self._hold(errand, is_commented=True)
        self._step("news_commented")

    def _fire(self, client: PortalClient, errand: _Errand) -> None:
        """A trigger that may have fired fires again only while the item stands where it stood before."""
        document = Binding.parse(errand.document)
        if not errand.trigger or document.entity_type_id in (CONTACT, COMPANY):
            return
        self._hold(errand)
        stage = get_item(client, document).stage_id
        if errand.stage is not None and stage != errand.stage:
            return
        self._hold(errand, stage=stage)
        self._step("trigger_begun")
        try:
            client.call(
                "crm.automation.trigger.execute",
                {"CODE": errand.trigger, "OWNER_TYPE_ID": document.entity_type_id, "OWNER_ID": document.item_id},
                lane=Lane.CONTINUE,
            )
        except (TryLater, PortalUnavailable):  # surely not carried out
            self._hold(errand, stage=errand.stage)
            raise
        self._step("trigger_fired")

    def _hold(self, errand: _Errand, **noted: object) -> None:
        """The row is still ours, and stays so for one more request. Raises Overtaken."""
        if not self._write(errand, due_at=self._now() + A_REQUEST_IS_OVER, **noted):
            raise Overtaken

    def _leave(self, errand: _Errand, due_at: datetime | None, reason: str) -> None:
        self._write(errand, due_at=due_at, reason=reason.replace("\x00", "")[:LONGEST_REASON])

    def _write(self, errand: _Errand, **values: object) -> bool:
        with self._database.write() as session:
            written = session.execute(
                update(News)
                .where(News.id == errand.news_id, News.tries == errand.tries, News.due_at.is_not(None))
                .values(**values)
                .returning(News.id)
                .execution_options(synchronize_session=False)
            )
            return written.first() is not None

    def _later(self, errand: _Errand, trouble: RestError) -> datetime:
        at = self._now() + PORTAL_AGAIN[min(errand.tries, len(PORTAL_AGAIN)) - 1]
        until = trouble.until if isinstance(trouble, TryLater) else None
        return max(at, until) if until else at


def _is_awaited(session: Session, charge: Charge, now: datetime) -> bool:
    """Whether a call is about to answer what the charge came to: one that waits for it is woken by the outbox first."""
    untold = select(OutboxMessage.id).where(
        OutboxMessage.topic == "charge_settled",
        OutboxMessage.subject_id == charge.id,
        OutboxMessage.done_at.is_(None),
    )
    if session.scalar(untold.limit(1)) is not None:
        return True
    answering = (
        select(Call.id)
        .join(Effect, and_(Effect.call_id == Call.id, Effect.key.startswith("charge:")))
        .where(
            Call.portal_id == charge.portal_id,
            or_(
                Call.state.in_(("running", "answering")),
                and_(Call.state == "waiting", Call.due_at <= now),
            ),
            Effect.result["key"].as_string() == charge.key,
        )
    )
    return session.scalar(answering.limit(1)) is not None


def _was_said(session: Session, news: News, call: Call | None) -> bool:
    """Whether the call's answer says it, and reached the workflow or, with a failure, the document's timeline.

    Of a try's outcomes its answer tells the first.
    """
    if call is None or call.answer is None:
        return False
    told = json.loads(call.answer).get("RETURN_VALUES", {})
    same_words = any(words in str(told.get("error_text")) for words in news.said.values())
    same_status = told.get("charge_status") == SAID_BY_ROBOT.get(news.what, "?") and _is_first(session, news)
    if not same_status and not same_words:
        return False
    if call.use_subscription and call.state == "delivered":
        return True
    comment = select(Effect.state).where(Effect.portal_id == news.portal_id, Effect.key == f"comment:{call.id}")
    return session.scalar(comment) == "done"


def _is_first(session: Session, news: News) -> bool:
    query = select(func.min(News.id)).where(News.attempt_id == news.attempt_id, News.what == news.what)
    return session.scalar(query) == news.id


def _is_stale(news: News, charge: Charge | None) -> bool:
    """What has been overtaken: a failure by the payment, a payment by what took it back, a taking back by another."""
    if charge is None:
        return False
    paid = charge.state == "succeeded"
    if news.what in (
        "payment_declined",
        "payment_given_up",
        "payment_not_owed",
        "payment_cancelled",
        "payment_taken_back",
    ):
        return paid
    return news.what == "payment_received" and news.transfer_id is not None and not paid
