"""Limits that a client has put on a consent: no more than so much at once, or in one period."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from calculations.money import Money
from calculations.refusal import Refusal
from customers.consent_text import PERIODS
from storage.model import ChargeAttempt, Consent, Portal

COUNTED = ("sent", "pending", "unknown", "succeeded")  # what was taken, or may have been


def limit_exceeded(session: Session, consent: Consent, attempt: ChargeAttempt, now: datetime) -> Refusal | None:
    """Why this try would break the consent's limit; periods are those of the portal's calendar."""
    if consent.limit_amount is None:
        return None
    limit = Money(consent.limit_amount, consent.limit_currency)
    asked = Money(attempt.amount, attempt.currency)
    zone = ZoneInfo(session.get_one(Portal, attempt.portal_id).time_zone)
    taken = _taken_since(session, attempt, _beginning(consent.limit_period, now.astimezone(zone)))
    if asked.currency == limit.currency and taken + asked.minor <= limit.minor:
        return None
    per = PERIODS[consent.limit_period]
    return Refusal(
        "consent_limit",
        ru=f"Клиент разрешил списывать не больше {limit.text} {limit.currency}{per.ru}, уже списано "
        f"{Money(taken, asked.currency).text}: списание {asked.text} {asked.currency} не отправлено. Попросите клиента "
        "оплатить самому или дать новое согласие.",
        en=f"The client allowed no more than {limit.text} {limit.currency}{per.en}; "
        f"{Money(taken, asked.currency).text} was taken: {asked.text} {asked.currency} was not sent. Ask the client to "
        "pay in person or to agree anew.",
    )


def _beginning(period: str, local: datetime) -> datetime | None:
    """When the present period began on the portal's wall clock; None for a limit of a single charge."""
    today = local.date()
    match period:
        case "day":
            first = today
        case "week":
            first = today - timedelta(days=today.weekday())
        case "month":
            first = today.replace(day=1)
        case "year":
            first = today.replace(month=1, day=1)
        case _:
            return None
    return datetime.combine(first, time.min, local.tzinfo)


def _taken_since(session: Session, attempt: ChargeAttempt, beginning: datetime | None) -> int:
    if beginning is None:
        return 0
    query = select(func.coalesce(func.sum(ChargeAttempt.amount), 0)).where(
        ChargeAttempt.saved_card_id == attempt.saved_card_id,
        ChargeAttempt.currency == attempt.currency,
        ChargeAttempt.id != attempt.id,
        ChargeAttempt.state.in_(COUNTED),
        ChargeAttempt.sent_at >= beginning,
    )
    return int(session.scalar(query) or 0)
