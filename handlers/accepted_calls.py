"""The transaction that takes calls in: guard, a row for each new call, nothing for a repeat, a note of a conflict."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, TypeAlias

from sqlalchemy import Table, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from handlers.guards import KnownPortal, NotProven, known_portals, prove
from schemas.robot_call import RobotCall
from storage.model import Base, Call, CallConflict

CALLS: Table = Base.metadata.tables[Call.__tablename__]
CONFLICTS: Table = Base.metadata.tables[CallConflict.__tablename__]

INSERTS: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}

Key: TypeAlias = tuple[int, str]  # the portal's id and the event token: what the table has once


class Outcome(Enum):
    NEW = "accepted"
    REPEAT = "accepted before"
    CONFLICT = "accepted before with other properties: these are kept for the operator and not run"


def take_in(session: Session, client_id: str, calls: Sequence[RobotCall], now: datetime) -> list[Outcome | NotProven]:
    """What becomes of each call once the session commits, in the order of the calls."""
    portals = known_portals(session, client_id, {call.auth.member_id for call in calls})
    keys = [_key(portals, call) for call in calls]
    rows: dict[Key, dict[str, Any]] = {}
    for key, call in zip(keys, calls, strict=True):
        if not isinstance(key, NotProven) and key not in rows:
            rows[key] = _row(key, call, now)
    new = _insert_absent(session, rows)
    stored = {key: (call_id, rows[key]["properties_hash"]) for key, call_id in new.items()}
    stored |= _stored_before(session, rows.keys() - new.keys())
    outcomes: list[Outcome | NotProven] = []
    for key, call in zip(keys, calls, strict=True):
        if isinstance(key, NotProven):
            outcomes.append(key)
        elif stored[key][1] != call.properties_hash:
            _keep_conflict(session, key[0], stored[key][0], call, now)
            outcomes.append(Outcome.CONFLICT)
        else:
            outcomes.append(Outcome.NEW if new.pop(key, None) else Outcome.REPEAT)
    return outcomes


def _key(portals: Mapping[str, KnownPortal], call: RobotCall) -> Key | NotProven:
    try:
        return prove(portals.get(call.auth.member_id), call.auth.application_token), call.event_token
    except NotProven as refusal:
        return refusal


def _row(key: Key, call: RobotCall, now: datetime) -> dict[str, Any]:
    return {
        "portal_id": key[0],
        "event_token": call.event_token,
        "code": call.code,
        "workflow_id": call.workflow_id,
        "document_id": call.document_id,
        "document_type": call.document_type,
        "properties": call.properties,
        "properties_hash": call.properties_hash,
        "use_subscription": call.use_subscription,
        "user_id": call.auth.user_id,
        "sent_at": call.sent_at,
        "deadline_at": call.deadline_at,
        "received_at": now,
        "due_at": now,
    }


def _insert_absent(session: Session, rows: Mapping[Key, dict[str, Any]]) -> dict[Key, int]:
    """Insert what is not there yet; the ids of the rows made. In the order of their keys: no two batches deadlock."""
    if not rows:
        return {}
    made = session.connection().execute(_insert_call(_dialect(session)), [rows[key] for key in sorted(rows)])
    return {(portal_id, token): call_id for portal_id, token, call_id in made}


def _stored_before(session: Session, keys: Iterable[Key]) -> dict[Key, tuple[int, str]]:
    wanted = list(keys)
    if not wanted:
        return {}
    found = session.connection().execute(
        select(CALLS.c.portal_id, CALLS.c.event_token, CALLS.c.id, CALLS.c.properties_hash).where(
            tuple_(CALLS.c.portal_id, CALLS.c.event_token).in_(wanted)
        )
    )
    return {(portal_id, token): (call_id, hashed) for portal_id, token, call_id, hashed in found}


def _keep_conflict(session: Session, portal_id: int, call_id: int, call: RobotCall, now: datetime) -> None:
    row = {
        "portal_id": portal_id,
        "call_id": call_id,
        "properties": call.properties,
        "properties_hash": call.properties_hash,
        "received_at": now,
    }
    session.connection().execute(_insert_conflict(_dialect(session)), row)


@cache  # building a statement costs more than running it
def _insert_call(dialect: str) -> Any:
    return (
        INSERTS[dialect](CALLS)
        .on_conflict_do_nothing(index_elements=["portal_id", "event_token"])
        .returning(CALLS.c.portal_id, CALLS.c.event_token, CALLS.c.id)
    )


@cache
def _insert_conflict(dialect: str) -> Any:
    return INSERTS[dialect](CONFLICTS).on_conflict_do_nothing(index_elements=["call_id", "properties_hash"])


def _dialect(session: Session) -> str:
    return session.get_bind().dialect.name
