"""Restarts of the web process under load: how many calls found the door closed, by the manner of the restart.

Real gunicorn on loopback with our own gunicorn.conf.py and an empty route behind it, so that nothing but the restart
can lose a request; eight senders, first with a new connection for each request, then with connections they keep.

Prints one JSON object. `python -m benchmarks.restart`, about two minutes.
"""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.ports import free_port
from tests.web import ROOT, environment

SENDERS = 8
BEFORE, AFTER = 1.0, 2.0
RESTARTS = 3
APP = "benchmarks.empty_route:app"


def main() -> None:
    manners: dict[str, Callable[[Server], None]] = {
        "reload (HUP)": Server.reload,
        "new master, then the old one ends (USR2, TERM)": Server.replace,
        "stop and start on a socket that is kept": Server.stop_and_start,
        "stop and start": Server.stop_and_start,
    }
    figures = {
        manner: {
            kind: _measure(restart, kept_connections=kept, kept_socket="kept" in manner)
            for kind, kept in (("new connections", False), ("kept connections", True))
        }
        for manner, restart in manners.items()
    }
    print(
        json.dumps(
            {
                "name": "restart",
                "command": "python -m benchmarks.restart",
                "method": __doc__.split("\n\n")[1].replace("\n", " "),
                "restarts_each": RESTARTS,
                **figures,
            },
            indent=2,
        )
    )


class Server:
    """gunicorn on one port for its whole life, whatever becomes of its processes."""

    def __init__(self, folder: str, *, kept_socket: bool) -> None:
        self.port = free_port()
        self._environment = environment(f"sqlite:///{folder}/x.db", self.port, LOG_LEVEL="ERROR")
        self._socket = socket.create_server(("127.0.0.1", self.port), backlog=2048) if kept_socket else None
        self.start()

    def start(self) -> None:
        command = [str(Path(sys.executable).with_name("gunicorn")), APP]
        fds: tuple[int, ...] = ()
        if self._socket:
            fds = (self._socket.fileno(),)
            command += ["--bind", f"fd://{fds[0]}"]
        self._pidfile.unlink(missing_ok=True)
        subprocess.Popen(command, cwd=ROOT, env=self._environment, pass_fds=fds, start_new_session=True)
        _wait_for(lambda: self._pidfile.exists() and bool(self._pidfile.read_text()))
        self.ask(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30))

    def reload(self) -> None:
        os.kill(self._pid, signal.SIGHUP)
        time.sleep(AFTER)

    def replace(self) -> None:
        old = self._pid
        os.kill(old, signal.SIGUSR2)
        _wait_for(lambda: self._pid != old)
        time.sleep(AFTER)
        os.kill(old, signal.SIGTERM)
        _wait_for(lambda: not _lives(old))

    def stop_and_start(self) -> None:
        old = self._pid
        os.kill(old, signal.SIGTERM)
        _wait_for(lambda: not _lives(old))
        self.start()

    def end(self) -> None:
        old = self._pid
        os.kill(old, signal.SIGTERM)
        _wait_for(lambda: not _lives(old))
        self._pidfile.unlink(missing_ok=True)
        if self._socket:
            self._socket.close()

    @staticmethod
    def ask(connection: http.client.HTTPConnection) -> int:
        connection.request("GET", "/empty")
        answer = connection.getresponse()
        answer.read()
        return answer.status

    @property
    def _pidfile(self) -> Path:
        return ROOT / "var" / f"web-{self.port}.pid"

    @property
    def _pid(self) -> int:
        return int(self._pidfile.read_text())


def _measure(restart: Callable[[Server], None], *, kept_connections: bool, kept_socket: bool) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        server = Server(folder, kept_socket=kept_socket)
        stop = threading.Event()
        outcomes: Counter[str] = Counter()
        threads = [
            threading.Thread(target=_send, args=(server, stop, outcomes, kept_connections)) for _ in range(SENDERS)
        ]
        for thread in threads:
            thread.start()
        for _ in range(RESTARTS):
            time.sleep(BEFORE)
            restart(server)
        time.sleep(AFTER)
        stop.set()
        for thread in threads:
            thread.join()
        server.end()
    answered = outcomes.pop("200", 0)
    return {"answered": answered, "lost": sum(outcomes.values()), "how": dict(outcomes)}


def _send(server: Server, stop: threading.Event, outcomes: Counter[str], kept: bool) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    while not stop.is_set():
        try:
            outcomes[str(server.ask(connection))] += 1
        except (OSError, http.client.HTTPException) as error:
            outcomes[type(error).__name__] += 1
            connection.close()
            time.sleep(0.01)
        if not kept:
            connection.close()
    connection.close()


def _wait_for(happened: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            raise SystemExit("gunicorn did not do what it was told")
        time.sleep(0.02)


def _lives(pid: int) -> bool:
    """A process that has ended and was not waited for counts as ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


if __name__ == "__main__":
    main()
