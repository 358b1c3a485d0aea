"""Rows that are due, portals in turns: each portal's first one, then each one's second, so that none stands before
all others."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from sqlalchemy import ColumnExpressionArgument, Select, func, select

from storage.database import Database

AT_ONE_TICK = 50
LONG = timedelta(seconds=5)


def in_turns(
    database: Database,
    due: Select[int, int],
    oldest: ColumnExpressionArgument[object],
    now: Callable[[], datetime],
) -> Iterator[int]:
    """The ids of rows to be worked on in one tick, one by one; `due` selects id and portal of all that are due.

    Where one of a portal takes long, its acquirer hangs: the portal's others wait for the next tick.
    """
    slow: set[int] = set()
    for row_id, portal_id in _next(database, due, oldest):
        if portal_id in slow:
            continue
        began_at = now()
        yield row_id
        if now() - began_at > LONG:
            slow.add(portal_id)


def _next(database: Database, due: Select[int, int], oldest: ColumnExpressionArgument[object]) -> list[tuple[int, int]]:
    row_id, portal_id = due.selected_columns
    turn = func.row_number().over(partition_by=portal_id, order_by=(oldest, row_id)).label("turn")
    rows = due.add_columns(turn).subquery()
    query = select(rows.c.id, rows.c.portal_id).order_by(rows.c.turn, rows.c.id).limit(AT_ONE_TICK)
    with database.read() as session:
        return [(found, portal) for found, portal in session.execute(query)]
