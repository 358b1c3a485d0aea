"""A charge's certificate: its key, its tries, the acquirer's ids, what was booked; all from the rows alone."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.ledger import hash_of
from calculations.money import Money
from storage.database import Database
from storage.model import Charge, ChargeAttempt, LedgerEntry, Portal, Refund, SavedCard, Terminal


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class AttemptLine(_Part):
    number: int
    order_number: str
    gateway: str
    card_mask: str
    state: str
    reason: str
    gateway_payment_id: str
    decline_code: str
    receipt_status: str
    sent_at: datetime | None
    paid_at: datetime | None
    settled_at: datetime | None
    next_look_up_at: datetime | None


class RefundLine(_Part):
    number: int
    refund_number: str
    amount: str
    state: str
    reason: str
    settled_at: datetime | None


class EntryLine(_Part):
    sequence: int
    event: str
    account: str
    amount: str
    created_at: datetime
    previous_hash: str
    hash: str


class Certificate(_Part):
    """Amounts are decimal text with the currency. `entries_unchanged`: every line's hash follows from its facts."""

    charge_id: int
    member_id: str
    key: str
    call_id: int | None
    document: str
    customer: str
    amount: str
    description: str
    state: str
    decline_code: str
    decline_kind: str
    next_attempt_at: datetime | None
    created_at: datetime
    settled_at: datetime | None
    attempts: list[AttemptLine]
    refunds: list[RefundLine]
    entries: list[EntryLine]
    entries_unchanged: bool


def read_certificate(database: Database, charge_id: int) -> Certificate | None:
    """None when there is no such charge."""
    with database.read() as session:
        charge = session.get(Charge, charge_id)
        if charge is None:
            return None
        entries = session.scalars(
            select(LedgerEntry).where(LedgerEntry.charge_id == charge_id).order_by(LedgerEntry.sequence)
        ).all()
        return Certificate(
            charge_id=charge.id,
            member_id=session.get_one(Portal, charge.portal_id).member_id,
            key=charge.key,
            call_id=charge.call_id,
            document=charge.document,
            customer=charge.customer,
            amount=str(Money(charge.amount, charge.currency)),
            description=charge.description,
            state=charge.state,
            decline_code=charge.decline_code,
            decline_kind=charge.decline_kind,
            next_attempt_at=charge.next_attempt_at,
            created_at=charge.created_at,
            settled_at=charge.settled_at,
            attempts=_attempts(session, charge_id),
            refunds=_refunds(session, charge_id),
            entries=[_entry(entry) for entry in entries],
            entries_unchanged=all(entry.hash == hash_of(entry) for entry in entries),
        )


def _attempts(session: Session, charge_id: int) -> list[AttemptLine]:
    query = (
        select(ChargeAttempt, Terminal, SavedCard)
        .join(Terminal, Terminal.id == ChargeAttempt.terminal_id)
        .join(SavedCard, SavedCard.id == ChargeAttempt.saved_card_id)
        .where(ChargeAttempt.charge_id == charge_id)
        .order_by(ChargeAttempt.number)
    )
    return [
        AttemptLine(
            number=attempt.number,
            order_number=attempt.order_number,
            gateway=f"{terminal.gateway}/{terminal.name}",
            card_mask=card.mask,
            state=attempt.state,
            reason=attempt.reason,
            gateway_payment_id=attempt.gateway_payment_id,
            decline_code=attempt.decline_code,
            receipt_status=attempt.receipt_status,
            sent_at=attempt.sent_at,
            paid_at=attempt.paid_at,
            settled_at=attempt.settled_at,
            next_look_up_at=attempt.look_up_at,
        )
        for attempt, terminal, card in session.execute(query)
    ]


def _refunds(session: Session, charge_id: int) -> list[RefundLine]:
    query = select(Refund).where(Refund.charge_id == charge_id).order_by(Refund.number)
    return [
        RefundLine(
            number=refund.number,
            refund_number=refund.refund_number,
            amount=str(Money(refund.amount, refund.currency)),
            state=refund.state,
            reason=refund.reason,
            settled_at=refund.settled_at,
        )
        for refund in session.scalars(query)
    ]


def _entry(entry: LedgerEntry) -> EntryLine:
    return EntryLine(
        sequence=entry.sequence,
        event=entry.event,
        account=entry.account,
        amount=str(Money(entry.amount, entry.currency)),
        created_at=entry.created_at,
        previous_hash=entry.previous_hash,
        hash=entry.hash,
    )
