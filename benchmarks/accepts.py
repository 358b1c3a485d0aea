"""Durable accepts: how many robot calls a second are committed and answered, beside an empty Flask route.

Real gunicorn with our own gunicorn.conf.py, real HTTP over loopback, every call another event token, SQLite with
synchronous FULL and PostgreSQL from a wheel; both are served at the same time and asked in turns. Afterwards the
rows are counted.

Prints one JSON object. `python -m benchmarks.accepts`, about a minute.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from statistics import median
from typing import Any
from urllib.parse import quote_plus

from sqlalchemy import func, select

from benchmarks.load import Load, drive
from bitrix24.installs import hash_of_application_token
from storage.database import open_database
from storage.migrate import upgrade
from storage.model import Call, Portal
from tests.postgres import postgres_database
from tests.web import CLIENT_ID, web

MEMBER, TOKEN = "0123456789abcdef", "application-token-of-the-benchmark"
TARGET = 0.25
TURNS = 10
WARM_UP = 500


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
                "target": f"ratio (median of {TURNS} turns) at least {TARGET}",
                "met": all(figure["ratio"] >= TARGET for figure in figures.values()),
                "processors": os.cpu_count(),
                **figures,
            },
            ensure_ascii=False,
            indent=2,
        )
    )


def measure(database_url: str, calls: int, connections: int) -> dict[str, Any]:
    """Both are served at the same time and asked in turns, so that a machine that slows down is seen in both."""
    upgrade(database_url)
    _install_portal(database_url)
    each = calls // TURNS
    empty: list[Load] = []
    accepts: list[Load] = []
    with web(database_url, "benchmarks.empty_route:app") as bare, web(database_url) as doors:
        drive(bare.port, _empty_requests(WARM_UP), connections)
        drive(doors.port, _call_requests("warm", WARM_UP), connections)
        for turn in range(TURNS):
            empty.append(drive(bare.port, _empty_requests(each), connections))
            accepts.append(drive(doors.port, _call_requests(f"turn{turn}-", each), connections))
    stored = _stored_calls(database_url)
    if any(load.statuses != {200: each} for load in accepts) or stored != WARM_UP + TURNS * each:
        raise SystemExit(f"{stored} rows, answers {[load.statuses for load in accepts]}: each call must be both")
    return {
        "accepts": _figures(accepts),
        "empty_route": _figures(empty),
        "ratio": round(median(a.per_second / e.per_second for a, e in zip(accepts, empty, strict=True)), 3),
        "rows_committed": stored,
    }


def _figures(turns: Sequence[Load]) -> dict[str, float]:
    whole = Load(sum(turn.seconds for turn in turns), [one for turn in turns for one in turn.latencies], {})
    return {
        "per_second": round(whole.per_second),
        "p50_ms": round(whole.percentile(50) * 1000, 1),
        "p99_ms": round(whole.percentile(99) * 1000, 1),
    }


def _get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


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
                client_id=CLIENT_ID,
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
