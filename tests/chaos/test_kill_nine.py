"""kill -9 of web and worker at random moments: nothing that was answered 200 is lost, and nothing is done twice."""

import json
import random
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.chaos.load import Load
from tests.chaos.processes import Service
from tests.chaos.verdict import Verdict, unsettled
from tests.databases import KINDS, migrated_database
from tests.outside import Outside, eventually
from tests.ports import free_port

CALLS, ALL_CALLS = 60, 500
PACE_SECONDS = 0.15
QUIET_SECONDS = 4.0  # in which nothing ended: what is left waits for a later moment of the story's clock
SETTLE_SECONDS = 120  # in which a call ends, however slow the machine
A_WHILE = 60
BETWEEN_KILLS = (0.5, 5.0)


@pytest.mark.parametrize("kind", KINDS)
def test_every_call_answered_200_ends_once_whatever_is_killed(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    count = ALL_CALLS if request.config.getoption("--full-chaos") else CALLS
    workers = ["worker-1"] if kind == "sqlite" else ["worker-1", "worker-2"]
    public_url = f"http://127.0.0.1:{free_port()}"
    with migrated_database(kind, tmp_path) as database_url, Outside() as outside:
        app = outside.register_app(public_url)
        with Service(outside, database_url, tmp_path, public_url, app) as service:
            for name in ("web", *workers):
                service.start(name)
            service.wait_ready()
            load = Load(service, outside.create_portal(enterprise=True), count)
            load.prepare(app, tmp_path)
            killed = _fire_while_killing(service, load, ["web", *workers])
            settled = _settle(outside, database_url)
            verdict = Verdict(outside, load, database_url)
            print(json.dumps({"database": kind, "killed": killed, **verdict.figures()}))
            assert settled, unsettled(database_url)
            verdict.check()


def _fire_while_killing(service: Service, load: Load, names: list[str]) -> dict[str, int]:
    """How often each process was killed meanwhile."""
    over = threading.Event()
    killed: Counter[str] = Counter()
    killers = [threading.Thread(target=_kill_at_random, args=(service, name, over, killed)) for name in names]
    for killer in killers:
        killer.start()
    try:
        load.fire(lambda: time.sleep(PACE_SECONDS))
    finally:
        over.set()
        for killer in killers:
            killer.join()
    return dict(killed)


def _kill_at_random(service: Service, name: str, over: threading.Event, killed: Counter[str]) -> None:
    chance = random.Random()
    while not over.wait(chance.uniform(*BETWEEN_KILLS)):
        service.kill(name)
        killed[name] += 1
        service.start(name)
        if name == "web":
            eventually(service.is_live, 30)  # a door that never opens would let no call in


def _settle(outside: Outside, database_url: str) -> bool:
    """Whether every call ended; the story's clock goes on whenever only later moments are waited for. A slow machine
    may take its time: it is given up once no call has ended for long."""
    give_up_at = time.monotonic() + SETTLE_SECONDS
    while left := len(unsettled(database_url)):
        if _fewer_than(left, database_url):
            give_up_at = time.monotonic() + SETTLE_SECONDS
        elif time.monotonic() > give_up_at:
            return False
        else:
            outside.forward(seconds=A_WHILE)
    return True


def _fewer_than(left: int, database_url: str) -> bool:
    return eventually(lambda: len(unsettled(database_url)) < left, QUIET_SECONDS)
