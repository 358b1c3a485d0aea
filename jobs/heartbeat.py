"""Workers make themselves seen: a row each, written again and again while they live."""

from datetime import datetime

from storage.database import Database
from storage.model import Worker


def beat(database: Database, name: str, process: str, now: datetime) -> None:
    with database.write() as session:
        worker = session.get(Worker, name)
        if worker is None:
            session.add(Worker(name=name, process=process, started_at=now, seen_at=now))
            return
        if worker.process != process:
            worker.process, worker.started_at = process, now
        worker.seen_at = now
