"""The outbox: told once where all goes well, again where it does not, and in order."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from jobs.outbox import AT_ONE_TURN, tell
from storage.database import Database, open_database
from storage.model import OutboxMessage
from tests.databases import KINDS, migrated_database
from tests.factories import NOW, make_portal


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with migrated_database(request.param, tmp_path) as url:
        opened = open_database(url)
        yield opened
        opened.close()


def write(database: Database, *subjects: int, topic: str = "charge_settled") -> None:
    with database.write() as session:
        portal_id = make_portal(session).id
        for subject in subjects:
            session.add(OutboxMessage(portal_id=portal_id, topic=topic, subject_id=subject, created_at=NOW))
            session.flush()


def untold(database: Database) -> list[int]:
    with database.read() as session:
        return list(session.scalars(select(OutboxMessage.subject_id).where(OutboxMessage.done_at.is_(None))))


def test_subscribers_hear_of_each_message_once_and_in_order(database: Database) -> None:
    write(database, 3, 1, 2)
    heard: list[int] = []
    assert tell(database, {"charge_settled": heard.append}, NOW) == 3
    assert tell(database, {"charge_settled": heard.append}, NOW) == 0
    assert heard == [3, 1, 2]


def test_what_nobody_wants_to_hear_is_done_as_well(database: Database) -> None:
    write(database, 1, topic="nobody's")
    tell(database, {}, NOW)
    assert untold(database) == []


def test_a_message_that_could_not_be_told_is_told_again_and_those_before_it_are_not(database: Database) -> None:
    write(database, 1, 2, 3)
    heard: list[int] = []

    def stumbles(subject: int) -> None:
        if subject == 2 and len(heard) == 1:
            raise RuntimeError("not now")
        heard.append(subject)

    with pytest.raises(RuntimeError):
        tell(database, {"charge_settled": stumbles}, NOW)
    assert untold(database) == [2, 3]
    heard.append(0)
    tell(database, {"charge_settled": stumbles}, NOW)
    assert heard == [1, 0, 2, 3]


def test_more_than_one_turn_holds_is_told_turn_by_turn(database: Database) -> None:
    write(database, *range(AT_ONE_TURN + 5))
    heard: list[int] = []
    assert tell(database, {"charge_settled": heard.append}, NOW) == AT_ONE_TURN
    assert tell(database, {"charge_settled": heard.append}, NOW) == 5
    assert heard == list(range(AT_ONE_TURN + 5))
