"""The ledger's lines as they stand in the database, whatever was written into them by hand."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from calculations.currencies import EXPONENTS
from storage.model import LedgerEntry

NOT_LOADED = (ValueError, TypeError, OverflowError, DBAPIError)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A line in which something stands that no line can hold, first of all in `column`; `id` is its row's."""

    id: int
    column: str


def read_lines(session: Session, whose: ColumnElement[bool]) -> list[LedgerEntry | Unreadable]:
    """In their order. SQLite keeps text in a column of numbers: nothing that stands in a line is an error here."""
    lines = select(LedgerEntry).where(whose).order_by(LedgerEntry.sequence)
    try:
        entries = session.scalars(lines).all()
    except NOT_LOADED:
        return [_alone(session, one) for one in session.scalars(lines.with_only_columns(LedgerEntry.id)).all()]
    return [_judged(entry) for entry in entries]


def _alone(session: Session, line_id: int) -> LedgerEntry | Unreadable:
    try:
        return _judged(session.get_one(LedgerEntry, line_id))
    except NOT_LOADED:
        return Unreadable(line_id, _column_not_loaded(session, line_id))


def _column_not_loaded(session: Session, line_id: int) -> str:
    for column in LedgerEntry.__table__.columns:
        try:
            session.scalar(select(column).where(LedgerEntry.id == line_id))
        except NOT_LOADED:
            return str(column.name)
    raise LookupError(f"the ledger's line of id {line_id} was not loaded, and each of its columns is")


def _judged(entry: LedgerEntry) -> LedgerEntry | Unreadable:
    for column in LedgerEntry.__table__.columns:
        value = getattr(entry, column.name)
        if not (isinstance(value, column.type.python_type) or (value is None and column.nullable)):
            return Unreadable(entry.id, column.name)
    return entry if entry.currency in EXPONENTS else Unreadable(entry.id, "currency")
