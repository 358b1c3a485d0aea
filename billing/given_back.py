"""Money that was given back at the acquirer by somebody else: a refund in its cabinet, a chargeback."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billing.key import refund_number
from billing.ledger import book_refund
from billing.news import note_news
from calculations.money import Money
from storage.model import Charge, ChargeAttempt, Refund

OUTSIDE = "given back at the acquirer, not by us"
OPEN_REFUND = ("created", "sent", "unknown")


def take_in_given_back(
    session: Session, charge: Charge, attempt: ChargeAttempt, total: Money, known: int, now: datetime
) -> bool:
    """Book what went back of a paid try beyond our own refunds, which the acquirer's `total` counts too.

    False while one of ours is open, or was `known` less of when the total was asked for: it may have them or not. No
    receipt is made: who gave the money back made it.
    """
    refunds = session.scalars(select(Refund).where(Refund.charge_id == charge.id).order_by(Refund.number)).all()
    ours = given_back_of(session, attempt)
    if ours != known or any(refund.state in OPEN_REFUND for refund in refunds):
        return False
    if total.currency != attempt.currency or not ours < total.minor <= attempt.amount:
        return True
    spent = sum(refund.state != "not_sent" for refund in refunds)
    refund = Refund(
        portal_id=charge.portal_id,
        charge_id=charge.id,
        attempt_id=attempt.id,
        number=len(refunds) + 1,
        refund_number=refund_number(attempt.order_number, spent + 1),
        amount=total.minor - ours,
        currency=attempt.currency,
        state="succeeded",
        reason=OUTSIDE,
        created_at=now,
        settled_at=now,
    )
    session.add(refund)
    session.flush()
    book_refund(session, charge, attempt, refund, now)
    note_news(session, charge, "payment_refunded", now, refund=refund)
    return True


def given_back_of(session: Session, attempt: ChargeAttempt) -> int:
    """What of a try surely went back by what we know, in minor units."""
    given = select(func.coalesce(func.sum(Refund.amount), 0))
    return int(session.scalar(given.where(Refund.attempt_id == attempt.id, Refund.state == "succeeded")) or 0)
