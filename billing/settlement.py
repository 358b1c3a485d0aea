"""What an acquirer's word makes of a try: every change of its state after it was sent is written here, once.

    created -> sent -> pending | unknown -> succeeded | declined | cancelled | not_sent

Nothing goes back; only the acquirer's word that an order is paid, with the right figures, moves a try that was closed.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from billing.key import subscription_of
from billing.ledger import book_charge, hold_ledger
from billing.look_up_plan import LOOK_UP_AFTER
from billing.receipts import note_payment
from billing.series import retry_of
from calculations.money import Money
from calculations.refusal import Refusal
from customers.cards import keep_card
from customers.consents import tick_of
from gateways import DECLINES, REQUEST_SECONDS, AnyGateway, Outcome, Payment, StoredCard
from storage.database import Database
from storage.model import Charge, ChargeAttempt, OutboxMessage, Portal, Subscription, Terminal
from storage.vault import Vault

OPEN = frozenset({"created", "sent", "pending", "unknown"})
REQUEST_LIMIT = timedelta(seconds=REQUEST_SECONDS)
SEND_AGAIN_AFTER = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=5), timedelta(hours=1))
TERMINAL_STOPPED_WAITS = timedelta(hours=1)
STILL_CHARGED_FOR = timedelta(days=3)
"""A subscription's period that fell due longer ago is not taken by surprise: people are told of it."""
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

    def settle(self, attempt_id: int, payment: Payment) -> None:
        """Take in what the acquirer says of this try's order; a word older than what we know changes nothing."""
        with self._database.write() as session:
            hold_ledger(session, session.get_one(ChargeAttempt, attempt_id).portal_id)
            charge, attempt = hold(session, attempt_id)
            if attempt.state == "succeeded" or _has_successor(session, attempt):
                return
            problem = _mismatch(attempt, payment)
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
            self._step("outcome_written")

    def close_unsent(self, attempt_id: int, why: str) -> Refusal | None:
        """Surely not taken: the same order is tried again soon; Refusal when its call has no time left for that."""
        with self._database.write() as session:
            charge, attempt = hold(session, attempt_id)
            if attempt.state not in ("sent", "unknown"):
                return None
            attempt.state, attempt.reason, attempt.settled_at, attempt.look_up_at = "not_sent", why, self._now(), None
            if charge.state != "open":
                return None
            if attempt.method != "saved_card":
                self.wait_for_client(charge)
                return None
            return self._plan_again(session, charge, attempt)

    def leave_closed(self, attempt_id: int) -> None:
        """The acquirer knows nothing new of a try that was closed before."""
        with self._database.write() as session:
            _, attempt = hold(session, attempt_id)
            if attempt.state not in OPEN:
                attempt.look_up_at = None

    def leave_unknown(self, attempt_id: int, why: str) -> None:
        with self._database.write() as session:
            _, attempt = hold(session, attempt_id)
            if attempt.state == "sent":
                attempt.state, attempt.reason = "unknown", why
                attempt.look_up_at = self._now() + LOOK_UP_AFTER[0]

    def keep_placed(self, attempt_id: int, payment_id: str) -> None:
        """The acquirer's number of the order, before money may move: a look-up needs nothing else then."""
        with self._database.write() as session:
            _, attempt = hold(session, attempt_id)
            attempt.gateway_payment_id = payment_id
        self._step("placed")

    def take_back(
        self, session: Session, charge: Charge, attempt: ChargeAttempt, why: str, *, waits: bool = False
    ) -> None:
        """Surely not taken, and not to be tried again by itself; but a try of the plan that `waits` for its terminal
        is, and one that a person asked for takes no planned one away."""
        attempt.state, attempt.reason, attempt.settled_at, attempt.look_up_at = "not_sent", why, self._now(), None
        if charge.state != "open":
            return
        if attempt.method != "saved_card":
            self.wait_for_client(charge)
        elif attempt.asked_by == "person":
            self._stand_declined(charge)
        elif waits and attempt.asked_by == "plan":
            self._stand_declined(charge)
            self._plan(session, charge, self._now() + TERMINAL_STOPPED_WAITS)
        else:
            self.close(session, charge)

    def _plan(self, session: Session, charge: Charge, again_at: datetime) -> None:
        if is_missed(charge, again_at):
            self.close(session, charge)
        else:
            charge.state, charge.next_attempt_at = "declined", again_at

    def _stand_declined(self, charge: Charge) -> None:
        """As before a try that did not reach the bank, with whatever is planned."""
        charge.state, charge.settled_at = "declined", self._now()

    def close(self, session: Session, charge: Charge) -> None:
        """Nothing more is tried: the charge stands as its last decline, or as if it had not been asked for."""
        charge.state = "declined" if charge.decline_kind else "cancelled"
        charge.next_attempt_at = None
        charge.settled_at = self._now()
        if charge.state == "cancelled":
            _tell_subscription(session, charge)
        self._tell(session, charge)

    def wait_for_client(self, charge: Charge) -> None:
        """The client's own try has ended without money: the charge stands as before it; they may try again."""
        charge.state = "declined" if charge.decline_kind else "open"

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
        keep_card(
            session,
            self._vault,
            terminal,
            charge.customer,
            stored.token,
            mask=stored.mask,
            expires=stored.expires,
            gateway_customer_id=stored.gateway_customer_id,
            method=stored.method,
            consent=consent,
            now=self._now(),
        )

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
        self._tell(session, charge)

    def _decline(self, session: Session, charge: Charge, attempt: ChargeAttempt, payment: Payment) -> None:
        now = self._now()
        attempt.state, attempt.settled_at, attempt.look_up_at = "declined", now, None
        attempt.payment_link = attempt.qr_payload = ""
        self._note_decline(session, charge, attempt, payment)
        if charge.state != "open":
            return
        if attempt.method != "saved_card":
            self.wait_for_client(charge)
            return
        charge.state, charge.settled_at = "declined", now
        self._tell(session, charge)

    def _cancel(self, session: Session, charge: Charge, attempt: ChargeAttempt, payment: Payment) -> None:
        """Closed at the acquirer without money, though no bank refused: another order may be placed instead."""
        attempt.state, attempt.settled_at, attempt.look_up_at = "cancelled", self._now(), None
        attempt.gateway_payment_id = payment.payment_id or attempt.gateway_payment_id
        attempt.payment_link = attempt.qr_payload = ""
        attempt.reason = payment.decline_text[:LONGEST_REASON] or "the order was closed at the acquirer without money"
        if charge.state != "open":
            return
        if attempt.method != "saved_card":
            self.wait_for_client(charge)
        elif attempt.decline_kind:  # the bank wanted its client, who pays in another way now
            charge.state, charge.settled_at = "declined", self._now()
        elif _idle_in_a_row(session, charge) < len(SEND_AGAIN_AFTER):
            self._plan_again(session, charge, attempt)
        else:
            self.close(session, charge)

    def _keep_open(self, session: Session, charge: Charge, attempt: ChargeAttempt, payment: Payment) -> None:
        """Not final. A bank that wants the client may still be paid by them, so the order stays open, and so do we."""
        attempt.gateway_payment_id = payment.payment_id or attempt.gateway_payment_id
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
            self._tell(session, charge)

    def _note_decline(self, session: Session, charge: Charge, attempt: ChargeAttempt, payment: Payment) -> None:
        """Write the refusal down, with the next planned moment; a moment that was told to a workflow is kept."""
        terminal = session.get_one(Terminal, attempt.terminal_id)
        kind = DECLINES[self._gateways[terminal.gateway].reason_of(payment.decline_code)].kind
        attempt.gateway_payment_id = payment.payment_id or attempt.gateway_payment_id
        attempt.receipt_status = payment.receipt_status
        attempt.decline_code, attempt.decline_kind = payment.decline_code, kind
        attempt.reason = payment.decline_text[:LONGEST_REASON]
        if charge.state != "open" or attempt.method != "saved_card":
            return  # paid meanwhile through another try, or the client's own try: it changes nothing of ours
        charge.decline_code, charge.decline_kind = payment.decline_code, kind
        if kind == "hard" or charge.retry == "none":
            charge.next_attempt_at = None
        elif charge.next_attempt_at is None:
            zone = ZoneInfo(session.get_one(Portal, charge.portal_id).time_zone)
            charge.next_attempt_at = retry_of(session, attempt, now=self._now(), zone=zone).at

    def _plan_again(self, session: Session, charge: Charge, attempt: ChargeAttempt) -> Refusal | None:
        now = self._now()
        again_at = now + SEND_AGAIN_AFTER[min(_idle_in_a_row(session, charge), len(SEND_AGAIN_AFTER) - 1)]
        if attempt.asked_by == "person":
            self._stand_declined(charge)
        elif attempt.call_id is None:
            self._plan(session, charge, again_at)
        elif charge.deadline_at is None or again_at < charge.deadline_at:
            charge.next_attempt_at = again_at
        else:
            self.close(session, charge)
            return Refusal(
                "acquirer_unreachable",
                ru="Эквайер не отвечал до конца срока этого шага: деньги не списаны. Запустите списание ещё раз.",
                en="The acquirer could not be reached before the deadline of this step: nothing was taken. Charge "
                "again.",
            )
        return None

    def _tell(self, session: Session, charge: Charge) -> None:
        session.add(
            OutboxMessage(
                portal_id=charge.portal_id, topic="charge_settled", subject_id=charge.id, created_at=self._now()
            )
        )


