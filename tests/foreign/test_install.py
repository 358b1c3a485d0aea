"""Installs with as little as a portal may send, updates, uninstalls, operators, calls before the worker."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.databases import migrated_database
from tests.foreign.bitrix import Bitrix, Manner, post
from tests.foreign.crm import DEAL
from tests.foreign.php import to_form
from tests.foreign.test_robots import ROBOTS, document
from tests.foreign.world import World, world_of
from tests.outside import ROOT, Outside, eventually

CODES = ROBOTS | {f"{code}_activity" for code in ROBOTS}


@pytest.fixture
def empty_world(outside: Outside, tmp_path: Path) -> Iterator[World]:
    """A service that has met no portal yet, its worker not started."""
    with (
        migrated_database("sqlite", tmp_path) as url,
        Bitrix(Manner()) as bitrix,
        world_of(bitrix, outside, url, working=False) as running,
    ):
        yield running


def install_door(world: World, body: dict[str, Any], query: str = "") -> int:
    return post(f"{world.address}/bitrix24/install{query}", to_form(body).encode())[0]


def page_with_three_fields(world: World) -> int:
    access, refresh = world.bitrix.new_pair()
    member = world.bitrix.manner.member_id
    return install_door(world, {"AUTH_ID": access, "REFRESH_ID": refresh, "member_id": member})


def page_with_all_in_the_address(world: World) -> int:
    access, refresh = world.bitrix.new_pair()
    fields = {"AUTH_ID": access, "REFRESH_ID": refresh, "member_id": world.bitrix.manner.member_id, "LANG": "de"}
    return install_door(world, {"PLACEMENT": "DEFAULT"}, f"?{to_form(fields)}")


def event_with_four_fields(world: World) -> int:
    names = ("access_token", "refresh_token", "member_id", "application_token")
    auth = {name: value for name, value in world.bitrix.auth().items() if name in names}
    return install_door(world, {"event": "ONAPPINSTALL", "auth": auth})


def event_in_json(world: World) -> int:
    event = {"event": "onappinstall", "data": {"VERSION": 1, "INSTALLED": "Y"}, "ts": 1790845200}
    body = json.dumps(event | {"auth": world.bitrix.auth(expires=None, user_id=None, extra={"a": []})}).encode()
    return post(f"{world.address}/bitrix24/install", body, "application/json")[0]


SHORT_INSTALLS = [page_with_three_fields, page_with_all_in_the_address, event_with_four_fields, event_in_json]


@pytest.mark.parametrize("install", SHORT_INSTALLS, ids=lambda install: install.__name__)
def test_a_short_install_registers_everything(empty_world: World, install: Any) -> None:
    assert install(empty_world) == 200
    empty_world.wait_registered()
    assert set(empty_world.bitrix.registered) >= CODES
    assert not [line for line in empty_world.portal.registration["lines"] if line["problem"]]


def test_an_event_of_an_unfinished_install_registers_nothing(empty_world: World) -> None:
    event = {"event": "ONAPPINSTALL", "data": {"INSTALLED": "N"}, "auth": empty_world.bitrix.auth()}
    assert install_door(empty_world, event) == 200
    assert (empty_world.rows(), empty_world.bitrix.requests) == (0, [])


def test_an_update_that_wiped_the_registrations_and_changed_the_token_heals(empty_world: World) -> None:
    bitrix = empty_world.bitrix
    assert bitrix.install_in_frame(empty_world.address)[0] == 200
    empty_world.wait_registered()
    bitrix.registered.clear()
    before, bitrix.application_token = bitrix.application_token, "aaaabbbbccccddddaaaabbbbccccdddd"
    data = {"VERSION": "2", "PREVIOUS_VERSION": "1", "LANGUAGE_ID": "ru"}
    event = {"event": "ONAPPUPDATE", "data": data, "ts": "1790845200", "auth": bitrix.auth()}
    assert post(f"{empty_world.address}/bitrix24/events", to_form(event).encode())[0] == 200
    assert eventually(lambda: set(bitrix.registered) >= CODES, 15)
    body = bitrix.call("deduct_from_debt", document("DEAL", 1), None)
    assert bitrix.deliver(body)[0] == 200
    late = bitrix.call("deduct_from_debt", document("DEAL", 1), None, auth={"application_token": before})
    assert bitrix.deliver(late)[0] == 403


def test_after_an_uninstall_calls_are_refused_until_the_next_install(empty_world: World) -> None:
    bitrix = empty_world.bitrix
    assert bitrix.install_in_frame(empty_world.address)[0] == 200
    empty_world.wait_registered()
    body = bitrix.call("deduct_from_debt", document("DEAL", 1), None)
    auth = {"member_id": bitrix.manner.member_id, "application_token": bitrix.application_token}
    event = {"event": "ONAPPUNINSTALL", "data": {"LANGUAGE_ID": "ru", "CLEAN": "0"}, "ts": "1790845200", "auth": auth}
    assert post(f"{empty_world.address}/bitrix24/events", to_form(event).encode())[0] == 200
    assert bitrix.deliver(body)[0] == 403
    assert bitrix.install_by_event(empty_world.address)[0] == 200
    assert bitrix.deliver(body)[0] == 200


def test_calls_that_come_before_the_worker_are_answered_once_it_is_up(empty_world: World) -> None:
    bitrix = empty_world.bitrix
    assert bitrix.install_in_frame(empty_world.address)[0] == 200
    empty_world.wait_registered()
    empty_world.use_enterprise_rate()
    deal = bitrix.crm.make(DEAL, title="Д", UF_CRM_PAY_DEBT="100|RUB")
    bodies = [bitrix.call("deduct_from_debt", document("DEAL", deal), {"payment_amount": "10"}) for _ in range(3)]
    assert [bitrix.deliver(body)[0] for body in (*bodies, bodies[0])] == [200] * 4
    empty_world.worker.start()
    left = {empty_world.answer(body)["debt_after"] for body in bodies}
    assert left == {"90.00", "80.00", "70.00"}
    assert all(empty_world.wait_state(body, "delivered") for body in bodies)
    assert [bitrix.steps[body["event_token"]].sends for body in bodies] == [1, 1, 1]


def command(world: World, *words: str) -> str:
    """An operator's command in a process of its own, with the service's settings in the environment."""
    settings = world.built.settings
    environment = {
        "PATH": os.environ["PATH"],
        "PUBLIC_URL": settings.public_url,
        "DATABASE_URL": settings.database_url,
        "SECRET_KEY": settings.secret_key,
        "ENCRYPTION_KEYS": ",".join(settings.encryption_keys),
        "BITRIX24_CLIENT_ID": settings.bitrix24_client_id,
        "BITRIX24_CLIENT_SECRET": settings.bitrix24_client_secret,
        "BITRIX24_OAUTH_URL": f"{settings.bitrix24_oauth_url}/",
        "CLOCK_URL": settings.clock_url,
    }
    asked = [sys.executable, "-m", "flask", "--app", "wsgi", *words]
    done = subprocess.run(asked, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_an_operator_registers_everything_again(empty_world: World) -> None:
    bitrix = empty_world.bitrix
    assert bitrix.install_in_frame(empty_world.address)[0] == 200
    empty_world.wait_registered()
    for code in ("split_invoice", "charge_saved_card_activity"):
        del bitrix.registered[code]
    bitrix.registered["deduct_from_debt"]["NAME"] = {"ru": "Старое имя", "en": "Old name"}
    assert bitrix.manner.member_id in command(empty_world, "portals", "list")
    command(empty_world, "portals", "register", bitrix.manner.member_id)
    assert set(bitrix.registered) >= CODES
    assert bitrix.registered["deduct_from_debt"]["NAME"]["en"] == "Deduct from debt"
