"""The ledger's lines as they stand in the database, whatever was written into them by hand."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from billing.unreadable import NOT_LOADED, can_hold, unreadable_column
from storage.model import Base, LedgerEntry

LINES = Base.metadata.tables[LedgerEntry.__tablename__]


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
    column = unreadable_column(session, LINES, line_id)
    return Unreadable(line_id, column) if column else session.get_one(LedgerEntry, line_id)


def _judged(entry: LedgerEntry) -> LedgerEntry | Unreadable:
    for column in LINES.columns:
        if not can_hold(column, getattr(entry, column.name)):
            return Unreadable(entry.id, column.name)
    return entry
