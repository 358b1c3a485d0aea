"""Banks' limits: how often one instrument may be asked for one sum, by whoever, under whatever charge."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from sqlalchemy import Select, literal_column, select
from sqlalchemy.orm import Session

from calculations.money import Money
from calculations.refusal import Refusal
from calculations.retry_plan import LIMITS, MOST_DAYS, Instrument, Limit
from customers.card_scheme import scheme_of
from schemas.declaration import Words
from storage.model import ChargeAttempt, Portal, SavedCard

BANK_LIMIT = "bank_limit"

RULES_OF: Mapping[Instrument, Words] = MappingProxyType(
    {
        Instrument.visa: Words("Visa", "Visa"),
        Instrument.mastercard: Words("Mastercard", "Mastercard"),
        Instrument.sbp: Words("СБП", "SBP"),
    }
)
WITHIN: Mapping[timedelta, Words] = MappingProxyType(
    {
        timedelta(hours=1): Words("за час", "in an hour"),
        timedelta(days=1): Words("за сутки", "in a day"),
        timedelta(days=30): Words("за 30 дней", "in 30 days"),
    }
)


@dataclass(frozen=True, slots=True)
class Reached:
    """A limit that leaves no room for a try of this sum, `until` then: for it count the tries that were `declined` and
    those `under_way`, which may yet be."""

    limit: Limit
    amount: Money
    declined: int
    under_way: int
    until: datetime


def limit_reached(session: Session, card: SavedCard, amount: Money, now: datetime) -> Reached | None:
    """The limit that holds longest; None: the card may be asked for this sum now.

    A try whose outcome is not known yet counts beside declines. Alone such tries reach no limit: being paid they would
    count for nothing, and a client may well have two payments of one sum.
    """
    declined = [one.sent_at for one in declines_of(session, card, amount, now) if one.sent_at]
    if not declined:
        return None
    under_way = _under_way(session, card, amount, now)
    moments = sorted([*declined, *under_way])
    found = [
        Reached(
            limit,
            amount,
            declined=_since(now - limit.within, declined),
            under_way=_since(now - limit.within, under_way),
            until=moments[-limit.tries] + limit.within,
        )
        for limit in _limits_of(instrument_of(card), now)
        if len(moments) >= limit.tries and _since(now - limit.within, declined)
    ]
    return max((one for one in found if one.until > now), key=lambda one: one.until, default=None)


def declines_of(session: Session, card: SavedCard, amount: Money, now: datetime) -> Sequence[ChargeAttempt]:
    """The last 30 days' tries of this instrument and sum that a bank refused, oldest first.

    The instrument is the card itself, and every other one of its portal with the same client, mask, expiry and method:
    the same card saved once more, at another acquirer or by another token. Its scheme knows it by its number and counts
    on; we never see numbers, and know it by these.
    """
    return session.scalars(
        select(ChargeAttempt)
        .where(
            ChargeAttempt.saved_card_id.in_(_same_instrument(card)),
            ChargeAttempt.amount == amount.minor,
            ChargeAttempt.currency == amount.currency,
            ChargeAttempt.decline_kind != literal_column("''"),  # as the index has it; the order may be open still
            ChargeAttempt.sent_at > now - timedelta(days=MOST_DAYS),
        )
        .order_by(ChargeAttempt.sent_at)
    ).all()


def _under_way(session: Session, card: SavedCard, amount: Money, now: datetime) -> Sequence[datetime]:
    """When this instrument was asked for this sum and its bank has not answered yet."""
    asked = session.scalars(
        select(ChargeAttempt).where(
            ChargeAttempt.saved_card_id.in_(_same_instrument(card)),
            ChargeAttempt.amount == amount.minor,
            ChargeAttempt.currency == amount.currency,
            ChargeAttempt.state.in_(("created", "sent", "pending", "unknown")),
            ChargeAttempt.decline_kind == "",
            ChargeAttempt.created_at > now - timedelta(days=MOST_DAYS),
        )
    )
    return [one.sent_at or one.created_at for one in asked]


def _same_instrument(card: SavedCard) -> Select[int]:
    return select(SavedCard.id).where(
        SavedCard.portal_id == card.portal_id,
        SavedCard.customer == card.customer,
        SavedCard.mask == card.mask,
        SavedCard.expires == card.expires,
        SavedCard.method == card.method,
    )


def _since(begin: datetime, moments: Sequence[datetime]) -> int:
    return sum(moment > begin for moment in moments)


def instrument_of(card: SavedCard) -> Instrument:
    return Instrument.sbp if card.method == "sbp" else Instrument(scheme_of(card.mask))


def bank_limit(session: Session, card: SavedCard, reached: Reached) -> Refusal:
    zone = ZoneInfo(session.get_one(Portal, card.portal_id).time_zone)
    limit, until = reached.limit, reached.until.astimezone(zone)
    asked = f"{reached.amount.text} {reached.amount.currency}"
    ru = f", ещё без ответа банка: {reached.under_way}" if reached.under_way else ""
    en = f", not answered yet: {reached.under_way}" if reached.under_way else ""
    rules, within = RULES_OF[limit.instrument], WITHIN[limit.within]
    return Refusal(
        BANK_LIMIT,
        ru=f"Карта {card.mask} не тронута: правила {rules.ru} разрешают пробовать {asked} не чаще {limit.tries} "
        f"{within.ru}; уже отклонено: {reached.declined}{ru}. Снова можно с {until:%d.%m.%Y %H:%M}, а пока попросите "
        "клиента о другой карте или отправьте ссылку.",
        en=f"Card {card.mask} was left alone: the rules of {rules.en} allow tries of {asked} no more often than "
        f"{limit.tries} {within.en}; declined so far: {reached.declined}{en}. It may be tried again from "
        f"{until:%Y-%m-%d %H:%M}; until then ask the client for another card or send a link.",
    )


def _limits_of(instrument: Instrument, now: datetime) -> list[Limit]:
    """Those in force: of each stretch of time the latest."""
    dated = sorted(LIMITS, key=lambda one: one.valid_from)
    return list(
        {one.within: one for one in dated if one.instrument is instrument and one.valid_from <= now.date()}.values()
    )
