"""Bank statements: every line kept once, matched by the rules or by a person, booked once.

Whoever changes a transfer holds its portal's ledger, then the charge.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.charge_rows import no_such_charge
from billing.inn import is_inn
from billing.ledger import hold_ledger
from billing.statement_file import Document, StatementLine, read_statement
from billing.transfer_rules import FromClient, Judgement, ToCounterparty, Unmatched, judge
from billing.transfers import (
    Kind,
    book_from_client,
    book_to_counterparty,
    is_being_charged,
    kind_for,
    standing_booking,
    take_back,
)
from calculations.refusal import Refusal
from storage.database import Database
from storage.model import BankTransfer, Charge

BY_HAND = "by_hand"


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did. `matched` and `unmatched` count all transfers that waited for a match, older ones too."""

    added: int
    known: int
    matched: int
    unmatched: int
    warnings: Sequence[str]


def _nothing(step: str) -> None:
    """What happens at a labelled step in production."""


class Statements:
    """`step`: see Charging; here statement_stored, transfer_booked (written, not committed), transfer_matched."""

    def __init__(self, database: Database, now: Callable[[], datetime], step: Callable[[str], None] = _nothing) -> None:
        self._database = database
        self._now = now
        self._step = step

    def take(self, portal_id: int, content: bytes) -> ImportReport:
        """Keep what the statement has and we have not, then match whatever can be matched by now. The same statement
        again, or one that overlaps, adds nothing twice. Raises StatementUnreadable."""
        statement = read_statement(content)
        added, warnings = self._store(portal_id, statement.lines)
        self._step("statement_stored")
        matched, unmatched = self._match_what_waits(portal_id)
        known = len(statement.lines) - added
        return ImportReport(added, known, matched, unmatched, [*statement.warnings, *warnings])

    def match(self, transfer_id: int, charge_id: int) -> Kind:
        """A person says which charge a transfer belongs to: it pays it, or is its client's credit when the charge is
        paid already or of another sum. Raises Refusal."""
        with self._database.write() as session:
            transfer = _held(session, transfer_id, "in")
            charge = session.get(Charge, charge_id, with_for_update=True)
            if charge is None or charge.portal_id != transfer.portal_id:
                raise no_such_charge(charge_id)
            if is_being_charged(session, charge):
                raise Refusal(
                    "charge_open",
                    ru=f"Списание {charge_id} ещё не завершено: дождитесь слова банка и повторите.",
                    en=f"Charge {charge_id} is being charged: wait for the bank's word, then match again.",
                )
            kind = kind_for(transfer, charge)
            book_from_client(session, transfer, charge, kind, BY_HAND, self._now())
            self._step("transfer_booked")
        return kind

    def match_counterparty(self, transfer_id: int, inn: str) -> None:
        """A person says to whom money went. Raises Refusal."""
        if not is_inn(inn):
            raise Refusal(
                "inn_wrong",
                ru=f"{inn} не ИНН: проверьте 10 или 12 цифр.",
                en=f"{inn} is no INN: check its 10 or 12 digits.",
            )
        with self._database.write() as session:
            transfer = _held(session, transfer_id, "out")
            book_to_counterparty(session, transfer, inn, BY_HAND, self._now())
            self._step("transfer_booked")

    def unmatch(self, transfer_id: int) -> None:
        """Take a booking back by its reverse: what it paid is unpaid again, rules leave it alone. Raises Refusal."""
        with self._database.write() as session:
            transfer = _transfer(session, transfer_id)
            hold_ledger(session, transfer.portal_id)
            booking = standing_booking(session, transfer_id)
            if booking is None:
                raise Refusal(
                    "not_matched",
                    ru=f"Перевод {transfer_id} ни с чем не связан.",
                    en=f"Transfer {transfer_id} is matched with nothing.",
                )
            if booking.charge_id is not None:
                session.get_one(Charge, booking.charge_id, with_for_update=True)
            take_back(session, transfer, booking, self._now())
            self._step("transfer_booked")

    def _store(self, portal_id: int, lines: Sequence[StatementLine]) -> tuple[int, list[str]]:
        warnings: list[str] = []
        added = 0
        with self._database.write() as session:
            hold_ledger(session, portal_id)  # one import of a portal at a time
            warnings += _accounts_never_seen(session, portal_id, lines)
            known = _known(session, portal_id, lines)
            for document, alike in _by_document(lines).items():
                rows = known.get(document, [])
                unknown, others = _told_apart(rows, alike)
                warnings += [
                    f"line {line.at}: document {line.number} of {line.document_date}, {line.amount}, is known with "
                    f"another purpose or INN and was left as it is: see `statements list`; if it is another document, "
                    f"import a statement that has both"
                    for line in others
                ]
                for ordinal, line in enumerate(unknown, start=len(rows) + 1):
                    session.add(_row(portal_id, line, ordinal, self._now()))
                added += len(unknown)
        return added, warnings

    def _match_what_waits(self, portal_id: int) -> tuple[int, int]:
        matched = unmatched = 0
        with self._database.read() as session:
            query = select(BankTransfer.id).where(
                BankTransfer.portal_id == portal_id, BankTransfer.state == "unmatched"
            )
            waiting = session.scalars(query.order_by(BankTransfer.booked_on, BankTransfer.id)).all()
        for transfer_id in waiting:
            if self._match_by_rules(transfer_id):
                self._step("transfer_matched")
                matched += 1
            else:
                unmatched += 1
        return matched, unmatched

    def _match_by_rules(self, transfer_id: int) -> bool:
        """Judged twice: first without holding anything, for most have nothing to be done."""
        with self._database.read() as session:
            transfer = session.get_one(BankTransfer, transfer_id)
            judgement = judge(session, transfer)
            if isinstance(judgement, Unmatched) and judgement.reason == transfer.reason:
                return False
        with self._database.write() as session:
            transfer = session.get_one(BankTransfer, transfer_id)
            hold_ledger(session, transfer.portal_id)
            if isinstance(judgement, FromClient):
                session.get_one(Charge, judgement.charge_id, with_for_update=True)
            session.refresh(transfer)
            if transfer.state != "unmatched":
                return False
            booked = self._write(session, transfer, judgement)
            self._step("transfer_booked")
            return booked

    def _write(self, session: Session, transfer: BankTransfer, seen: Judgement) -> bool:
        """What was judged, if it is still so now that all it rests on is held."""
        judgement = judge(session, transfer)
        if isinstance(judgement, Unmatched):
            transfer.reason = judgement.reason
            return False
        if isinstance(judgement, ToCounterparty):
            book_to_counterparty(session, transfer, judgement.inn, judgement.rule, self._now())
            return True
        if not isinstance(seen, FromClient) or seen.charge_id != judgement.charge_id:
            return False  # another charge than the one that is held: the next import sees to it
        charge = session.get_one(Charge, judgement.charge_id)
        book_from_client(session, transfer, charge, judgement.kind, judgement.rule, self._now())
        return True


