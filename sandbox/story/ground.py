"""Where a local run lives: its folder, its secrets, its ports and the environment its processes get."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
import shlex
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.acquirers import acquirer_codes

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "var" / "sandbox"
OUTSIDE_PORT, WEB_PORT = 8800, 8080
LAST_PORT = 65535


@dataclass(frozen=True)
class Ground:
    """`folder` holds logs, secrets and the database of one local run at a time."""

    folder: Path
    outside_port: int
    web_port: int
    database_url: str
    environment: dict[str, str]

    @property
    def public_url(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"


class AlreadyRunning(Exception):
    """Another run holds the folder."""


class NoSuchPort(Exception):
    """`PORT` names none."""


def prepare(folder: Path, environ: Mapping[str, str]) -> Ground:
    """Make the folder, the secrets and, unless `DATABASE_URL` names another, place for a fresh database.

    The folder is held until this process ends. Raises AlreadyRunning, NoSuchPort.
    """
    wanted = environ.get("PORT") or str(WEB_PORT)
    if not wanted.isdecimal() or int(wanted) > LAST_PORT:
        raise NoSuchPort(f"PORT={wanted} — это не порт: укажите число от 0 до {LAST_PORT} или уберите PORT")
    folder.mkdir(parents=True, exist_ok=True)
    _hold(folder)
    database_url = environ.get("DATABASE_URL", "")
    if not database_url:
        for left in folder.glob("payments.db*"):
            left.unlink()
        database_url = f"sqlite:///{folder / 'payments.db'}"
    binaries = Path(sys.executable).parent
    environment = {
        **environ,
        "PATH": f"{binaries}{os.pathsep}{environ.get('PATH', os.defpath)}",
        "PYTHONUNBUFFERED": "1",
        "DATABASE_URL": database_url,
        **_secrets(folder / "secrets.json"),
    }
    outside_port = free_port(OUTSIDE_PORT)
    web_port = free_port(int(wanted))
    return Ground(folder, outside_port, web_port, database_url, environment)


def service_settings(ground: Ground, outside: Mapping[str, str], app: Mapping[str, str]) -> dict[str, str]:
    """The service's settings: everything outside is the sandbox. `outside` are the addresses it printed at its start,
    `app` is the application registered at its OAuth host."""
    oauth_url = outside["oauth_url"]
    return {
        "PUBLIC_URL": ground.public_url,
        "PORT": str(ground.web_port),
        "BITRIX24_OAUTH_URL": oauth_url,
        "BITRIX24_CLIENT_ID": app["client_id"],
        "BITRIX24_CLIENT_SECRET": app["client_secret"],
        "SANDBOX_API_URL": f"{oauth_url}/acquirer/",
        **{f"{code.upper()}_API_URL": f"{oauth_url}/acquirers/{code}/" for code in acquirer_codes()},
        "CLOCK_URL": f"{oauth_url}/clock",
        "SMTP_URL": outside["smtp_url"],
        "MAIL_FROM": "Оплата <pay@example.com>",
        "WORKER_NAME": "worker-1",
    }


def write_flask(ground: Ground, settings: Mapping[str, str]) -> Path:
    """A script that runs the operator's commands with the settings of this run; for its owner only, it has secrets."""
    kept = ("DATABASE_URL", "SECRET_KEY", "ENCRYPTION_KEYS")
    known = {name: ground.environment[name] for name in kept} | dict(settings)
    exports = "\n".join(f"export {name}={shlex.quote(value)}" for name, value in known.items())
    command = shlex.join([sys.executable, "-m", "flask", "--app", str(ROOT / "wsgi.py")])
    script = ground.folder / "flask"
    script.touch(mode=0o700)
    script.write_text(f'#!/bin/sh\n{exports}\nexec {command} "$@"\n', encoding="utf-8")
    return script


def free_port(wanted: int) -> int:
    """The wanted port when nobody listens there, else any free one."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port")


def _hold(folder: Path) -> None:
    """Take the folder for this process; the system lets it go when the process ends, however it ends."""
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise AlreadyRunning(f"В {folder} уже работает другой запуск: остановите его или назовите --folder") from None


def _secrets(path: Path) -> dict[str, str]:
    """Secrets of local runs, made once and readable by their owner only; never printed."""
    if not path.exists():
        made = {
            "SECRET_KEY": secrets.token_urlsafe(48),
            "ENCRYPTION_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        }
        path.touch(mode=0o600)
        path.write_text(json.dumps(made), encoding="utf-8")
    kept: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return kept
