"""A series: the tries of a saved card that one request and its planned repeats make, when that was asked for, and when
the next one is due."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.bank_limits import declines_of, instrument_of
from billing.key import subscription_of
from calculations.money import Money
from calculations.retry_plan import Decline, Retry, plan_retry
from customers.consents import card_has_consent, withdrawn_since
from customers.expiry import last_good_day
from storage.model import Call, Charge, ChargeAttempt, Portal, SavedCard, Subscription

ONE_MORE_WAS_MADE = Retry(
    None,
    "one_more_was_made",
    "Банк допускает после такого отказа один повтор, он сделан: повторов не будет, попросите клиента о другой карте "
    "или отправьте ссылку.",
    "The bank allows one more try after such a decline, and it was made: no further try is made, ask the client for "
    "another card or send a link.",
)


def retry_of(
    session: Session, attempt: ChargeAttempt, *, now: datetime, zone: ZoneInfo, planned: datetime | None = None
) -> Retry:
    """When the card of this try, just declined, is tried again, or why never; in the client's day (`zone`). `planned`:
    the moment that stands already.

    Tries that a person asked for in between count for the banks' limits and as the one more that a bank allows; else
    they take none of the planned ones away, and the next of these comes no sooner than a day after them.
    """
    card = session.get_one(SavedCard, attempt.saved_card_id)
    asked = series_asked_at(session, session.get_one(Charge, attempt.charge_id))
    amount = Money(attempt.amount, attempt.currency)
    tries = _series(session, attempt)
    if any(one.decline_kind == "once" for one in tries[:-1]):
        return ONE_MORE_WAS_MADE
    in_series = {one.id for one in tries}
    elsewhere = [one for one in declines_of(session, card, amount, now) if one.id not in in_series]
    return plan_retry(
        Decline.technical if attempt.decline_kind == "technical" else Decline.soft,
        [_declined_at(one) for one in tries],
        now=now,
        zone=zone,
        days=session.get_one(Portal, attempt.portal_id).retry_days,
        instrument=instrument_of(card),
        has_consent=card_has_consent(session, card.id) and not withdrawn_since(session, card.id, asked),
        expires_on=last_good_day(card.expires),
        technical_failures=_technical_failures(tries),
        elsewhere=[_declined_at(one) for one in elsewhere],
        planned=planned,
        by_plan=_by_plan(tries) if any(one.asked_by == "person" for one in tries) else None,
    )


def asked_at(session: Session, portal_id: int, key: str, call_id: int | None) -> datetime | None:
    """When the subscription of this key was begun, else when the call came; None where there is neither."""
    if known := subscription_of(key):
        begun = select(Subscription.created_at).where(Subscription.portal_id == portal_id, Subscription.key == known[0])
        return session.scalar(begun)
    return session.scalar(select(Call.received_at).where(Call.id == call_id)) if call_id else None


def series_asked_at(session: Session, charge: Charge) -> datetime:
    """When that was asked for which the plan of a charge goes on with."""
    last_call = (
        select(ChargeAttempt.call_id)
        .where(ChargeAttempt.charge_id == charge.id, ChargeAttempt.call_id.is_not(None))
        .order_by(ChargeAttempt.number.desc())
        .limit(1)
    )
    return asked_at(session, charge.portal_id, charge.key, session.scalar(last_call)) or charge.created_at


def try_asked_at(session: Session, charge: Charge, attempt: ChargeAttempt) -> datetime:
    """When that was asked for to which a try belongs; a person asks for a single one."""
    if attempt.asked_by == "person" and subscription_of(charge.key) is None:
        return attempt.created_at
    return series_asked_at(session, charge)


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


def _by_plan(tries: Sequence[ChargeAttempt]) -> Sequence[datetime]:
    return [_declined_at(one) for one in tries[1:] if one.asked_by == "plan"]


def _declined_at(attempt: ChargeAttempt) -> datetime:
    """A bank may take a week over its word, and the days are counted from it."""
    return attempt.settled_at or attempt.sent_at or attempt.created_at


def _technical_failures(tries: Sequence[ChargeAttempt]) -> int:
    count = 0
    for one in reversed(tries):
        if one.decline_kind != "technical":
            break
        count += 1
    return count
