"""What an acquirer's word makes of a try: every change of its state after it was sent is written here, once.

    created -> sent -> pending | unknown -> succeeded | declined | cancelled | not_sent

Nothing goes back; only the acquirer's word that an order is paid, with the right figures, moves a try that was closed.
"""

from collections.abc import Callable, Mapping, Set
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from billing.charge_rows import attempts_of, nothing_owed
from billing.given_back import take_in_given_back
from billing.key import subscription_of
from billing.ledger import book_charge, hold_ledger
from billing.look_up_plan import LOOK_UP_AFTER, news_after
from billing.news import note_news, note_settled, wake_who_waits
from billing.receipts import note_payment
from billing.series import retry_of
from calculations.money import Money
from calculations.refusal import Refusal
from calculations.retry_plan import civil
from customers.cards import keep_card
from customers.consents import tick_of
from gateways import DECLINES, REQUEST_SECONDS, AnyGateway, Outcome, OutcomeUnknown, Payment, Reason, StoredCard
from storage.database import Database
from storage.model import Charge, ChargeAttempt, News, Portal, Subscription, Terminal
from storage.vault import Vault

IDLE = frozenset({"not_sent", "cancelled"})
OPEN = frozenset({"created", "sent", "pending", "unknown"})
REQUEST_LIMIT = timedelta(seconds=REQUEST_SECONDS)
REFUND_IS_OPEN = timedelta(hours=1)  # until a paid order is asked about again
SEND_AGAIN_AFTER = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=5), timedelta(hours=1))
TERMINAL_STOPPED_WAITS = timedelta(hours=1)
STILL_CHARGED_FOR = timedelta(days=3)
"""A subscription's period that fell due longer ago is not taken by surprise: people are told of it."""
TERMINAL_IS_WAITED_FOR = frozenset({"gateway_stopped", "no_gateway", "choose_terminal"})
"""What a person sets right at the portal's terminals: a subscription asks for its period again, until it is missed."""
LONGEST_REASON = 300


