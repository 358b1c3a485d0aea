"""Durable accepts: how many robot calls a second are committed and answered, beside an empty Flask route.

Real gunicorn with our own gunicorn.conf.py, real HTTP over loopback, every call another event token, SQLite with
synchronous FULL and PostgreSQL from a wheel. Afterwards the rows are counted. Prints one JSON object.
`python -m benchmarks.accepts`, about a minute.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from cryptography.fernet import Fernet
from sqlalchemy import func, select

from benchmarks.load import Load, drive
from bitrix24.installs import hash_of_application_token
from storage.database import open_database
from storage.migrate import upgrade
from storage.model import Call, Portal
from tests.postgres import postgres_database

ROOT = Path(__file__).parent.parent
MEMBER, TOKEN, CLIENT = "0123456789abcdef", "application-token-of-the-benchmark", "local.benchmark"
START_SECONDS = 30


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--calls", type=int, default=10_000)
    arguments.add_argument("--connections", type=int, default=64)
    wish = arguments.parse_args()
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        figures["sqlite_full"] = measure(f"sqlite:///{folder}/bench.db", wish.calls, wish.connections)
    with postgres_database() as url:
        figures["postgresql"] = measure(url, wish.calls, wish.connections)
    print(
        json.dumps(
            {
                "name": "accepts",
                "command": f"python -m benchmarks.accepts --calls {wish.calls} --connections {wish.connections}",
                "method": __doc__.split("\n\n")[1].replace("\n", " "),
                "target": "ratio at least 0.25",
                "processors": os.cpu_count(),
                **figures,
            },
            ensure_ascii=False,
            indent=2,
        )
    )
    sys.exit(0 if all(figure["ratio"] >= 0.25 for figure in figures.values()) else 1)


def measure(database_url: str, calls: int, connections: int) -> dict[str, Any]:
    """The empty route before and after, so that a machine that slows down in between is seen in both."""
    upgrade(database_url)
    _install_portal(database_url)
    with served("benchmarks.empty_route:app", database_url) as port:
        empty = drive(port, _empty_requests(calls), connections)
    with served("wsgi:app", database_url) as port:
        drive(port, _call_requests("warm", 500), connections)
        accepts = drive(port, _call_requests("measured", calls), connections)
    with served("benchmarks.empty_route:app", database_url) as port:
        empty_again = drive(port, _empty_requests(calls), connections)
    stored = _stored_calls(database_url)
    if accepts.statuses != {200: calls} or stored != calls + 500:
        raise SystemExit(f"answers {accepts.statuses}, rows {stored}: every call must be answered 200 and stored")
    base = (empty.per_second + empty_again.per_second) / 2
    return {
        "accepts": _figures(accepts),
        "empty_route": _figures(empty),
        "empty_route_again": _figures(empty_again),
        "ratio": round(accepts.per_second / base, 3),
        "rows_committed": stored,
    }


def _figures(load: Load) -> dict[str, float]:
    return {
        "per_second": round(load.per_second),
        "p50_ms": round(load.percentile(50) * 1000, 1),
        "p99_ms": round(load.percentile(99) * 1000, 1),
    }


@contextmanager
def served(app: str, database_url: str) -> Iterator[int]:
    """gunicorn with the service's own options on a free port of the loopback."""
    port = _free_port()
    environment = os.environ | {
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "BITRIX24_OAUTH_URL": "http://127.0.0.1:9",
        "BITRIX24_CLIENT_ID": CLIENT,
        "BITRIX24_CLIENT_SECRET": "secret-of-the-benchmark",
        "SECRET_KEY": "0123456789abcdefghijklmnopqrstuv",
        "ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "DATABASE_URL": database_url,
        "PORT": str(port),
        "LOG_LEVEL": "WARNING",
    }
    command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", app]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True)
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            drive(port, iter([_get("/health/live", port)]), 1)
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("gunicorn did not start")


def _get(path: str, port: int = 80) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()


def _empty_requests(count: int) -> Iterator[bytes]:
    return iter([_get("/empty")] * count)


def _call_requests(run: str, count: int) -> Iterator[bytes]:
    requests = []
    ts = int(datetime.now(UTC).timestamp())
    for number in range(count):
        body = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in _fields(f"{run}{number}", ts))
        requests.append(
            f"POST /bitrix24/activities HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
        )
    return iter(requests)


def _fields(name: str, ts: int) -> Iterator[tuple[str, str]]:
    """As a portal sends split_invoice: every property of its form, and the user's tokens."""
    properties = {
        "amount": "100 000,00",
        "currency": "RUB",
        "parts": "4",
        "shares": "",
        "first_due_date": "25.09.2026",
        "period": "month",
        "every": "1",
        "month_end": "clip",
        "remainder": "spread_first",
        "rounding_unit": "0",
        "shift": "following",
        "source_invoice": "first_part",
        "remind_days_before": "3",
        "item": "",
    }
    auth = {
        "access_token": "a" * 60,
        "expires": str(ts + 3600),
        "expires_in": "3600",
        "scope": "crm,bizproc",
        "domain": "portal.example",
        "server_endpoint": "https://oauth.bitrix.info/rest/",
        "status": "L",
        "client_endpoint": "https://portal.example/rest/",
        "member_id": MEMBER,
        "user_id": "1",
        "refresh_token": "r" * 60,
        "application_token": TOKEN,
    }
    yield "workflow_id", "66f1c0ffee1234.56789012"
    yield "code", "split_invoice"
    yield from ((f"document_id[{place}]", part) for place, part in enumerate(("crm", "CCrmDocumentDeal", "DEAL_712")))
    yield from ((f"document_type[{place}]", part) for place, part in enumerate(("crm", "CCrmDocumentDeal", "DEAL")))
    yield "event_token", f"66f1c0ffee1234.56789012|A51234_22222|{name:x>32}.{'0f3c' * 16}"
    yield from ((f"properties[{key}]", value) for key, value in properties.items())
    yield from (("use_subscription", "Y"), ("timeout_duration", "0"), ("ts", str(ts)))
    yield from ((f"auth[{key}]", value) for key, value in auth.items())


def _install_portal(database_url: str) -> None:
    now = datetime.now(UTC)
    database = open_database(database_url)
    with database.write() as session:
        session.add(
            Portal(
                client_id=CLIENT,
                member_id=MEMBER,
                client_endpoint="https://portal.example/rest/",
                state="active",
                application_token_hash=hash_of_application_token(TOKEN),
                installer_user_id=1,
                installed_at=now,
                changed_at=now,
            )
        )
    database.close()


def _stored_calls(database_url: str) -> int:
    database = open_database(database_url)
    with database.read() as session:
        stored = session.scalar(select(func.count()).select_from(Call)) or 0
    database.close()
    return stored


if __name__ == "__main__":
    main()
