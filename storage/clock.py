"""The database's own clock: the only one that all our processes, on however many machines, share."""

from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session


def database_now(session: Session) -> datetime:
    """The moment of asking, to the millisecond; not the moment the transaction began."""
    if session.get_bind().dialect.name == "sqlite":
        text: str = session.scalars(select(func.strftime("%Y-%m-%d %H:%M:%f", "now"))).one()
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=UTC)
    moment: datetime = session.scalars(select(func.clock_timestamp())).one()
    return moment.astimezone(UTC)
