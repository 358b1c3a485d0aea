"""What the worker needs of an engine: start a run under an id that makes it one, and know which are under way."""

from collections.abc import Callable
from typing import Protocol

Job = Callable[[int, int], None]
"""What a run does: a row's id and the number of the run. Payloads are ids only; it never raises."""


class Engine(Protocol):
    def start(self, job_id: str, subject_id: int, run: int) -> None:
        """Begin a run; a second start under the same id changes nothing."""

    @property
    def under_way(self) -> frozenset[tuple[int, int]]:
        """The runs this process has started that have not ended: subject's id and number of the run."""

    def wait_until_idle(self, seconds: float) -> bool:
        """Whether every run that was under way has ended, within so many seconds."""

    def close(self) -> None:
        """What still runs will be run again by whoever comes next."""
