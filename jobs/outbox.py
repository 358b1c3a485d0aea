"""The outbox: what happened is told to those who subscribed, at least once and in order."""

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import select, update

from storage.database import Database
from storage.model import OutboxMessage

AT_ONE_TURN = 100

Subscriber = Callable[[int], None]
"""Told the subject's id; may be told twice."""


def tell(database: Database, subscribers: Mapping[str, Subscriber], now: datetime) -> int:
    """Tell what has not been told yet; how many messages that were. A message nobody wants is done as well."""
    with database.read() as session:
        waiting = session.scalars(
            select(OutboxMessage).where(OutboxMessage.done_at.is_(None)).order_by(OutboxMessage.id).limit(AT_ONE_TURN)
        ).all()
    told: list[int] = []
    try:
        for message in waiting:
            subscriber = subscribers.get(message.topic)
            if subscriber:
                subscriber(message.subject_id)
            told.append(message.id)
    finally:
        if told:
            _note(database, told, now)
    return len(told)


def _note(database: Database, told: list[int], now: datetime) -> None:
    with database.write() as session:
        session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.id.in_(told))
            .values(done_at=now)
            .execution_options(synchronize_session=False)
        )
