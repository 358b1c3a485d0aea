"""How gunicorn serves the doors: threads that share one writer of calls, and a restart that refuses nobody.

Nothing of the service is made before the fork (no `preload_app`): a connection shared by two processes breaks both.
"""

import logging
import os
import sys
from pathlib import Path

from gunicorn import glogging
from gunicorn.arbiter import Arbiter
from gunicorn.config import Config

sys.path.insert(0, str(Path(__file__).parent))

from logs import configure_logs
from settings import SettingsRefused, load_settings, on_loopback

try:
    _settings = load_settings()
except SettingsRefused as refusal:
    raise SystemExit(f"The service does not start: {refusal}") from None


class RoutedLog(glogging.Logger):
    """gunicorn's own words go where all others go."""

    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        configure_logs(_settings.log_level, _settings.secrets)
        self.error_log.setLevel(logging.NOTSET)


_on_sqlite = _settings.database_url.startswith("sqlite")

bind = f"{'127.0.0.1' if on_loopback(_settings.public_url) else '0.0.0.0'}:{_settings.port}"
worker_class = "gthread"
# SQLite has one writer: a second process would only wait for the first one's lock.
workers = 1 if _on_sqlite else max(2, os.cpu_count() or 1)
threads = 32
worker_connections = 1000
backlog = 2048
keepalive = 75  # longer than a proxy keeps its own side open, so that it is never us who close under a request
timeout = 60
graceful_timeout = 30
logger_class = RoutedLog
# What a request says of itself is believed by nobody.
forwarded_allow_ips = ""
secure_scheme_headers: dict[str, str] = {}
control_socket_disable = True


# `make reload` finds here whom to signal. Not gunicorn's own `pidfile`, with which a stale one stops the start.
_pid_file = Path(f"var/web-{_settings.port}.pid")


def when_ready(server: Arbiter) -> None:
    _pid_file.parent.mkdir(exist_ok=True)
    _pid_file.write_text(str(server.pid))


def on_exit(server: Arbiter) -> None:
    """What a newer master has written stays."""
    if _pid_file.exists() and _pid_file.read_text() == str(server.pid):
        _pid_file.unlink()


# A reloaded worker imports the new version of these, not what this process had.
for _name in ("logs", "settings"):
    del sys.modules[_name]
