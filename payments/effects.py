"""Things done once: a row is written before anything happens outside and completed after, so a repeat finds it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from storage.database import Database
from storage.model import Call, Effect, News

FINISHED_CALL = ("delivered", "dead", "cancelled")


@dataclass(frozen=True, slots=True)
class Begun:
    """An effect as its row says: whose call began it, what was planned or came of it, and whether it is done."""

    id: int
    call_id: int
    done: bool
    result: dict[str, Any]


def find_effect(database: Database, portal_id: int, key: str, call_id: int) -> Begun | None:
    """The effect under a key. One that was left half done by a call that has ended becomes `call_id`'s to finish."""
    with database.write() as session:
        row = session.scalar(select(Effect).where(Effect.portal_id == portal_id, Effect.key == key).with_for_update())
        if row is None:
            return None
        if row.state == "intended" and row.call_id != call_id and has_ended(session, row.call_id):
            row.call_id = call_id
        return _begun(row)


def has_ended(session: Session, call_id: int | None) -> bool:
    """Whether no run of this call does any work from now on: it is over, or only its answer is still to be sent."""
    call = session.get(Call, call_id) if call_id else None
    return call is None or call.state in FINISHED_CALL or call.answer is not None


def find_effect_of_call(database: Database, call_id: int, prefix: str) -> Begun | None:
    """What an earlier run of this call began under a key with this beginning."""
    with database.read() as session:
        row = session.scalar(
            select(Effect).where(Effect.call_id == call_id, Effect.key.startswith(prefix, autoescape=True))
        )
        return _begun(row) if row else None


def begin_effect(
    database: Database, portal_id: int, key: str, call_id: int, plan: dict[str, Any], now: datetime
) -> Begun:
    """Write down what is about to be done, or find what another run or call wrote first."""
    found = find_effect(database, portal_id, key, call_id)
    if found:
        return found
    try:
        with database.write() as session:
            row = Effect(portal_id=portal_id, key=key, call_id=call_id, state="intended", result=plan, created_at=now)
            session.add(row)
            session.flush()
            return _begun(row)
    except IntegrityError:
        found = find_effect(database, portal_id, key, call_id)
        if found is None:
            raise
        return found


def finish_effect(database: Database, effect_id: int, result: dict[str, Any], news: News | None = None) -> None:
    """`news`: what its document is to be told of it."""
    with database.write() as session:
        session.execute(update(Effect).where(Effect.id == effect_id).values(state="done", result=result))
        if news:
            session.add(news)


def revise_effect(database: Database, effect_id: int, plan: dict[str, Any]) -> None:
    """Write down anew what is intended."""
    with database.write() as session:
        session.execute(update(Effect).where(Effect.id == effect_id).values(result=plan))


def drop_effect(database: Database, begun: Begun) -> None:
    """Forget an effect that came to nothing, or that a person has undone in the CRM: it may be done again.

    As it was seen: what another call has begun under its key since then stays.
    """
    with database.write() as session:
        session.execute(
            delete(Effect).where(
                Effect.id == begun.id,
                Effect.call_id == begun.call_id,
                Effect.state == ("done" if begun.done else "intended"),
            )
        )


def _begun(row: Effect) -> Begun:
    return Begun(row.id, row.call_id or 0, row.state == "done", dict(row.result))
