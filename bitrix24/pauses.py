"""Methods that used up their operating time and wait; the portal's other methods go on.

Source: Bitrix24 REST documentation, page "Limits" (`OPERATION_TIME_LIMIT`, `operating_reset_at`).
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from storage.clock import database_now
from storage.database import Database
from storage.model import MethodPause

LONGEST = timedelta(minutes=11)  # operating time is counted over ten minutes


class MethodPauses:
    def __init__(self, database: Database, portal_id: int, clock: Callable[[Session], datetime] = database_now) -> None:
        self._database = database
        self._portal_id = portal_id
        self._clock = clock

    def current(self) -> dict[str, float]:
        """Methods that wait, with the seconds they still have to."""
        with self._database.read() as session:
            rows = session.execute(
                select(MethodPause.method, MethodPause.until).where(MethodPause.portal_id == self._portal_id)
            ).all()
            if not rows:
                return {}
            now = self._clock(session)
        return {method: (until - now).total_seconds() for method, until in rows if now < until <= now + LONGEST}

    def pause(self, method: str, seconds: float) -> None:
        mine = (MethodPause.portal_id == self._portal_id) & (MethodPause.method == method)
        try:
            with self._database.write() as session:
                until = self._clock(session) + min(timedelta(seconds=seconds), LONGEST)
                session.execute(delete(MethodPause).where(mine))
                session.add(MethodPause(portal_id=self._portal_id, method=method, until=until))
        except IntegrityError:
            pass  # another process wrote its own pause of the method at the same moment
