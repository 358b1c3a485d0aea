"""A charge's certificate: its key, its tries, the acquirer's ids, what was booked; whoever holds it can check it."""

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import and_, not_, or_, select
from sqlalchemy.orm import Session

from billing.key import order_stem
from billing.ledger import (
    charge_event_of,
    facts_of,
    hash_of,
    hash_of_facts,
    refund_event_of,
    transfer_back_event_of,
    transfer_event_of,
)
from calculations.money import Money
from storage.database import Database
from storage.model import (
    BankTransfer,
    Charge,
    ChargeAttempt,
    Consent,
    LedgerEntry,
    Portal,
    ReceiptRow,
    Refund,
    SavedCard,
    Terminal,
    TransferBooking,
)

NOTHING_TAKEN = ("declined", "cancelled", "not_sent")  # a try's states


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class AttemptLine(_Part):
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


class TransferLine(_Part):
    """A bank transfer matched with the charge: `charge` paid it, `credit` is money of its client besides."""

    transfer_id: int
    number: int
    kind: str
    rule: str
    amount: str
    document_number: str
    booked_on: date
    payer: str
    undone_at: datetime | None


class ReceiptLine(_Part):
    kind: str
    number: str
    state: str
    reason: str
    gateway_receipt_id: str
    content: dict[str, Any]


class ConsentLine(_Part):
    card_mask: str
    how: str
    source: str
    given_at: datetime
    text_version: str
    words: str
    withdrawn_at: datetime | None


class EntryLine(_Part):
    """`facts` are what the hash is made from: SHA-256 of them as compact JSON."""

    sequence: int
    event: str
    account: str
    amount: str
    created_at: datetime
    facts: list[str | int | None]
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
    transfers: list[TransferLine] = []
    receipts: list[ReceiptLine]
    consents: list[ConsentLine]
    entries: list[EntryLine]
    entries_unchanged: bool


def problems_of(certificate: Certificate) -> list[str]:
    """What is wrong with a certificate, judged by itself alone; [] for a sound one."""
    found: list[str] = []
    sums: dict[str, int] = {}
    for entry in certificate.entries:
        if hash_of_facts(entry.facts) != entry.hash or entry.facts[0] != entry.previous_hash:
            found.append(f"line {entry.sequence} has another hash than its facts")
        if not _says_its_facts(entry, certificate):
            found.append(f"line {entry.sequence} says something else than its facts")
        sums[entry.event] = sums.get(entry.event, 0) + int(entry.facts[5] or 0)
    found += [f"the lines of {event} add up to {total}, not to 0" for event, total in sums.items() if total]
    moved = {charge_event_of(certificate.charge_id, one.number) for one in certificate.attempts if _took(one)}
    moved |= {refund_event_of(certificate.charge_id, one.number) for one in certificate.refunds if _took(one)}
    moved |= {transfer_event_of(one.transfer_id, one.number) for one in certificate.transfers}
    moved |= {transfer_back_event_of(one.transfer_id, one.number) for one in certificate.transfers if one.undone_at}
    found += [f"{event} is not booked" for event in sorted(moved - sums.keys())]
    found += [f"{event} is booked and is no money of this charge" for event in sorted(sums.keys() - moved)]
    told = _amounts_told(certificate)
    found += [
        f"{event} is booked with other sums than are told of it"
        for event, amounts in _amounts_booked(certificate).items()
        if amounts != {told.get(event), _negative(told.get(event))} and event in moved
    ]
    stem = order_stem(certificate.member_id, certificate.key)
    found += [
        f"order {one.order_number} does not follow from the portal and the key"
        for one in certificate.attempts
        if one.order_number.rpartition("-")[0] != stem
    ]
    return found


def _says_its_facts(entry: EntryLine, certificate: Certificate) -> bool:
    _, _, sequence, event, account, minor, currency, document, charge_id, created_at = entry.facts
    money = str(Money(int(minor or 0), str(currency)))
    told = (entry.sequence, entry.event, entry.account, entry.amount, certificate.document, certificate.charge_id)
    moment = datetime.fromisoformat(str(created_at))
    return told == (sequence, event, account, money, document, charge_id) and entry.created_at == moment


def _amounts_told(certificate: Certificate) -> dict[str, str]:
    """What each event has moved, by what the certificate says of the charge, its refunds and its transfers."""
    charge_id = certificate.charge_id
    told = {charge_event_of(charge_id, one.number): certificate.amount for one in certificate.attempts}
    told |= {refund_event_of(charge_id, one.number): one.amount for one in certificate.refunds}
    told |= {transfer_event_of(one.transfer_id, one.number): one.amount for one in certificate.transfers}
    told |= {transfer_back_event_of(one.transfer_id, one.number): one.amount for one in certificate.transfers}
    return told


def _amounts_booked(certificate: Certificate) -> dict[str, set[str | None]]:
    booked: dict[str, set[str | None]] = {}
    for entry in certificate.entries:
        booked.setdefault(entry.event, set()).add(entry.amount)
    return booked


def _negative(amount: str | None) -> str | None:
    return f"-{amount}" if amount else None


def _took(line: AttemptLine | RefundLine) -> bool:
    return line.state == "succeeded"


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
            transfers=_transfers(session, charge_id),
            receipts=_receipts(session, charge_id),
            consents=_consents(session, charge),
            entries=[_entry(entry) for entry in entries],
            entries_unchanged=all(entry.hash == hash_of(entry) for entry in entries),
        )


def _attempts(session: Session, charge_id: int) -> list[AttemptLine]:
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


def _transfers(session: Session, charge_id: int) -> list[TransferLine]:
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
            undone_at=booking.undone_at,
        )
        for booking, transfer in session.execute(query)
    ]


def _receipts(session: Session, charge_id: int) -> list[ReceiptLine]:
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


def _consents(session: Session, charge: Charge) -> list[ConsentLine]:
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


def _entry(entry: LedgerEntry) -> EntryLine:
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
