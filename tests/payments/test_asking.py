"""Asking: what makes something in the CRM is not asked for again while an earlier request may still arrive."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bitrix24.errors import AnswerLost, Refused, RestError, TryLater
from payments.asking import AFTER_A_CUT, LONGEST_REQUEST, asking
from storage.database import Database, open_database
from storage.model import Base
from tests.factories import NOW, make_call, make_portal

SECOND = timedelta(seconds=1)


class Killed(BaseException):
    pass


class Asker:
    """One call whose runs end as they are told."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.write() as session:
            self._portal_id = make_portal(session).id
            self._call_id = make_call(session, self._portal_id, state="running").id

    def run(self, at: datetime, *, ends: BaseException | None = None) -> bool:
        """Whether the run got as far as asking."""
        asked = False
        try:
            with asking(self._database, self._portal_id, "pay-1", self._call_id, at):
                asked = True
                if ends:
                    raise ends
        except (Killed, RestError, ValueError):
            pass
        return asked

    def put_off_until(self, at: datetime) -> datetime | None:
        with (
            pytest.raises(TryLater) as put_off,
            asking(self._database, self._portal_id, "pay-1", self._call_id, at),
        ):
            pass
        return put_off.value.until


@pytest.fixture
def asker(tmp_path: Path) -> Iterator[Asker]:
    database = open_database(f"sqlite:///{tmp_path}/asking.db")
    Base.metadata.create_all(database.engine)
    yield Asker(database)
    database.close()


def test_after_a_kill_nothing_is_asked_until_no_request_can_be_under_way(asker: Asker) -> None:
    assert asker.run(NOW, ends=Killed())
    later = NOW + 5 * LONGEST_REQUEST  # however long the killed run had lasted
    assert asker.put_off_until(later) == later + LONGEST_REQUEST
    assert asker.put_off_until(later + LONGEST_REQUEST - SECOND) == later + LONGEST_REQUEST
    assert asker.run(later + LONGEST_REQUEST)


def test_a_second_kill_is_waited_for_anew(asker: Asker) -> None:
    assert asker.run(NOW, ends=Killed())
    assert not asker.run(NOW)
    again = NOW + LONGEST_REQUEST
    assert asker.run(again, ends=Killed())
    assert asker.put_off_until(again + SECOND) == again + SECOND + LONGEST_REQUEST


def test_after_a_lost_answer_the_next_look_comes_when_the_portal_is_done_with_it(asker: Asker) -> None:
    assert asker.run(NOW, ends=AnswerLost("crm.item.add", "cut"))
    later = NOW + 40 * SECOND  # however long the request had lasted before it was cut
    assert asker.put_off_until(later) == later + AFTER_A_CUT
    assert asker.run(later + AFTER_A_CUT)


@pytest.mark.parametrize(
    "outcome", [None, TryLater("crm.item.add", "busy"), Refused("crm.item.add", "no"), ValueError("ours")]
)
def test_after_a_known_outcome_nothing_is_waited_for(asker: Asker, outcome: Exception | None) -> None:
    assert asker.run(NOW, ends=outcome)
    assert asker.run(NOW + SECOND)