def is_missed(charge: Charge, at: datetime) -> bool:
    """Whether it is a subscription's period that no bank has answered and that is too long ago at this moment."""
    unanswered = subscription_of(charge.key) is not None and not charge.decline_kind
    return unanswered and at >= charge.created_at + STILL_CHARGED_FOR


def _tell_subscription(session: Session, charge: Charge) -> None:
    """It may have gone on to its next period, and says of this one what became of it."""
    known = subscription_of(charge.key)
    if known is None:
        return
    key, day = known
    session.execute(
        update(Subscription)
        .where(Subscription.portal_id == charge.portal_id, Subscription.key == key, Subscription.state != "stopped")
        .values(reason=f"the period of {day} was missed and not charged: it never reached a bank")
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


def _idle_in_a_row(session: Session, charge: Charge) -> int:
    """How many tries before the present one did not reach the bank either."""
    last_heard = (
        select(func.coalesce(func.max(ChargeAttempt.number), 0))
        .where(ChargeAttempt.charge_id == charge.id, ChargeAttempt.state.not_in(("not_sent", "cancelled")))
        .scalar_subquery()
    )
    count = select(func.count()).where(ChargeAttempt.charge_id == charge.id, ChargeAttempt.number > last_heard)
    return max((session.scalar(count) or 0) - 1, 0)
