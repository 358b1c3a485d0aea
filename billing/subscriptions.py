"""Subscriptions: a sum agreed to be taken of one card every period; each period is one charge with its own key."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, exists, false, or_, select
from sqlalchemy.orm import Session

from billing.bank_limits import BANK_LIMIT
from billing.card_choice import refuse_currency_of_card
from billing.card_standing import hindrance
from billing.charges import Charging
from billing.key import subscription_charge_key
from billing.news import note_missed
from billing.orders import ChargeOrder
from billing.settlement import OPEN, STILL_CHARGED_FOR, TERMINAL_IS_WAITED_FOR
from billing.turns import in_turns
from calculations.money import Money
from calculations.recurrence import Period, Recurrence
from calculations.refusal import Refusal
from customers.expiry import last_good_day
from jobs.passing_over import passing_over
from schemas.declaration import Words
from storage.database import Database
from storage.model import Charge, ChargeAttempt, News, Portal, SavedCard, Subscription

ASKED_AGAIN_AFTER = timedelta(hours=1)

FOR_GOOD = frozenset({"no_consent", "consent_withdrawn", "card_refused", "no_saved_card"})
WAITED_FOR = TERMINAL_IS_WAITED_FOR | {BANK_LIMIT}
STOPPED = Words("Подписка остановлена.", "The subscription was stopped.")
CLIENT_PAYS = "the client has a page open to pay this period in person"
MISSED = Words(
    "День прошёл раньше, чем мы смогли списать, и задним числом мы не списываем.",
    "The day had passed before we could charge, and nothing is charged after the fact.",
)


@dataclass(frozen=True, slots=True)
class SubscriptionOrder:
    """What was agreed. `document` and `customer` are CRM bindings; `saved_card_id` is one of that customer's."""

    portal_id: int
    key: str
    document: str
    customer: str
    saved_card_id: int
    amount: Money
    description: str
    period: Period
    every: int
    first_date: date
    ends_on: date | None = None
    receipt_email: str = ""


@dataclass(frozen=True, slots=True)
class Begun:
    """A subscription as it stands after it was asked for; `is_new`: it was not there before."""

    subscription: Subscription
    is_new: bool


