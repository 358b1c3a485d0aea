"""The processes of a local run: the outside, then the service exactly as the Procfile starts it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from types import TracebackType

from sandbox.story.control import status_of
from sandbox.story.ground import ROOT, Ground
from sandbox.story.processes import Child, ProcessFailed, uninterrupted

START_SECONDS = 60.0
RELEASE_SECONDS = 120.0
COMMAND_SECONDS = 120.0


class Service:
    """Everything started here is stopped when the block ends, the last one first."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.environment = dict(ground.environment)
        self._children: list[Child] = []

    def __enter__(self) -> Service:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with uninterrupted():
            for child in reversed(self._children):
                child.stop()

    def start_outside(self) -> dict[str, str]:
        """Start the sandbox; gives the addresses it printed."""
        child = self._start("sandbox", f"{sys.executable} -m sandbox.outside --port {self.ground.outside_port}")
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            first, _, rest = child.log.read_text(encoding="utf-8").partition("\n")
            if first.startswith("{") and (rest or first.endswith("}")):
                addresses: dict[str, str] = json.loads(first)
                return addresses
            child.must_live()
            time.sleep(0.05)
        raise ProcessFailed(f"sandbox: не заработала за {START_SECONDS:.0f} с.\n{child.tail()}")

    def start(self, settings: dict[str, str]) -> None:
        """Migrate the database, start web and worker, and wait until the service says it is ready."""
        self.environment |= settings
        commands = _procfile()
        self._start("release", commands["release"]).must_end_well(RELEASE_SECONDS)
        running = [self._start(name, commands[name]) for name in ("web", "worker")]
        address = f"{self.ground.public_url}/health/ready"
        deadline = time.monotonic() + START_SECONDS
        while status_of(address) != 200:
            for child in running:
                child.must_live()
            if time.monotonic() > deadline:
                tails = "\n".join(child.tail() for child in running)
                raise ProcessFailed(f"{address} не ответил 200 за {START_SECONDS:.0f} с.\n{tails}")
            time.sleep(0.1)

    def command(self, *words: str) -> str:
        """One of the operator's commands under `flask --app wsgi`; gives what it printed."""
        done = self._flask(words)
        if done.returncode != 0:
            said = (done.stdout + done.stderr).strip()[-2000:]
            raise ProcessFailed(f"flask --app wsgi {' '.join(words[:2])}: код {done.returncode}.\n{said}")
        return done.stdout

    def complaint(self, *words: str) -> str:
        """What a command that checks something found wrong; empty when its exit status says that all is well."""
        done = self._flask(words)
        return f"код {done.returncode}: {(done.stdout + done.stderr).strip()[-1000:]}" if done.returncode else ""

    def must_live(self) -> None:
        """Every process that should run does; one that ended is reported with its last lines."""
        for child in self._children:
            if child.name != "release":
                child.must_live()

    def _flask(self, words: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "flask", "--app", "wsgi", *words],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )

    def _start(self, name: str, command: str) -> Child:
        with uninterrupted():
            child = Child(name, command, self.environment, self.ground.folder / f"{name}.log", ROOT)
            self._children.append(child)
        return child


def _procfile() -> dict[str, str]:
    lines = (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
    pairs = [line.partition(":") for line in lines if ":" in line and not line.startswith("#")]
    return {name.strip(): command.strip() for name, _, command in pairs}
