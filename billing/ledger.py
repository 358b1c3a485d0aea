"""The ledger: append-only double entry in minor units, each line chained to the one before by its hash."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from billing.ledger_lines import Unreadable, read_lines
from billing.unreadable import NOT_LOADED
from storage.database import Database
from storage.model import (
    BankTransfer,
    Charge,
    ChargeAttempt,
    LedgerCheck,
    LedgerEntry,
    Portal,
    Refund,
    Terminal,
    TransferBooking,
)

BEGINNING = "0" * 64


class Facts(NamedTuple):
    """What a line's hash is made from, in this order; the amount in minor units."""

    previous_hash: str
    portal_id: int
    sequence: int
    event: str
    account: str
    amount: int
    currency: str
    document: str
    charge_id: int | None
    created_at: str


@dataclass(frozen=True, slots=True)
class LedgerReport:
    """What a check found: how much there is, each account's balance by portal, and every disagreement in words.

    A line that cannot be read is counted, is a problem, and is in no balance.
    """

    entries: int
    balances: Mapping[str, int]
    problems: Sequence[str]

    @property
    def sound(self) -> bool:
        return not self.problems


def hold_ledger(session: Session, portal_id: int) -> None:
    """One writer of a portal's chain at a time. To be called before anything else is held, so that no two wait for
    each other: whoever changes a portal and then its charges (an uninstall) takes them in this order."""
    session.get_one(Portal, portal_id, with_for_update={"key_share": True})


def book_charge(session: Session, charge: Charge, attempt: ChargeAttempt, now: datetime) -> None:
    """The acquirer owes us what the customer paid. The ledger is held."""
    lines = _lines(session, attempt, charge, attempt.amount)
    _book(session, _Subject.of(charge), charge_event(attempt), lines, now)


def book_refund(session: Session, charge: Charge, attempt: ChargeAttempt, refund: Refund, now: datetime) -> None:
    lines = _lines(session, attempt, charge, -refund.amount)
    _book(session, _Subject.of(charge), refund_event(refund), lines, now)


def book_transfer(
    session: Session, transfer: BankTransfer, booking: TransferBooking, charge: Charge | None, now: datetime
) -> None:
    """Money of a bank account of ours: from a client, for a charge or as a credit, or to a counterparty."""
    figures = _figures_of_transfer(transfer, booking, charge)
    subject = _Subject(transfer.portal_id, transfer.currency, booking.document, booking.charge_id)
    event = transfer_event_of(transfer.id, booking.number)
    _book(session, subject, event, [(account, amount) for (account, *_), amount in figures.items()], now)


def book_transfer_back(
    session: Session, transfer: BankTransfer, booking: TransferBooking, charge: Charge | None, now: datetime
) -> None:
    """The same with every sign turned: what was booked stays, and comes to nothing."""
    figures = _figures_of_transfer(transfer, booking, charge)
    subject = _Subject(transfer.portal_id, transfer.currency, booking.document, booking.charge_id)
    event = transfer_back_event_of(transfer.id, booking.number)
    _book(session, subject, event, [(account, -amount) for (account, *_), amount in figures.items()], now)


def charge_event(attempt: ChargeAttempt) -> str:
    return charge_event_of(attempt.charge_id, attempt.number)


def charge_event_of(charge_id: int, number: int) -> str:
    """The event of a charge's try of this number."""
    return f"charge:{charge_id}:{number}"


def refund_event(refund: Refund) -> str:
    return refund_event_of(refund.charge_id, refund.number)


def refund_event_of(charge_id: int, number: int) -> str:
    return f"refund:{charge_id}:{number}"


def transfer_event_of(transfer_id: int, number: int) -> str:
    """The event of a transfer's booking of this number."""
    return f"transfer:{transfer_id}:{number}"


def transfer_back_event_of(transfer_id: int, number: int) -> str:
    """The event that takes it back."""
    return f"transfer:{transfer_id}:{number}:back"


@dataclass(frozen=True, slots=True)
class _Subject:
    """What the lines of one event are about."""

    portal_id: int
    currency: str
    document: str
    charge_id: int | None

    @classmethod
    def of(cls, charge: Charge) -> "_Subject":
        return cls(charge.portal_id, charge.currency, charge.document, charge.id)


