"""One try to take a charge: written down, sent once, settled once. Every change of its state is made here.

    created -> sent -> pending | unknown -> succeeded | declined | not_sent

Nothing goes back; only the acquirer's word that an order is paid, with the right figures, moves a try that was closed.
The transaction that marks a try as sent holds the card, its consent and its terminal, so that what stops them comes
either before (nothing is sent) or after. The acquirer is called outside any transaction.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from billing.card_choice import card_forgotten, gateway_stopped, no_consent
from billing.ledger import book_charge, hold_ledger
from billing.terminals import OpenTerminal, open_terminal
from calculations.money import Money
from calculations.refusal import Refusal
from calculations.retry_plan import Decline, plan_retry
from customers.cards import TOKEN
from customers.consents import hold_consent
from gateways import (
    DECLINES,
    REQUEST_SECONDS,
    AnyGateway,
    Misconfigured,
    NotSent,
    Outcome,
    Payment,
    SavedCardOrder,
    Trouble,
)
from storage.database import Database
from storage.model import Call, Charge, ChargeAttempt, OutboxMessage, Portal, SavedCard, Terminal
from storage.vault import SecretUnreadable, Vault

OPEN = frozenset({"created", "sent", "pending", "unknown"})
REQUEST_LIMIT = timedelta(seconds=REQUEST_SECONDS)
LOOK_UP_AFTER = (
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=5),
    timedelta(hours=1),
    *[timedelta(days=1)] * 5,
)
SEND_AGAIN_AFTER = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=5), timedelta(hours=1))
LEFT_BEHIND_AFTER = timedelta(minutes=1)  # a try nobody has sent by then lost its process
LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class Errand:
    """A try that was just marked as sent: what goes to the acquirer."""

    terminal: OpenTerminal
    order: SavedCardOrder


class Attempts:
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

    def send(self, attempt_id: int) -> None:
        """Take the money if this try is still to be sent. Raises Refusal when it was stopped; nothing is taken then."""
        errand = self._mark_sent(attempt_id)
        if errand is None:
            return
        if isinstance(errand, Refusal):
            raise errand
        self._step("sent_committed")
        refusal = None
        try:
            payment = errand.terminal.gateway.charge_saved_card(
                errand.terminal.credentials, errand.order, lambda payment_id: self._placed(attempt_id, payment_id)
            )
        except Trouble as trouble:
            self._step("answered")
            refusal = self._take_in(attempt_id, trouble)
        else:
            self._step("answered")
            self.settle(attempt_id, payment)
        self._step("outcome_committed")
        if refusal:
            raise refusal

    def _placed(self, attempt_id: int, payment_id: str) -> None:
        """Keep the acquirer's number of the order before money may move: a look-up needs nothing else then."""
        with self._database.write() as session:
            _, attempt = _hold(session, attempt_id)
            attempt.gateway_payment_id = payment_id
        self._step("placed")

    def _take_in(self, attempt_id: int, trouble: Trouble) -> Refusal | None:
        why = str(trouble)[:LONGEST_REASON]
        if isinstance(trouble, NotSent):
            return self.close_unsent(attempt_id, why)
        if isinstance(trouble, Misconfigured):
            return self._stop_terminal(attempt_id, why)
        self._leave_unknown(attempt_id, why)
        return None

    def _mark_sent(self, attempt_id: int) -> Errand | Refusal | None:
        """The one update that wins the right to send; None: another process has won it."""
        with self._database.write() as session:
            charge, attempt = _hold(session, attempt_id)
            if attempt.state != "created":
                return None
            card = session.get_one(SavedCard, attempt.saved_card_id, with_for_update={"read": True})
            terminal = session.get_one(Terminal, attempt.terminal_id, with_for_update={"read": True})
            refusal = self._why_stop(session, charge, attempt, card, terminal)
            if refusal:
                self._take_back(session, charge, attempt, refusal.en)
                return refusal
            try:
                errand = self._errand(charge, attempt, card, terminal)
            except Misconfigured as trouble:
                self._take_back(session, charge, attempt, str(trouble))
                return gateway_stopped(terminal, str(trouble))
            now = self._now()
            won = session.execute(
                update(ChargeAttempt)
                .where(ChargeAttempt.id == attempt_id, ChargeAttempt.state == "created")
                .values(state="sent", sent_at=now, look_up_at=now + 2 * REQUEST_LIMIT)
                .returning(ChargeAttempt.id)
            ).one_or_none()
            return errand if won else None

    def _errand(self, charge: Charge, attempt: ChargeAttempt, card: SavedCard, terminal: Terminal) -> Errand:
        try:
            token = self._vault.open(charge.portal_id, TOKEN, card.token)
        except SecretUnreadable as error:
            raise Misconfigured(str(error)) from error
        order = SavedCardOrder(
            number=attempt.order_number,
            token=token,
            amount=Money(attempt.amount, attempt.currency),
            description=charge.description,
            customer=charge.customer,
            receipt_email=charge.receipt_email,
        )
        return Errand(open_terminal(self._gateways, self._vault, terminal), order)

    def _why_stop(
        self, session: Session, charge: Charge, attempt: ChargeAttempt, card: SavedCard, terminal: Terminal
    ) -> Refusal | None:
        if session.get_one(Portal, charge.portal_id).state in ("uninstalled", "deleted"):
            return _stopped(charge, "приложение удалено с портала", "the app was removed from the portal")
        if card.state != "active":
            return card_forgotten(card)
        if not hold_consent(session, card.id):
            return no_consent(charge.customer, card)
        if terminal.state != "active":
            return gateway_stopped(terminal, terminal.reason)
        if charge.state != "open":
            return _stopped(charge, "деньги уже получены", "the money has arrived already")
        if attempt.call_id and session.get_one(Call, attempt.call_id).state == "cancelled":
            return _stopped(charge, "вызов, который его просил, отменён", "the call that asked for it was cancelled")
        if attempt.call_id and charge.deadline_at and self._now() >= charge.deadline_at:
            return deadline_passed()
        return None

    def close_unsent(self, attempt_id: int, why: str) -> Refusal | None:
        """Surely not taken: the same order is tried again soon; Refusal when its call has no time left for that."""
        with self._database.write() as session:
            charge, attempt = _hold(session, attempt_id)
            if attempt.state not in ("sent", "unknown"):
                return None
            now = self._now()
            attempt.state, attempt.reason, attempt.settled_at, attempt.look_up_at = "not_sent", why, now, None
            if charge.state != "open":
                return None
            again_at = now + SEND_AGAIN_AFTER[min(_unsent_in_a_row(session, charge), len(SEND_AGAIN_AFTER) - 1)]
            if attempt.call_id is None:
                charge.state, charge.next_attempt_at = "declined", again_at
            elif charge.deadline_at is None or again_at < charge.deadline_at:
                charge.next_attempt_at = again_at
            else:
                self._close(session, charge)
                return Refusal(
                    "acquirer_unreachable",
                    ru="Эквайер не отвечал до конца срока этого шага: деньги не списаны. Запустите списание ещё раз.",
                    en="The acquirer could not be reached before the deadline of this step: nothing was taken. Charge "
                    "again.",
                )
        return None

    def _stop_terminal(self, attempt_id: int, why: str) -> Refusal:
        with self._database.write() as session:
            charge, attempt = _hold(session, attempt_id)
            terminal = session.get_one(Terminal, attempt.terminal_id, with_for_update=True)
            terminal.state, terminal.reason = "stopped", why
            refusal = gateway_stopped(terminal, why)
            if attempt.state == "sent":
                self._take_back(session, charge, attempt, why)
            return refusal

    def _take_back(self, session: Session, charge: Charge, attempt: ChargeAttempt, why: str) -> None:
        attempt.state, attempt.reason, attempt.settled_at, attempt.look_up_at = "not_sent", why, self._now(), None
        if charge.state == "open":
            self._close(session, charge)

    def _close(self, session: Session, charge: Charge) -> None:
        """Nothing more is tried: the charge stands as its last decline, or as if it had not been asked for."""
        charge.state = "declined" if charge.decline_kind else "cancelled"
        charge.next_attempt_at = None
        charge.settled_at = self._now()
        self._tell(session, charge)

    def _leave_unknown(self, attempt_id: int, why: str) -> None:
        with self._database.write() as session:
            _, attempt = _hold(session, attempt_id)
            if attempt.state == "sent":
                attempt.state, attempt.reason = "unknown", why
                attempt.look_up_at = self._now() + LOOK_UP_AFTER[0]

    def settle(self, attempt_id: int, payment: Payment) -> None:
        """Take in what the acquirer says of this try's order; a word older than what we know changes nothing."""
        with self._database.write() as session:
            hold_ledger(session, session.get_one(ChargeAttempt, attempt_id).portal_id)
            charge, attempt = _hold(session, attempt_id)
            if attempt.state == "succeeded" or _has_successor(session, attempt):
                return
            problem = _mismatch(attempt, payment)
            if payment.outcome is Outcome.SUCCEEDED and not problem:
                self._succeed(session, charge, attempt, payment)
            elif attempt.state not in OPEN:
                attempt.reason = problem or attempt.reason
            elif problem:
                attempt.state, attempt.reason, attempt.look_up_at = "unknown", problem, None
                attempt.gateway_payment_id = payment.payment_id
            elif payment.outcome is Outcome.DECLINED:
                self._decline(session, charge, attempt, payment)
            else:
                self._keep_open(session, charge, attempt, payment)
            self._step("outcome_written")

    def _succeed(self, session: Session, charge: Charge, attempt: ChargeAttempt, payment: Payment) -> None:
        now = self._now()
        attempt.state, attempt.settled_at, attempt.look_up_at = "succeeded", now, None
        attempt.paid_at = payment.paid_at or now
        attempt.decline_code = attempt.decline_kind = attempt.payment_link = attempt.reason = ""
        attempt.gateway_payment_id, attempt.receipt_status = payment.payment_id, payment.receipt_status
        charge.state, charge.settled_at, charge.next_attempt_at = "succeeded", now, None
        charge.decline_code = charge.decline_kind = ""
        session.flush()
        book_charge(session, charge, attempt, now)
        self._tell(session, charge)

    def _decline(self, session: Session, charge: Charge, attempt: ChargeAttempt, payment: Payment) -> None:
        now = self._now()
        attempt.state, attempt.settled_at, attempt.look_up_at = "declined", now, None
        attempt.payment_link = ""
        self._note_decline(session, charge, attempt, payment)
        if charge.state == "open":
            charge.state, charge.settled_at = "declined", now
            self._tell(session, charge)

    def _keep_open(self, session: Session, charge: Charge, attempt: ChargeAttempt, payment: Payment) -> None:
        """Not final. A bank that wants the client may still be paid by them, so the order stays open, and so do we."""
        if attempt.look_ups == 0:
            attempt.look_up_at = self._now() + LOOK_UP_AFTER[0]
        attempt.state, attempt.gateway_payment_id = "pending", payment.payment_id
        attempt.receipt_status = payment.receipt_status
        if payment.outcome is Outcome.ACTION_REQUIRED and attempt.decline_kind != "needs_client":
            attempt.payment_link = payment.action_url
            self._note_decline(session, charge, attempt, payment)
            self._tell(session, charge)

    def _note_decline(self, session: Session, charge: Charge, attempt: ChargeAttempt, payment: Payment) -> None:
        """Write the refusal down, with the next planned moment; a moment that was told to a workflow is kept."""
        terminal = session.get_one(Terminal, attempt.terminal_id)
        kind = DECLINES[self._gateways[terminal.gateway].reason_of(payment.decline_code)].kind
        attempt.gateway_payment_id, attempt.receipt_status = payment.payment_id, payment.receipt_status
        attempt.decline_code, attempt.decline_kind = payment.decline_code, kind
        attempt.reason = payment.decline_text[:LONGEST_REASON]
        if charge.state != "open":  # paid meanwhile through another try that we had given up
            return
        charge.decline_code, charge.decline_kind = payment.decline_code, kind
        if kind == "hard" or charge.retry == "none":
            charge.next_attempt_at = None
        elif charge.next_attempt_at is None:
            zone = ZoneInfo(session.get_one(Portal, charge.portal_id).time_zone)
            tries = _series(session, attempt)
            charge.next_attempt_at = plan_retry(Decline.soft, tries, now=self._now(), zone=zone).at

    def _tell(self, session: Session, charge: Charge) -> None:
        session.add(
            OutboxMessage(
                portal_id=charge.portal_id, topic="charge_settled", subject_id=charge.id, created_at=self._now()
            )
        )


