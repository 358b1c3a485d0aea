"""The reaper: the work of the dead is taken over, that of the living is left alone."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from jobs.locks import Locks, open_locks, worker_lock
from jobs.reaper import REAPER, take_over
from tests.databases import KINDS, migrated_database
from tests.outside import eventually


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with migrated_database(request.param, tmp_path) as address:
        yield address


@pytest.fixture
def own(url: str) -> Iterator[Locks]:
    with closing(open_locks(url)) as locks:
        locks.take(worker_lock("me"))
        yield locks


class Given:
    """What was given back, in order, and in whose lock that was done."""

    def __init__(self, url: str) -> None:
        self.names: list[str] = []
        self.free: list[bool] = []
        self._url = url

    def __call__(self, name: str) -> int:
        self.names.append(name)
        with closing(open_locks(self._url)) as another:
            self.free.append(another.take(worker_lock(name)) or another.take(REAPER))
        return 3


def test_the_dead_give_back_what_they_had_while_nobody_may_take_their_name(url: str, own: Locks) -> None:
    given = Given(url)
    assert take_over(own, "me", lambda: ["me", "dead", "long dead"], given) == 6
    assert given.names == ["dead", "long dead"]
    assert given.free == [False, False]


def test_the_living_keep_what_they_have(url: str, own: Locks) -> None:
    given = Given(url)
    with closing(open_locks(url)) as living:
        living.take(worker_lock("alive"))
        assert take_over(own, "me", lambda: ["alive"], given) == 0
    assert given.names == []


def test_a_second_reaper_waits_for_its_next_turn(url: str, own: Locks) -> None:
    given = Given(url)
    with closing(open_locks(url)) as other_reaper:
        other_reaper.take(REAPER)
        assert take_over(own, "me", lambda: ["dead"], given) == 0
    assert given.names == []
    # The server lets a session's locks go a moment after the session has closed.
    assert eventually(lambda: take_over(own, "me", lambda: ["dead"], given) == 3)


def test_a_failure_keeps_no_locks(url: str, own: Locks) -> None:
    def fail(_name: str) -> int:
        raise RuntimeError("the database is away")

    with pytest.raises(RuntimeError):
        take_over(own, "me", lambda: ["dead"], fail)
    with closing(open_locks(url)) as another:
        assert another.take(worker_lock("dead"))
        assert another.take(REAPER)
