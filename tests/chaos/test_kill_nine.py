"""kill -9 of web and worker at random moments: nothing that was answered 200 is lost, and nothing is done twice."""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from storage.database import open_database
from storage.model import Call
from tests.chaos.processes import Service, free_port
from tests.outside import Outside, Portal, eventually
from tests.postgres import postgres_database

DEAL, CONTACT, INVOICE = 2, 3, 31
SHOP = '{"shop": "demo", "secret": "demo-secret-of-the-sandbox"}'
HEADER = "gateway,customer,token,mask,expires,gateway_customer_id,consent_at,consent_source"
CALLS, ALL_CALLS = 45, 500
SETTLE_SECONDS = 90
DEBT = "UF_CRM_PAY_DEBT"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/chaos.db"
        return
    with postgres_database() as url:
        yield url


def test_every_call_answered_200_ends_once_whatever_is_killed(
    database_url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    count = ALL_CALLS if request.config.getoption("--full-chaos") else CALLS
    with Outside() as outside:
        portal = outside.create_portal(enterprise=True)
        public_url = f"http://127.0.0.1:{free_port()}"
        app = outside.register_app(public_url)
        with Service(outside, database_url, tmp_path, public_url, app) as service:
            workers = ["worker-1"] if database_url.startswith("sqlite") else ["worker-1", "worker-2"]
            for name in ("web", *workers):
                service.start(name)
            service.wait_ready()
            _install(service, portal, app, count, tmp_path)
            started = _fire_while_killing(service, portal, count, ["web", *workers])
            assert eventually(lambda: _settled(database_url), SETTLE_SECONDS), _states(database_url)
            _check(outside, portal, database_url, started)


def _install(service: Service, portal: Portal, app: dict[str, Any], count: int, folder: Path) -> None:
    portal.install(app)
    assert eventually(lambda: len(portal.get("/registered")) >= 10, 30), service.logs()
    service.command("portals", "set", portal.member_id, "--rate", "enterprise")
    service.command(
        "gateways", "configure", "--portal", portal.member_id, "--gateway", "sandbox", "--credentials", SHOP
    )
    contacts = [portal.add(CONTACT, name=f"Клиент {number}") for number in range(count)]
    lines = [
        f"sandbox,C_{one},card_{one:04}_paid,**** {one:04},2030-12,,2026-01-10T09:00:00Z,paper" for one in contacts
    ]
    file = folder / "cards.csv"
    file.write_text("\n".join([HEADER, *lines]) + "\n")
    service.command("cards", "import", "--portal", portal.member_id, str(file))


def _fire_while_killing(service: Service, portal: Portal, count: int, names: list[str]) -> dict[str, tuple[str, int]]:
    """Start workflows one after another while processes die; workflow -> robot and deal."""
    templates = {
        "split_invoice": portal.define([_step("split_invoice", parts="3", remind_days_before="no")]),
        "deduct_from_debt": portal.define([_step("deduct_from_debt", payment_amount="100")]),
        "charge_saved_card": portal.define([_step("charge_saved_card")]),
    }
    contacts = [one["id"] for one in portal.items(CONTACT)]
    over = threading.Event()
    killer = threading.Thread(target=_kill_at_random, args=(service, names, over))
    killer.start()
    started: dict[str, tuple[str, int]] = {}
    try:
        for number in range(count):
            code = list(templates)[number % len(templates)]
            fields = {DEBT: "1000.00|RUB", "contactIds": [contacts[number]]}
            deal = portal.add(DEAL, None, title=f"Сделка {number}", opportunity="300.00", **fields)
            started[portal.start(templates[code], deal)] = (code, deal)
            time.sleep(0.1)
    finally:
        over.set()
        killer.join()
    return started


def _step(code: str, **properties: str) -> dict[str, Any]:
    return {"code": code, "name": "Step", "properties": properties}


def _kill_at_random(service: Service, names: list[str], over: threading.Event) -> None:
    chance = random.Random()
    while not over.wait(chance.uniform(0.3, 2.0)):
        name = chance.choice(names)
        service.kill(name)
        time.sleep(chance.uniform(0, 0.3))
        service.start(name)
        eventually(service.is_live, 30)  # a door that never opens would let no call in


def _rows(database_url: str) -> list[Call]:
    database = open_database(database_url)
    try:
        with database.read() as session:
            return list(session.scalars(select(Call)))
    finally:
        database.close()


def _settled(database_url: str) -> bool:
    return all(row.state in ("delivered", "dead") for row in _rows(database_url))


def _states(database_url: str) -> list[tuple[int, str, str]]:
    return [(row.id, row.state, row.reason) for row in _rows(database_url) if row.state != "delivered"]


def _check(outside: Outside, portal: Portal, database_url: str, started: dict[str, tuple[str, int]]) -> None:
    rows = {row.workflow_id: row for row in _rows(database_url)}
    answered_200 = {
        one["body"]["workflow_id"]
        for one in outside.deliveries(member_id=portal.member_id)
        if one["kind"] == "robot" and one["status"] == 200
    }
    assert len(answered_200) > len(started) // 4, "enough calls find the door open"
    assert answered_200 <= set(rows), "a call answered 200 has its row"
    invoices = portal.items(INVOICE)
    xml_ids = Counter(one["xmlId"] for one in invoices)
    assert [key for key, times in xml_ids.items() if times > 1] == []
    operations = outside.get("/acquirer")["operations"]
    for workflow_id, row in rows.items():
        step = portal.get(f"/workflows/{workflow_id}")["steps"][0]
        code, deal = started[workflow_id]
        if row.state == "dead":
            assert row.reason
            continue
        assert (step["outcome"], step["answers"]) == ("answered", 1), (row.state, row.reason)
        assert step["returned"]["result_status"] == "ok", step["returned"]
        if code == "split_invoice":
            parts = [one for one in invoices if one.get("parentId2") == deal]
            assert len(parts) == 3
            assert sum(Decimal(str(one["opportunity"])) for one in parts) == Decimal(300)
        elif code == "deduct_from_debt":
            assert portal.item(DEAL, deal)[DEBT] == "900.00|RUB"
    paid = Counter(one["order"] for one in operations)
    charged = [row for row in rows.values() if row.code == "charge_saved_card" and row.result_status == "ok"]
    assert [order for order, times in paid.items() if times > 1] == []
    assert len(paid) == len(charged) > 0
