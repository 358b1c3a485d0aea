"""A charge's certificate: its key, its tries, the acquirer's ids, what was booked; whoever holds it can check it.

It bears a seal over all of it, which needs no secret and is no signature: docs/decisions/seal-without-a-secret.md.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from pydantic import AwareDatetime
from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.certificate_lines import (
    Amount,
    AttemptLine,
    ConsentLine,
    EntryLine,
    Part,
    ReceiptLine,
    RefundLine,
    TransferLine,
    attempt_lines,
    consent_lines,
    entry_line,
    receipt_lines,
    refund_lines,
    rows_of,
    transfer_lines,
)
from billing.fiscal import restored
from billing.key import order_stem
from billing.ledger import (
    charge_event_of,
    hash_of,
    hash_of_facts,
    moment_of,
    refund_event_of,
    transfer_back_event_of,
    transfer_event_of,
)
from billing.ledger_lines import read_lines
from billing.unreadable import NOT_LOADED, RowUnreadable, unreadable_row
from calculations.money import Money
from calculations.refusal import Refusal
from storage.database import Database
from storage.model import Charge, LedgerEntry, Portal


class Certificate(Part):
    """Amounts are decimal text with the currency. `entries_unchanged`: every line's hash follows from its facts, and
    none was left out because it cannot be read (`ledger check` names it)."""

    charge_id: int
    member_id: str
    key: str
    call_id: int | None
    document: str
    customer: str
    amount: Amount
    description: str
    state: str
    decline_code: str
    decline_kind: str
    next_attempt_at: AwareDatetime | None
    created_at: AwareDatetime
    settled_at: AwareDatetime | None
    cancelled_at: AwareDatetime | None = None  # certificates of before cancelling say nothing of it
    attempts: list[AttemptLine]
    refunds: list[RefundLine]
    transfers: list[TransferLine]
    receipts: list[ReceiptLine]
    consents: list[ConsentLine]
    entries: list[EntryLine]
    entries_unchanged: bool
    seal: str = ""


def sealed(certificate: Certificate) -> Certificate:
    return certificate.model_copy(update={"seal": _seal_of(certificate)})


def _seal_of(certificate: Certificate) -> str:
    """SHA-256 over everything that is written but the seal, as compact JSON with its keys in order."""
    content = certificate.model_dump(mode="json", exclude={"seal"}, exclude_unset=True)
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def problems_of(certificate: Certificate) -> list[str]:
    """What is wrong with a certificate, judged by itself alone; [] for a sound one, if it is sealed: notices_of."""
    checks: Sequence[Callable[[Certificate], Iterator[str]]] = (
        _seal_problems,
        _line_problems,
        _booking_problems,
        _outcome_problems,
        _number_problems,
        _receipt_problems,
    )
    return [problem for check in checks for problem in check(certificate)]


def notices_of(certificate: Certificate) -> list[str]:
    """What could not be judged; [] for one with a seal. Who took a seal out makes a certificate no sounder by it."""
    if certificate.seal:
        return []
    return ["it is not sealed: printed before seals, or its seal was taken out; only its lines can be checked"]


def _seal_problems(certificate: Certificate) -> Iterator[str]:
    if certificate.seal and certificate.seal != _seal_of(certificate):
        yield "the seal is not that of what is written here: something was changed after it was printed"


def _line_problems(certificate: Certificate) -> Iterator[str]:
    """Each line by its facts, and after the one before."""
    for entry in certificate.entries:
        if not _has_its_hash(entry):
            yield f"line {entry.sequence} has another hash than its facts"
        if not _says_its_facts(entry, certificate):
            yield f"line {entry.sequence} says something else than its facts"
    for before, after in pairwise(certificate.entries):
        next_to_it = after.sequence == before.sequence + 1
        if after.sequence <= before.sequence or (next_to_it and after.previous_hash != before.hash):
            yield f"line {after.sequence} does not follow line {before.sequence}"
    unchanged = all(map(_has_its_hash, certificate.entries))
    if certificate.entries_unchanged is not unchanged:
        said, are = ("unchanged", "are not") if not unchanged else ("changed", "are")
        yield f"it calls its lines {said}, and they {are} as they were written"


def _has_its_hash(entry: EntryLine) -> bool:
    return hash_of_facts(entry.facts) == entry.hash and entry.facts.previous_hash == entry.previous_hash


def _says_its_facts(entry: EntryLine, certificate: Certificate) -> bool:
    facts = entry.facts
    told = (entry.sequence, entry.event, entry.account, certificate.document, certificate.charge_id)
    return (
        told == (facts.sequence, facts.event, facts.account, facts.document, facts.charge_id)
        and entry.amount == _money(facts.amount, facts.currency)
        and _moment(entry.created_at) == facts.created_at
    )


def _money(minor: int, currency: str) -> str:
    """Empty for a currency that there is not."""
    try:
        return str(Money(minor, currency))
    except Refusal:
        return ""


def _moment(moment: datetime) -> str | None:
    """None where it is on no day of the calendar in UTC, in which facts are written."""
    try:
        return moment_of(moment)
    except OverflowError:
        return None


@dataclass(frozen=True, slots=True)
class _Movement:
    """What has to be booked under an event: two accounts with their sums, and when."""

    sides: Sequence[tuple[str, str]]
    at: datetime | None


def _booking_problems(certificate: Certificate) -> Iterator[str]:
    """What is booked beside what is told of tries, refunds and transfers."""
    booked: dict[str, list[EntryLine]] = {}
    for entry in certificate.entries:
        booked.setdefault(entry.event, []).append(entry)
    for event, lines in booked.items():
        if total := sum(line.facts.amount for line in lines):
            yield f"the lines of {event} add up to {total}, not to 0"
    told = _movements(certificate)
    yield from (f"{event} is not booked" for event in sorted(told.keys() - booked.keys()))
    yield from (f"{event} is booked and is no money of this charge" for event in sorted(booked.keys() - told.keys()))
    for event in sorted(told.keys() & booked.keys()):
        if sorted((_side(line.account), line.amount) for line in booked[event]) != sorted(told[event].sides):
            yield f"{event} is booked with other sums or accounts than are told of it"
        if any(line.created_at != told[event].at for line in booked[event]):
            yield f"{event} is booked at another moment than is told of it"


def _movements(certificate: Certificate) -> Mapping[str, _Movement]:
    """By their events."""
    charge_id, client = certificate.charge_id, f"customer:{certificate.customer}"
    moved = {
        charge_event_of(charge_id, one.number): _Movement(
            _sides(f"acquirer:{one.gateway}", client, certificate.amount), one.settled_at
        )
        for one in certificate.attempts
        if _took(one)
    }
    moved |= {
        refund_event_of(charge_id, one.number): _Movement(
            _sides(client, f"acquirer:{one.gateway}", one.amount), one.settled_at
        )
        for one in certificate.refunds
        if _took(one)
    }
    for one in certificate.transfers:
        theirs = client if one.kind == "charge" else f"credit:{certificate.customer}"
        moved[transfer_event_of(one.transfer_id, one.number)] = _Movement(
            _sides("bank", theirs, one.amount), one.booked_at
        )
        if one.undone_at:
            moved[transfer_back_event_of(one.transfer_id, one.number)] = _Movement(
                _sides(theirs, "bank", one.amount), one.undone_at
            )
    return moved


def _sides(to: str, by: str, amount: str) -> Sequence[tuple[str, str]]:
    return ((to, amount), (by, f"-{amount}"))


def _side(account: str) -> str:
    """To which of our bank accounts a transfer came is told by the ledger alone."""
    return "bank" if account.startswith("bank:") else account


def _took(line: AttemptLine | RefundLine) -> bool:
    return line.state == "succeeded"


def _order_of(refund: RefundLine) -> str:
    return refund.refund_number.rpartition("-R")[0]


def _outcome_problems(certificate: Certificate) -> Iterator[str]:
    """The charge's state by what paid it, a moment of payment by its try. That moment is the acquirer's own word, from
    another clock: no moment here contradicts it."""
    paid = [one.settled_at for one in certificate.attempts if _took(one)]
    by_transfer = [one for one in certificate.transfers if one.kind == "charge"]
    if (certificate.state == "succeeded") is not bool(paid or any(not one.undone_at for one in by_transfer)):
        yield f"it is called {certificate.state}, which what is told of its money denies"
    elif certificate.state == "succeeded" and certificate.settled_at not in (
        *paid,
        *(one.booked_at for one in by_transfer),
    ):
        yield "nothing that pays it was booked at the moment at which it is said to have been settled"
    for one in certificate.attempts:
        if _took(one) is not bool(one.paid_at):
            yield f"try {one.number} is {one.state} and has {'a' if one.paid_at else 'no'} moment of payment"
    kept: dict[str, int] = {}
    for entry in certificate.entries:
        kept[entry.account] = kept.get(entry.account, 0) + entry.facts.amount
    yield from (
        f"more was given back by {account} than taken"
        for account, minor in kept.items()
        if account.startswith("acquirer:") and minor < 0
    )


def _number_problems(certificate: Certificate) -> Iterator[str]:
    """Numbers that follow from others, and stand once."""
    stem = order_stem(certificate.member_id, certificate.key)
    orders = {one.order_number for one in certificate.attempts}
    yield from (
        f"order {order} does not follow from the portal and the key"
        for order in sorted(orders)
        if order.rpartition("-")[0] != stem
    )
    yield from (
        f"refund {one.refund_number} is of no order here" for one in certificate.refunds if _order_of(one) not in orders
    )
    names = Counter(
        [
            *(f"try {one.number}" for one in certificate.attempts),
            *(f"refund {one.number}" for one in certificate.refunds),
            *(f"booking {one.number} of transfer {one.transfer_id}" for one in certificate.transfers),
            *(f"receipt {one.number}" for one in certificate.receipts),
        ]
    )
    yield from (f"{name} is told of more than once" for name, times in names.items() if times > 1)


def _receipt_problems(certificate: Certificate) -> Iterator[str]:
    """A receipt by the money that it is of."""
    for one in certificate.receipts:
        bounds = _sum_of(one, certificate)
        if bounds is None:
            yield f"receipt {one.number} is of nothing told of here"
            continue
        try:
            total = restored(one.content).total
        except (ValueError, LookupError):
            yield f"receipt {one.number} has no sum that can be read"
            continue
        least, most = bounds
        if total.currency != most.currency or not least <= total <= most:
            yield f"receipt {one.number} is of {total}, which its {one.kind} is not"


def _sum_of(receipt: ReceiptLine, certificate: Certificate) -> tuple[Money, Money] | None:
    """The least and the most: a closing receipt is of what was left of its payment when the thing was given, and that
    was no less than is left now."""
    paid = Money.parse(certificate.amount)
    given_back = {one.refund_number: Money.parse(one.amount) for one in certificate.refunds if _took(one)}
    if receipt.kind == "refund":
        sum_of_refund = given_back.get(receipt.number)
        return (sum_of_refund, sum_of_refund) if sum_of_refund else None
    order = receipt.number.removesuffix("-C") if receipt.kind == "closing" else receipt.number
    if order not in {one.order_number for one in certificate.attempts}:
        return None
    if receipt.kind == "payment":
        return paid, paid
    of_order = [amount.minor for number, amount in given_back.items() if number.startswith(f"{order}-R")]
    return Money(paid.minor - sum(of_order), paid.currency), paid


def read_certificate(database: Database, charge_id: int) -> Certificate | None:
    """None when there is no such charge. Raises RowUnreadable."""
    with database.read() as session:
        if session.scalar(select(Charge.id).where(Charge.id == charge_id)) is None:
            return None
        try:
            return sealed(_certificate(session, charge_id))
        except (*NOT_LOADED, Refusal) as error:
            row = unreadable_row(session, rows_of(charge_id))
            if row is None:
                raise
            raise RowUnreadable(f"charge {charge_id}: {row}") from error


def _certificate(session: Session, charge_id: int) -> Certificate:
    charge = session.get_one(Charge, charge_id)
    lines = read_lines(session, LedgerEntry.charge_id == charge_id)
    entries = [line for line in lines if isinstance(line, LedgerEntry)]
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
        cancelled_at=charge.cancelled_at,
        attempts=attempt_lines(session, charge_id),
        refunds=refund_lines(session, charge_id),
        transfers=transfer_lines(session, charge_id),
        receipts=receipt_lines(session, charge_id),
        consents=consent_lines(session, charge),
        entries=[entry_line(entry) for entry in entries],
        entries_unchanged=entries == lines and all(entry.hash == hash_of(entry) for entry in entries),
    )
