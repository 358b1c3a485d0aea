"""Reconciliation: asks the acquirer about every try whose outcome is not known or not final, until it is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from billing.attempts import LONGEST_REASON, LOOK_UP_AFTER, OPEN, REQUEST_LIMIT, Attempts
from billing.terminals import open_terminal
from calculations.money import Money
from gateways import AnyGateway, Misconfigured, PlacedOrder, Trouble
from storage.database import Database
from storage.model import ChargeAttempt, Terminal
from storage.vault import Vault

AT_ONE_TICK = 50


@dataclass(frozen=True, slots=True)
class Question:
    """One try to ask about; a definite "no such order" proves it not sent only when `provable`."""

    attempt_id: int
    order: PlacedOrder
    terminal: Terminal
    provable: bool


class Reconciliation:
    def __init__(
        self,
        database: Database,
        vault: Vault,
        gateways: Mapping[str, AnyGateway],
        attempts: Attempts,
        now: Callable[[], datetime],
        step: Callable[[str], None],
    ) -> None:
        self._database = database
        self._vault = vault
        self._gateways = gateways
        self._attempts = attempts
        self._now = now
        self._step = step

    def look_up_due(self) -> int:
        """Ask about the tries whose moment has come, stopped terminals' too; returns how many."""
        with self._database.read() as session:
            due = session.scalars(
                select(ChargeAttempt.id)
                .where(ChargeAttempt.state != "created", ChargeAttempt.look_up_at <= self._now())
                .order_by(ChargeAttempt.look_up_at)
                .limit(AT_ONE_TICK)
            ).all()
        return sum(self.look_up(attempt_id) for attempt_id in due)

    def look_up(self, attempt_id: int) -> bool:
        """Ask once; False when another process has just taken the question. The next moment is fixed before asking."""
        question = self._take(attempt_id)
        if question is None:
            return False
        self._step("look_up_committed")
        try:
            terminal = open_terminal(self._gateways, self._vault, question.terminal)
            payment = terminal.gateway.fetch_payment(terminal.credentials, question.order)
        except Trouble as trouble:
            self._note(question, trouble)
            return True
        self._step("looked_up")
        if payment is not None:
            self._attempts.settle(attempt_id, payment)
        elif question.provable:
            self._attempts.close_unsent(attempt_id, "the acquirer knows no such order")
        self._step("look_up_settled")
        return True

    def bring_forward(self, terminal_id: int, order_number: str) -> bool:
        """Ask about an order now; False when this terminal has none of that number that a word could change.

        A number is borne by one try, or by none while all that bore it were proved not sent: then by the last of them.
        """
        with self._database.write() as session:
            attempt = session.scalars(
                select(ChargeAttempt)
                .where(
                    ChargeAttempt.terminal_id == terminal_id,
                    ChargeAttempt.order_number == order_number,
                )
                .order_by(ChargeAttempt.state == "not_sent", ChargeAttempt.number.desc())
                .limit(1)
            ).first()
            if attempt is None or attempt.state in ("created", "succeeded"):
                return False
            attempt.look_up_at = self._now()
            return True

    def _take(self, attempt_id: int) -> Question | None:
        now = self._now()
        with self._database.write() as session:
            attempt = session.get_one(ChargeAttempt, attempt_id)
            seen_at = attempt.look_up_at
            if seen_at is None or seen_at > now:
                return None
            taken = session.execute(
                update(ChargeAttempt)
                .where(ChargeAttempt.id == attempt_id, ChargeAttempt.look_up_at == seen_at)
                .values(look_ups=attempt.look_ups + 1, look_up_at=_next_look_up(attempt, now))
                .returning(ChargeAttempt.id)
            ).one_or_none()
            if taken is None:
                return None
            never_heard_of = attempt.state in ("sent", "unknown") and not attempt.gateway_payment_id
            old_enough = attempt.sent_at is not None and now - attempt.sent_at > 2 * REQUEST_LIMIT
            return Question(
                attempt_id=attempt_id,
                order=placed_order(attempt),
                terminal=session.get_one(Terminal, attempt.terminal_id),
                provable=never_heard_of and old_enough,
            )

    def _note(self, question: Question, trouble: Trouble) -> None:
        with self._database.write() as session:
            attempt = session.get_one(ChargeAttempt, question.attempt_id)
            if attempt.state in OPEN:
                attempt.reason = str(trouble)[:LONGEST_REASON]
            if isinstance(trouble, Misconfigured):
                terminal = session.get_one(Terminal, question.terminal.id, with_for_update=True)
                terminal.state, terminal.reason = "stopped", str(trouble)[:LONGEST_REASON]


def placed_order(attempt: ChargeAttempt) -> PlacedOrder:
    return PlacedOrder(
        number=attempt.order_number,
        payment_id=attempt.gateway_payment_id,
        amount=Money(attempt.amount, attempt.currency),
        placed_at=attempt.sent_at or attempt.created_at,
    )


def _next_look_up(attempt: ChargeAttempt, now: datetime) -> datetime | None:
    """None when the plan is used up (an operator has to look) or the try was closed and is asked about once more."""
    if attempt.state not in OPEN or attempt.look_ups + 1 >= len(LOOK_UP_AFTER):
        return None
    return now + LOOK_UP_AFTER[attempt.look_ups + 1]