class Settlement:
    """`step` is told each labelled step as it is passed; tests stop the process there."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        gateways: Mapping[str, AnyGateway],
        now: Callable[[], datetime],
        step: Callable[[str], None],
    ) -> None:
        self._database = database
        self._vault = vault
        self._gateways = gateways
        self._now = now
        self._step = step

    def settle(self, attempt_id: int, payment: Payment, given_back: int = 0) -> None:
        """Take in what the acquirer says of this try's order; a word older than what we know changes nothing.

        `given_back`: what of it we had given back when the acquirer was asked.
        """
        with self._database.write() as session:
            hold_ledger(session, session.get_one(ChargeAttempt, attempt_id).portal_id)
            charge, attempt = hold(session, attempt_id)
            news_at = news_after(attempt.look_up_at, self._now())
            self._take_in(session, charge, attempt, payment, given_back)
            attempt.look_up_at = news_at or attempt.look_up_at
            self._step("outcome_written")

    def _take_in(
        self, session: Session, charge: Charge, attempt: ChargeAttempt, payment: Payment, given_back: int
    ) -> None:
        problem = _mismatch(attempt, payment)
        if attempt.state == "succeeded":
            if not problem:
                self._take_in_given_back(session, charge, attempt, _as_given_back(payment), given_back)
            return
        if _has_successor(session, attempt):
            return
        if not problem and _came_to_nothing(attempt, payment):
            payment = replace(payment, outcome=Outcome.CANCELLED, given_back=None)
        if payment.outcome is Outcome.SUCCEEDED and not problem:
            self._succeed(session, charge, attempt, payment)
        elif attempt.state not in OPEN:
            attempt.reason = problem or attempt.reason
            if payment.outcome is not Outcome.PENDING:
                attempt.look_up_at = None
        elif problem:
            attempt.state, attempt.reason, attempt.look_up_at = "unknown", problem, None
            if payment.order_number == attempt.order_number:  # else it is another order's: never asked about by it
                attempt.gateway_payment_id = payment.payment_id or attempt.gateway_payment_id
        elif payment.outcome is Outcome.DECLINED:
            self._decline(session, charge, attempt, payment)
        elif payment.outcome is Outcome.CANCELLED:
            self._cancel(session, charge, attempt, payment)
        else:
            self._keep_open(session, charge, attempt, payment)

    def close_unsent(self, attempt_id: int, why: str) -> Refusal | None:
        """Surely not taken: the same order is tried again soon; Refusal when its call has no time left for that."""
        with self._database.write() as session:
            charge, attempt = hold(session, attempt_id)
            if attempt.state not in ("sent", "unknown"):
                return None
            attempt.look_up_at = news_after(attempt.look_up_at, self._now())
            attempt.state, attempt.reason, attempt.settled_at = "not_sent", why, self._now()
            if charge.state != "open":
                return None
            if attempt.method != "saved_card":
                self.wait_for_client(session, charge)
                return None
            return self._plan_again(session, charge, attempt)

    def leave_closed(self, attempt_id: int) -> None:
        """The acquirer knows nothing new of a try that was closed before."""
        with self._database.write() as session:
            _, attempt = hold(session, attempt_id)
            if attempt.state not in OPEN:
                attempt.look_up_at = news_after(attempt.look_up_at, self._now())

    def leave_unknown(self, attempt_id: int, why: str) -> None:
        with self._database.write() as session:
            _, attempt = hold(session, attempt_id)
            if attempt.state == "sent":
                attempt.state, attempt.reason = "unknown", why
                attempt.look_up_at = self._now() + LOOK_UP_AFTER[0]

    def keep_placed(self, attempt_id: int, payment_id: str) -> None:
        """The acquirer's number of the order, before money may move: a look-up needs nothing else then.

        Raises OutcomeUnknown for a try that others have asked about or closed while its process hung: it takes nothing.
        """
        with self._database.write() as session:
            _, attempt = hold(session, attempt_id)
            if attempt.state != "sent":
                raise OutcomeUnknown(f"order {attempt.order_number} was {attempt.state} before it could be paid")
            attempt.gateway_payment_id = payment_id
        self._step("placed")

    def take_back(
        self,
        session: Session,
        charge: Charge,
        attempt: ChargeAttempt,
        why: str,
        *,
        refusal: Refusal | None = None,
        waits: bool = False,
    ) -> None:
        """Surely not taken, and not to be tried again by itself; but a try of the plan that `waits` for its terminal
        is, and one that a person asked for takes no planned one away. `refusal`: why, for people."""
        attempt.state, attempt.reason, attempt.settled_at, attempt.look_up_at = "not_sent", why, self._now(), None
        if charge.state != "open":
            return
        if attempt.method != "saved_card":
            self.wait_for_client(session, charge)
        elif attempt.asked_by == "person":
            self._stand_declined(charge)
        elif waits and attempt.asked_by == "plan":
            self._stand_declined(charge)
            self._plan(session, charge, self._now() + TERMINAL_STOPPED_WAITS)
        elif refusal and refusal.code in TERMINAL_IS_WAITED_FOR and subscription_of(charge.key):
            self._stand_closed(charge)
            wake_who_waits(session, charge, self._now())
        else:
            self.close(session, charge, refusal)

    def _plan(self, session: Session, charge: Charge, again_at: datetime) -> None:
        if charge.decline_kind:
            again_at = civil(again_at, ZoneInfo(session.get_one(Portal, charge.portal_id).time_zone))
        if charge.cancelled_at or is_missed(charge, again_at):
            self.close(session, charge)
        else:
            charge.state, charge.next_attempt_at = "declined", again_at

    def _stand_declined(self, charge: Charge) -> None:
        """As before a try that did not reach the bank, with whatever is planned."""
        charge.state, charge.settled_at = "declined", self._now()

    def close(self, session: Session, charge: Charge, why: Refusal | None = None) -> None:
        """Nothing more is tried, and people are told."""
        self._stand_closed(charge)
        if charge.state == "cancelled" or charge.cancelled_at:
            _tell_subscription(session, charge)
        last = next(iter(attempts_of(session, charge)[-1:]), None)
        what: Literal["payment_cancelled", "payment_given_up"] = (
            "payment_cancelled" if charge.cancelled_at else "payment_given_up"
        )
        if what == "payment_given_up" and last and _is_known_given_up(session, last):
            wake_who_waits(session, charge, self._now())
        else:
            note_settled(session, charge, what, self._now(), attempt=last, why=why)

    def close_not_owed(self, session: Session, charge: Charge) -> None:
        """Nothing more is tried, for it was paid in another way: nothing failed."""
        self._stand_closed(charge)
        last = attempts_of(session, charge)[-1]
        note_settled(session, charge, "payment_not_owed", self._now(), attempt=last, why=nothing_owed(charge))

    def _stand_closed(self, charge: Charge) -> None:
        """As its last decline, or as if it had not been asked for."""
        charge.state = "declined" if charge.decline_kind else "cancelled"
        charge.next_attempt_at, charge.settled_at = None, self._now()

    def wait_for_client(self, session: Session, charge: Charge) -> None:
        """The client's own try has ended without money: the charge stands as before it; they may try again, unless it
        was cancelled meanwhile. A subscription's period that has no plan is asked for again by its subscription."""
        if charge.cancelled_at:
            self.close(session, charge)
        elif subscription_of(charge.key) is None:
            charge.state = "declined" if charge.decline_kind else "open"
        elif charge.next_attempt_at:
            self._stand_declined(charge)
        else:
            self._stand_closed(charge)

    def keep_stored(self, session: Session, attempt: ChargeAttempt, stored: StoredCard) -> None:
        """The card that a payment saved, with the consent that its client gave on the page; without one, nothing.

        What was agreed before the portal removed the app is not agreed when it is installed again.
        """
        consent = tick_of(attempt)
        portal = session.get_one(Portal, attempt.portal_id)
        if consent is None or portal.state in ("uninstalled", "deleted") or consent.given_at < portal.installed_at:
            return
        charge = session.get_one(Charge, attempt.charge_id)
        terminal = session.get_one(Terminal, attempt.terminal_id)
        linked = keep_card(
            session,
            self._vault,
            terminal,
            charge.customer,
            stored.token,
            mask=stored.mask,
            expires=stored.expires,
            gateway_customer_id=stored.gateway_customer_id,
            method=stored.method,
            only_new=stored.from_list,
            consent=consent,
            now=self._now(),
        )
        if linked:
            note_news(session, charge, "card_linked", self._now(), card=linked)

    def _succeed(self, session: Session, charge: Charge, attempt: ChargeAttempt, payment: Payment) -> None:
        now = self._now()
        attempt.state, attempt.settled_at, attempt.look_up_at = "succeeded", now, None
        attempt.paid_at = payment.paid_at or now
        attempt.decline_code = attempt.decline_kind = attempt.payment_link = attempt.qr_payload = attempt.reason = ""
        attempt.gateway_payment_id = payment.payment_id or attempt.gateway_payment_id
        attempt.receipt_status = payment.receipt_status
        note_payment(session, attempt, payment.receipt_status, now)
        charge.state, charge.settled_at, charge.next_attempt_at = "succeeded", now, None
        charge.decline_code = charge.decline_kind = ""
        session.execute(  # what else a client could pay of it is closed
            update(ChargeAttempt)
            .where(ChargeAttempt.charge_id == charge.id, ChargeAttempt.state.in_(OPEN - {"created"}))
            .where(ChargeAttempt.id != attempt.id)
            .values(look_up_at=now)
        )
        session.flush()
        book_charge(session, charge, attempt, now)
        if payment.stored_card:
            self.keep_stored(session, attempt, payment.stored_card)
        note_settled(session, charge, "payment_received", now, attempt=attempt)
        self._take_in_given_back(session, charge, attempt, payment, 0)

    def _take_in_given_back(
        self, session: Session, charge: Charge, attempt: ChargeAttempt, payment: Payment, given_back: int
    ) -> None:
        now, attempt.look_up_at, attempt.reason = self._now(), None, ""
        if payment.given_back and not take_in_given_back(session, charge, attempt, payment.given_back, given_back, now):
            attempt.look_up_at, attempt.look_ups = now + REFUND_IS_OPEN, 0

    def _decline(self, session: Session, charge: Charge, attempt: ChargeAttempt, payment: Payment) -> None:
        now = self._now()
        attempt.state, attempt.settled_at, attempt.look_up_at = "declined", now, None
        attempt.payment_link = attempt.qr_payload = ""
        self._note_decline(session, charge, attempt, payment)
        if charge.state != "open":
            return
        if attempt.method != "saved_card":
            self.wait_for_client(session, charge)
            return
        if charge.cancelled_at:
            self.close(session, charge)
            return
        charge.state, charge.settled_at = "declined", now
        note_settled(session, charge, "payment_declined", now, attempt=attempt)

    def _cancel(self, session: Session, charge: Charge, attempt: ChargeAttempt, payment: Payment) -> None:
        """Closed at the acquirer without money. Another order is placed instead only of one that we closed ourselves
        and that no bank refused: who closed it otherwise may have meant that nothing be taken."""
        refusal = self._refusal_of(session, attempt, payment)
        if refusal is not None:
            self._decline(session, charge, attempt, refusal)
            return
        attempt.state, attempt.settled_at, attempt.look_up_at = "cancelled", self._now(), None
        attempt.gateway_payment_id = payment.payment_id or attempt.gateway_payment_id
        attempt.payment_link = attempt.qr_payload = ""
        attempt.reason = payment.decline_text[:LONGEST_REASON] or "the order was closed at the acquirer without money"
        if charge.state != "open":
            return
        if charge.cancelled_at:
            self.close(session, charge)
        elif attempt.method != "saved_card":
            self.wait_for_client(session, charge)
        elif attempt.decline_kind:  # the bank wanted its client, who pays in another way now
            charge.state, charge.settled_at = "declined", self._now()
        elif attempt.void_asked_at is None:
            self.close(session, charge, _closed_elsewhere(charge))
        elif _idle_in_a_row(session, charge, {"cancelled"}) < len(SEND_AGAIN_AFTER):
            self._plan_again(session, charge, attempt)
        else:
            self.close(session, charge)

    def _refusal_of(self, session: Session, attempt: ChargeAttempt, payment: Payment) -> Payment | None:
        """The bank's refusal of a card that the acquirer told of before it closed the order, or the end of an order's
        time, which leaves open whether the card was refused: then no sooner again than after a refusal."""
        if attempt.method != "saved_card" or attempt.decline_kind:
            return None
        if attempt.decline_code:
            return replace(payment, decline_code=attempt.decline_code, decline_text=attempt.reason)
        gateway = self._gateways[session.get_one(Terminal, attempt.terminal_id).gateway]
        return payment if gateway.reason_of(payment.decline_code) is Reason.ORDER_EXPIRED else None

    def _keep_open(self, session: Session, charge: Charge, attempt: ChargeAttempt, payment: Payment) -> None:
        """Not final. A bank that wants the client may still be paid by them, so the order stays open, and so do we."""
        attempt.gateway_payment_id = payment.payment_id or attempt.gateway_payment_id
        if attempt.method == "saved_card" and payment.decline_code:  # final once the order is closed
            attempt.decline_code, attempt.reason = payment.decline_code, payment.decline_text[:LONGEST_REASON]
        if payment.outcome is Outcome.REGISTERED and attempt.method == "saved_card":
            return  # placed and not paid: it stays as it was, until it is old enough to be voided
        if attempt.look_ups == 0 and attempt.method == "saved_card":
            attempt.look_up_at = self._now() + LOOK_UP_AFTER[0]
        attempt.state, attempt.receipt_status = "pending", payment.receipt_status
        if attempt.method != "saved_card":
            attempt.reason = ""
            if attempt.method == "card":  # where it can be paid was in an answer that was lost
                attempt.payment_link = attempt.payment_link or payment.action_url
            else:
                attempt.qr_payload = attempt.qr_payload or payment.qr_payload
            return
        if payment.outcome is Outcome.ACTION_REQUIRED and attempt.decline_kind != "needs_client":
            attempt.payment_link = payment.action_url
            self._note_decline(session, charge, attempt, payment)
            note_settled(session, charge, "payment_declined", self._now(), attempt=attempt)

    def _note_decline(self, session: Session, charge: Charge, attempt: ChargeAttempt, payment: Payment) -> None:
        """Write the refusal down, with the next planned moment. One that was told is kept, but comes no sooner than a
        day after a person's try."""
        terminal = session.get_one(Terminal, attempt.terminal_id)
        kind = DECLINES[self._gateways[terminal.gateway].reason_of(payment.decline_code)].kind
        attempt.gateway_payment_id = payment.payment_id or attempt.gateway_payment_id
        attempt.receipt_status = payment.receipt_status
        attempt.decline_code, attempt.decline_kind = payment.decline_code, kind
        attempt.reason = payment.decline_text[:LONGEST_REASON]
        if charge.state != "open" or attempt.method != "saved_card":
            return  # paid meanwhile through another try, or the client's own try: it changes nothing of ours
        charge.decline_code, charge.decline_kind = payment.decline_code, kind
        if kind == "hard" or charge.retry == "none" or charge.cancelled_at:
            charge.next_attempt_at = None
        elif charge.next_attempt_at is None or attempt.asked_by == "person":
            zone = ZoneInfo(session.get_one(Portal, charge.portal_id).time_zone)
            planned = charge.next_attempt_at
            charge.next_attempt_at = retry_of(session, attempt, now=self._now(), zone=zone, planned=planned).at

    def _plan_again(self, session: Session, charge: Charge, attempt: ChargeAttempt) -> Refusal | None:
        if charge.cancelled_at:
            self.close(session, charge)
            return None
        now = self._now()
        again_at = now + SEND_AGAIN_AFTER[min(_idle_in_a_row(session, charge), len(SEND_AGAIN_AFTER) - 1)]
        if attempt.asked_by == "person":
            self._stand_declined(charge)
        elif attempt.call_id is None:
            self._plan(session, charge, again_at)
        elif charge.deadline_at is None or again_at < charge.deadline_at:
            charge.next_attempt_at = again_at
        else:
            refusal = Refusal(
                "acquirer_unreachable",
                ru="Эквайер не отвечал до конца срока этого шага: деньги не списаны. Запустите списание ещё раз.",
                en="The acquirer could not be reached before the deadline of this step: nothing was taken. Charge "
                "again.",
            )
            self.close(session, charge, refusal)
            return refusal
        return None


