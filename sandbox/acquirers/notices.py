"""Notices to shops, each a ready request: sent by a thread of its own, again when the shop's answer is not accepted."""

from __future__ import annotations

import queue
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

TRIES = 4
PAUSE_SECONDS = 1.0
ANSWER_FIRST_SECONDS = 0.2
TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True)
class Letter:
    """A request to a shop: a POST with `body`, or a GET when there is none."""

    url: str
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Delivery:
    url: str
    body: str
    attempt: int
    status: int | None
    answer: str


class Notices:
    """`accepts` tells whether a shop's answer (status and text) ends the tries."""

    def __init__(self, accepts: Callable[[int, str], bool]) -> None:
        self.deliveries: list[Delivery] = []
        self._accepts = accepts
        self._waiting: queue.Queue[tuple[Letter, float]] = queue.Queue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def send(self, *letters: Letter, at_once: bool = False) -> None:
        """Queue letters in this order; a moment later unless `at_once`, so that an answer under way arrives first."""
        for letter in letters:
            self._waiting.put((letter, 0.0 if at_once else ANSWER_FIRST_SECONDS))
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._send_all, name="acquirer-notices", daemon=True)
                self._thread.start()

    def wait(self) -> None:
        """Until everything queued was sent."""
        self._waiting.join()

    def _send_all(self) -> None:
        while True:
            letter, pause = self._waiting.get()
            try:
                time.sleep(pause)
                self._send(letter)
            finally:
                self._waiting.task_done()

    def _send(self, letter: Letter) -> None:
        for attempt in range(1, TRIES + 1):
            status, answer = _deliver(letter)
            body = letter.body.decode("utf-8", "replace") if letter.body is not None else ""
            self.deliveries.append(Delivery(letter.url, body, attempt, status, answer))
            refused_for_good = status is not None and 400 <= status < 500
            if refused_for_good or (status is not None and self._accepts(status, answer)):
                return
            time.sleep(PAUSE_SECONDS)


_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _deliver(letter: Letter) -> tuple[int | None, str]:
    request = urllib.request.Request(letter.url, letter.body, dict(letter.headers))
    try:
        with _opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
            return int(answer.status), answer.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode("utf-8", "replace")
    except OSError:
        return None, ""
