"""A burst of robots on one portal: shared batches beside one command at a time, against the sandbox's real bucket.

Every robot reads its item, writes it and answers its workflow, each command only after the one before. Prints one JSON
object. `python -m benchmarks.burst`, about a minute.
"""

import argparse
import json
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import ceil
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from cryptography.fernet import Fernet

from bitrix24.client import PortalClient
from bitrix24.lanes import Lane
from bitrix24.oauth import App
from bitrix24.portals import Portals
from bitrix24.tokens import Pair, store_pair
from storage.database import open_database
from storage.model import Base
from storage.model import Portal as PortalRow
from storage.vault import Vault
from tests.outside import Outside, Portal

DEAL = 2
COMMANDS_EACH = 3
RATE, BURST, RESERVE = 2, 50, 10
STEADY = 20


@dataclass(frozen=True)
class Waiting:
    """A robot's step that waits in the portal: its item and the token of its answer."""

    item_id: int
    event_token: str


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--robots", type=int, default=1000)
    arguments.add_argument("--threads", type=int, default=250, help="robots at work at the same time")
    arguments.add_argument("--sequential", type=int, default=25, help="robots of the sequential sample")
    wish = arguments.parse_args()
    with Outside() as outside, tempfile.TemporaryDirectory() as folder:
        shared = burst(outside, Path(folder) / "shared.db", wish.robots, wish.threads)
        sequential = one_by_one(outside, Path(folder) / "sequential.db", wish.sequential, wish.robots)
    report = {
        "benchmark": "burst of robots on one portal",
        "command": " ".join(["python -m benchmarks.burst", *sys.argv[1:]]),
        "method": (
            f"{wish.robots} workflows wait in the sandbox portal; {wish.threads} threads of one process each read a "
            f"deal, write it and answer its workflow, every command after the one before; the portal's own bucket "
            f"({BURST}, {RATE}/s) counts, {RESERVE} of it are left alone; sandbox and client share one machine"
        ),
        "robots": wish.robots,
        "commands": wish.robots * COMMANDS_EACH,
        "shared": shared,
        "sequential": sequential,
        "times_faster": round(sequential["seconds_for_all"] / shared["seconds"], 1),
    }
    print(json.dumps(report, ensure_ascii=False, indent=2))


def burst(outside: Outside, file: Path, robots: int, threads: int) -> dict[str, Any]:
    with installed(outside, file) as (portal, client):
        steps = waiting_steps(portal, robots)
        portal.delete("/history")
        started = time.perf_counter()
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda step: robot(client, step), steps))
        seconds = time.perf_counter() - started
        return measured(portal, robots, seconds)


def one_by_one(outside: Outside, file: Path, sample: int, robots: int) -> dict[str, Any]:
    """A sample, and what all robots would take: the rest of the requests at the pace of the last ones measured."""
    with installed(outside, file) as (portal, client):
        steps = waiting_steps(portal, sample)
        portal.delete("/history")
        moments = [time.perf_counter()]
        for step in steps:
            moments += robot(client, step, alone=True)
        if len(moments) <= BURST + STEADY:
            raise SystemExit("--sequential is too small: the sample must go well beyond the bucket's burst")
        seconds = moments[-1] - moments[0]
        a_request = (moments[-1] - moments[-1 - STEADY]) / STEADY
        everything = seconds + (robots - sample) * COMMANDS_EACH * a_request
        return measured(portal, sample, seconds) | {
            "method": f"one command a request, one after another: {sample} robots measured, the rest reckoned from the "
            f"pace of the last {STEADY} requests",
            "robots_measured": sample,
            "seconds_for_all": round(everything, 1),
        }


def robot(client: PortalClient, step: Waiting, *, alone: bool = False) -> list[float]:
    """One robot's three commands; the moments at which their answers came."""
    moments = []
    item = client.call("crm.item.get", {"entityTypeId": DEAL, "id": step.item_id}, alone=alone)["item"]
    moments.append(time.perf_counter())
    fields = {"title": f"{item['title']} paid"}
    client.call("crm.item.update", {"entityTypeId": DEAL, "id": step.item_id, "fields": fields}, alone=alone)
    moments.append(time.perf_counter())
    answer = {"EVENT_TOKEN": step.event_token, "RETURN_VALUES": {"status": "ok"}}
    client.call("bizproc.event.send", answer, lane=Lane.CONTINUE, alone=alone)
    moments.append(time.perf_counter())
    return moments


