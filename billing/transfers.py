"""Transfers booked: what one line of a statement is, written once, and taken back only by a reversing entry."""

from datetime import datetime
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billing.charge_rows import attempts_of, was_refused
from billing.ledger import book_transfer, book_transfer_back
from billing.news import note_news, note_settled
from billing.purpose import contract_in, documents_in
from billing.settlement import OPEN
from storage.model import BankTransfer, Charge, TransferBooking

Kind = Literal["charge", "credit"]


def is_being_charged(session: Session, charge: Charge) -> bool:
    """Whether a try is on its way: money taken by it and by a transfer would be taken twice."""
    return any(attempt.state in OPEN for attempt in attempts_of(session, charge))


def kind_for(transfer: BankTransfer, charge: Charge) -> Kind:
    """An unpaid charge of the very sum is paid by it; whatever else a client sends is their credit."""
    same = (transfer.amount, transfer.currency) == (charge.amount, charge.currency)
    return "charge" if same and charge.state != "succeeded" else "credit"


def book_from_client(
    session: Session, transfer: BankTransfer, charge: Charge, kind: Kind, rule: str, now: datetime
) -> TransferBooking:
    """The ledger, the charge and the transfer are held, in this order, and no try of the charge is on its way."""
    booking = _booking(session, transfer, kind, rule, now)
    booking.charge_id, booking.document = charge.id, charge.document
    session.add(booking)
    if kind == "charge":
        charge.state, charge.settled_at, charge.next_attempt_at = "succeeded", now, None
        charge.decline_code = charge.decline_kind = ""
        note_settled(session, charge, "payment_received", now, transfer=transfer)
    session.flush()
    book_transfer(session, transfer, booking, charge, now)
    return booking


def book_to_counterparty(
    session: Session, transfer: BankTransfer, inn: str, rule: str, now: datetime
) -> TransferBooking:
    """The ledger and the transfer are held, in this order."""
    booking = _booking(session, transfer, "counterparty", rule, now)
    documents = documents_in(transfer.purpose)
    booking.counterparty_inn = inn
    booking.document = documents.pop() if len(documents) == 1 else ""
    booking.contract = contract_in(transfer.purpose)
    session.add(booking)
    session.flush()
    book_transfer(session, transfer, booking, None, now)
    return booking


def take_back(session: Session, transfer: BankTransfer, booking: TransferBooking, now: datetime) -> None:
    """Undo a booking by its reverse; a charge that it paid is unpaid again. Rules leave the transfer alone from now on.
    The ledger, the charge and the transfer are held, in this order."""
    charge = session.get_one(Charge, booking.charge_id) if booking.charge_id else None
    booking.undone_at = now
    transfer.state, transfer.reason = "left", "its booking was taken back by an operator"
    if charge is not None and booking.kind == "charge":
        _unpay(session, charge)
        note_news(session, charge, "payment_taken_back", now, transfer=transfer)
    session.flush()
    book_transfer_back(session, transfer, booking, charge, now)


def standing_booking(session: Session, transfer_id: int) -> TransferBooking | None:
    return session.scalar(
        select(TransferBooking).where(TransferBooking.transfer_id == transfer_id, TransferBooking.undone_at.is_(None))
    )


def transfer_that_paid(session: Session, charge: Charge) -> BankTransfer | None:
    return session.scalar(
        select(BankTransfer)
        .join(TransferBooking, TransferBooking.transfer_id == BankTransfer.id)
        .where(
            TransferBooking.charge_id == charge.id,
            TransferBooking.kind == "charge",
            TransferBooking.undone_at.is_(None),
        )
    )


def _booking(session: Session, transfer: BankTransfer, kind: str, rule: str, now: datetime) -> TransferBooking:
    before = session.scalar(select(func.count()).where(TransferBooking.transfer_id == transfer.id)) or 0
    transfer.state, transfer.reason = "matched", ""
    return TransferBooking(
        portal_id=transfer.portal_id,
        transfer_id=transfer.id,
        number=before + 1,
        kind=kind,
        rule=rule,
        counterparty_inn="",
        document="",
        contract="",
        booked_at=now,
    )


def _unpay(session: Session, charge: Charge) -> None:
    """As it stood before: declined by its last refusal, cancelled by a person, or open; unless a try paid it too."""
    attempts = attempts_of(session, charge)
    if any(attempt.state == "succeeded" for attempt in attempts):
        return
    declined = next((attempt for attempt in reversed(attempts) if was_refused(attempt)), None)
    charge.state = "cancelled" if charge.cancelled_at else "open"
    charge.settled_at = charge.cancelled_at
    if declined:
        charge.state, charge.settled_at = "declined", declined.settled_at
        charge.decline_code, charge.decline_kind = declined.decline_code, declined.decline_kind
