"""Consents to automatic charges: whether a card may be charged now, and the withdrawal that stops it at once."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from storage.database import Database
from storage.model import ChargeAttempt, Consent, SavedCard


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What a withdrawal ended, and what it came too late for: charges that were on their way to the bank already."""

    consents: int
    sent_before: tuple[int, ...]  # ids of charges


def card_has_consent(session: Session, card_id: int) -> bool:
    return _consent_of(session, card_id, lock=False)


def hold_consent(session: Session, card_id: int) -> bool:
    """The same, and a withdrawal cannot commit before this transaction has ended: it came before, or it comes after."""
    return _consent_of(session, card_id, lock=True)


def _consent_of(session: Session, card_id: int, *, lock: bool) -> bool:
    query = select(Consent.id).where(Consent.saved_card_id == card_id, Consent.withdrawn_at.is_(None)).limit(1)
    return session.scalar(query.with_for_update(read=True) if lock else query) is not None


def withdraw_consents(database: Database, portal_id: int, customer: str, by: str, now: datetime) -> Withdrawal:
    """End every consent of a customer; when this returns, nothing of theirs is sent any more. The rows are kept."""
    with database.write() as session:
        ended = session.execute(
            update(Consent)
            .where(Consent.portal_id == portal_id, Consent.customer == customer, Consent.withdrawn_at.is_(None))
            .values(withdrawn_at=now, withdrawn_by=by)
            .returning(Consent.id)
        ).all()
        sent = session.scalars(
            select(ChargeAttempt.charge_id)
            .join(SavedCard, SavedCard.id == ChargeAttempt.saved_card_id)
            .where(
                SavedCard.portal_id == portal_id,
                SavedCard.customer == customer,
                ChargeAttempt.state.in_(("sent", "pending", "unknown")),
            )
            .order_by(ChargeAttempt.charge_id)
        ).all()
    return Withdrawal(len(ended), tuple(sent))
