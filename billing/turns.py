"""Rows that are due, portals in turns: each portal's first one, then each one's second, so that none stands before
all others."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnExpressionArgument, Select, func, select
from sqlalchemy.orm import Session

AT_ONE_TICK = 50
LONG = timedelta(seconds=5)


def next_in_turn(
    session: Session, due: Select[int, int], oldest: ColumnExpressionArgument[object]
) -> list[tuple[int, int]]:
    """The id and the portal of rows to be worked on in one tick; `due` selects those two of all that are due."""
    row_id, portal_id = due.selected_columns
    turn = func.row_number().over(partition_by=portal_id, order_by=(oldest, row_id)).label("turn")
    rows = due.add_columns(turn).subquery()
    in_turn = select(rows.c.id, rows.c.portal_id).order_by(rows.c.turn, rows.c.id).limit(AT_ONE_TICK)
    return [(found, portal) for found, portal in session.execute(in_turn)]


def without_slow_portals(rows: Sequence[tuple[int, int]], now: Callable[[], datetime]) -> Iterator[int]:
    """The ids, one by one; where one of a portal took long, its acquirer hangs: the others wait for the next tick."""
    slow: set[int] = set()
    for row_id, portal_id in rows:
        if portal_id in slow:
            continue
        began_at = now()
        yield row_id
        if now() - began_at > LONG:
            slow.add(portal_id)