def _held(session: Session, transfer_id: int, direction: str) -> BankTransfer:
    """A transfer that may be matched, with the ledger held."""
    transfer = _transfer(session, transfer_id)
    if transfer.direction != direction:
        raise Refusal(
            "other_direction",
            ru=f"Перевод {transfer_id} — {'поступление' if transfer.direction == 'in' else 'списание'}: для него "
            f"{'--charge' if transfer.direction == 'in' else '--counterparty'}.",
            en=f"Transfer {transfer_id} is money that {'came in' if transfer.direction == 'in' else 'went out'}: it "
            f"takes {'--charge' if transfer.direction == 'in' else '--counterparty'}.",
        )
    hold_ledger(session, transfer.portal_id)
    session.refresh(transfer)
    if transfer.state not in ("unmatched", "left"):
        raise Refusal(
            "not_to_be_matched",
            ru=f"Перевод {transfer_id} нельзя связать: он в состоянии {transfer.state}.",
            en=f"Transfer {transfer_id} cannot be matched: it is {transfer.state}.",
        )
    return transfer


def _transfer(session: Session, transfer_id: int) -> BankTransfer:
    transfer = session.get(BankTransfer, transfer_id)
    if transfer is None:
        raise Refusal(
            "no_such_transfer",
            ru=f"Перевода {transfer_id} нет.",
            en=f"There is no transfer {transfer_id}: see `statements list`.",
        )
    return transfer


