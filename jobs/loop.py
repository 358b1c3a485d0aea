"""The worker's loop: claims what is due while there are free slots; periodic work has threads of its own."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

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