def _lines(session: Session, attempt: ChargeAttempt, charge: Charge, amount: int) -> list[tuple[str, int]]:
    terminal = session.get_one(Terminal, attempt.terminal_id)
    return [(f"acquirer:{terminal.gateway}/{terminal.name}", amount), (f"customer:{charge.customer}", -amount)]


def _book(session: Session, subject: _Subject, event: str, lines: Sequence[tuple[str, int]], now: datetime) -> None:
    last = session.scalars(
        select(LedgerEntry)
        .where(LedgerEntry.portal_id == subject.portal_id)
        .order_by(LedgerEntry.sequence.desc())
        .limit(1)
    ).first()
    sequence, previous_hash = (last.sequence, last.hash) if last else (0, BEGINNING)
    for account, amount in lines:
        sequence += 1
        entry = LedgerEntry(
            portal_id=subject.portal_id,
            sequence=sequence,
            event=event,
            account=account,
            amount=amount,
            currency=subject.currency,
            document=subject.document,
            charge_id=subject.charge_id,
            created_at=now,
            previous_hash=previous_hash,
        )
        entry.hash = previous_hash = hash_of(entry)
        session.add(entry)
    session.flush()


def hash_of(entry: LedgerEntry) -> str:
    """SHA-256 over the line's facts and the hash before it, as compact JSON; a certificate can be checked by hand."""
    return hash_of_facts(facts_of(entry))


def hash_of_facts(facts: Sequence[object]) -> str:
    return hashlib.sha256(json.dumps(facts, ensure_ascii=True, separators=(",", ":")).encode()).hexdigest()


def facts_of(entry: LedgerEntry) -> Facts:
    return Facts(
        entry.previous_hash,
        entry.portal_id,
        entry.sequence,
        entry.event,
        entry.account,
        entry.amount,
        entry.currency,
        entry.document,
        entry.charge_id,
        moment_of(entry.created_at),
    )


def moment_of(moment: datetime) -> str:
    """As it stands among a line's facts."""
    return moment.astimezone(UTC).isoformat()


def check_ledger(database: Database) -> LedgerReport:
    """Prove sums, chain, and ledger = charges and transfers, for every portal and for lines of none."""
    problems: list[str] = []
    balances: dict[str, int] = {}
    with database.snapshot() as session:
        count = session.scalar(select(func.count()).select_from(LedgerEntry)) or 0
        problems += _lines_gone(session, count)
        portals = set(session.scalars(select(Portal.id)))
        told = [select(one.portal_id) for one in (LedgerEntry, ChargeAttempt, Refund, TransferBooking)]
        for portal_id in session.scalars(select(Portal.id).union(*told).order_by("id")).all():
            lines = read_lines(session, LedgerEntry.portal_id == portal_id)
            if portal_id not in portals:
                problems.append(
                    f"portal {portal_id}: there is no such portal, and the ledger has {len(lines)} lines of it"
                )
            problems += _chain_problems(portal_id, lines)
            entries = [line for line in lines if isinstance(line, LedgerEntry)]
            problems += _event_problems(session, portal_id, entries)
            for entry in entries:
                name = f"portal {portal_id}: {entry.account}, {entry.currency}"
                balances[name] = balances.get(name, 0) + entry.amount
        problems += _double_charges(session) + _unexplained(session)
    return LedgerReport(count, balances, problems)


def _lines_gone(session: Session, count: int) -> list[str]:
    """Held against the most that any check has counted: the last one may have counted what was left already. It is no
    more than a hint: new lines make up the number."""
    checks = select(LedgerCheck.entries, LedgerCheck.checked_at).where(LedgerCheck.entries > count)
    most = session.execute(checks.order_by(LedgerCheck.entries.desc(), LedgerCheck.id).limit(1)).first()
    if most is None:
        return []
    return [f"the ledger has {count} lines, and had {most.entries} when it was checked at {moment_of(most.checked_at)}"]


