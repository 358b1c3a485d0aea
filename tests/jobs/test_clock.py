"""The borrowed clock: follows the one it asks, and is nobody's obstacle when that one is ill."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from jobs.clock import BorrowedClock, machine_clock, open_clock
from tests.outside import eventually

A_YEAR = timedelta(days=365)
CLOSE = timedelta(minutes=10)


@contextmanager
def served(says: Callable[[], bytes]) -> Iterator[str]:
    """A clock on the loopback whose body is what `says` gives at each request."""

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = says()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: a test's output is for its failures."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def body(moment: datetime) -> bytes:
    return json.dumps({"now": moment.isoformat().replace("+00:00", "Z")}).encode()


def is_near(clock: Callable[[], datetime], moment: datetime) -> bool:
    return abs(clock() - moment) < CLOSE


def test_without_an_address_it_is_the_machines_clock() -> None:
    assert open_clock("") is machine_clock
    assert machine_clock().tzinfo is UTC


def test_its_first_word_is_the_asked_clocks() -> None:
    moment = machine_clock() - A_YEAR
    with served(lambda: body(moment)) as url:
        assert is_near(open_clock(url), moment)


def test_a_change_is_noticed() -> None:
    moments = [machine_clock() - A_YEAR]
    with served(lambda: body(moments[-1])) as url:
        clock = open_clock(url)
        moments.append(machine_clock() + A_YEAR)
        assert eventually(lambda: is_near(clock, moments[-1]))


def test_between_two_looks_its_time_runs() -> None:
    moment = machine_clock() - A_YEAR
    with served(lambda: body(moment)) as url:
        clock = open_clock(url)
        first = clock()
        assert eventually(lambda: clock() > first)


@pytest.mark.parametrize("nonsense", [b"", b"[]", b"{}", b'{"now": 5}', b'{"now": "soon"}', b'{"now": "2026-01-31"}'])
def test_nonsense_leaves_the_last_difference_standing(nonsense: bytes) -> None:
    moment = machine_clock() - A_YEAR
    bodies = [body(moment)]
    with served(lambda: bodies[-1]) as url:
        clock = BorrowedClock(url)
        clock()
        bodies.append(nonsense)
        clock._asked = float("-inf")
        assert is_near(clock, moment)


def test_a_clock_that_went_away_leaves_the_last_difference_standing() -> None:
    moment = machine_clock() - A_YEAR
    with served(lambda: body(moment)) as url:
        clock = BorrowedClock(url)
        clock()
    clock._asked = float("-inf")
    assert is_near(clock, moment)


def test_while_one_caller_asks_the_others_are_told_at_once() -> None:
    asked, may_answer = threading.Event(), threading.Event()

    def slowly() -> bytes:
        asked.set()
        may_answer.wait(10)
        return body(machine_clock())

    with served(slowly) as url:
        clock = BorrowedClock(url)
        first = threading.Thread(target=clock)
        first.start()
        assert asked.wait(10)
        assert clock._asking.locked()
        assert is_near(clock, machine_clock())
        may_answer.set()
        first.join()


def test_a_clock_that_takes_the_connection_and_says_nothing_holds_nobody_for_long() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        clock = open_clock(f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert is_near(clock, machine_clock())