def _hold(session: Session, attempt_id: int) -> tuple[Charge, ChargeAttempt]:
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


def _unsent_in_a_row(session: Session, charge: Charge) -> int:
    """How many tries before the present one were not sent either."""
    last_sent = (
        select(func.coalesce(func.max(ChargeAttempt.number), 0))
        .where(ChargeAttempt.charge_id == charge.id, ChargeAttempt.state != "not_sent")
        .scalar_subquery()
    )
    count = select(func.count()).where(ChargeAttempt.charge_id == charge.id, ChargeAttempt.number > last_sent)
    return max((session.scalar(count) or 0) - 1, 0)


def _series(session: Session, attempt: ChargeAttempt) -> list[datetime]:
    """When the tries were sent to which this one belongs: the last one that a call made, the planned ones follow it."""
    tries = session.scalars(
        select(ChargeAttempt)
        .where(
            ChargeAttempt.charge_id == attempt.charge_id,
            ChargeAttempt.number <= attempt.number,
            ChargeAttempt.sent_at.is_not(None),
            ChargeAttempt.state != "not_sent",
        )
        .order_by(ChargeAttempt.number)
    ).all()
    of_calls = [number for number, one in enumerate(tries) if one.call_id is not None]
    return [one.sent_at or one.created_at for one in tries[of_calls[-1] if of_calls else 0 :]]


def deadline_passed() -> Refusal:
    return Refusal(
        "deadline_passed",
        ru="Срок этого шага истёк: деньги не списаны. Запустите списание ещё раз.",
        en="The deadline of this step has passed: nothing was taken. Charge again.",
    )


def _stopped(charge: Charge, ru: str, en: str) -> Refusal:
    return Refusal("charge_stopped", ru=f"Списание {charge.id} остановлено: {ru}.", en=f"Charge {charge.id}: {en}.")
