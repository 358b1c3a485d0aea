"""The lines of a charge's certificate: what each one tells, and the rows it is told from."""

from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict
from sqlalchemy import ColumnElement, Table, and_, not_, or_, select
from sqlalchemy.orm import Session

from billing.ledger import Facts, facts_of
from calculations.money import Money
from storage.model import (
    BankTransfer,
    Base,
    Charge,
    ChargeAttempt,
    Consent,
    LedgerEntry,
    ReceiptRow,
    Refund,
    SavedCard,
    Terminal,
    TransferBooking,
)

NOTHING_TAKEN = ("declined", "cancelled", "not_sent")  # a try's states


def _as_printed(text: str) -> str:
    if str(Money.parse(text)) != text:
        raise ValueError("an amount is written as 25000.00 RUB")
    return text


Amount = Annotated[str, AfterValidator(_as_printed)]


class Part(BaseModel):
    """As it was printed, to the letter: what is of another shape, or has more in it, is no certificate."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class AttemptLine(Part):
    number: int
    order_number: str
    gateway: str
    method: str
    asked_by: str
    card_mask: str
    state: str
    reason: str
    gateway_payment_id: str
    decline_code: str
    receipt_status: str
    sent_at: AwareDatetime | None
    paid_at: AwareDatetime | None
    settled_at: AwareDatetime | None
    next_look_up_at: AwareDatetime | None


class RefundLine(Part):
    number: int
    refund_number: str
    gateway: str
    amount: Amount
    state: str
    reason: str
    settled_at: AwareDatetime | None


class TransferLine(Part):
    """A bank transfer matched with the charge: `charge` paid it, `credit` is money of its client besides."""

    transfer_id: int
    number: int
    kind: str
    rule: str
    amount: Amount
    document_number: str
    booked_on: date
    payer: str
    booked_at: AwareDatetime
    undone_at: AwareDatetime | None


class ReceiptLine(Part):
    kind: str
    number: str
    state: str
    reason: str
    gateway_receipt_id: str
    content: dict[str, Any]


class ConsentLine(Part):
    card_mask: str
    how: str
    source: str
    given_at: AwareDatetime
    text_version: str
    words: str
    withdrawn_at: AwareDatetime | None


class EntryLine(Part):
    """`facts` are what the hash is made from: SHA-256 of them as compact JSON."""

    sequence: int
    event: str
    account: str
    amount: Amount
    created_at: AwareDatetime
    facts: Facts
    previous_hash: str
    hash: str


def rows_of(charge_id: int) -> list[tuple[Table, ColumnElement[bool]]]:
    """The rows that a charge's money is told from."""
    tables = Base.metadata.tables
    charges, transfers, bookings = tables["charges"], tables["bank_transfers"], tables["transfer_bookings"]
    booked = select(bookings.c.transfer_id).where(bookings.c.charge_id == charge_id)
    beside = [tables[name] for name in ("charge_attempts", "refunds", "receipts", "transfer_bookings")]
    return [
        (charges, charges.c.id == charge_id),
        *((table, table.c.charge_id == charge_id) for table in beside),
        (transfers, transfers.c.id.in_(booked)),
    ]


def attempt_lines(session: Session, charge_id: int) -> list[AttemptLine]:
    query = (
        select(ChargeAttempt, Terminal, SavedCard)
        .join(Terminal, Terminal.id == ChargeAttempt.terminal_id)
        .outerjoin(SavedCard, SavedCard.id == ChargeAttempt.saved_card_id)
        .where(ChargeAttempt.charge_id == charge_id)
        .order_by(ChargeAttempt.number)
    )
    return [
        AttemptLine(
            number=attempt.number,
            order_number=attempt.order_number,
            gateway=f"{terminal.gateway}/{terminal.name}",
            method=attempt.method,
            asked_by=attempt.asked_by,
            card_mask=card.mask if card else "",
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


def refund_lines(session: Session, charge_id: int) -> list[RefundLine]:
    query = (
        select(Refund, Terminal)
        .join(ChargeAttempt, ChargeAttempt.id == Refund.attempt_id)
        .join(Terminal, Terminal.id == ChargeAttempt.terminal_id)
        .where(Refund.charge_id == charge_id)
        .order_by(Refund.number)
    )
    return [
        RefundLine(
            number=refund.number,
            refund_number=refund.refund_number,
            gateway=f"{terminal.gateway}/{terminal.name}",
            amount=str(Money(refund.amount, refund.currency)),
            state=refund.state,
            reason=refund.reason,
            settled_at=refund.settled_at,
        )
        for refund, terminal in session.execute(query)
    ]


def transfer_lines(session: Session, charge_id: int) -> list[TransferLine]:
    query = (
        select(TransferBooking, BankTransfer)
        .join(BankTransfer, BankTransfer.id == TransferBooking.transfer_id)
        .where(TransferBooking.charge_id == charge_id)
        .order_by(TransferBooking.id)
    )
    return [
        TransferLine(
            transfer_id=transfer.id,
            number=booking.number,
            kind=booking.kind,
            rule=booking.rule,
            amount=str(Money(transfer.amount, transfer.currency)),
            document_number=transfer.number,
            booked_on=transfer.booked_on,
            payer=transfer.counterparty_name,
            booked_at=booking.booked_at,
            undone_at=booking.undone_at,
        )
        for booking, transfer in session.execute(query)
    ]


def receipt_lines(session: Session, charge_id: int) -> list[ReceiptLine]:
    """Without those that nothing was taken for."""
    unmade = and_(ReceiptRow.state == "planned", ReceiptRow.kind == "payment", ChargeAttempt.state.in_(NOTHING_TAKEN))
    query = (
        select(ReceiptRow)
        .join(ChargeAttempt, ChargeAttempt.id == ReceiptRow.attempt_id)
        .where(ReceiptRow.charge_id == charge_id, not_(unmade))
        .order_by(ReceiptRow.id)
    )
    return [
        ReceiptLine(
            kind=row.kind,
            number=row.number,
            state=row.state,
            reason=row.reason,
            gateway_receipt_id=row.gateway_receipt_id,
            content=row.content,
        )
        for row in session.scalars(query)
    ]


def consent_lines(session: Session, charge: Charge) -> list[ConsentLine]:
    """Of the saved cards that were tried: by what right they were; and what the payer agreed to with this payment."""
    cards = select(ChargeAttempt.saved_card_id).where(ChargeAttempt.charge_id == charge.id)
    given_here = Consent.evidence["charge"].as_string() == str(charge.id)
    query = (
        select(Consent, SavedCard)
        .join(SavedCard, SavedCard.id == Consent.saved_card_id)
        .where(Consent.portal_id == charge.portal_id, or_(Consent.saved_card_id.in_(cards), given_here))
        .order_by(Consent.id)
    )
    return [
        ConsentLine(
            card_mask=card.mask,
            how=consent.how,
            source=consent.source,
            given_at=consent.given_at,
            text_version=consent.text_version,
            words=consent.words,
            withdrawn_at=consent.withdrawn_at,
        )
        for consent, card in session.execute(query)
    ]


def entry_line(entry: LedgerEntry) -> EntryLine:
    return EntryLine(
        sequence=entry.sequence,
        event=entry.event,
        account=entry.account,
        amount=str(Money(entry.amount, entry.currency)),
        created_at=entry.created_at,
        facts=facts_of(entry),
        previous_hash=entry.previous_hash,
        hash=entry.hash,
    )
