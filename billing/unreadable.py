"""Rows in which something stands that no such row can hold: SQLite keeps text in a column of numbers."""

from collections.abc import Sequence

from sqlalchemy import Column, ColumnElement, Table, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from calculations.currencies import EXPONENTS

NOT_LOADED = (ValueError, TypeError, OverflowError, DBAPIError)


class RowUnreadable(Exception):
    """What was asked for cannot be told; the text names the row and the column."""


def can_hold(column: Column[object], value: object) -> bool:
    if value is None:
        return bool(column.nullable)
    return value in EXPONENTS if column.name == "currency" else isinstance(value, column.type.python_type)


def unreadable_column(session: Session, table: Table, row_id: int) -> str | None:
    """The first one of a row in which something stands that it cannot hold."""
    for column in table.columns:
        try:
            value = session.scalar(select(column).where(table.c.id == row_id))
        except NOT_LOADED:
            return column.name
        if not can_hold(column, value):
            return column.name
    return None


def unreadable_row(session: Session, rows: Sequence[tuple[Table, ColumnElement[bool]]]) -> str | None:
    """The first that cannot be read of some rows of some tables, and its column, for an operator."""
    for table, whose in rows:
        for row_id in session.scalars(select(table.c.id).where(whose).order_by(table.c.id)).all():
            if column := unreadable_column(session, table, row_id):
                return f"the row of id {row_id} in {table.name} has what cannot be read as its {column}"
    return None
