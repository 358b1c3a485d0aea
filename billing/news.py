"""What became of money: whoever waits for it is woken, and its document in the CRM is to be told."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from calculations.refusal import Refusal
from schemas.declaration import Words
from storage.model import (
    BankTransfer,
    Charge,
    ChargeAttempt,
    Happening,
    News,
    OutboxMessage,
    Refund,
    SavedCard,
    Subscription,
)


def note_settled(
    session: Session,
    charge: Charge,
    what: Literal["payment_received", "payment_declined", "payment_given_up", "payment_not_owed", "payment_cancelled"],
    now: datetime,
    *,
    attempt: ChargeAttempt | None = None,
    transfer: BankTransfer | None = None,
    why: Refusal | None = None,
) -> None:
    """Of the charge: by this try of it, by a bank transfer, or by nothing that ever reached a bank."""
    wake_who_waits(session, charge, now)
    note_news(session, charge, what, now, attempt=attempt, transfer=transfer, why=why)


def was_given_up(session: Session, charge: Charge) -> bool:
    """Whether people were told that nothing more is tried, and nothing has been since."""
    if charge.state == "open" or charge.next_attempt_at:
        return False
    told = select(News.what).where(News.charge_id == charge.id).order_by(News.id.desc()).limit(1)
    return session.scalar(told) == "payment_given_up"


def wake_who_waits(session: Session, charge: Charge, now: datetime) -> None:
    session.add(OutboxMessage(portal_id=charge.portal_id, topic="charge_settled", subject_id=charge.id, created_at=now))


def note_missed(session: Session, subscription: Subscription, words: Words, now: datetime) -> None:
    """A period of a subscription for which there is no charge: why, and what becomes of it."""
    said = {"ru": words.ru, "en": words.en}
    session.add(news_of_document(subscription.portal_id, subscription.document, "payment_given_up", now, said=said))


def news_of_document(
    portal_id: int,
    document: str,
    what: Happening,
    now: datetime,
    *,
    call_id: int | None = None,
    said: Mapping[str, str] | None = None,
) -> News:
    """What no charge is behind: in words by language, or for its trigger alone."""
    return News(
        portal_id=portal_id,
        document=document,
        what=what,
        call_id=call_id,
        said=dict(said or {}),
        due_at=now,
        created_at=now,
    )


def note_news(
    session: Session,
    charge: Charge,
    what: Happening,
    now: datetime,
    *,
    attempt: ChargeAttempt | None = None,
    refund: Refund | None = None,
    transfer: BankTransfer | None = None,
    card: SavedCard | None = None,
    why: Refusal | None = None,
) -> None:
    session.add(
        News(
            portal_id=charge.portal_id,
            document=charge.document,
            what=what,
            charge_id=charge.id,
            call_id=attempt.call_id if attempt else None,
            attempt_id=attempt.id if attempt else None,
            refund_id=refund.id if refund else None,
            transfer_id=transfer.id if transfer else None,
            saved_card_id=card.id if card else None,
            said={"ru": why.ru, "en": why.en} if why else {},
            due_at=now,
            created_at=now,
        )
    )
