"""Reconciliation: asks the acquirer about every try whose outcome is not known or not final, until it is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update

from billing.given_back import given_back_of
from billing.look_up_plan import LOOK_UP_AFTER, asked_out_of_turn, is_request_over, next_look_up
from billing.placed import placed_order, whose_card_is_saved
from billing.settlement import LONGEST_REASON, OPEN, Settlement
from billing.terminals import OpenTerminal, open_terminal, stop_terminal
from billing.turns import in_turns
from gateways import AnyGateway, Capability, Misconfigured, Outcome, Payment, PlacedOrder, Trouble
from jobs.passing_over import passing_over
from storage.database import Database
from storage.model import Charge, ChargeAttempt, Terminal
from storage.vault import Vault

VOIDED_AFTER_CLOSING = timedelta(hours=1)
ASKED_AFTER_CLOSING = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Question:
    """One try to ask about; a definite "no such order" proves it not sent only when `provable`.

    `idle`: an order that turns out to be placed and not begun has nobody left who would pay it. `closed`: it was closed
    before, and something new is said to be known of it. `cancelled`: a person cancelled its charge, so that one which
    waits for its client is closed too. `given_back`: what of it we had given back by then.
    """

    attempt_id: int
    order: PlacedOrder
    terminal: Terminal
    provable: bool
    idle: bool
    closed: bool
    cancelled: bool
    given_back: int


class Reconciliation:
    def __init__(
        self,
        database: Database,
        vault: Vault,
        gateways: Mapping[str, AnyGateway],
        settlement: Settlement,
        now: Callable[[], datetime],
        step: Callable[[str], None],
    ) -> None:
        self._database = database
        self._vault = vault
        self._gateways = gateways
        self._settlement = settlement
        self._now = now
        self._step = step

    def look_up_due(self) -> int:
        """Ask about the tries whose moment has come, stopped terminals' too; returns how many."""
        due = select(ChargeAttempt.id, ChargeAttempt.portal_id).where(
            ChargeAttempt.state != "created", ChargeAttempt.look_up_at <= self._now()
        )
        asked = 0
        for attempt_id in in_turns(self._database, due, ChargeAttempt.look_up_at, self._now):
            with passing_over(f"look-up of try {attempt_id}"):
                asked += self.look_up(attempt_id)
        return asked

    def look_up(self, attempt_id: int) -> bool:
        """Ask once; False when another process has just taken the question. The next moment is fixed before asking."""
        question = self._take(attempt_id)
        if question is None:
            return False
        self._step("look_up_committed")
        try:
            terminal = open_terminal(self._gateways, self._vault, question.terminal)
            payment = terminal.gateway.fetch_payment(terminal.credentials, question.order)
            if payment is not None and _is_to_be_closed(question, payment):
                payment = self._void(terminal, question, payment)
        except Trouble as trouble:
            self._note(question, trouble)
            return True
        self._step("looked_up")
        if payment is not None:
            self._settlement.settle(attempt_id, payment, question.given_back)
            if _waits_in_vain(question, payment):
                self.void(attempt_id)
        elif question.provable:
            self._settlement.close_unsent(attempt_id, "the acquirer knows no such order")
        elif question.closed:
            self._settlement.leave_closed(attempt_id)
        self._step("look_up_settled")
        return True

    def ask_now(self, attempt_id: int) -> None:
        """Ask about one try without waiting for its moment."""
        with self._database.write() as session:
            attempt = session.get_one(ChargeAttempt, attempt_id)
            if attempt.state in OPEN - {"created"}:
                self._ask_out_of_turn(attempt)
        self.look_up(attempt_id)

    def void(self, attempt_id: int) -> None:
        """Close an order that nobody is to pay any more, where the acquirer can; its word afterwards is taken in."""
        with self._database.read() as session:
            attempt = session.get_one(ChargeAttempt, attempt_id)
            row = session.get_one(Terminal, attempt.terminal_id)
            order = placed_order(attempt, whose_card_is_saved(session, attempt))
        if attempt.state not in OPEN:
            return
        try:
            terminal = open_terminal(self._gateways, self._vault, row)
            if Capability.VOID not in terminal.gateway.capabilities:
                return
            self._note_void(attempt_id)
            payment = terminal.gateway.void(terminal.credentials, order)
        except Trouble:
            return  # it stays as it is, and is asked about in its own time
        self._settlement.settle(attempt_id, payment)

    def _void(self, terminal: OpenTerminal, question: Question, payment: Payment) -> Payment:
        """An order nobody pays, and whose request to be paid is not on its way any more, is closed before another
        one may be placed instead: what arrives late finds it closed."""
        if Capability.VOID not in terminal.gateway.capabilities:
            return payment
        self._note_void(question.attempt_id, payment.decline_code)
        return terminal.gateway.void(terminal.credentials, question.order)

    def _note_void(self, attempt_id: int, refusal: str = "") -> None:
        """Committed before it is asked for: an order found closed later, when the answer was lost, is closed by us, and
        a bank's `refusal` that was seen of it holds."""
        with self._database.write() as session:
            attempt = session.get_one(ChargeAttempt, attempt_id)
            attempt.void_asked_at = self._now()
            if attempt.method == "saved_card":
                attempt.decline_code = refusal or attempt.decline_code

    def bring_forward(self, terminal_id: int, order_number: str, *, of_refund: bool = False) -> bool:
        """Ask about an order now; False when this terminal has none of that number that a word could change: a paid
        one by a word `of_refund` alone.

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
            if attempt is None or attempt.state == "created" or (attempt.state == "succeeded" and not of_refund):
                return False
            self._ask_out_of_turn(attempt)
            return True

    def _ask_out_of_turn(self, attempt: ChargeAttempt) -> None:
        attempt.look_ups = asked_out_of_turn(attempt.look_ups, attempt.look_up_at)
        attempt.look_up_at = self._now()

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
                .values(
                    look_ups=attempt.look_ups + (0 if _is_about_a_page(attempt, now) else 1),
                    look_up_at=_next_look_up(attempt, now),
                )
                .returning(ChargeAttempt.id)
            ).one_or_none()
            if taken is None:
                return None
            never_heard_of = attempt.state in ("sent", "unknown") and not attempt.gateway_payment_id
            terminal = session.get_one(Terminal, attempt.terminal_id)
            old_enough = is_request_over(self._gateways.get(terminal.gateway), attempt.sent_at, now)
            in_person = attempt.method != "saved_card"
            request_is_over = old_enough or (in_person and attempt.state == "unknown")  # else its page may yet come
            nobody_has_the_page = not (attempt.payment_link or attempt.qr_payload) or (
                attempt.valid_until is not None and now > attempt.valid_until + VOIDED_AFTER_CLOSING
            )
            charge = session.get_one(Charge, attempt.charge_id)
            cancelled = charge.cancelled_at is not None
            no_more_wanted = charge.state == "succeeded" or cancelled
            return Question(
                attempt_id=attempt_id,
                order=placed_order(attempt, whose_card_is_saved(session, attempt)),
                terminal=terminal,
                provable=never_heard_of and request_is_over,
                idle=request_is_over and (nobody_has_the_page or not in_person or no_more_wanted),
                closed=attempt.state not in OPEN,
                cancelled=cancelled,
                given_back=given_back_of(session, attempt),
            )

    def _note(self, question: Question, trouble: Trouble) -> None:
        with self._database.write() as session:
            attempt = session.get_one(ChargeAttempt, question.attempt_id)
            of_given_back = attempt.state == "succeeded" and given_back_of(session, attempt) < attempt.amount
            if attempt.state in OPEN or of_given_back:
                attempt.reason = str(trouble)[:LONGEST_REASON]
            if isinstance(trouble, Misconfigured):
                terminal = question.terminal
                stop_terminal(session, terminal.id, terminal.changed_at, str(trouble)[:LONGEST_REASON])


def _is_to_be_closed(question: Question, payment: Payment) -> bool:
    if payment.outcome is Outcome.ACTION_REQUIRED:
        return question.cancelled
    return payment.outcome is Outcome.REGISTERED and question.idle


def _waits_in_vain(question: Question, payment: Payment) -> bool:
    """A saved card's bank wants its client, and there is no page on which they could answer it."""
    return payment.outcome is Outcome.ACTION_REQUIRED and question.idle and not payment.action_url


def _next_look_up(attempt: ChargeAttempt, now: datetime) -> datetime | None:
    """None when the plan is used up: an operator has to look."""
    if _is_about_a_page(attempt, now):
        return _next_look_up_of_page(attempt, now)
    return next_look_up(attempt.sent_at or attempt.created_at, attempt.look_ups, now)


def _is_about_a_page(attempt: ChargeAttempt, now: datetime) -> bool:
    """A client may pay until the page closes, and a little later where clocks differ."""
    closes = attempt.valid_until or attempt.created_at
    return attempt.method != "saved_card" and attempt.state in OPEN and now <= closes + ASKED_AFTER_CLOSING


def _next_look_up_of_page(attempt: ChargeAttempt, now: datetime) -> datetime:
    """The older, the rarer."""
    age = now - (attempt.sent_at or attempt.created_at)
    is_open = attempt.valid_until is not None and now < attempt.valid_until
    return now + min(max(age / 2, LOOK_UP_AFTER[0]), timedelta(minutes=15) if is_open else timedelta(hours=1))
