"""The clock: the machine's, or one that is asked over HTTP so that a story can move time."""

import json
import threading
import time
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.error import URLError

Clock = Callable[[], datetime]

ASK_EVERY = 0.5  # a change is noticed within a second
ASK_TIMEOUT = 2.0


def machine_clock() -> datetime:
    return datetime.now(UTC)


class BorrowedClock:
    """A clock on the loopback: GET gives `{"now": "2026-01-31T10:00:00Z"}`. Between two looks time runs by itself.

    While it does not answer, the last difference to the machine's clock stands.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._guard = threading.Lock()
        self._ahead = timedelta(0)
        self._asked = float("-inf")

    def __call__(self) -> datetime:
        with self._guard:
            if time.monotonic() - self._asked >= ASK_EVERY:
                self._ask()
            return machine_clock() + self._ahead

    def _ask(self) -> None:
        self._asked = time.monotonic()
        try:
            with urllib.request.urlopen(self._url, timeout=ASK_TIMEOUT) as answer:
                said = datetime.fromisoformat(json.load(answer)["now"])
        except (URLError, TimeoutError, ValueError, KeyError, TypeError):
            return
        self._ahead = said - machine_clock()


def open_clock(url: str) -> Clock:
    return BorrowedClock(url) if url else machine_clock