def _chain_problems(portal_id: int, lines: Sequence[LedgerEntry | Unreadable]) -> list[str]:
    """After a line that cannot be read, the next is judged by its own hash alone."""
    problems = [
        f"portal {portal_id}: the line of id {line.id} has what cannot be read as its {line.column}: left out"
        for line in lines
        if isinstance(line, Unreadable)
    ]
    previous_hash: str | None = BEGINNING
    for place, line in enumerate(lines, start=1):
        if isinstance(line, Unreadable):
            previous_hash = None
            continue
        if line.sequence != place:
            return [*problems, f"portal {portal_id}: line {place} is missing, the next one is {line.sequence}"]
        if previous_hash not in (None, line.previous_hash) or line.hash != hash_of(line):
            problems.append(f"portal {portal_id}: line {place} ({line.event}) was changed after it was written")
        previous_hash = line.hash
    return problems


Figures = dict[tuple[str, str, str, int | None], int]  # account, currency, document, charge's id -> minor units


def _events_expected(session: Session, portal_id: int) -> dict[str, Figures]:
    """What must have been booked, from the charges' own rows."""
    expected: dict[str, Figures] = {}
    charges = select(ChargeAttempt, Charge, Terminal).join(Charge, Charge.id == ChargeAttempt.charge_id)
    charges = charges.join(Terminal, Terminal.id == ChargeAttempt.terminal_id)
    taken = charges.where(ChargeAttempt.portal_id == portal_id, ChargeAttempt.state == "succeeded")
    for attempt, charge, terminal in session.execute(taken):
        expected[charge_event(attempt)] = _figures(terminal, charge, attempt.amount)
    refunds = select(Refund, Charge, Terminal).join(ChargeAttempt, ChargeAttempt.id == Refund.attempt_id)
    refunds = refunds.join(Charge, Charge.id == Refund.charge_id).join(
        Terminal, Terminal.id == ChargeAttempt.terminal_id
    )
    given = refunds.where(Refund.portal_id == portal_id, Refund.state == "succeeded")
    for refund, charge, terminal in session.execute(given):
        expected[refund_event(refund)] = _figures(terminal, charge, -refund.amount)
    booked = select(TransferBooking, BankTransfer, Charge).join(
        BankTransfer, BankTransfer.id == TransferBooking.transfer_id
    )
    booked = booked.outerjoin(Charge, Charge.id == TransferBooking.charge_id)
    for booking, transfer, charge in session.execute(booked.where(TransferBooking.portal_id == portal_id)):
        figures = _figures_of_transfer(transfer, booking, charge)
        expected[transfer_event_of(transfer.id, booking.number)] = figures
        if booking.undone_at:
            back = {place: -amount for place, amount in figures.items()}
            expected[transfer_back_event_of(transfer.id, booking.number)] = back
    return expected


def _figures(terminal: Terminal, charge: Charge, amount: int) -> Figures:
    about = (charge.currency, charge.document, charge.id)
    return {
        (f"acquirer:{terminal.gateway}/{terminal.name}", *about): amount,
        (f"customer:{charge.customer}", *about): -amount,
    }


def _figures_of_transfer(transfer: BankTransfer, booking: TransferBooking, charge: Charge | None) -> Figures:
    """A client's second payment of a charge is their credit: it stands apart from what was paid for charges."""
    amount = transfer.amount if transfer.direction == "in" else -transfer.amount
    other = f"counterparty:{booking.counterparty_inn}"
    if charge is not None:
        other = f"{'credit' if booking.kind == 'credit' else 'customer'}:{charge.customer}"
    about = (transfer.currency, booking.document, booking.charge_id)
    return {(f"bank:{transfer.account}", *about): amount, (other, *about): -amount}


def _event_problems(session: Session, portal_id: int, entries: Sequence[LedgerEntry]) -> list[str]:
    try:
        expected = _events_expected(session, portal_id)
    except NOT_LOADED:
        what = "a row of its charges, refunds or transfers"
        return [f"portal {portal_id}: {what} cannot be read: no event was held against them"]
    booked: dict[str, Figures] = {}
    for entry in entries:
        place = (entry.account, entry.currency, entry.document, entry.charge_id)
        booked.setdefault(entry.event, {})[place] = entry.amount
    problems = [f"portal {portal_id}: {event} is not in the ledger" for event in expected.keys() - booked.keys()]
    for event, figures in booked.items():
        if sum(figures.values()) != 0:
            problems.append(f"portal {portal_id}: the lines of {event} add up to {sum(figures.values())}, not to 0")
        if event not in expected:
            problems.append(f"portal {portal_id}: {event} is booked, but no such money moved by our own rows")
        elif figures != expected[event]:
            problems.append(f"portal {portal_id}: {event} is booked with other figures than its row has")
    return sorted(problems)


