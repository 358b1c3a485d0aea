"""Child processes of a local run: started with a log file each, watched, and stopped one by one."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

STOP_SECONDS = 15.0
TAIL_LINES = 30


class ProcessFailed(Exception):
    """A child ended that should not have; the text carries the end of its log."""


@contextmanager
def uninterrupted() -> Iterator[None]:
    """A request to end that comes inside is heard after it: no process is started and forgotten."""
    came: list[int] = []
    kept = {
        one: signal.signal(one, lambda number, _frame: came.append(number)) for one in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for one, handler in kept.items():
            signal.signal(one, handler)
    if came:
        raise KeyboardInterrupt


class Child:
    """One process in a group of its own, so that stopping it stops what it started too."""

    def __init__(self, name: str, command: str, environment: Mapping[str, str], log: Path, folder: Path) -> None:
        self.name = name
        self.log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", f"exec {command}"],
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def must_live(self) -> None:
        status = self._process.poll()
        if status is not None:
            raise ProcessFailed(f"{self.name}: процесс завершился с кодом {status}.\n{self.tail()}")

    def must_end_well(self, seconds: float) -> None:
        """Wait for a process that has work to finish."""
        try:
            status = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise ProcessFailed(f"{self.name}: не закончил за {seconds:.0f} с.\n{self.tail()}") from None
        if status != 0:
            raise ProcessFailed(f"{self.name}: завершился с кодом {status}.\n{self.tail()}")

    def stop(self) -> None:
        """Ask the whole group to end, then insist."""
        for request in (signal.SIGTERM, signal.SIGKILL):
            if not self._group_lives():
                return
            os.killpg(self._process.pid, request)
            self._wait_for_group(STOP_SECONDS)

    def tail(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL_LINES:]
        return f"Конец журнала {self.log}:\n" + "\n".join(f"    {line}" for line in lines)

    def _wait_for_group(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while self._group_lives() and time.monotonic() < deadline:
            time.sleep(0.05)

    def _group_lives(self) -> bool:
        self._process.poll()
        try:
            os.killpg(self._process.pid, 0)
        except ProcessLookupError:
            return False
        return True