def _as_given_back(payment: Payment) -> Payment:
    """Of a paid order: one that is closed without money by now went back whole, as a reversal on its day does."""
    return replace(payment, given_back=payment.amount) if payment.outcome is Outcome.CANCELLED else payment


def _came_to_nothing(attempt: ChargeAttempt, payment: Payment) -> bool:
    """Whether a client's payment met the closing of its order, which gave the money back: nothing of it is kept, and
    nothing was bought."""
    whole_went_back = payment.outcome is Outcome.SUCCEEDED and payment.given_back == payment.amount
    is_clients_own = attempt.method != "saved_card" or attempt.state not in OPEN
    return whole_went_back and is_clients_own and attempt.void_asked_at is not None


def _closed_elsewhere(charge: Charge) -> Refusal:
    return Refusal(
        "closed_at_acquirer",
        ru=f"Заказ списания {charge.id} закрыт у эквайера, и закрыли его не мы: деньги не списаны, повтора не будет. "
        f"Если закрыли по ошибке, запустите списание ещё раз.",
        en=f"The order of charge {charge.id} was closed at the acquirer, and not by us: nothing was taken, and nothing "
        f"is tried again. If that was a mistake, charge again.",
    )


def is_missed(charge: Charge, at: datetime) -> bool:
    """Whether it is a subscription's period that no bank has answered and that is too long ago at this moment."""
    unanswered = subscription_of(charge.key) is not None and not charge.decline_kind
    return unanswered and at >= charge.created_at + STILL_CHARGED_FOR


