"""The web process for tests and measurements: gunicorn with the service's own options, on a free port."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet

from tests.ports import free_port

ROOT = Path(__file__).parent.parent
CLIENT_ID = "local.test"
SECONDS = 30.0


@dataclass(frozen=True)
class Web:
    """`output` is everything the process and its workers have written."""

    port: int
    process: subprocess.Popen[bytes]
    _output: Path

    @property
    def output(self) -> str:
        return self._output.read_text()

    @property
    def pid_file(self) -> Path:
        """Where `make reload` looks for the process."""
        return ROOT / "var" / f"web-{self.port}.pid"


def environment(database_url: str, port: int, **changes: str) -> dict[str, str]:
    return os.environ | {
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "BITRIX24_OAUTH_URL": "http://127.0.0.1:9",
        "BITRIX24_CLIENT_ID": CLIENT_ID,
        "BITRIX24_CLIENT_SECRET": "secret-of-the-application",
        "SECRET_KEY": "0123456789abcdefghijklmnopqrstuv",
        "ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "DATABASE_URL": database_url,
        "PORT": str(port),
        **changes,
    }


@contextmanager
def web(database_url: str, app: str = "wsgi:app", **changes: str) -> Iterator[Web]:
    """gunicorn up and answering; ended gently afterwards."""
    port = free_port()
    with tempfile.NamedTemporaryFile(prefix="web", suffix=".log") as output:
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name("gunicorn")), app],
            cwd=ROOT,
            env=environment(database_url, port, **changes),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        served = Web(port, process, Path(output.name))
        try:
            _wait_until_it_answers(served)
            yield served
        finally:
            process.terminate()
            process.wait(SECONDS)


def _wait_until_it_answers(served: Web) -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and served.process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", served.port), timeout=5) as connection:
                connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
                if connection.recv(64):
                    return
        except OSError:
            pass
        time.sleep(0.05)
    raise RuntimeError(f"gunicorn does not answer: {served.output}")