def _double_charges(session: Session) -> list[str]:
    """By money that stands: a try that was given back whole is put right."""
    given_back = select(func.coalesce(func.sum(Refund.amount), 0)).where(
        Refund.attempt_id == ChargeAttempt.id, Refund.state == "succeeded"
    )
    by_card = select(ChargeAttempt.charge_id).where(
        ChargeAttempt.state == "succeeded", ChargeAttempt.amount > given_back.scalar_subquery()
    )
    taken = by_card.union_all(_paid_by_transfer()).subquery()
    twice = select(taken.c.charge_id).group_by(taken.c.charge_id).having(func.count() > 1).order_by(taken.c.charge_id)
    return [f"charge {charge_id} was taken more than once: refund one try" for charge_id in session.scalars(twice)]


def _unexplained(session: Session) -> list[str]:
    """Charges called paid that nothing paid, or the other way round; tries that deny their charge or what was given
    back of them; refunds that deny their try; transfers that deny their bookings."""
    by_card = select(ChargeAttempt.charge_id).where(ChargeAttempt.state == "succeeded")
    paid = by_card.union(_paid_by_transfer())
    called_paid = select(Charge.id).where(Charge.state == "succeeded", Charge.id.not_in(paid))
    not_called = select(Charge.id).where(Charge.state != "succeeded", Charge.id.in_(paid))
    standing = select(TransferBooking.transfer_id).where(TransferBooking.undone_at.is_(None))
    matched = BankTransfer.state == "matched"
    other_figures = (
        select(ChargeAttempt.order_number)
        .join(Charge, Charge.id == ChargeAttempt.charge_id)
        .where(
            or_(
                ChargeAttempt.amount != Charge.amount,
                ChargeAttempt.currency != Charge.currency,
                ChargeAttempt.portal_id != Charge.portal_id,
            )
        )
    )
    given_back = select(func.sum(Refund.amount)).where(
        Refund.attempt_id == ChargeAttempt.id, Refund.state == "succeeded"
    )
    too_much = select(ChargeAttempt.order_number).where(given_back.scalar_subquery() > ChargeAttempt.amount)
    denied = (
        select(Refund.refund_number)
        .join(ChargeAttempt, ChargeAttempt.id == Refund.attempt_id)
        .where(
            or_(
                Refund.charge_id != ChargeAttempt.charge_id,
                Refund.currency != ChargeAttempt.currency,
                Refund.portal_id != ChargeAttempt.portal_id,
            )
        )
    )
    unpaid = (
        select(Refund.refund_number)
        .join(ChargeAttempt, ChargeAttempt.id == Refund.attempt_id)
        .where(Refund.state == "succeeded", ChargeAttempt.state != "succeeded")
    )
    apart = select(BankTransfer.id).where(matched != BankTransfer.id.in_(standing))
    elsewhere = (
        select(BankTransfer.id)
        .join(TransferBooking, TransferBooking.transfer_id == BankTransfer.id)
        .where(TransferBooking.portal_id != BankTransfer.portal_id)
        .distinct()
    )
    return [
        *(
            f"charge {one} is called paid, and neither a try nor a transfer paid it"
            for one in session.scalars(called_paid)
        ),
        *(f"charge {one} was paid and is not called so" for one in session.scalars(not_called)),
        *(f"order {one} was of other figures than its charge" for one in session.scalars(other_figures)),
        *(f"more of order {one} was given back than paid" for one in session.scalars(too_much)),
        *(f"refund {one} is of other figures than its order" for one in session.scalars(denied)),
        *(f"refund {one} is of an order that was not paid" for one in session.scalars(unpaid)),
        *(f"transfer {one} has another state than its bookings say" for one in session.scalars(apart)),
        *(f"transfer {one} is of another portal than its booking" for one in session.scalars(elsewhere)),
    ]


def _paid_by_transfer() -> Select[int | None]:
    return select(TransferBooking.charge_id).where(
        TransferBooking.kind == "charge", TransferBooking.undone_at.is_(None)
    )
