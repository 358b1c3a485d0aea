from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import requests
from werkzeug.wrappers import Request, Response

from sandbox.clock import SandboxClock, clock_answer, clock_control
from tests.sandbox.served import served

NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


class Machine:
    """The real time of a test."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def clock(machine: Machine) -> SandboxClock:
    return SandboxClock(machine)


@pytest.fixture
def address(clock: SandboxClock) -> Iterator[str]:
    def answer(request: Request) -> Response:
        return clock_answer(clock) if request.path == "/clock" else clock_control(clock, request)

    with served(answer) as address:
        yield address


def test_runs_with_the_machine_until_it_is_moved(clock: SandboxClock, machine: Machine) -> None:
    assert clock.now() == NOON
    machine.now += timedelta(seconds=5)
    assert clock.now() == NOON + timedelta(seconds=5)


def test_keeps_running_from_where_it_was_set(clock: SandboxClock, machine: Machine) -> None:
    clock.set(datetime(2030, 5, 1, tzinfo=UTC))
    machine.now += timedelta(minutes=1)
    assert clock.now() == datetime(2030, 5, 1, 0, 1, tzinfo=UTC)


def test_stands_still_while_stopped_and_goes_on_from_there(clock: SandboxClock, machine: Machine) -> None:
    clock.stop()
    machine.now += timedelta(hours=3)
    assert clock.now() == NOON
    clock.advance(timedelta(days=1))
    clock.start()
    machine.now += timedelta(seconds=2)
    assert clock.now() == NOON + timedelta(days=1, seconds=2)


@pytest.mark.parametrize(
    ("months", "expected"),
    [
        (1, datetime(2026, 2, 28, 12, tzinfo=UTC)),
        (2, datetime(2026, 3, 31, 12, tzinfo=UTC)),
        (11, datetime(2026, 12, 31, 12, tzinfo=UTC)),
        (25, datetime(2028, 2, 29, 12, tzinfo=UTC)),
    ],
)
def test_a_month_forward_ends_on_the_last_day_of_a_shorter_month(
    clock: SandboxClock, months: int, expected: datetime
) -> None:
    clock.advance_months(months)
    assert clock.now() == expected


def test_reset_returns_to_the_machine(clock: SandboxClock, machine: Machine) -> None:
    clock.stop()
    clock.advance(timedelta(days=400))
    clock.reset()
    machine.now += timedelta(seconds=1)
    assert clock.now() == NOON + timedelta(seconds=1)
    assert clock.running


def test_tells_the_time_in_the_agreed_form(address: str) -> None:
    assert requests.get(f"{address}/clock", timeout=5).json() == {"now": "2026-01-31T12:00:00Z"}


def test_is_moved_through_control(address: str, clock: SandboxClock) -> None:
    answer = requests.post(
        f"{address}/control/clock",
        json={"set": "2026-03-30T10:00:00+03:00", "days": 1, "months": 1, "seconds": 30, "running": False},
        timeout=5,
    )
    assert answer.json() == {"now": "2026-05-01T07:00:30Z", "running": False}
    assert requests.get(f"{address}/clock", timeout=5).json() == {"now": "2026-05-01T07:00:30Z"}


@pytest.mark.parametrize(
    "wish", [{"set": "yesterday"}, {"set": "2026-01-01T00:00:00"}, {"days": "1"}, {"weeks": 1}, [1]]
)
def test_refuses_what_it_cannot_read_and_stays_where_it_is(address: str, clock: SandboxClock, wish: object) -> None:
    assert requests.post(f"{address}/control/clock", json=wish, timeout=5).status_code == 400
    assert clock.now() == NOON
