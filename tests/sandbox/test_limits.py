"""The bucket of requests and the operating time of methods, on a clock the test turns itself and over HTTP."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.bucket import Bucket, OperatingTime
from tests.sandbox.conftest import Installed


class Turned:
    """Seconds that pass only when the test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def admitted(bucket: Bucket, count: int, source: str = "a") -> int:
    return sum(bucket.admit(source) for _ in range(count))


@pytest.mark.parametrize(("rate", "size"), [(2.0, 50.0), (5.0, 250.0)])
def test_a_full_bucket_refuses_until_it_has_leaked(rate: float, size: float) -> None:
    time = Turned()
    bucket = Bucket(rate, size, time)
    assert admitted(bucket, 300) == size
    assert bucket.refused == 300 - size
    time.now += 1
    assert admitted(bucket, 10) == rate
    time.now += 1000
    assert admitted(bucket, 300) == size


def test_a_steady_rate_is_never_refused() -> None:
    time = Turned()
    bucket = Bucket(2.0, 50.0, time)
    for _ in range(1000):
        time.now += 0.5
        assert bucket.admit("a")


def test_each_source_has_a_bucket_of_its_own() -> None:
    bucket = Bucket(2.0, 50.0, Turned())
    assert admitted(bucket, 60) == 50
    assert admitted(bucket, 60, "b") == 50


def test_refused_requests_count_only_where_they_are_said_to() -> None:
    time = Turned()
    lenient, strict = Bucket(2.0, 50.0, time), Bucket(2.0, 50.0, time)
    for _ in range(100):
        lenient.admit("a")
        strict.admit("a", refused_counts=True)
    time.now += 1
    assert lenient.admit("a")
    assert not strict.admit("a", refused_counts=True)


@given(st.lists(st.floats(0, 3, allow_nan=False), max_size=200))
def test_never_more_than_the_size_and_the_leak_is_admitted(pauses: list[float]) -> None:
    time = Turned()
    bucket = Bucket(2.0, 5.0, time)
    passed = 0
    for pause in pauses:
        time.now += pause
        passed += bucket.admit("a")
    assert passed <= 5 + 2 * time.now + 1e-6


def test_operating_time_blocks_a_method_until_its_oldest_minute_leaves() -> None:
    operating = OperatingTime(limit=480.0)
    for minute in range(5):
        operating.add("app", "crm.item.add", 100.0, minute * 60)
    now = 5 * 60.0
    assert operating.blocked("app", "crm.item.add", now)
    assert not operating.blocked("app", "crm.item.get", now)
    assert not operating.blocked("other", "crm.item.add", now)
    reset_at = operating.reset_at("app", "crm.item.add", now)
    assert reset_at == 600
    assert operating.blocked("app", "crm.item.add", reset_at - 1)
    assert not operating.blocked("app", "crm.item.add", reset_at)


def test_a_portal_refuses_with_503_above_its_burst(installed: Installed) -> None:
    installed.portal.post("/pace", empty_bucket=True, bucket=[0.001, 5])
    statuses = [installed.rest("server.time").status for _ in range(7)]
    assert statuses == [200] * 5 + [503] * 2
    assert installed.rest("server.time").error == "QUERY_LIMIT_EXCEEDED"
    assert installed.portal.history()["refused_by_bucket"] == 3


def test_a_plan_sets_the_limits(installed: Installed) -> None:
    assert installed.portal.post("/pace") == {"rate": 2.0, "size": 50.0, "limit": 480.0}
    installed.portal.post("/traits", enterprise=True)
    assert installed.portal.post("/pace") == {"rate": 5.0, "size": 250.0, "limit": 480.0}


def test_a_dear_method_is_blocked_and_freed_by_the_clock(installed: Installed) -> None:
    installed.portal.post("/pace", costs={"server.*": 300})
    assert [installed.rest("server.time").status for _ in range(3)] == [200, 200, 429]
    answer = installed.rest("user.current")
    assert answer.status == 200
    batch = installed.rest("batch", cmd={"t": "server.time"})
    assert batch.result["result_error"]["t"]["error"] == "OPERATION_TIME_LIMIT"
    installed.outside.forward(seconds=601)
    assert installed.rest("server.time").status == 200


def test_every_answer_says_what_it_cost(installed: Installed) -> None:
    installed.portal.post("/pace", costs={"crm.item.add": 1.5})
    for spent in (1.5, 3.0):
        time = installed.rest("crm.item.add", entityTypeId=2, fields={}).body["time"]
        assert time["operating"] == spent
        assert time["operating_reset_at"] > time["finish"]
        assert {"start", "finish", "duration", "processing", "date_start", "date_finish"} <= set(time)
    inner = installed.rest("batch", cmd={"a": "crm.item.add?entityTypeId=2"}).result["result_time"]["a"]
    assert inner["operating"] == 4.5
