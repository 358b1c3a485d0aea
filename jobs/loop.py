"""The worker's loop: claims what is due while there are free slots; periodic work has threads of its own."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

PAUSE_AFTER_FAILURE = 1.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Periodic:
    """Work done again and again, `every` so many seconds after it ended. A failure is logged and waits for the next."""

    name: str
    every: float
    work: Callable[[], object]


class Every:
    """Says once every so many seconds that it is time; `elapsed` counts seconds steadily."""

    def __init__(self, seconds: float, elapsed: Callable[[], float]) -> None:
        self._seconds = seconds
        self._elapsed = elapsed
        self._last = elapsed()

    def due(self) -> bool:
        if self._elapsed() - self._last < self._seconds:
            return False
        self._last = self._elapsed()
        return True


class EveryHour:
    """Work done at once, and again when an hour has passed by our own clock, which a story may move."""

    def __init__(self, work: Callable[[], object], now: Callable[[], datetime]) -> None:
        self._work = work
        self._now = now
        self._done_at: datetime | None = None

    def __call__(self) -> None:
        now = self._now()
        if self._done_at and now < self._done_at + timedelta(hours=1):
            return
        self._done_at = now
        self._work()


class Loop:
    """`claim` starts what is due; it is called again `pause` seconds after it ended."""

    def __init__(self, claim: Callable[[], object], periodic: Sequence[Periodic], pause: float) -> None:
        self._claim = claim
        self._periodic = periodic
        self._pause = pause
        self._stopping = threading.Event()

    def stop(self) -> None:
        self._stopping.set()

    def run(self) -> None:
        """Until it is stopped; what periodic work is under way then is not waited for."""
        for one in self._periodic:
            threading.Thread(target=self._repeat, args=(one,), name=one.name, daemon=True).start()
        while not self._stopping.is_set():
            self._stopping.wait(self._claimed())

    def _claimed(self) -> float:
        """Seconds until the next claim."""
        try:
            self._claim()
        except Exception:
            log.exception("claiming calls failed")
            return max(self._pause, PAUSE_AFTER_FAILURE)
        return self._pause

    def _repeat(self, periodic: Periodic) -> None:
        while not self._stopping.is_set():
            try:
                periodic.work()
            except Exception:
                log.exception("%s failed", periodic.name)
            self._stopping.wait(periodic.every)
