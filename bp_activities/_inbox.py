"""Which calls are run next: claimed by one conditional statement, fair between portals; the dead's calls taken over."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update

from storage.database import Database
from storage.model import Call, Portal

# A suspended portal is tried as well: its client asks now and then whether it works again, and only a caller makes it.
TRIED_PORTALS = ("active", "suspended")
DUE_STATES = ("accepted", "waiting", "answering")


@dataclass(frozen=True, slots=True)
class Claim:
    call_id: int
    run: int


def claim_due(database: Database, worker: str, most: int, now: datetime) -> list[Claim]:
    """Up to `most` due calls become this worker's, each under a new run number; portals take turns."""
    if most <= 0:
        return []
    turn = func.row_number().over(partition_by=Call.portal_id, order_by=(Call.due_at, Call.id)).label("turn")
    due = (
        select(Call.id, turn)
        .join(Portal, Portal.id == Call.portal_id)
        .where(Call.state.in_(DUE_STATES), Call.due_at <= now, Portal.state.in_(TRIED_PORTALS))
        .subquery()
    )
    with database.write() as session:
        ids = list(session.scalars(select(due.c.id).order_by(due.c.turn, due.c.id).limit(most)))
        if not ids:
            return []
        free = select(Call.id).where(Call.id.in_(ids), Call.state.in_(DUE_STATES)).with_for_update(skip_locked=True)
        rows = session.execute(
            update(Call)
            .where(Call.id.in_(list(session.scalars(free))), Call.state.in_(DUE_STATES))
            .values(state="running", run=Call.run + 1, worker=worker)
            .returning(Call.id, Call.run)
            .execution_options(synchronize_session=False)
        )
        return [Claim(row.id, row.run) for row in rows]


def give_back(database: Database, worker: str, now: datetime) -> int:
    """Calls that ran under a worker known to be dead are due again; how many. A run of before does nothing more."""
    with database.write() as session:
        rows = session.execute(
            update(Call)
            .where(Call.state == "running", Call.worker == worker)
            .values(state="accepted", worker="", due_at=now)
            .returning(Call.id)
            .execution_options(synchronize_session=False)
        )
        return len(rows.all())


def give_back_orphans(database: Database, worker: str, under_way: Collection[tuple[int, int]], now: datetime) -> int:
    """Calls of a living worker that none of its runs works on are due again; how many.

    A run that could not be started, or could not write how it ended, leaves one behind. To be called where claims are
    made: between a claim and its start a call looks like an orphan.
    """
    with database.read() as session:
        running = (
            session.execute(select(Call.id, Call.run).where(Call.state == "running", Call.worker == worker))
            .tuples()
            .all()
        )
    orphans = [call_id for call_id, run in running if (call_id, run) not in under_way]
    if not orphans:
        return 0
    with database.write() as session:
        session.execute(
            update(Call)
            .where(Call.id.in_(orphans), Call.state == "running", Call.worker == worker)
            .values(state="accepted", worker="", due_at=now)
            .execution_options(synchronize_session=False)
        )
    return len(orphans)


def workers_with_calls(database: Database) -> list[str]:
    """Names of workers that have calls running."""
    with database.read() as session:
        return list(session.scalars(select(Call.worker).where(Call.state == "running").distinct()))


def wake(database: Database, portal_id: int, reason: str, now: datetime) -> None:
    """Calls of a portal that wait for this reason are due at once: what they wait for may have happened."""
    with database.write() as session:
        session.execute(
            update(Call)
            .where(Call.portal_id == portal_id, Call.state == "waiting", Call.reason == reason)
            .values(due_at=now)
            .execution_options(synchronize_session=False)
        )