def _accounts_never_seen(session: Session, portal_id: int, lines: Sequence[StatementLine]) -> list[str]:
    seen = set(session.scalars(select(BankTransfer.account).where(BankTransfer.portal_id == portal_id).distinct()))
    if not seen:
        return []
    return [
        f"account {account} is new: so far the portal has statements of {', '.join(sorted(seen))}; if this one is of "
        f"another firm, take back what was booked of it (`statements list`, `statements unmatch`)"
        for account in dict.fromkeys(line.account for line in lines)
        if account not in seen
    ]


def _known(session: Session, portal_id: int, lines: Sequence[StatementLine]) -> dict[Document, list[BankTransfer]]:
    """What the portal has already of the days that the lines are of; more than one where documents are alike."""
    days = [line.document_date for line in lines]
    if not days:
        return {}
    query = select(BankTransfer).where(
        BankTransfer.portal_id == portal_id,
        BankTransfer.document_date >= min(days),
        BankTransfer.document_date <= max(days),
    )
    known: dict[Document, list[BankTransfer]] = {}
    for row in session.scalars(query.order_by(BankTransfer.ordinal)):
        known.setdefault(_document_of(row), []).append(row)
    return known


def _by_document(lines: Sequence[StatementLine]) -> dict[Document, list[StatementLine]]:
    """In the order of the file."""
    found: dict[Document, list[StatementLine]] = {}
    for line in lines:
        found.setdefault(line.document, []).append(line)
    return found


def _told_apart(
    rows: Sequence[BankTransfer], lines: Sequence[StatementLine]
) -> tuple[list[StatementLine], list[StatementLine]]:
    """Of lines that are one document: those that are more than we have, and those that we have with other words.

    A row stands for one line only, first of all for one that says the same: so many lines, so many transfers. Such a
    row gets the INN that an earlier release dropped.
    """
    left, differ = list(rows), []
    for line in lines:
        row = next((row for row in left if _says_the_same(row, line)), None)
        if row is None:
            differ.append(line)
        else:
            row.counterparty_inn = line.counterparty_inn
            left.remove(row)
    return differ[len(left) :], differ[: len(left)]


def _says_the_same(row: BankTransfer, line: StatementLine) -> bool:
    """Or would, but for an INN that is none: earlier releases kept such a one as empty."""
    was_dropped = row.counterparty_inn == "" and not is_inn(line.counterparty_inn)
    return row.purpose == line.purpose and (was_dropped or row.counterparty_inn == line.counterparty_inn)


def _document_of(row: BankTransfer) -> Document:
    return (row.direction, row.account, row.counterparty_account, row.number, row.document_date, row.amount)


def _row(portal_id: int, line: StatementLine, ordinal: int, now: datetime) -> BankTransfer:
    return BankTransfer(
        portal_id=portal_id,
        direction=line.direction,
        account=line.account,
        counterparty_account=line.counterparty_account,
        counterparty_inn=line.counterparty_inn,
        counterparty_name=line.counterparty_name,
        number=line.number,
        document_date=line.document_date,
        booked_on=line.booked_on,
        amount=line.amount.minor,
        ordinal=ordinal,
        currency=line.amount.currency,
        purpose=line.purpose,
        state="own" if line.own else "unmatched",
        reason="between accounts of one owner" if line.own else "",
        imported_at=now,
    )
