"""The worker's loop: goes on through failures, ends when it is told to."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from jobs.counting import Counted
from jobs.inline import InlineEngine
from jobs.loop import Every, EveryHour, Loop, Periodic
from tests.outside import eventually


def running(loop: Loop) -> threading.Thread:
    thread = threading.Thread(target=loop.run)
    thread.start()
    return thread


def test_it_claims_again_after_a_claim_failed() -> None:
    claims: list[int] = []

    def claim() -> None:
        claims.append(1)
        if len(claims) == 1:
            raise RuntimeError("the database is away")
        loop.stop()

    loop = Loop(claim, [], pause=0.01)
    loop.run()
    assert len(claims) == 2


def test_periodic_work_goes_on_after_a_failure_beside_the_claims() -> None:
    done: list[int] = []

    def work() -> None:
        done.append(1)
        raise RuntimeError("not now")

    loop = Loop(lambda: None, [Periodic("work", 0.01, work)], pause=0.01)
    thread = running(loop)
    assert eventually(lambda: len(done) > 2)
    loop.stop()
    thread.join()


def test_every_says_its_moment_once() -> None:
    seconds = [0.0]
    every = Every(30, lambda: seconds[0])
    assert not every.due()
    seconds[0] = 30.0
    assert [every.due(), every.due()] == [True, False]


def test_a_run_is_under_way_from_its_start_to_its_end() -> None:
    may_end = threading.Event()

    def job(_subject: int, _run: int) -> None:
        may_end.wait(10)

    engine = InlineEngine(job, 2)
    engine.start("call-5-1", 5, 1)
    assert engine.under_way == {(5, 1)}
    assert not engine.wait_until_idle(0.01)
    may_end.set()
    assert engine.wait_until_idle(10)
    assert engine.under_way == frozenset()
    engine.close()


def test_a_run_is_started_once_under_its_id() -> None:
    runs: list[tuple[int, int]] = []
    engine = InlineEngine(lambda subject, run: runs.append((subject, run)), 2)
    for _ in range(3):
        engine.start("call-5-1", 5, 1)
    engine.start("call-5-2", 5, 2)
    engine.wait_until_idle(10)
    engine.close()
    assert sorted(runs) == [(5, 1), (5, 2)]


def test_a_run_that_breaks_is_under_way_no_longer() -> None:
    def breaks(_subject: int, _run: int) -> None:
        raise RuntimeError("bug")

    counted = Counted(breaks)
    counted.begin(5, 1)
    with pytest.raises(RuntimeError):
        counted(5, 1)
    assert counted.under_way == frozenset()


def test_hourly_work_is_done_at_once_and_when_the_clock_was_moved_by_an_hour() -> None:
    moment = [datetime(2026, 1, 31, 9, tzinfo=UTC)]
    done: list[datetime] = []
    work = EveryHour(lambda: done.append(moment[0]), lambda: moment[0])
    work()
    moment[0] += timedelta(minutes=59)
    work()
    assert len(done) == 1
    moment[0] += timedelta(minutes=1)
    work()
    work()
    assert done == [datetime(2026, 1, 31, 9, tzinfo=UTC), datetime(2026, 1, 31, 10, tzinfo=UTC)]