def measured(portal: Portal, robots: int, seconds: float) -> dict[str, Any]:
    commands = robots * COMMANDS_EACH
    history = portal.history(counters_only=1)
    answered = [flow for flow in portal.workflows() if flow["state"] == "completed"]
    if len(answered) != robots:
        raise SystemExit(f"{len(answered)} workflows of {robots} went on: the measurement is worth nothing")
    bound = max(0.0, (ceil(commands / 50) - (BURST - RESERVE)) / RATE)
    return {
        "seconds": round(seconds, 2),
        "requests": history["count"],
        "answered_503": history["statuses"].get("503", 0),
        "lower_bound_seconds": bound,
        "lower_bound": f"(ceil({commands} / 50) - ({BURST} - {RESERVE})) / {RATE}",
        "ratio": round(seconds / bound, 2) if bound else None,
    }


@contextmanager
def installed(outside: Outside, file: Path) -> Iterator[tuple[Portal, PortalClient]]:
    """A fresh portal with our app, and a client of it as a worker has one."""
    portal = outside.create_portal()
    known = outside.register_app("http://127.0.0.1:9", with_pages=False)
    portal.install(known)
    given = portal.tokens()
    database, vault, now = open_database(f"sqlite:///{file}"), Vault([Fernet.generate_key().decode()]), clock()
    Base.metadata.create_all(database.engine)
    with database.write() as session:
        row = PortalRow(
            client_id=known["client_id"],
            member_id=portal.member_id,
            client_endpoint=portal.client_endpoint,
            state="active",
            application_token_hash="",
            installer_user_id=1,
            installed_at=now,
            changed_at=now,
        )
        session.add(row)
        session.flush()
        pair = Pair(given["access_token"], given["refresh_token"], now + timedelta(hours=1))
        store_pair(session, vault, row.id, 1, pair)
        portal_id = row.id
    portals = Portals(
        database,
        vault,
        App(known["client_id"], known["client_secret"], outside.oauth_url),
        local=True,
        user_agent="payment-robots-benchmark",
        now=clock,
        elapsed=time.monotonic,
        random=random.random,
        reserve=RESERVE,
    )
    try:
        yield portal, portals.open(portal_id)
    finally:
        portals.close()
        database.close()


def waiting_steps(portal: Portal, robots: int) -> list[Waiting]:
    """Start a workflow with one robot on each of so many deals, and take the calls that reach its handler."""
    tokens: dict[str, str] = {}
    arrived = threading.Semaphore(0)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
            tokens[body["document_id[2]"]] = body["event_token"]
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()
            arrived.release()

        def log_message(self, format: str, *args: object) -> None:
            """Calls are counted, not printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        registered = portal.rest(
            "bizproc.robot.add",
            {
                "CODE": "burst",
                "HANDLER": f"http://127.0.0.1:{server.server_port}/burst",
                "AUTH_USER_ID": 1,
                "USE_SUBSCRIPTION": "Y",
                "NAME": {"ru": "Всплеск", "en": "Burst"},
                "RETURN_PROPERTIES": {"status": {"Name": {"ru": "Статус", "en": "Status"}, "Type": "string"}},
            },
        )
        if registered.result is not True:
            raise SystemExit(f"the portal did not take the robot: {registered.body}")
        template = portal.define([{"code": "burst"}])
        items = [portal.add(DEAL, title=f"Deal {number}") for number in range(robots)]
        for item_id in items:
            portal.start(template, item_id)
        for _ in items:
            if not arrived.acquire(timeout=30):
                raise SystemExit(f"{len(tokens)} of {robots} calls reached the handler")
    finally:
        server.shutdown()
        server.server_close()
    portal.post("/pace", empty_bucket=True)
    return [Waiting(item_id, tokens[f"DEAL_{item_id}"]) for item_id in items]


def clock() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    main()
