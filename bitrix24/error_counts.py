"""Errors of a portal's REST, counted in the database: every process adds here, `/metrics` shows the sum."""

import logging
import re
from collections import Counter
from collections.abc import Sequence

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from bitrix24.errors import AnswerLost, RestError, TryLater
from storage.database import Database
from storage.model import RestErrorCount

TRIES = 3  # how often another process may begin the same count between our look and our insert

_CODE = re.compile(r"[A-Za-z0-9_.\-]{1,64}")

log = logging.getLogger(__name__)


class ErrorCounts:
    """Of one portal. Nothing is written where nothing went wrong, and a count that cannot be kept stops nobody."""

    def __init__(self, database: Database, portal_id: int) -> None:
        self._database = database
        self._portal_id = portal_id

    def add(self, errors: Sequence[RestError]) -> None:
        counted = Counter((error.method, named(error)) for error in errors)
        if not counted:
            return
        try:
            for left in reversed(range(TRIES)):
                try:
                    self._add(counted)
                    return
                except IntegrityError:
                    if not left:
                        raise
        except SQLAlchemyError as trouble:
            log.warning("portal %s: errors of REST are not counted: %s", self._portal_id, type(trouble).__name__)

    def _add(self, counted: Counter[tuple[str, str]]) -> None:
        with self._database.write() as session:
            for (method, code), count in sorted(counted.items()):  # in one order: two processes never wait in a circle
                known = session.execute(
                    update(RestErrorCount)
                    .where(
                        RestErrorCount.portal_id == self._portal_id,
                        RestErrorCount.method == method,
                        RestErrorCount.code == code,
                    )
                    .values(count=RestErrorCount.count + count)
                    .returning(RestErrorCount.code)
                    .execution_options(synchronize_session=False)
                ).first()
                if known is None:
                    session.add(RestErrorCount(portal_id=self._portal_id, method=method, code=code, count=count))
                    session.flush()


def named(error: RestError) -> str:
    """The portal's own code where it is one; a portal that invents texts adds no figure for each of them."""
    if error.code:
        return error.code if _CODE.fullmatch(error.code) else "other"
    if error.status >= 400:
        return f"HTTP {error.status}"
    return "no answer" if isinstance(error, AnswerLost | TryLater) else "no code"
