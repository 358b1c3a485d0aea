"""Intents: whether a charge gets a try, and if so the committed row of it, with everything fixed before it is sent."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.attempts import LEFT_BEHIND_AFTER, deadline_passed
from billing.bank_limits import Reached, bank_limit, limit_reached
from billing.card_choice import choose_card, choose_terminal
from billing.card_standing import hindrance, is_final
from billing.charge_rows import (
    MAY_STILL_COME,
    attempts_of,
    cancelled_by_person,
    charge_of_key,
    new_charge,
    no_such_charge,
    nothing_owed,
    on_its_way,
    spent_numbers,
    was_declined_long_ago,
    was_refused,
)
from billing.key import order_number
from billing.orders import ChargeOrder
from billing.results import in_question, is_of_call
from billing.series import asked_at, series_asked_at
from billing.settlement import OPEN, TERMINAL_STOPPED_WAITS, Settlement, is_missed
from billing.terminals import why_stopped
from billing.turns import in_turns
from calculations.money import Money
from calculations.refusal import Refusal
from calculations.retry_plan import BETWEEN_TRIES, civil
from gateways import DECLINES, AnyGateway, Reason
from storage.database import Database
from storage.model import Call, Charge, ChargeAttempt, Portal, SavedCard, Terminal

WITHOUT_DEADLINE = timedelta(hours=24)
ORDER_OPEN_WAITS = timedelta(hours=1)
A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Intent:
    """A charge, and its try that is written down and still has to be sent; None: nothing is to be sent now."""

    charge_id: int
    attempt_id: int | None


class Intents:
    def __init__(
        self,
        database: Database,
        gateways: Mapping[str, AnyGateway],
        settlement: Settlement,
        now: Callable[[], datetime],
        is_owed: Callable[[Session, Charge], bool],
    ) -> None:
        self._database = database
        self._gateways = gateways
        self._settlement = settlement
        self._now = now
        self._is_owed = is_owed

    def by_call(self, order: ChargeOrder) -> Intent:
        """The charge of this call, and the try it has to send now, if any. Raises Refusal."""
        with self._database.write() as session:
            charge = _charge_of_call(session, order) or charge_of_key(session, order)
            if charge is None:
                self._before_deadline(order)
                card, terminal = self._card_and_terminal(session, order)
                self._refuse_hindered(session, order, card, terminal)
                if reached := limit_reached(session, card, order.amount, self._now()):
                    raise bank_limit(session, card, reached)
                charge = new_charge(session, order, self._deadline(order), self._now())
                return Intent(
                    charge.id, self._new_attempt(session, charge, (), card, terminal, order.call_id, _asked_by(order))
                )
            attempts = attempts_of(session, charge)
            last = attempts[-1] if attempts else None
            if charge.state == "succeeded":  # also when a transfer paid it, and nothing was tried
                return Intent(charge.id, None)
            if last and last.state == "created" and is_of_call(attempts, last, order.call_id):
                return Intent(charge.id, last.id)
            if last and not self._may_be_tried(session, charge, attempts, order):
                return Intent(charge.id, None)
            if charge.cancelled_at and not _came_after(session, order, charge.cancelled_at):
                raise cancelled_by_person(charge)
            if not self._is_owed(session, charge):
                raise nothing_owed(charge)
            self._before_deadline(order)
            card, terminal = _begun_with(session, attempts, order) or self._card_and_terminal(session, order)
            late = on_its_way(attempts, self._now())
            if late and late.terminal_id != terminal.id:
                raise _may_still_come(session, charge, late)
            if charge.state == "declined" and self._is_too_early(session, attempts, card):
                return Intent(charge.id, None)
            if charge.state != "open":  # an open one is closed by the try that finds it out
                self._refuse_hindered(session, order, card, terminal)
            if reached := self._limit_reached(session, charge, card):
                if charge.next_attempt_at:  # a call waits for this try, which the plan puts off
                    return Intent(charge.id, None)
                raise bank_limit(session, card, reached)
            charge.retry, charge.deadline_at = order.retry, self._deadline(order)
            charge.next_attempt_at = None
            return Intent(
                charge.id, self._new_attempt(session, charge, attempts, card, terminal, order.call_id, _asked_by(order))
            )

    def by_plan(self, charge_id: int) -> int | None:
        """The try that a planned moment asks for, with the card of the last one; None when there is none to make."""
        now = self._now()
        with self._database.write() as session:
            charge = session.get_one(Charge, charge_id, with_for_update=True)
            if charge.state not in ("open", "declined") or charge.cancelled_at:
                return None
            if not charge.next_attempt_at or charge.next_attempt_at > now:
                return None
            attempts = attempts_of(session, charge)
            if charge.state == "open" and attempts[-1].state not in OPEN:
                if charge.deadline_at and now >= charge.deadline_at:
                    self._settlement.close(session, charge, deadline_passed())
                    return None
                if is_missed(charge, now):
                    self._settlement.close(session, charge)
                    return None
            if charge.state == "declined" and (is_missed(charge, now) or was_declined_long_ago(attempts, now)):
                self._settlement.close(session, charge)
                return None
            if charge.state == "declined" and (by_day := civil(now, _zone(session, charge))) > now:
                charge.next_attempt_at = by_day
                return None
            if attempts[-1].state in OPEN:  # a page is still open to the client: its end comes first
                charge.next_attempt_at = now + ORDER_OPEN_WAITS
                attempts[-1].look_up_at = now
                return None
            if not self._is_owed(session, charge):
                self._settlement.close_not_owed(session, charge)
                return None
            last = _last_of_card(attempts)
            card = session.get_one(SavedCard, last.saved_card_id)
            terminal = session.get_one(Terminal, last.terminal_id)
            asked = series_asked_at(session, charge)
            if charge.state == "declined" and (why := hindrance(session, card, asked, self._gateways, terminal.id)):
                self._settlement.close(session, charge, why)
                return None
            if reached := self._limit_reached(session, charge, card):
                self._put_off(session, charge, card, reached)
                return None
            if why_stopped(terminal, card.method):
                charge.next_attempt_at = now + TERMINAL_STOPPED_WAITS
                return None
            charge.next_attempt_at = None
            if charge.state == "open":  # the call's own try did not reach the bank: this is it once more
                return self._new_attempt(session, charge, attempts, card, terminal, last.call_id, last.asked_by)
            return self._new_attempt(session, charge, attempts, card, terminal, None, "plan")

    def by_person(self, charge_id: int) -> int:
        """The try that a person asks for out of turn, with the card of the last one; the planned one stays planned.

        Raises Refusal: no_such_charge, nothing_to_charge, nothing_owed, bank_limit.
        """
        with self._database.write() as session:
            charge = session.get(Charge, charge_id, with_for_update=True)
            if charge is None:
                raise no_such_charge(charge_id)
            attempts = attempts_of(session, charge)
            of_cards = [attempt for attempt in attempts if attempt.method == "saved_card"]
            if charge.state == "declined" and of_cards and is_final(session, of_cards[-1], self._gateways):
                raise self._refused_for_good(session, charge, of_cards[-1])
            if charge.state != "declined" or not of_cards:
                raise Refusal(
                    "nothing_to_charge",
                    ru=f"Списание {charge_id} сейчас нельзя повторить: оно в состоянии {charge.state}.",
                    en=f"Charge {charge_id} cannot be tried now: it is {charge.state}.",
                )
            if not self._is_owed(session, charge):
                raise nothing_owed(charge)
            last = of_cards[-1]
            card = session.get_one(SavedCard, last.saved_card_id)
            if reached := self._limit_reached(session, charge, card):
                raise bank_limit(session, card, reached)
            terminal = session.get_one(Terminal, last.terminal_id)
            return self._new_attempt(session, charge, attempts, card, terminal, None, "person")

    def _limit_reached(self, session: Session, charge: Charge, card: SavedCard) -> Reached | None:
        return limit_reached(session, card, Money(charge.amount, charge.currency), self._now())

    def _put_off(self, session: Session, charge: Charge, card: SavedCard, reached: Reached) -> None:
        """To the same hour, one for taking money, of the first day on which there is room; a call's own try, for which
        it waits, to the moment itself. There is no try any more where that is too late."""
        assert charge.next_attempt_at is not None
        if charge.state == "open":
            again_at = reached.until
            is_too_late = charge.deadline_at is not None and again_at >= charge.deadline_at
        else:
            again_at = charge.next_attempt_at - (charge.next_attempt_at - reached.until) // A_DAY * A_DAY
            is_too_late = is_missed(charge, again_at)
        if is_too_late:
            self._settlement.close(session, charge, bank_limit(session, card, reached))
        else:
            charge.next_attempt_at = again_at

    def _refused_for_good(self, session: Session, charge: Charge, last: ChargeAttempt) -> Refusal:
        gateway = self._gateways.get(session.get_one(Terminal, last.terminal_id).gateway)
        why = DECLINES[gateway.reason_of(last.decline_code) if gateway else Reason.UNKNOWN].words
        mask = session.get_one(SavedCard, last.saved_card_id).mask
        return Refusal(
            "nothing_to_charge",
            ru=f"Списание {charge.id} нельзя повторить с карты {mask}: банк отказал окончательно. {why.ru} Пусть "
            f"клиент заплатит по ссылке (`charges link`), или запустите робота с другой картой.",
            en=f"Charge {charge.id} is not tried again: the bank refused card {mask} for good. {why.en} Let the client "
            f"pay by a link (`charges link`), or run the robot with another card.",
        )

    def planned(self) -> Iterator[int]:
        """Charges whose planned moment has come, in portals that work."""
        due = (
            select(Charge.id, Charge.portal_id)
            .join(Portal, Portal.id == Charge.portal_id)
            .where(Charge.next_attempt_at <= self._now(), Charge.cancelled_at.is_(None), Portal.state == "active")
        )
        return in_turns(self._database, due, Charge.next_attempt_at, self._now)

    def left_behind(self) -> Iterator[int]:
        """Tries that were written down and never sent: their process was stopped in between."""
        due = select(ChargeAttempt.id, ChargeAttempt.portal_id).where(
            ChargeAttempt.state == "created", ChargeAttempt.look_up_at <= self._now()
        )
        return in_turns(self._database, due, ChargeAttempt.look_up_at, self._now)

    def _may_be_tried(
        self, session: Session, charge: Charge, attempts: Sequence[ChargeAttempt], order: ChargeOrder
    ) -> bool:
        """Whether the charge's state leaves room for a try by this call; the card has its own say.

        What ended with an order closed at the acquirer is tried again by no call that waited for it.
        """
        last = attempts[-1]
        if last.state in OPEN:
            return False
        if charge.state != "open" and last.state == "cancelled" and last.method == "saved_card":
            return last.settled_at is None or _came_after(session, order, last.settled_at)
        if charge.state == "cancelled":
            return True
        if charge.state == "open":
            return charge.next_attempt_at is None or charge.next_attempt_at <= self._now()
        told = in_question(charge, attempts)
        return charge.next_attempt_at is None and not is_of_call(attempts, told, order.call_id)

    def _is_too_early(self, session: Session, attempts: Sequence[ChargeAttempt], card: SavedCard) -> bool:
        """A card that was declined for good is not tried again, any other not within a day."""
        tries = [attempt for attempt in attempts if attempt.saved_card_id == card.id and was_refused(attempt)]
        return any(
            is_final(session, attempt, self._gateways)
            or (attempt.sent_at and self._now() < attempt.sent_at + BETWEEN_TRIES)
            for attempt in tries
        )

    def _card_and_terminal(self, session: Session, order: ChargeOrder) -> tuple[SavedCard, Terminal]:
        card = choose_card(session, order)
        return card, choose_terminal(session, order, card, self._gateways)

    def _refuse_hindered(self, session: Session, order: ChargeOrder, card: SavedCard, terminal: Terminal) -> None:
        """Raises Refusal: see hindrance."""
        asked = asked_at(session, order.portal_id, order.key, order.call_id)
        if why := hindrance(session, card, asked, self._gateways, terminal.id):
            raise why

    def _deadline(self, order: ChargeOrder) -> datetime:
        return order.deadline_at or self._now() + WITHOUT_DEADLINE

    def _before_deadline(self, order: ChargeOrder) -> None:
        if order.deadline_at and self._now() >= order.deadline_at:
            raise deadline_passed()

    def _new_attempt(
        self,
        session: Session,
        charge: Charge,
        attempts: Sequence[ChargeAttempt],
        card: SavedCard,
        terminal: Terminal,
        call_id: int | None,
        asked_by: str,
    ) -> int:
        portal = session.get_one(Portal, charge.portal_id)
        now = self._now()
        attempt = ChargeAttempt(
            portal_id=charge.portal_id,
            charge_id=charge.id,
            number=len(attempts) + 1,
            call_id=call_id,
            asked_by=asked_by,
            terminal_id=terminal.id,
            saved_card_id=card.id,
            order_number=order_number(portal.member_id, charge.key, spent_numbers(attempts) + 1),
            amount=charge.amount,
            currency=charge.currency,
            state="created",
            look_up_at=now + LEFT_BEHIND_AFTER,
            created_at=now,
        )
        session.add(attempt)
        charge.state, charge.settled_at, charge.cancelled_at = "open", None, None
        session.flush()
        return attempt.id


def _asked_by(order: ChargeOrder) -> str:
    return "plan" if order.call_id is None else "call"


def _came_after(session: Session, order: ChargeOrder, moment: datetime) -> bool:
    """Whether a call asks that came later; one that waited, or a subscription's period, does not."""
    return order.call_id is not None and session.get_one(Call, order.call_id).received_at > moment


