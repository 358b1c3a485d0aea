"""What the worker needs of an engine: start a run under an id that makes it one, and know how many run."""

from collections.abc import Callable
from typing import Protocol

Job = Callable[[int, int], None]
"""What a run does: a row's id and the number of the run. Payloads are ids only; it never raises."""


class Engine(Protocol):
    def start(self, job_id: str, subject_id: int, run: int) -> None:
        """Begin a run; a second start under the same id changes nothing."""

    @property
    def running(self) -> int:
        """How many runs this process has under way."""

    def close(self, grace: float) -> None:
        """Wait up to `grace` seconds for what runs; what is left will be run again by whoever comes next."""
