"""The worker's loop: claims what is due while there are free slots; periodic work has threads of its own."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

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
    """`claim` starts what is due and says how many it started; what `check` raises ends the loop."""

    def __init__(
        self, claim: Callable[[], int], check: Callable[[], None], periodic: Sequence[Periodic], pause: float
    ) -> None:
        self._claim = claim
        self._check = check
        self._periodic = periodic
        self._pause = pause
        self._stopping = threading.Event()

    def stop(self) -> None:
        self._stopping.set()

    def run(self) -> None:
        """Until it is stopped or `check` raises."""
        threads = [
            threading.Thread(target=self._repeat, args=(one,), name=one.name, daemon=True) for one in self._periodic
        ]
        for thread in threads:
            thread.start()
        try:
            while not self._stopping.is_set():
                self._check()
                started = self._claimed()
                self._stopping.wait(0 if started else self._pause)
        finally:
            self._stopping.set()

    def _claimed(self) -> int:
        try:
            return self._claim()
        except Exception:
            log.exception("claiming calls failed")
            return 0

    def _repeat(self, periodic: Periodic) -> None:
        while not self._stopping.is_set():
            try:
                periodic.work()
            except Exception:
                log.exception("%s failed", periodic.name)
            self._stopping.wait(periodic.every)
