"""Bank statements: every line kept once, matched by the rules or by a person, booked once.

Whoever changes a transfer holds its portal's ledger, then the charge.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from billing.charge_rows import no_such_charge
from billing.inn import is_inn
from billing.ledger import hold_ledger
from billing.statement_file import StatementLine, read_statement
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
Key = tuple[str, str, str, str, date, int]


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
            known = _known(session, portal_id, lines)
            for line in lines:
                before = known.get(_key(line))
                if before is None:
                    row = _row(portal_id, line, self._now())
                    session.add(row)
                    known[_key(line)] = row
                    added += 1
                elif (before.purpose, before.counterparty_inn) != (line.purpose, line.counterparty_inn):
                    warnings.append(
                        f"document {line.number} of {line.document_date}, {line.amount}, is known with another purpose "
                        f"or INN and was left as it is: see `statements list`"
                    )
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


def _known(session: Session, portal_id: int, lines: Sequence[StatementLine]) -> dict[Key, BankTransfer]:
    """What the portal has already of the days that the lines are of."""
    days = [line.document_date for line in lines]
    if not days:
        return {}
    query = select(BankTransfer).where(
        BankTransfer.portal_id == portal_id,
        BankTransfer.document_date >= min(days),
        BankTransfer.document_date <= max(days),
    )
    return {_key_of_row(row): row for row in session.scalars(query)}


def _key(line: StatementLine) -> Key:
    return (
        line.direction,
        line.account,
        line.counterparty_account,
        line.number,
        line.document_date,
        line.amount.minor,
    )


def _key_of_row(row: BankTransfer) -> Key:
    return (row.direction, row.account, row.counterparty_account, row.number, row.document_date, row.amount)


def _row(portal_id: int, line: StatementLine, now: datetime) -> BankTransfer:
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
        currency=line.amount.currency,
        purpose=line.purpose,
        state="own" if line.own else "unmatched",
        reason="between accounts of one owner" if line.own else "",
        imported_at=now,
    )
