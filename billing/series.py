"""A series: the tries of a saved card that one request and its planned repeats make, and when the next one is due."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from calculations.retry_plan import Decline, Instrument, Retry, plan_retry
from customers.card_scheme import scheme_of
from customers.consents import card_has_consent
from customers.expiry import last_good_day
from storage.model import ChargeAttempt, Portal, SavedCard

COUNTED = timedelta(days=30)


def retry_of(session: Session, attempt: ChargeAttempt, *, now: datetime, zone: ZoneInfo) -> Retry:
    """When the card of this try, just declined, is tried again, or why never; in the client's day (`zone`).

    Tries that a person asked for in between count for the banks' limits and take none of the planned ones away.
    """
    card = session.get_one(SavedCard, attempt.saved_card_id)
    tries = _series(session, attempt)
    return plan_retry(
        Decline.technical if attempt.decline_kind == "technical" else Decline.soft,
        [one.sent_at or one.created_at for one in tries],
        now=now,
        zone=zone,
        days=session.get_one(Portal, attempt.portal_id).retry_days,
        instrument=Instrument.sbp if card.method == "sbp" else Instrument(scheme_of(card.mask)),
        has_consent=card_has_consent(session, card.id),
        expires_on=last_good_day(card.expires),
        technical_failures=_technical_failures(tries),
        elsewhere=_declined_elsewhere(session, attempt),
    )


def _series(session: Session, attempt: ChargeAttempt) -> Sequence[ChargeAttempt]:
    """The tries to which this one belongs: the last one that a call made, and those that follow it."""
    tries = session.scalars(
        select(ChargeAttempt)
        .where(
            ChargeAttempt.charge_id == attempt.charge_id,
            ChargeAttempt.method == "saved_card",
            ChargeAttempt.number <= attempt.number,
            ChargeAttempt.sent_at.is_not(None),
            ChargeAttempt.state.not_in(("not_sent", "cancelled")),
        )
        .order_by(ChargeAttempt.number)
    ).all()
    of_calls = [number for number, one in enumerate(tries) if one.asked_by == "call"]
    return tries[of_calls[-1] if of_calls else 0 :]


def _declined_elsewhere(session: Session, attempt: ChargeAttempt) -> list[datetime]:
    """The last month's declines of this card and sum under other charges: card schemes count them all."""
    assert attempt.sent_at is not None
    others = session.scalars(
        select(ChargeAttempt.sent_at).where(
            ChargeAttempt.saved_card_id == attempt.saved_card_id,
            ChargeAttempt.amount == attempt.amount,
            ChargeAttempt.currency == attempt.currency,
            ChargeAttempt.charge_id != attempt.charge_id,
            ChargeAttempt.state == "declined",
            ChargeAttempt.sent_at > attempt.sent_at - COUNTED,
        )
    )
    return [moment for moment in others if moment is not None]


def _technical_failures(tries: Sequence[ChargeAttempt]) -> int:
    count = 0
    for one in reversed(tries):
        if one.decline_kind != "technical":
            break
        count += 1
    return count
