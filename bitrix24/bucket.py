"""The portal's leaky bucket as all our processes fill it: leave to send a request, or how long to wait for it.

A portal adds 1 to its bucket for each request and takes `rate` out a second; above `burst` it refuses everything.
We keep the same sum in the database and stay below it by a reserve, which is left to people's pages.
Source: Bitrix24 REST documentation, page "Limits".
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from storage.clock import database_now
from storage.database import Database
from storage.model import Bucket as Row
from storage.model import Portal

REQUEST = 1000  # the level is kept in thousandths of a request
LONGEST_PAUSE = timedelta(minutes=5)  # a pause that ends later was written before the clock was set back
TRIES = 10
CROWDED = 0.05


@dataclass(frozen=True, slots=True)
class Leave:
    """Granted when `wait` is 0, else ask again after `wait` seconds; `paused` when the portal itself is in trouble.

    `used` is how much of our part of the bucket is taken, from 0 to 1.
    """

    wait: float = 0.0
    paused: bool = False
    used: float = 1.0


class Bucket:
    """One portal's bucket; `reserve` is how many of its requests this process leaves to others."""

    def __init__(
        self,
        database: Database,
        portal_id: int,
        reserve: int,
        clock: Callable[[Session], datetime] = database_now,
    ) -> None:
        self._database = database
        self._portal_id = portal_id
        self._reserve = reserve
        self._clock = clock

    def leave(self) -> Leave:
        """Take one request out of what is free, by one conditional update; when nothing is, say how long to wait."""
        for _ in range(TRIES):
            with self._database.write() as session:
                row = self._read(session)
                now = self._clock(session)
                if row.paused_until and now < row.paused_until <= now + LONGEST_PAUSE:
                    return Leave((row.paused_until - now).total_seconds(), paused=True)
                level = row.level_at(now)
                room = (row.burst - min(self._reserve, row.burst - 1)) * REQUEST
                if level + REQUEST > room:
                    if now < row.as_of:  # the clock was set back: count from here, or nothing would leak until then
                        self._write(session, row, level=level, as_of=now, paused_until=None)
                    return Leave((level + REQUEST - room) / (row.rate * REQUEST))
                if self._write(session, row, level=level + REQUEST, as_of=now, paused_until=None):
                    return Leave(used=(level + REQUEST) / room)
        return Leave(CROWDED)

    def pause(self, seconds: float, *, full: bool = False) -> None:
        """Nobody asks this portal anything for so long; `full`: the portal said that its bucket is, so ours is too."""
        for _ in range(TRIES):
            with self._database.write() as session:
                row = self._read(session)
                now = self._clock(session)
                level = row.burst * REQUEST if full else row.level_at(now)
                until = now + min(timedelta(seconds=seconds), LONGEST_PAUSE)
                if row.paused_until and row.paused_until <= now + LONGEST_PAUSE:
                    until = max(until, row.paused_until)
                if self._write(session, row, level=level, as_of=now, paused_until=until):
                    return

    def _read(self, session: Session) -> "_State":
        columns = (Row.level, Row.as_of, Row.version, Row.paused_until, Portal.rate_per_second, Portal.rate_burst)
        query = select(*columns).join(Portal, Portal.id == Row.portal_id).where(Row.portal_id == self._portal_id)
        if known := session.execute(query).one_or_none():
            return _State(*known)
        try:
            with session.begin_nested():
                session.add(Row(portal_id=self._portal_id, level=0, as_of=self._clock(session), version=0))
        except IntegrityError:
            pass  # another process made the row in between
        return _State(*session.execute(query).one())

    def _write(
        self, session: Session, seen: "_State", *, level: int, as_of: datetime, paused_until: datetime | None
    ) -> bool:
        changed = session.scalar(
            update(Row)
            .where(Row.portal_id == self._portal_id, Row.version == seen.version)
            .values(level=level, as_of=as_of, version=seen.version + 1, paused_until=paused_until)
            .returning(Row.version)
            .execution_options(synchronize_session=False)
        )
        return changed is not None


@dataclass(frozen=True, slots=True)
class _State:
    level: int
    as_of: datetime
    version: int
    paused_until: datetime | None
    rate: int
    burst: int

    def level_at(self, now: datetime) -> int:
        """What is left after the time that passed, rounded up; a clock that was set back leaks nothing."""
        passed = max(0, (now - self.as_of) // timedelta(microseconds=1))
        return max(0, self.level - passed * self.rate * REQUEST // 1_000_000)