def _zone(session: Session, charge: Charge) -> ZoneInfo:
    return ZoneInfo(session.get_one(Portal, charge.portal_id).time_zone)


def _may_still_come(session: Session, charge: Charge, late: ChargeAttempt) -> Refusal:
    terminal = session.get_one(Terminal, late.terminal_id)
    assert late.sent_at is not None
    until = (late.sent_at + MAY_STILL_COME).astimezone(_zone(session, charge))
    return Refusal(
        "may_still_come",
        ru=f"Списание {charge.id}: запрос к {terminal.gateway}/{terminal.name} пропал в пути и ещё может дойти: "
        f"через другой терминал деньги не списаны. Спишите с карты того же терминала или повторите после "
        f"{until:%d.%m.%Y %H:%M}.",
        en=f"Charge {charge.id}: a request to {terminal.gateway}/{terminal.name} was lost on its way and may still "
        f"arrive, so nothing was taken through another terminal. Charge a card of that terminal, or try again after "
        f"{until:%Y-%m-%d %H:%M}.",
    )


def _last_of_card(attempts: Sequence[ChargeAttempt]) -> ChargeAttempt:
    return [attempt for attempt in attempts if attempt.method == "saved_card"][-1]


def _begun_with(
    session: Session, attempts: Sequence[ChargeAttempt], order: ChargeOrder
) -> tuple[SavedCard, Terminal] | None:
    """The card that an earlier run of this call has chosen: where it may not be charged any more, no other one is."""
    own = [attempt for attempt in attempts if attempt.saved_card_id and attempt.call_id == order.call_id]
    if order.call_id is None or not own:
        return None
    return session.get_one(SavedCard, own[-1].saved_card_id), session.get_one(Terminal, own[-1].terminal_id)


def _charge_of_call(session: Session, order: ChargeOrder) -> Charge | None:
    """What this call has asked for already: a later run of it goes on with that, whatever it computes by now."""
    if order.call_id is None:
        return None
    tried = select(ChargeAttempt.charge_id).where(ChargeAttempt.call_id == order.call_id)
    query = select(Charge).where(Charge.portal_id == order.portal_id, Charge.id.in_(tried))
    return session.scalars(query.order_by(Charge.id).limit(1).with_for_update()).first()
