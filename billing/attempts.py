"""One try to take a charge from a saved card: written down, then sent once.

The transaction that marks a try as sent holds the card, its consent and its terminal, so that what stops them comes
either before (nothing is sent) or after. The acquirer is called outside any transaction.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from billing.card_choice import gateway_stopped
from billing.card_standing import hindrance
from billing.charge_rows import attempts_of, was_declined_long_ago
from billing.consent_limits import limit_exceeded
from billing.key import subscription_of
from billing.receipts import receipt_of_try
from billing.series import try_asked_at
from billing.settlement import LONGEST_REASON, REQUEST_LIMIT, Settlement, hold, is_missed
from billing.terminals import OpenTerminal, close_sbp, notice_path, open_terminal, stop_terminal, why_stopped
from calculations.money import Money
from calculations.refusal import Refusal
from customers.cards import TOKEN
from customers.consents import hold_consent
from gateways import AnyGateway, Misconfigured, NotSent, SavedCardOrder, Trouble
from storage.database import Database
from storage.model import Call, Charge, ChargeAttempt, Portal, SavedCard, Subscription, Terminal
from storage.vault import SecretUnreadable, Vault

LEFT_BEHIND_AFTER = timedelta(minutes=1)  # a try nobody has sent by then lost its process


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
        settlement: Settlement,
        public_url: str,
        now: Callable[[], datetime],
        step: Callable[[str], None],
    ) -> None:
        self._database = database
        self._vault = vault
        self._gateways = gateways
        self._settlement = settlement
        self._public_url = public_url
        self._now = now
        self._step = step

    def send(self, attempt_id: int, *, unattended: bool = False) -> None:
        """Take the money if this try is still to be sent. Raises Refusal when it was stopped; nothing is taken then.

        `unattended`: nobody hears the Refusal and asks again, so a try of the plan waits for a terminal that stopped.
        """
        errand = self._mark_sent(attempt_id, unattended)
        if errand is None:
            return
        if isinstance(errand, Refusal):
            raise errand
        self._step("sent_committed")
        refusal = None
        try:
            payment = errand.terminal.gateway.charge_saved_card(
                errand.terminal.credentials,
                errand.order,
                lambda payment_id: self._settlement.keep_placed(attempt_id, payment_id),
            )
        except Trouble as trouble:
            self._step("answered")
            refusal = self._take_in(attempt_id, errand.terminal, trouble, unattended)
        else:
            self._step("answered")
            self._settlement.settle(attempt_id, payment)
        self._step("outcome_committed")
        if refusal:
            raise refusal

    def _take_in(self, attempt_id: int, terminal: OpenTerminal, trouble: Trouble, unattended: bool) -> Refusal | None:
        why = str(trouble)[:LONGEST_REASON]
        if isinstance(trouble, NotSent):
            return self._settlement.close_unsent(attempt_id, why)
        if isinstance(trouble, Misconfigured):
            return self._stop_terminal(attempt_id, terminal, why, unattended)
        self._settlement.leave_unknown(attempt_id, why)
        return None

    def _mark_sent(self, attempt_id: int, unattended: bool) -> Errand | Refusal | None:
        """The one update that wins the right to send; None: another process has won it."""
        with self._database.write() as session:
            charge, attempt = hold(session, attempt_id)
            if attempt.state != "created":
                return None
            if attempt.saved_card_id is None:  # a page nobody has seen: its process was stopped before it was asked for
                self._settlement.take_back(session, charge, attempt, "the page was never asked for")
                return None
            card = session.get_one(SavedCard, attempt.saved_card_id, with_for_update={"read": True})
            terminal = session.get_one(Terminal, attempt.terminal_id, with_for_update={"read": True})
            refusal = self._why_stop(session, charge, attempt, card, terminal)
            if unattended and refusal is None and self._is_too_late(session, charge):
                refusal = _stopped(charge, "его срок давно прошёл", "its day is too long ago")
            if refusal:
                waits = unattended and refusal.code == "gateway_stopped"
                self._settlement.take_back(session, charge, attempt, refusal.en, refusal=refusal, waits=waits)
                return refusal
            try:
                errand = self._errand(session, charge, attempt, card, terminal)
            except Refusal as refused:
                self._settlement.take_back(session, charge, attempt, refused.en, refusal=refused)
                return refused
            except Misconfigured as trouble:
                refusal = gateway_stopped(terminal, str(trouble))
                self._settlement.take_back(session, charge, attempt, str(trouble), refusal=refusal, waits=unattended)
                return refusal
            now = self._now()
            won = session.execute(
                update(ChargeAttempt)
                .where(ChargeAttempt.id == attempt_id, ChargeAttempt.state == "created")
                .values(state="sent", sent_at=now, look_up_at=now + 2 * REQUEST_LIMIT)
                .returning(ChargeAttempt.id)
            ).one_or_none()
            return errand if won else None

    def _errand(
        self, session: Session, charge: Charge, attempt: ChargeAttempt, card: SavedCard, terminal: Terminal
    ) -> Errand:
        try:
            token = self._vault.open(charge.portal_id, TOKEN, card.token)
        except SecretUnreadable as error:
            raise Misconfigured(str(error)) from error
        opened = open_terminal(self._gateways, self._vault, terminal)
        receipt = receipt_of_try(session, opened.fiscal, charge, attempt, self._now())
        order = SavedCardOrder(
            number=attempt.order_number,
            token=token,
            amount=Money(attempt.amount, attempt.currency),
            description=charge.description,
            customer=charge.customer,
            receipt_email=charge.receipt_email,
            gateway_customer_id=card.gateway_customer_id,
            receipt=receipt,
            notice_url=self._public_url + notice_path(terminal),
        )
        return Errand(opened, order)

    def _why_stop(
        self, session: Session, charge: Charge, attempt: ChargeAttempt, card: SavedCard, terminal: Terminal
    ) -> Refusal | None:
        if session.get_one(Portal, charge.portal_id).state in ("uninstalled", "deleted"):
            return _stopped(charge, "приложение удалено с портала", "the app was removed from the portal")
        consent = hold_consent(session, card.id)
        if refusal := hindrance(session, card, try_asked_at(session, charge, attempt), self._gateways, terminal.id):
            return refusal
        if consent and (refusal := limit_exceeded(session, consent, attempt, self._now())):
            return refusal
        if why := why_stopped(terminal, card.method):
            return gateway_stopped(terminal, why)
        if charge.state != "open":
            return _stopped(charge, "деньги уже получены", "the money has arrived already")
        if _of_stopped_subscription(session, charge):
            return _stopped(charge, "подписка остановлена", "its subscription was stopped")
        if attempt.call_id and session.get_one(Call, attempt.call_id).state == "cancelled":
            return _stopped(charge, "вызов, который его просил, отменён", "the call that asked for it was cancelled")
        if attempt.call_id and charge.deadline_at and self._now() >= charge.deadline_at:
            return deadline_passed()
        return None

    def _is_too_late(self, session: Session, charge: Charge) -> bool:
        now = self._now()
        return is_missed(charge, now) or was_declined_long_ago(attempts_of(session, charge), now)

    def _stop_terminal(self, attempt_id: int, refused: OpenTerminal, why: str, unattended: bool) -> Refusal:
        with self._database.write() as session:
            charge, attempt = hold(session, attempt_id)
            card = session.get_one(SavedCard, attempt.saved_card_id)
            stop = close_sbp if card.method == "sbp" else stop_terminal  # what SBP is refused says nothing of cards
            terminal = stop(session, attempt.terminal_id, refused.configured_at, why)
            refusal = gateway_stopped(terminal, why)
            if attempt.state == "sent":
                self._settlement.take_back(session, charge, attempt, why, refusal=refusal, waits=unattended)
            return refusal


def _of_stopped_subscription(session: Session, charge: Charge) -> bool:
    """The subscription is held: whoever stops it comes before, and nothing is sent, or after."""
    known = subscription_of(charge.key)
    if known is None:
        return False
    query = select(Subscription).where(Subscription.portal_id == charge.portal_id, Subscription.key == known[0])
    subscription = session.scalar(query.with_for_update(read=True))
    return subscription is not None and subscription.state == "stopped"


def deadline_passed() -> Refusal:
    return Refusal(
        "deadline_passed",
        ru="Срок этого шага истёк: деньги не списаны. Запустите списание ещё раз.",
        en="The deadline of this step has passed: nothing was taken. Charge again.",
    )


def _stopped(charge: Charge, ru: str, en: str) -> Refusal:
    return Refusal("charge_stopped", ru=f"Списание {charge.id} остановлено: {ru}.", en=f"Charge {charge.id}: {en}.")