def _is_known_given_up(session: Session, attempt: ChargeAttempt) -> bool:
    """A call that is woken because its charge was given up asks for it once more: that is no second failure."""
    query = select(News.id).where(
        News.charge_id == attempt.charge_id, News.call_id == attempt.call_id, News.what == "payment_given_up"
    )
    return attempt.call_id is not None and session.scalar(query.limit(1)) is not None


def _tell_subscription(session: Session, charge: Charge) -> None:
    """It may have gone on to its next period, and says of this one what became of it."""
    known = subscription_of(charge.key)
    if known is None:
        return
    key, day = known
    became = "cancelled by a person" if charge.cancelled_at else "missed and not charged: it never reached a bank"
    session.execute(
        update(Subscription)
        .where(Subscription.portal_id == charge.portal_id, Subscription.key == key, Subscription.state != "stopped")
        .values(reason=f"the period of {day} was {became}")
    )


def hold(session: Session, attempt_id: int) -> tuple[Charge, ChargeAttempt]:
    """The try and its charge; the charge's row is held first by everybody, so that no two wait for each other."""
    charge_id = session.scalars(select(ChargeAttempt.charge_id).where(ChargeAttempt.id == attempt_id)).one()
    charge = session.get_one(Charge, charge_id, with_for_update=True)
    return charge, session.get_one(ChargeAttempt, attempt_id, populate_existing=True)