class Subscriptions:
    def __init__(self, database: Database, charging: Charging, now: Callable[[], datetime]) -> None:
        self._database = database
        self._charging = charging
        self._now = now

    def begin(self, order: SubscriptionOrder) -> Begun:
        """The same key again is the same subscription. Of a first date in the past nothing is taken by surprise: the
        periods count from it, and the first one on or after the portal's today is charged.

        Refusals: ends_before_first_charge, no_saved_card, no_consent, card_expired, currency_not_taken,
        subscription_known.
        """
        now = self._now()
        with self._database.write() as session:
            known = session.scalar(
                select(Subscription).where(Subscription.portal_id == order.portal_id, Subscription.key == order.key)
            )
            if known is not None:
                if known.state != "active" or _agreed(known) != _ordered(order):
                    raise _known_already(known)
                card = session.get(SavedCard, known.saved_card_id)
                if card and (why := hindrance(session, card, known.created_at, self._charging.gateways)):
                    raise _known_already(known, why)
                return Begun(known, is_new=False)
            first_charge = _first_charge(order, _today(session.get_one(Portal, order.portal_id).time_zone, now))
            card = session.get(SavedCard, order.saved_card_id)
            if card is None or (card.portal_id, card.customer) != (order.portal_id, order.customer):
                raise _no_such_card(order)
            if why := self._hindrance(session, card, first_charge, now):
                raise why
            if gateway := self._charging.gateways.get(card.gateway):
                refuse_currency_of_card(gateway, card, order.amount, card.gateway)
            row = Subscription(
                portal_id=order.portal_id,
                key=order.key,
                document=order.document,
                customer=order.customer,
                saved_card_id=order.saved_card_id,
                amount=order.amount.minor,
                currency=order.amount.currency,
                description=order.description,
                receipt_email=order.receipt_email,
                period=order.period.value,
                every=order.every,
                first_date=order.first_date,
                next_date=first_charge,
                ends_on=order.ends_on,
                state="active",
                created_at=now,
            )
            session.add(row)
            session.flush()
            return Begun(row, is_new=True)

    def stop(self, portal_id: int, subscription_id: int, why: str) -> bool:
        """Nothing more is charged for it, nor for its periods that were declined; False when the portal has none."""
        with self._database.write() as session:
            row = session.get(Subscription, subscription_id, with_for_update=True)
            if row is None or row.portal_id != portal_id:
                return False
            if row.state == "active":
                row.state, row.reason, row.next_date = "stopped", why, None
            return True

    def of_portal(self, portal_id: int) -> Sequence[Subscription]:
        with self._database.read() as session:
            query = select(Subscription).where(Subscription.portal_id == portal_id)
            return session.scalars(query.order_by(Subscription.id)).all()

    def hindered(self, portal_id: int) -> Mapping[int, str]:
        """Active subscriptions whose card may not be charged, by id: no_consent, consent_withdrawn,
        card_refused, no_saved_card or card_expired."""
        query = (
            select(Subscription, SavedCard)
            .join(SavedCard, SavedCard.id == Subscription.saved_card_id)
            .where(Subscription.portal_id == portal_id, Subscription.state == "active")
        )
        found = {}
        with self._database.read() as session:
            for row, card in session.execute(query):
                if row.next_date and (why := self._hindrance(session, card, row.next_date, row.created_at)):
                    found[row.id] = why.code
        return found

    def _hindrance(self, session: Session, card: SavedCard, day: date, begun_at: datetime) -> Refusal | None:
        """Why a charge of this day cannot be taken of the card, as far as it is known now."""
        if why := hindrance(session, card, begun_at, self._charging.gateways):
            return why
        good_until = last_good_day(card.expires)
        return _expired(card, day) if good_until is not None and good_until < day else None

    def charge_due(self) -> int:
        """Charge the periods that have come; how many subscriptions were looked at."""
        now = self._now()
        with self._database.read() as session:
            due = (
                select(Subscription.id, Subscription.portal_id)
                .join(Portal, Portal.id == Subscription.portal_id)
                .where(
                    Subscription.state == "active",
                    Portal.state == "active",
                    _has_come(session, now),
                    or_(Subscription.waits_until.is_(None), Subscription.waits_until <= now),
                )
            )
        looked_at = 0
        for subscription_id in in_turns(self._database, due, Subscription.next_date, self._now):
            looked_at += 1
            with passing_over(f"subscription {subscription_id}"):
                self._charge(subscription_id)
        return looked_at

    def _charge(self, subscription_id: int) -> None:
        taken = self._take(subscription_id)
        if taken is None:
            return
        row, day, today = taken
        if row.ends_on is not None and day > row.ends_on:
            self._go_on(subscription_id, day, "ended on the agreed day")
            return
        if day < today - STILL_CHARGED_FOR:
            self._go_on(subscription_id, day, f"the period of {day.isoformat()} was missed and not charged", MISSED)
            return
        try:
            self._charging.charge(_order(row, day))
        except Refusal as refusal:
            if refusal.code in FOR_GOOD:
                self._stop_for_good(subscription_id, day, refusal)
                return
            if refusal.code in WAITED_FOR:
                self._note(subscription_id, refusal.en)
                return  # asked again in its time, until the period is too long ago
            self._go_on(subscription_id, day, refusal.en, Words(refusal.ru, refusal.en))
            return
        if self._is_in_hand(row, day):
            self._go_on(subscription_id, day, "")
        else:
            self._note(subscription_id, CLIENT_PAYS)  # asked again, should the client leave it unpaid

    def _is_in_hand(self, row: Subscription, day: date) -> bool:
        with self._database.read() as session:
            return _speaks_for_itself(session, row, day)

    def _take(self, subscription_id: int) -> tuple[Subscription, date, date] | None:
        """What is due, its day and the portal's today; None: another process was faster. Whatever becomes of us, it is
        asked again in its time."""
        now = self._now()
        with self._database.write() as session:
            row = session.get_one(Subscription, subscription_id, with_for_update=True)
            today = _today(session.get_one(Portal, row.portal_id).time_zone, now)
            is_waiting = row.waits_until is not None and row.waits_until > now
            if row.state != "active" or row.next_date is None or row.next_date > today or is_waiting:
                return None
            row.waits_until = now + ASKED_AGAIN_AFTER
            return row, row.next_date, today

    def _stop_for_good(self, subscription_id: int, day: date, refusal: Refusal) -> None:
        with self._database.write() as session:
            row = session.get_one(Subscription, subscription_id, with_for_update=True)
            if row.state != "active" or row.next_date != day:
                return
            row.state, row.reason, row.next_date = "stopped", refusal.en, None
            ru, en = f"{refusal.ru} {STOPPED.ru}", f"{refusal.en} {STOPPED.en}"
            self._tell(session, row, day, Words(ru, en))

    def _go_on(self, subscription_id: int, day: date, why: str, told: Words | None = None) -> None:
        """To the period after `day`, or to the end; another process may have gone there already. `told`: why nothing
        was charged, for its document's people."""
        with self._database.write() as session:
            row = session.get_one(Subscription, subscription_id, with_for_update=True)
            if row.state != "active" or row.next_date != day:
                return
            row.reason, row.waits_until = why, None
            row.next_date = _following(row, day)
            if row.next_date is None:
                row.state = "ended"
            if told:
                self._tell(session, row, day, told)

    def _tell(self, session: Session, row: Subscription, day: date, why: Words) -> None:
        """A period whose charge is told of by itself is not told of here."""
        if not _speaks_for_itself(session, row, day):
            note_missed(session, row, _not_charged(row, day, why), self._now())

    def _note(self, subscription_id: int, why: str) -> None:
        with self._database.write() as session:
            row = session.get_one(Subscription, subscription_id, with_for_update=True)
            if row.state == "active":
                row.reason = why


