"""The service as real processes that can be killed and come back: web and workers, as the Procfile starts them."""

import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.error import URLError

from cryptography.fernet import Fernet

from tests.outside import Outside

ROOT = Path(__file__).parent.parent.parent
BIN = Path(sys.executable).parent
START_SECONDS = 60


class Service:
    """Each process has a name; `kill` is kill -9, and the next `start` brings it back with the same settings."""

    def __init__(self, outside: Outside, database_url: str, folder: Path, public_url: str, app: dict[str, str]) -> None:
        self.public_url = public_url
        self._folder = folder
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.environment = {
            **os.environ,
            "PUBLIC_URL": public_url,
            "PORT": public_url.rsplit(":", 1)[1],
            "DATABASE_URL": database_url,
            "SECRET_KEY": secrets.token_hex(32),
            "ENCRYPTION_KEYS": Fernet.generate_key().decode(),
            "BITRIX24_CLIENT_ID": app["client_id"],
            "BITRIX24_CLIENT_SECRET": app["client_secret"],
            "BITRIX24_OAUTH_URL": outside.oauth_url,
            "CLOCK_URL": f"{outside.oauth_url}/clock",
            "SANDBOX_API_URL": f"{outside.oauth_url}/acquirer/",
        }

    def __enter__(self) -> Self:
        self.command("database", "upgrade")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in list(self._processes):
            self.kill(name)

    def start(self, name: str, **more: str) -> None:
        """`web`, or a worker of this name; `more` of the environment."""
        web = [str(BIN / "gunicorn"), "--config", "gunicorn.conf.py", "wsgi:app"]
        command = web if name == "web" else [sys.executable, "worker.py"]
        with (self._folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment | {"WORKER_NAME": name} | more,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self, name: str) -> None:
        process = self._processes.pop(name)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self, name: str) -> int:
        """Ask a process to end, as a supervisor does; its exit status."""
        self._processes[name].send_signal(signal.SIGTERM)
        return self.wait_end(name)

    def wait_end(self, name: str) -> int:
        """The exit status of a process that ends by itself."""
        return self._processes.pop(name).wait(START_SECONDS)

    def has_ended(self, name: str) -> bool:
        return self._processes[name].poll() is not None

    def is_live(self) -> bool:
        return self._answers("/health/live")

    def is_ready(self) -> bool:
        return self._answers("/health/ready")

    def _answers(self, path: str) -> bool:
        try:
            with urllib.request.urlopen(self.public_url + path, timeout=5) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def wait_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.is_ready():
            assert time.monotonic() < deadline, self.logs()
            time.sleep(0.1)

    def command(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "wsgi", *words],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def logs(self) -> str:
        return "\n".join(log.read_text()[-2000:] for log in sorted(self._folder.glob("*.log")))