def _has_successor(session: Session, attempt: ChargeAttempt) -> bool:
    """A try given up as not sent whose order number another one bears now: that one will learn the outcome."""
    if attempt.state != "not_sent":
        return False
    successor = select(ChargeAttempt.id).where(
        ChargeAttempt.terminal_id == attempt.terminal_id,
        ChargeAttempt.order_number == attempt.order_number,
        ChargeAttempt.state != "not_sent",
    )
    return session.scalar(successor) is not None


def _mismatch(attempt: ChargeAttempt, payment: Payment) -> str:
    """Why the acquirer's word cannot be taken for this try, for an operator; empty when it can."""
    if payment.order_number != attempt.order_number:
        return f"the acquirer answered about order {payment.order_number} instead of {attempt.order_number}"
    asked = Money(attempt.amount, attempt.currency)
    if payment.outcome is Outcome.SUCCEEDED and payment.amount != asked:
        return (
            f"the acquirer took {payment.amount.minor} {payment.amount.currency} instead of {asked.minor} "
            f"{asked.currency} (minor units): compare with its cabinet"
        )
    return ""


def _idle_in_a_row(session: Session, charge: Charge, counted: Set[str] = IDLE) -> int:
    """How many tries before the present one did not reach the bank either, those in the states that are counted."""
    last_heard = (
        select(func.coalesce(func.max(ChargeAttempt.number), 0))
        .where(ChargeAttempt.charge_id == charge.id, ChargeAttempt.state.not_in(IDLE))
        .scalar_subquery()
    )
    count = select(func.count()).where(
        ChargeAttempt.charge_id == charge.id, ChargeAttempt.number > last_heard, ChargeAttempt.state.in_(counted)
    )
    return max((session.scalar(count) or 0) - 1, 0)
