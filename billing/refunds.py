"""Refunds: money of a charge given back, whole or in part, each under a number of its own, sent once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from billing.charge_rows import no_such_charge
from billing.fiscal import part_of
from billing.given_back import OPEN_REFUND, given_back_of
from billing.key import refund_number
from billing.ledger import book_refund, hold_ledger
from billing.look_up_plan import LOOK_UP_AFTER, asked_out_of_turn, is_request_over, news_after, next_look_up
from billing.news import note_news
from billing.receipts import note_refund, receipt_to_give_back, refuse_while_closing
from billing.settlement import LONGEST_REASON, REQUEST_LIMIT
from billing.terminals import open_terminal
from billing.transfers import transfer_that_paid
from billing.turns import in_turns
from calculations.money import Money
from calculations.refusal import Refusal
from gateways import (
    AnyGateway,
    Capability,
    Misconfigured,
    NotSent,
    Outcome,
    OutcomeUnknown,
    Receipt,
    Refunded,
    RefundOrder,
    Trouble,
)
from jobs.passing_over import passing_over
from storage.database import Database
from storage.model import Charge, ChargeAttempt, Portal, Refund, SavedCard, Terminal
from storage.vault import Vault

SBP_REFUNDS = ((1, timedelta(hours=1)), (5, timedelta(days=1)))
"""How often the refund of one payment may be asked for, whatever becomes of it: NSPK's rule, as T-Bank's codes 3029 and
3030 tell it."""

KEEPS_KEY = (*OPEN_REFUND, "succeeded")  # a refund that came to nothing may be asked for again under its key
ACCEPTED_IS_SHOWN = timedelta(days=7)
NOT_SENT_AFTER = timedelta(minutes=1)  # one nobody has sent by then lost its process
LEFT_UNSENT = "its process was stopped before it was sent: it may be asked for again"


@dataclass(frozen=True, slots=True)
class RefundResult:
    """How a refund stands: succeeded, declined, not_sent, or still sent or unknown; `reason` says why."""

    refund_id: int
    charge_id: int
    amount: Money
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Errand:
    refund_id: int
    terminal: Terminal
    order: RefundOrder
    provable: bool = False
    accepted_at: datetime | None = None


class Refunds:
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

    def refund(self, charge_id: int, amount: int | None = None, key: str = "") -> RefundResult:
        """Give back so many minor units, or all that is left. One at a time for a charge. Raises Refusal.

        What is asked for again under the same `key` is given back once, unless it came to nothing; without a key each
        asking is another one.
        """
        refund_id = self._intend(charge_id, amount, key)
        self._step("refund_committed")
        errand = self._mark_sent(refund_id)
        if errand is not None:
            self._step("refund_sent")
            self._send(errand)
            self._step("refund_settled")
        with self._database.read() as session:
            refund = session.get_one(Refund, refund_id)
            money = Money(refund.amount, refund.currency)
            return RefundResult(refund.id, charge_id, money, refund.state, refund.reason)

    def is_known(self, charge_id: int, key: str) -> bool:
        with self._database.read() as session:
            return _under_key(session, charge_id, key) is not None

    def left(self, charge_id: int) -> Money:
        """What `refund` without an amount gives back now. Raises Refusal."""
        with self._database.read() as session:
            charge = session.get(Charge, charge_id)
            if charge is None:
                raise no_such_charge(charge_id)
            begun = _begun(session, charge_id, None)
            left = begun.amount if begun else self._refundable(session, charge)[1]
            return Money(left, charge.currency)

    def look_up_due(self) -> int:
        """Ask about every refund whose outcome is not known and whose moment has come, and close those that a stopped
        process has left unsent; how many were asked about."""
        due = select(Refund.id, Refund.portal_id).where(Refund.look_up_at <= self._now())
        asked = 0
        for refund_id in in_turns(self._database, due, Refund.look_up_at, self._now):
            with passing_over(f"look-up of refund {refund_id}"):
                asked += self._look_up(refund_id)
        return asked

    def ask_now(self, charge_id: int) -> bool:
        """Ask about the open refund of a charge, also when the planned questions are used up; False: it has none."""
        refund_id = self.ask_soon(charge_id)
        return refund_id is not None and self._look_up(refund_id)

    def ask_soon(self, charge_id: int) -> int | None:
        """Let the next tick ask about the open refund of a charge; which one that is."""
        with self._database.write() as session:
            query = select(Refund).where(Refund.charge_id == charge_id, Refund.state.in_(("sent", "unknown")))
            refund = session.scalars(query).first()
            if refund is None:
                return None
            self._ask_out_of_turn(refund)
            return refund.id

    def bring_forward(self, terminal_id: int, number: str) -> None:
        """Ask now about a refund of this terminal that is open."""
        with self._database.write() as session:
            refund = _of_number(session, terminal_id, number)
            if refund is not None and refund.state in ("sent", "unknown"):
                self._ask_out_of_turn(refund)

    def hear(self, terminal_id: int, number: str) -> bool:
        """Ask now about a refund that its acquirer says was done, also one that was given up as not sent, unless it was
        made anew; False when this terminal has none of that number that it could be."""
        with self._database.write() as session:
            refund = _of_number(session, terminal_id, number)
            if refund is None or refund.state == "declined":
                return False
            if refund.state in ("sent", "unknown", "not_sent") and not _has_successor(session, refund):
                self._ask_out_of_turn(refund)
            return True

    def _ask_out_of_turn(self, refund: Refund) -> None:
        refund.look_ups = asked_out_of_turn(refund.look_ups, refund.look_up_at)
        refund.look_up_at = self._now()

    def _intend(self, charge_id: int, amount: int | None, key: str) -> int:
        with self._database.write() as session:
            charge = session.get(Charge, charge_id, with_for_update=True)
            if charge is None:
                raise no_such_charge(charge_id)
            begun = _known(session, charge_id, key, amount) or _begun(session, charge_id, amount)
            if begun:
                return begun.id
            refunds = session.scalars(select(Refund).where(Refund.charge_id == charge_id)).all()
            attempt, left = self._refundable(session, charge)
            left_text = f"{Money(left, charge.currency).text} {charge.currency}"
            if amount is not None and not 0 < amount <= left:
                raise _refusal(
                    "too_much_to_refund",
                    f"Вернуть можно не больше {left_text}.",
                    f"No more than {left_text} can be given back.",
                )
            _refuse_too_often(session, attempt, refunds, self._now())
            spent = sum(refund.state != "not_sent" for refund in refunds)
            refund = Refund(
                portal_id=charge.portal_id,
                charge_id=charge.id,
                attempt_id=attempt.id,
                number=len(refunds) + 1,
                refund_number=refund_number(attempt.order_number, spent + 1),
                key=key,
                amount=left if amount is None else amount,
                currency=charge.currency,
                state="created",
                look_up_at=self._now() + NOT_SENT_AFTER,
                created_at=self._now(),
            )
            session.add(refund)
            session.flush()
            return refund.id

    def _refundable(self, session: Session, charge: Charge) -> tuple[ChargeAttempt, int]:
        """The paid try with money left to give back, the latest first, and how much. Raises Refusal."""
        paid = select(ChargeAttempt).where(ChargeAttempt.charge_id == charge.id, ChargeAttempt.state == "succeeded")
        for attempt in session.scalars(paid.order_by(ChargeAttempt.number.desc())):
            left = attempt.amount - given_back_of(session, attempt)
            gateway = self._gateways.get(session.get_one(Terminal, attempt.terminal_id).gateway)
            if left > 0 and gateway is not None and Capability.REFUND in gateway.capabilities:
                refuse_while_closing(session, attempt, gateway, self._now())
                return attempt, left
        if transfer := transfer_that_paid(session, charge):
            raise _refusal(
                "paid_by_transfer",
                f"Списание {charge.id} оплачено переводом {transfer.number} от {transfer.booked_on:%d.%m.%Y}: верните "
                "деньги платёжным поручением.",
                f"Charge {charge.id} was paid by bank transfer {transfer.number} of {transfer.booked_on}: give the "
                "money back by a payment order of your own.",
            )
        raise _refusal(
            "nothing_to_refund",
            f"По списанию {charge.id} нечего вернуть: не оплачено, возвращено или эквайер не умеет возвращать.",
            f"Charge {charge.id} has nothing to give back: not paid, refunded already, or its acquirer cannot refund.",
        )

    def _mark_sent(self, refund_id: int) -> _Errand | None:
        now = self._now()
        with self._database.write() as session:
            won = session.execute(
                update(Refund)
                .where(Refund.id == refund_id, Refund.state == "created")
                .values(state="sent", sent_at=now, look_up_at=now + 2 * REQUEST_LIMIT)
                .returning(Refund.id)
            ).one_or_none()
            return _errand(session, refund_id) if won else None

    def _send(self, errand: _Errand) -> None:
        try:
            terminal = open_terminal(self._gateways, self._vault, errand.terminal)
            order = replace(errand.order, sending=partial(self._keep_sending, errand.refund_id))
            refunded = terminal.gateway.refund(terminal.credentials, order)
        except Trouble as trouble:
            self._step("refund_answered")
            taken_back = isinstance(trouble, NotSent | Misconfigured)
            self._close(errand.refund_id, "not_sent" if taken_back else "unknown", str(trouble))
        else:
            self._step("refund_answered")
            self._settle(errand, refunded)

    def _keep_sending(self, refund_id: int) -> None:
        """Right before the request that moves money, when other ones came before it: from here on the time counts.

        Raises OutcomeUnknown for a refund that others have closed while this process hung: it is not sent.
        """
        now = self._now()
        with self._database.write() as session:
            _, refund = _hold(session, refund_id)
            if refund.state not in ("sent", "unknown"):
                raise OutcomeUnknown(f"refund {refund.refund_number} was {refund.state} before it could be asked for")
            refund.sent_at, refund.look_up_at = now, now + 2 * REQUEST_LIMIT

    def _look_up(self, refund_id: int) -> bool:
        now = self._now()
        with self._database.write() as session:
            refund = session.get_one(Refund, refund_id, with_for_update=True)
            if not refund.look_up_at or refund.look_up_at > now:
                return False
            if refund.state == "created":
                refund.state, refund.reason, refund.settled_at, refund.look_up_at = "not_sent", LEFT_UNSENT, now, None
                return False
            refund.look_up_at = _next_look_up(refund, now)
            refund.look_ups += 1
            errand = _errand(session, refund_id, provable=self._is_provable(session, refund))
        try:
            terminal = open_terminal(self._gateways, self._vault, errand.terminal)
            refunded = terminal.gateway.fetch_refund(terminal.credentials, errand.order)
        except Trouble as trouble:
            self._close(refund_id, "unknown", str(trouble))
            return True
        if refunded is not None:
            self._settle(errand, refunded)
        elif errand.provable:
            self._take_back(errand)
        return True

    def _is_provable(self, session: Session, refund: Refund) -> bool:
        """Whether an acquirer that knows no such refund can be believed: one that has accepted it may show it days
        later, when its bank has sent the money."""
        if refund.accepted_at is not None:
            return self._now() - refund.accepted_at > ACCEPTED_IS_SHOWN
        attempt = session.get_one(ChargeAttempt, refund.attempt_id)
        gateway = self._gateways.get(session.get_one(Terminal, attempt.terminal_id).gateway)
        return is_request_over(gateway, refund.sent_at, self._now())

    def _settle(self, errand: _Errand, refunded: Refunded) -> None:
        if (refunded.number, refunded.amount) != (errand.order.number, errand.order.amount):
            self._close(errand.refund_id, "unknown", "the acquirer answered with another number or amount")
        elif refunded.outcome is Outcome.SUCCEEDED:
            self._succeed(errand.refund_id)
        elif refunded.outcome is Outcome.DECLINED:
            self._close(errand.refund_id, "declined", refunded.reason)
        else:
            self._close(errand.refund_id, "unknown", "the acquirer is still working on it", accepted=True)

    def _succeed(self, refund_id: int) -> None:
        now = self._now()
        with self._database.write() as session:
            hold_ledger(session, session.get_one(Refund, refund_id).portal_id)
            charge, refund = _hold(session, refund_id)
            if refund.state == "succeeded" or _has_successor(session, refund):
                refund.look_up_at = None
                return
            refund.state, refund.settled_at, refund.look_up_at, refund.reason = "succeeded", now, None, ""
            session.flush()
            attempt = session.get_one(ChargeAttempt, refund.attempt_id)
            book_refund(session, charge, attempt, refund, now)
            note_news(session, charge, "payment_refunded", now, refund=refund)
            receipt = _receipt(session, attempt, refund)
            if receipt:
                gateway = self._gateways.get(session.get_one(Terminal, attempt.terminal_id).gateway)
                is_told = gateway is not None and Capability.FETCH_REFUND_RECEIPT in gateway.capabilities
                note_refund(session, attempt, refund, receipt, now, is_told=is_told)

    def _take_back(self, errand: _Errand) -> None:
        """The acquirer knows no such refund, and nothing was heard or sent since it was asked."""
        with self._database.write() as session:
            _, refund = _hold(session, errand.refund_id)
            if (refund.sent_at or refund.created_at, refund.accepted_at) != (
                errand.order.placed_at,
                errand.accepted_at,
            ):
                return
            refund.look_up_at = news_after(refund.look_up_at, self._now())
            if refund.state in ("sent", "unknown"):
                refund.state, refund.settled_at = "not_sent", self._now()
                refund.reason = "the acquirer knows no such refund: it may be asked for again"

    def _close(self, refund_id: int, state: str, reason: str, *, accepted: bool = False) -> None:
        """Write down an outcome without money; only a refund that is under way changes, or turns out to be."""
        now = self._now()
        with self._database.write() as session:
            _, refund = _hold(session, refund_id)
            is_late_word = accepted and refund.state == "not_sent" and not _has_successor(session, refund)
            if refund.state not in ("sent", "unknown") and not is_late_word:
                if state == "declined":
                    refund.look_up_at = news_after(refund.look_up_at, now)
                return
            if state == "unknown" and refund.state == "sent" and refund.look_ups == 0:
                refund.look_up_at = now + LOOK_UP_AFTER[0]
            refund.state, refund.reason = state, reason[:LONGEST_REASON]
            if accepted:
                refund.accepted_at, refund.settled_at = refund.accepted_at or now, None
                refund.look_up_at = refund.look_up_at or now + timedelta(days=1)
            if state != "unknown":
                refund.look_up_at, refund.settled_at = news_after(refund.look_up_at, now), now


def _next_look_up(refund: Refund, now: datetime) -> datetime | None:
    """By the plan; an accepted one is asked about daily after it, until it is settled."""
    planned = next_look_up(refund.sent_at or refund.created_at, refund.look_ups, now)
    if planned is None and refund.accepted_at is not None:
        return now + timedelta(days=1)
    return planned


def _of_number(session: Session, terminal_id: int, number: str) -> Refund | None:
    """The refund that bears a number, or the last of those that were not sent under it."""
    query = (
        select(Refund)
        .join(ChargeAttempt, ChargeAttempt.id == Refund.attempt_id)
        .where(ChargeAttempt.terminal_id == terminal_id, Refund.refund_number == number)
        .order_by(Refund.state == "not_sent", Refund.number.desc())
    )
    return session.scalars(query.limit(1)).first()


def _has_successor(session: Session, refund: Refund) -> bool:
    """Whether another refund of the charge was begun since this one came to nothing: it has its number or its place."""
    if refund.state != "not_sent":
        return False
    others = select(Refund.id).where(
        Refund.charge_id == refund.charge_id,
        Refund.id != refund.id,
        or_(
            Refund.state.in_(OPEN_REFUND), (Refund.refund_number == refund.refund_number) & (Refund.state != "not_sent")
        ),
    )
    return session.scalars(others.limit(1)).first() is not None


def _under_key(session: Session, charge_id: int, key: str) -> Refund | None:
    """What was asked for under a key and has not come to nothing."""
    query = select(Refund).where(Refund.charge_id == charge_id, Refund.key == key, Refund.state.in_(KEEPS_KEY))
    return session.scalars(query).first() if key else None


def _known(session: Session, charge_id: int, key: str, amount: int | None) -> Refund | None:
    """The same asked for before under its key. Refusal: refund_key_conflict."""
    refund = _under_key(session, charge_id, key)
    if refund is None or amount in (None, refund.amount):
        return refund
    known, asked = Money(refund.amount, refund.currency), Money(amount, refund.currency)
    raise _refusal(
        "refund_key_conflict",
        f"Под ключом {key} уже возвращается {known}, а не {asked}: проверьте сумму или возьмите другой ключ.",
        f"Under the key {key} {known} is given back, not {asked}: check the sum, or take another key.",
    )


def _begun(session: Session, charge_id: int, amount: int | None) -> Refund | None:
    """The same asked for before, by a process that was stopped before it was sent. Refusal: refund_open."""
    is_open = Refund.state.in_(OPEN_REFUND)
    refund = session.scalars(select(Refund).where(Refund.charge_id == charge_id, is_open)).one_or_none()
    if refund is None:
        return None
    if refund.state == "created":
        attempt = session.get_one(ChargeAttempt, refund.attempt_id)
        if refund.amount == (attempt.amount - given_back_of(session, attempt) if amount is None else amount):
            return refund
        raise _refusal(
            "refund_open",
            f"Возврат {refund.refund_number} ещё не отправлен банку: повторите через минуту.",
            f"Refund {refund.refund_number} is not sent to the bank yet: try again in a minute.",
        )
    raise _refusal(
        "refund_open",
        f"Возврат {refund.refund_number} ещё не завершён: дождитесь ответа эквайера, `charges ask {charge_id}` спросит "
        "его сейчас.",
        f"Refund {refund.refund_number} is not settled yet: wait for the acquirer's word, `charges ask {charge_id}` "
        "asks for it now.",
    )


def _hold(session: Session, refund_id: int) -> tuple[Charge, Refund]:
    charge_id = session.scalars(select(Refund.charge_id).where(Refund.id == refund_id)).one()
    charge = session.get_one(Charge, charge_id, with_for_update=True)
    return charge, session.get_one(Refund, refund_id, populate_existing=True)


def _errand(session: Session, refund_id: int, *, provable: bool = False) -> _Errand:
    refund = session.get_one(Refund, refund_id)
    attempt = session.get_one(ChargeAttempt, refund.attempt_id)
    order = RefundOrder(
        order_number=attempt.order_number,
        payment_id=attempt.gateway_payment_id,
        number=refund.refund_number,
        amount=Money(refund.amount, refund.currency),
        refunded_before=Money(given_back_of(session, attempt), refund.currency),
        placed_at=refund.sent_at or refund.created_at,
        receipt=_receipt(session, attempt, refund),
    )
    return _Errand(
        refund_id, session.get_one(Terminal, attempt.terminal_id), order, provable, accepted_at=refund.accepted_at
    )


def _receipt(session: Session, attempt: ChargeAttempt, refund: Refund) -> Receipt | None:
    whole = receipt_to_give_back(session, attempt)
    return part_of(whole, Money(refund.amount, refund.currency)) if whole else None


def _refuse_too_often(session: Session, attempt: ChargeAttempt, refunds: Sequence[Refund], now: datetime) -> None:
    """Refusal: refund_too_often. Asked for all the same, SBP would refuse it and count it too."""
    card = session.get(SavedCard, attempt.saved_card_id) if attempt.saved_card_id else None
    if "sbp" not in (attempt.method, card.method if card else ""):
        return
    asked = [
        refund.sent_at
        for refund in refunds
        if refund.attempt_id == attempt.id and refund.sent_at and refund.state != "not_sent"
    ]
    for limit, window in SBP_REFUNDS:
        within = sorted(moment for moment in asked if moment > now - window)
        if len(within) >= limit:
            until = (within[-limit] + window).astimezone(ZoneInfo(session.get_one(Portal, attempt.portal_id).time_zone))
            raise _refusal(
                "refund_too_often",
                f"СБП принимает возврат одного платежа не чаще раза в час и пяти раз в сутки: деньги не возвращены, "
                f"повторите после {until:%d.%m.%Y %H:%M}.",
                f"SBP takes refunds of a payment once an hour and five times a day at most: nothing was given back, "
                f"try again after {until:%Y-%m-%d %H:%M}.",
            )


def _refusal(code: str, ru: str, en: str) -> Refusal:
    return Refusal(code, ru=ru, en=en)