def _speaks_for_itself(session: Session, row: Subscription, day: date) -> bool:
    """Whether the period has a charge that goes on without the subscription, or has come to its end: not one that has
    only waited for its terminal, nor one whose client has a page of it open and may leave it unpaid."""
    own_try = exists().where(
        ChargeAttempt.charge_id == Charge.id,
        ChargeAttempt.method == "saved_card",
        ChargeAttempt.state.in_(OPEN),
    )
    query = select(Charge.id).where(
        Charge.portal_id == row.portal_id,
        Charge.key == subscription_charge_key(row.key, day),
        or_(
            Charge.state.in_(("succeeded", "declined")),
            Charge.next_attempt_at.is_not(None),
            own_try,
            exists().where(News.charge_id == Charge.id),
        ),
    )
    return session.scalar(query) is not None


def _first_charge(order: SubscriptionOrder, today: date) -> date:
    """The first period on or after today. Refusal: ends_before_first_charge."""
    dates = Recurrence(order.first_date, order.period, order.every)
    first = order.first_date
    if first < today:
        _, first = dates.first_after(today - timedelta(days=1))
    if order.ends_on is not None and order.ends_on < first:
        raise _ends_too_early(order.ends_on, first)
    return first


def _following(row: Subscription, day: date) -> date | None:
    try:
        _, following = Recurrence(row.first_date, Period(row.period), row.every).first_after(day)
    except Refusal:  # past the last year of the calendar
        return None
    return following if row.ends_on is None or following <= row.ends_on else None


def _has_come(session: Session, now: datetime) -> ColumnElement[bool]:
    """A period comes with its day in the portal's own zone."""
    zones: dict[date, list[str]] = {}
    for zone in session.scalars(select(Portal.time_zone).distinct()):
        zones.setdefault(_today(zone, now), []).append(zone)
    there = [and_(Portal.time_zone.in_(names), Subscription.next_date <= today) for today, names in zones.items()]
    return or_(false(), *there)


def _today(zone: str, now: datetime) -> date:
    return now.astimezone(ZoneInfo(zone)).date()


def _not_charged(row: Subscription, day: date, why: Words) -> Words:
    money = Money(row.amount, row.currency)
    return Words(
        f"Подписка {row.id}: {money.text} {money.currency} за {day:%d.%m.%Y} не списаны. {why.ru}",
        f"Subscription {row.id}: {money.text} {money.currency} of {day.isoformat()} were not charged. {why.en}",
    )


def _order(row: Subscription, day: date) -> ChargeOrder:
    return ChargeOrder(
        portal_id=row.portal_id,
        key=subscription_charge_key(row.key, day),
        call_id=None,
        document=row.document,
        customer=row.customer,
        amount=Money(row.amount, row.currency),
        description=row.description,
        saved_card_id=row.saved_card_id,
        receipt_email=row.receipt_email,
    )


def _ordered(order: SubscriptionOrder) -> tuple[object, ...]:
    whose = (order.document, order.customer, order.saved_card_id, order.amount.minor, order.amount.currency)
    return (*whose, order.period.value, order.every, order.first_date, order.ends_on)


def _agreed(row: Subscription) -> tuple[object, ...]:
    whose = (row.document, row.customer, row.saved_card_id, row.amount, row.currency)
    return (*whose, row.period, row.every, row.first_date, row.ends_on)


def _known_already(row: Subscription, why: Refusal | None = None) -> Refusal:
    """`why`: what keeps an active one from being charged."""
    money = Money(row.amount, row.currency)
    was = f"{money}, {row.document}, {row.customer}, card {row.saved_card_id}, every {row.every} {row.period}"
    until = row.ends_on or "-"
    ru, en = (f" {why.ru}", f" {why.en}") if why else ("", "")
    return Refusal(
        "subscription_known",
        ru=f"Под этим ключом уже есть подписка {row.id} ({row.state}): {was}, {row.first_date} .. {until}. Ничего не "
        f"изменено: остановите её и назовите новой другой ключ.{ru}",
        en=f"Subscription {row.id} ({row.state}) exists under this key: {was}, {row.first_date} .. {until}. Nothing "
        f"was changed: stop it, and give the new one another key.{en}",
    )


def _no_such_card(order: SubscriptionOrder) -> Refusal:
    return Refusal(
        "no_saved_card",
        ru=f"У клиента {order.customer} нет карты {order.saved_card_id}: посмотрите её номер в списке карт.",
        en=f"Client {order.customer} has no card {order.saved_card_id}: see its id in the list of cards.",
    )


def _ends_too_early(ends_on: date, first: date) -> Refusal:
    return Refusal(
        "ends_before_first_charge",
        ru=f"Подписка кончается {ends_on}, а первое списание было бы {first}: сделайте конец позже или первый день "
        "раньше.",
        en=f"The subscription ends on {ends_on}, and its first charge would be on {first}: give a later end or an "
        "earlier first date.",
    )


def _expired(card: SavedCard, day: date) -> Refusal:
    return Refusal(
        "card_expired",
        ru=f"Карта {card.id} ({card.mask}) действует до {card.expires}, а первое списание — {day}: попросите клиента "
        "сохранить другую карту.",
        en=f"Card {card.id} ({card.mask}) is good until {card.expires}, and the first charge is on {day}: ask the "
        "client to save another card.",
    )
