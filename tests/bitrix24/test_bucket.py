"""Our sum of a portal's bucket never runs above the portal's own, whoever asks and in what order."""

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from bitrix24.bucket import Bucket
from bitrix24.pauses import MethodPauses
from tests.bitrix24.wiring import House


class Clock:
    def __init__(self) -> None:
        self.moment = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)

    def __call__(self, _session: Session) -> datetime:
        return self.moment

    def move(self, seconds: float | timedelta) -> None:
        self.moment += seconds if isinstance(seconds, timedelta) else timedelta(seconds=seconds)


class PortalsOwn:
    """The portal's arithmetic by its documentation: +1 a request, -rate a second, never below empty."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.level = Fraction(0)
        self.since: datetime | None = None

    def admit(self, now: datetime) -> Fraction:
        if self.since is not None:
            passed = Fraction((now - self.since) // timedelta(microseconds=1), 1_000_000)
            self.level = max(Fraction(0), self.level - passed * self.rate)
        self.since = now
        self.level += 1
        return self.level


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(f"sqlite:///{tmp_path_factory.mktemp('bucket')}/house.db")
    yield house
    house.close()


NUMBERS = itertools.count()
GAPS = st.integers(0, 5_000) | st.integers(0, 3_000_000)
STEPS = st.lists(st.tuples(GAPS, st.booleans()), min_size=1, max_size=80)


@settings(max_examples=40, deadline=None)
@given(steps=STEPS, plan=st.sampled_from([(2, 50), (5, 250), (1, 12)]), reserve=st.integers(0, 11))
def test_two_processes_together_stay_below_the_burst_less_the_reserve(
    lasting: House, steps: list[tuple[int, bool]], plan: tuple[int, int], reserve: int
) -> None:
    rate, burst = plan
    clock, own = Clock(), PortalsOwn(rate)
    portal_id = lasting.add_portal(member_id=f"portal {next(NUMBERS)}", rate=rate, burst=burst)
    buckets = [Bucket(lasting.database, portal_id, reserve, clock), Bucket(lasting.database, portal_id, reserve, clock)]
    for microseconds, second in steps:
        clock.move(timedelta(microseconds=microseconds))
        leave = buckets[second].leave()
        if leave.wait:
            clock.move(timedelta(microseconds=int(leave.wait * 1_000_000) + 1000))
            leave = buckets[not second].leave()
            assert leave.wait == 0, "the time that was told was not enough"
        assert own.admit(clock.moment) <= burst - reserve


def test_a_full_burst_is_given_at_once_and_then_the_rate(either_house: House) -> None:
    clock = Clock()
    bucket = Bucket(either_house.database, either_house.add_portal(), 10, clock)
    assert [bucket.leave().wait for _ in range(40)] == [0.0] * 40
    assert bucket.leave().wait == pytest.approx(0.5)
    clock.move(0.5)
    assert bucket.leave().wait == 0
    assert bucket.leave().wait == pytest.approx(0.5)


def test_people_s_pages_may_use_what_background_work_leaves(house: House) -> None:
    clock = Clock()
    portal_id = house.add_portal()
    background, pages = Bucket(house.database, portal_id, 10, clock), Bucket(house.database, portal_id, 0, clock)
    while not background.leave().wait:
        pass
    assert [pages.leave().wait for _ in range(10)] == [0.0] * 10
    assert pages.leave().wait > 0


def test_a_portal_in_trouble_is_left_alone_by_every_process(either_house: House) -> None:
    clock = Clock()
    portal_id = either_house.add_portal()
    one, other = (
        Bucket(either_house.database, portal_id, 10, clock),
        Bucket(either_house.another_database(), portal_id, 10, clock),
    )
    one.pause(7.0)
    leave = other.leave()
    assert leave.paused
    assert leave.wait == pytest.approx(7.0)
    clock.move(7.0)
    assert other.leave().wait == 0


def test_a_shorter_pause_does_not_end_a_longer_one(house: House) -> None:
    clock = Clock()
    bucket = Bucket(house.database, house.add_portal(), 10, clock)
    bucket.pause(20.0)
    bucket.pause(1.0)
    assert bucket.leave().wait == pytest.approx(20.0)


def test_a_portal_that_says_full_is_believed(either_house: House) -> None:
    clock = Clock()
    bucket = Bucket(either_house.database, either_house.add_portal(), 10, clock)
    bucket.pause(0.0, full=True)
    assert bucket.leave().wait == pytest.approx((50 + 1 - 40) / 2)


@pytest.mark.parametrize("back", [3600.0, 86400.0])
def test_a_clock_that_was_set_back_stops_nothing(house: House, back: float) -> None:
    clock = Clock()
    bucket = Bucket(house.database, house.add_portal(), 10, clock)
    for _ in range(40):
        bucket.leave()
    bucket.pause(5.0)
    clock.move(-back)
    assert bucket.leave().wait < 1
    clock.move(0.5)
    assert bucket.leave().wait == 0


def test_the_database_s_own_clock_drains_the_bucket(either_house: House) -> None:
    bucket = Bucket(either_house.database, either_house.add_portal(rate=1000), 10)
    for _ in range(45):
        assert bucket.leave().wait < 0.1


def test_a_method_pauses_alone_and_in_every_process(either_house: House) -> None:
    clock = Clock()
    portal_id = either_house.add_portal()
    one = MethodPauses(either_house.database, portal_id, clock)
    other = MethodPauses(either_house.another_database(), portal_id, clock)
    one.pause("crm.item.add", 30.0)
    assert other.current() == {"crm.item.add": pytest.approx(30.0)}
    one.pause("crm.item.add", 10.0)
    assert other.current() == {"crm.item.add": pytest.approx(10.0)}
    clock.move(10.0)
    assert other.current() == {}


def test_many_threads_of_two_processes_take_no_more_than_there_is(either_house: House) -> None:
    clock = Clock()
    portal_id = either_house.add_portal()
    processes = [either_house.database, either_house.another_database()]
    buckets = [Bucket(database, portal_id, 10, clock) for database in processes]
    with ThreadPoolExecutor(8) as pool:
        leaves = list(pool.map(lambda number: buckets[number % 2].leave(), range(100)))
    assert sum(leave.wait == 0 for leave in leaves) <= 40
    while not (leave := buckets[0].leave()).wait:
        leaves.append(leave)
    assert sum(leave.wait == 0 for leave in leaves) == 40
