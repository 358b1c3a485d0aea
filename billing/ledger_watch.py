"""The ledger proves itself every day: what does not agree is an error in the log and a figure to watch."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import select

from billing.ledger import check_ledger
from storage.database import Database
from storage.model import LedgerCheck

EVERY = timedelta(days=1)

log = logging.getLogger(__name__)


def watch_ledger(database: Database, now: Callable[[], datetime]) -> bool:
    """Check it when the last check is a day old; whether it was. Two workers at once check it twice, no more."""
    with database.read() as session:
        last = session.scalar(select(LedgerCheck.checked_at).order_by(LedgerCheck.id.desc()).limit(1))
    if last is not None and last <= now() < last + EVERY:
        return False
    report = check_ledger(database)
    for problem in report.problems:
        log.error("the ledger is not sound: %s; see `flask --app wsgi ledger check`", problem)
    with database.write() as session:
        session.add(LedgerCheck(checked_at=now(), entries=report.entries, problems=len(report.problems)))
    return True
