"""Which runs this process has under way, from their start to their end."""

import threading
import time

from jobs.engine import Job


class Counted:
    """A job that knows which of its runs were started here and have not ended."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._guard = threading.Condition()
        self._under_way: set[tuple[int, int]] = set()

    def begin(self, subject_id: int, run: int) -> None:
        with self._guard:
            self._under_way.add((subject_id, run))

    def end(self, subject_id: int, run: int) -> None:
        with self._guard:
            self._under_way.discard((subject_id, run))
            self._guard.notify_all()

    def __call__(self, subject_id: int, run: int) -> None:
        try:
            self._job(subject_id, run)
        finally:
            self.end(subject_id, run)

    @property
    def under_way(self) -> frozenset[tuple[int, int]]:
        with self._guard:
            return frozenset(self._under_way)

    def wait_until_idle(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        with self._guard:
            while self._under_way and (left := deadline - time.monotonic()) > 0:
                self._guard.wait(left)
            return not self._under_way
