"""Which calls are run next: claimed by one conditional statement, fair between portals; the dead's calls taken over."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, func, or_, select, update
from sqlalchemy.orm import Session

from bitrix24.portals import TRIED_PORTALS
from storage.database import Database
from storage.model import Call, ChargeAttempt, Portal

DUE_STATES = ("accepted", "waiting", "answering")

# Of the slots that other portals leave, one portal may hold so much: there is always room for the next portal.
SHARE = 0.75

CRASHED = "its process ended while it ran"
# How long a call rests that was at work when its process died, by how often in a row: a call that kills its worker
# must not keep the others from their work.
CRASH_DELAYS = tuple(timedelta(seconds=seconds) for seconds in (0, 0, 0, 5, 15, 60, 300, 600))

# What becomes of calls that nobody will ever run: the portal that they came from is no more.
ENDS = {
    "deleted": ("dead", "the portal was deleted"),
    "uninstalled": ("cancelled", "the application was removed from the portal"),
}


@dataclass(frozen=True, slots=True)
class Claim:
    call_id: int
    run: int


def claim_due(database: Database, worker: str, most: int, now: datetime) -> list[Claim]:
    """Up to `most` due calls become this worker's, each under a new run number; portals take turns."""
    if most <= 0:
        return []
    ids = _next_in_turn(database, worker, most, now)
    if not ids:
        return []
    with database.write() as session:
        free = select(Call.id).where(Call.id.in_(ids), _is_due(now)).with_for_update(skip_locked=True)
        rows = session.execute(
            update(Call)
            .where(Call.id.in_(list(session.scalars(free))), Call.state.in_(DUE_STATES))
            .values(state="running", run=Call.run + 1, worker=worker)
            .returning(Call.id, Call.run)
            .execution_options(synchronize_session=False)
        )
        return [Claim(row.id, row.run) for row in rows]


def _next_in_turn(database: Database, worker: str, most: int, now: datetime) -> list[int]:
    """Each portal's first due call, then each one's second ...; only read, so that nobody waits for the sorting."""
    turn = func.row_number().over(partition_by=Call.portal_id, order_by=(Call.due_at, Call.id)).label("turn")
    due = (
        select(Call.id, Call.portal_id, turn)
        .join(Portal, Portal.id == Call.portal_id)
        .where(_is_due(now), Portal.state.in_(TRIED_PORTALS))
        .subquery()
    )
    in_turn = select(due.c.id, due.c.portal_id).where(due.c.turn <= most).order_by(due.c.turn, due.c.id)
    running = (
        select(Call.portal_id, func.count())
        .where(Call.worker == worker, Call.state == "running")
        .group_by(Call.portal_id)
    )
    with database.read() as session:
        held = Counter(dict(session.execute(running).all()))
        return _shared_out(session.execute(in_turn), held, most)


def _shared_out(in_turn: Iterable[tuple[int, int]], held: Counter[int], most: int) -> list[int]:
    """The first `most` calls, but of no portal more than its share; `held` is what each portal has already."""
    slots = most + held.total()
    chosen: list[int] = []
    for call_id, portal_id in in_turn:
        if len(chosen) == most:
            break
        left_by_others = slots - (held.total() - held[portal_id])
        if held[portal_id] < max(1, int(SHARE * left_by_others)):
            held[portal_id] += 1
            chosen.append(call_id)
    return chosen


def _is_due(now: datetime) -> ColumnElement[bool]:
    """A call that no run has touched is due also where the clock of the machine that took it in is ahead of ours."""
    from_the_future = and_(Call.state == "accepted", Call.run == 0, Call.received_at > now)
    return and_(Call.state.in_(DUE_STATES), or_(Call.due_at <= now, from_the_future))


def give_back(database: Database, worker: str, now: datetime) -> int:
    """Calls that ran under a worker known to be dead are due again; how many. A run of before does nothing more."""
    crashes = case((Call.reason == CRASHED, Call.failures + 1), else_=1)
    with database.write() as session:
        rows = session.execute(
            update(Call)
            .where(Call.state == "running", Call.worker == worker)
            .values(state="accepted", worker="", due_at=now, failures=crashes, reason=CRASHED)
            .returning(Call.id, Call.failures)
            .execution_options(synchronize_session=False)
        ).all()
        resting: dict[timedelta, list[int]] = {}
        for call_id, in_a_row in rows:
            resting.setdefault(CRASH_DELAYS[min(in_a_row, len(CRASH_DELAYS)) - 1], []).append(call_id)
        for delay, ids in resting.items():
            _set_due(session, Call.id.in_(ids), now + delay)
    return len(rows)


def give_back_orphans(database: Database, worker: str, under_way: Collection[tuple[int, int]], now: datetime) -> int:
    """Calls of a living worker that none of its runs works on are due again; how many.

    A run that could not be started, or could not write how it ended, leaves one behind. To be called where claims are
    made: between a claim and its start a call looks like an orphan.
    """
    query = select(Call.id, Call.run).where(Call.state == "running", Call.worker == worker)
    with database.read() as session:
        running = session.execute(query).all()
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


def end_lost(database: Database, now: datetime) -> int:
    """End the calls of portals that were deleted or have removed the application; how many."""
    ended = 0
    for portal_state, (state, reason) in ENDS.items():
        lost = select(Portal.id).where(Portal.state == portal_state)
        with database.read() as session:
            ids = list(session.scalars(select(Call.id).where(Call.state.in_(DUE_STATES), Call.portal_id.in_(lost))))
        if not ids:
            continue
        with database.write() as session:
            session.execute(
                update(Call)
                .where(Call.id.in_(ids), Call.state.in_(DUE_STATES))
                .values(state=state, reason=reason, finished_at=now)
                .execution_options(synchronize_session=False)
            )
        ended += len(ids)
    return ended


def workers_with_calls(database: Database) -> list[str]:
    """Names of workers that have calls running."""
    with database.read() as session:
        return list(session.scalars(select(Call.worker).where(Call.state == "running").distinct()))


def wake(database: Database, charge_id: int, now: datetime) -> None:
    """Calls that wait for this charge are due at once; a call that is just at work on it will not rest after that."""
    at_work = select(ChargeAttempt.call_id).where(ChargeAttempt.charge_id == charge_id)
    with database.write() as session:
        _set_due(
            session,
            or_(
                and_(Call.state == "waiting", Call.reason == waits_for_charge(charge_id)),
                and_(Call.state == "running", Call.id.in_(at_work)),
            ),
            now,
        )


def waits_for_charge(charge_id: int) -> str:
    """The reason of a call that waits until a charge is settled."""
    return f"charge {charge_id} is open"


def _set_due(session: Session, which: ColumnElement[bool], moment: datetime) -> None:
    session.execute(update(Call).where(which).values(due_at=moment).execution_options(synchronize_session=False))
