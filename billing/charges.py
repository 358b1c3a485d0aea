"""Charging: money is taken once for a key, or the reason why not is known and said."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from billing.attempts import Attempts
from billing.cancelling import Cancelling
from billing.charge_rows import attempts_of
from billing.in_person import InPerson
from billing.intents import Intent, Intents
from billing.orders import ChargeOrder, ChargeResult
from billing.receipts import Receipts
from billing.reconciliation import Reconciliation
from billing.refunds import Refunds
from billing.results import read_result, words_of_decline
from billing.settlement import Settlement
from calculations.refusal import Refusal
from gateways import AnyGateway
from jobs.passing_over import passing_over
from schemas.declaration import Words
from storage.database import Database
from storage.model import Charge, ChargeAttempt
from storage.vault import Vault

RACES = 3  # how often another process may write the same key between our look and our insert


def _nothing(step: str) -> None:
    """What happens at a labelled step in production."""


def _is_owed(_session: Session, _charge: Charge) -> bool:
    """Where nobody knows of another payment."""
    return True


class Charging:
    """`public_url` is where acquirers send notices. `is_owed` is asked, in the transaction that would make one more try
    of a charge or place a page for it, whether it was paid otherwise meanwhile: it may ask nobody outside. `step` is
    told each labelled step of a charge as it is passed: tests end the process there.

    intent_committed, sent_committed, placed, answered, outcome_written, outcome_committed; look_up_committed,
    looked_up, look_up_settled; refund_committed, refund_sent, refund_answered, refund_settled; those of InPerson and
    Receipts.
    """

    def __init__(
        self,
        database: Database,
        vault: Vault,
        gateways: Mapping[str, AnyGateway],
        now: Callable[[], datetime],
        step: Callable[[str], None] = _nothing,
        public_url: str = "",
        is_owed: Callable[[Session, Charge], bool] = _is_owed,
    ) -> None:
        self._database = database
        self.gateways = gateways
        self._now = now
        self._step = step
        self.settlement = settlement = Settlement(database, vault, gateways, now, step)
        self._intents = Intents(database, gateways, settlement, now, is_owed)
        self._attempts = Attempts(database, vault, gateways, settlement, public_url, now, step)
        self.reconciliation = Reconciliation(database, vault, gateways, settlement, now, step)
        self.in_person = InPerson(
            database, vault, gateways, settlement, self.reconciliation, public_url, now, step, is_owed
        )
        self.cancelling = Cancelling(database, settlement, self.reconciliation, now, step)
        self.receipts = Receipts(database, vault, gateways, now, step)
        self.refunds = Refunds(database, vault, gateways, now, step)

    def charge(self, order: ChargeOrder) -> ChargeResult:
        """Take the money, or say how the charge of this key stands; at most one request to an acquirer.

        Safe to repeat at any moment, from any process. Raises Refusal when nothing was taken and nothing is on its way.
        """
        intent = self._intend(order)
        if intent.attempt_id is not None:
            self._step("intent_committed")
            self._attempts.send(intent.attempt_id)
        with self._database.read() as session:
            charge = session.get_one(Charge, intent.charge_id)
            return read_result(
                session,
                charge,
                attempts_of(session, charge),
                self.gateways,
                call_id=order.call_id,
                attempt_id=intent.attempt_id,
                now=self._now(),
            )

    def why_declined(self, session: Session, charge: Charge, attempt: ChargeAttempt) -> Words:
        """Why the try was refused and what happens next, as things stand now."""
        return words_of_decline(session, charge, attempt, self.gateways, self._now())

    def charge_now(self, charge_id: int) -> None:
        """Try a declined charge out of turn, as a person asks; its planned try is made too, no sooner than a day after
        this one. Raises Refusal."""
        self._attempts.send(self._intents.by_person(charge_id))

    def look_up_due(self) -> int:
        """Ask acquirers about every open try and refund whose moment has come; how many were asked about."""
        asked = 0
        for look_up_due in (self.reconciliation.look_up_due, self.refunds.look_up_due):
            with passing_over("looking up what is due"):
                asked += look_up_due()
        return asked

    def retry_due(self) -> int:
        """Make the tries whose planned moment has come, and send those a stopped process left behind; how many."""
        made = 0
        for attempt_id in self._intents.left_behind():
            with passing_over(f"try {attempt_id}"):
                made += self._send_unattended(attempt_id)
        for charge_id in self._intents.planned():
            with passing_over(f"charge {charge_id}"):
                made += self._try_by_plan(charge_id)
        return made

    def _try_by_plan(self, charge_id: int) -> bool:
        attempt_id = self._intents.by_plan(charge_id)
        if attempt_id is None:
            return False
        self._step("intent_committed")
        return self._send_unattended(attempt_id)

    def _send_unattended(self, attempt_id: int) -> bool:
        with suppress(Refusal):  # written to the try; a call that waits for it is told by the outbox
            self._attempts.send(attempt_id, unattended=True)
        return True

    def _intend(self, order: ChargeOrder) -> Intent:
        """The unique keys of the tables decide a race; whoever lost it looks again and finds the winner's rows."""
        for _ in range(RACES):
            try:
                return self._intents.by_call(order)
            except IntegrityError:
                continue
        return self._intents.by_call(order)
