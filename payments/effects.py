"""Things done once: a row is written before anything happens outside and completed after, so a repeat finds it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from storage.database import Database
from storage.model import Effect


@dataclass(frozen=True, slots=True)
class Begun:
    """An effect as its row says: whose call began it, what was planned or came of it, and whether it is done."""

    id: int
    call_id: int | None
    done: bool
    result: dict[str, Any]


def find_effect(database: Database, portal_id: int, key: str) -> Begun | None:
    with database.read() as session:
        row = session.scalar(select(Effect).where(Effect.portal_id == portal_id, Effect.key == key))
        return _begun(row) if row else None


def begin_effect(
    database: Database, portal_id: int, key: str, call_id: int, plan: dict[str, Any], now: datetime
) -> Begun:
    """Write down what is about to be done, or find what another run or call wrote first."""
    try:
        with database.write() as session:
            row = Effect(
                portal_id=portal_id, key=key, call_id=call_id, state="intended", result=plan, created_at=now
            )
            session.add(row)
            session.flush()
            return _begun(row)
    except IntegrityError:
        found = find_effect(database, portal_id, key)
        if found is None:
            raise
        return found


def finish_effect(database: Database, effect_id: int, result: dict[str, Any]) -> None:
    with database.write() as session:
        session.execute(update(Effect).where(Effect.id == effect_id).values(state="done", result=result))


def drop_effect(database: Database, effect_id: int) -> None:
    """Forget an effect that a person has undone in the CRM, so that it may be done again."""
    with database.write() as session:
        session.execute(delete(Effect).where(Effect.id == effect_id))


def _begun(row: Effect) -> Begun:
    return Begun(row.id, row.call_id, row.state == "done", dict(row.result))
