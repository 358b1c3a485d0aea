"""Notices of acquirers at our door: signature first, then only a reason to ask."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from handlers.errors import attach_error_handlers
from handlers.webhooks import blueprint
from storage.database import open_database
from tests.billing.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(open_database(f"sqlite:///{tmp_path}/money.db"))
    yield world
    world.database.close()


@pytest.fixture
def client(world: World) -> FlaskClient:
    app = Flask(__name__)
    app.register_blueprint(blueprint)
    app.extensions["services"] = SimpleNamespace(
        database=world.database, vault=world.vault, gateways={"bank": world.bank}, charging=world.charging
    )
    return app.test_client()


def address(world: World) -> str:
    return f"/webhooks/bank/{world.terminals().of_portal(1)[0].webhook_key}"


def test_a_genuine_notice_brings_the_look_up_forward_and_gets_the_acquirers_word(
    world: World, client: FlaskClient
) -> None:
    world.bank.script = ["pending"]
    world.charge()
    world.bank.becomes(world.bank.asked[0], "paid")
    assert world.tick() == 0
    answer = client.post(address(world), data=world.bank.asked[0], headers={"X-Bank": "s"})
    assert (answer.status_code, answer.text) == (200, "OK")
    assert world.charges()[0].state == "open"  # the notice itself is no proof
    world.tick()
    assert world.charges()[0].state == "succeeded"


def test_a_notice_that_lies_about_the_outcome_changes_nothing(world: World, client: FlaskClient) -> None:
    world.bank.script = ["pending"]
    world.charge()
    client.post(address(world), data=world.bank.asked[0], headers={"X-Bank": "s"})
    world.tick()
    assert world.charges()[0].state == "open"
    assert world.money() == []


def test_the_same_notice_twice_and_a_late_one_change_nothing(world: World, client: FlaskClient) -> None:
    world.charge()
    for _ in range(2):
        assert client.post(address(world), data=world.bank.asked[0], headers={"X-Bank": "s"}).status_code == 200
    world.settle()
    assert world.sound()
    assert len(world.told()) == 1


def test_a_notice_before_the_answer_settles_the_charge_once(world: World, client: FlaskClient) -> None:
    def notice() -> None:
        client.post(address(world), data=world.bank.asked[0], headers={"X-Bank": "s"})
        world.tick()

    world.at_step["answered"] = notice
    assert world.charge().status == "succeeded"
    assert len(world.told()) == 1
    assert world.sound()


def test_a_genuine_notice_of_an_order_we_do_not_know_is_taken(world: World, client: FlaskClient) -> None:
    assert client.post(address(world), data="somebody-elses", headers={"X-Bank": "s"}).status_code == 200


@pytest.mark.parametrize("headers", [{}, {"X-Bank": "forged"}])
def test_a_notice_without_the_right_signature_is_refused(
    world: World, client: FlaskClient, headers: dict[str, str]
) -> None:
    world.bank.script = ["pending"]
    world.charge()
    before = world.attempts()[0].look_up_at
    assert client.post(address(world), data=world.bank.asked[0], headers=headers).status_code == 403
    assert world.attempts()[0].look_up_at == before


def test_a_refused_notice_is_told_why_and_so_is_the_operator(
    world: World, client: FlaskClient, logged: list[dict[str, str]]
) -> None:
    attach_error_handlers(client.application, world.clock)
    answer = client.post(address(world), data="A-1", headers={"X-Bank": "forged"})
    client.post("/webhooks/bank/unknown-key", data="A-1", headers={"X-Bank": "s"})
    assert answer.text.startswith("bank: X-Bank does not fit\n")
    assert [entry["reason"] for entry in logged] == ["bank: X-Bank does not fit", "no terminal has this address"]


@pytest.mark.parametrize("path", ["/webhooks/bank/unknown-key", "/webhooks/nobank/key-1", "/webhooks/bank/"])
def test_an_address_that_names_no_terminal_is_not_there(world: World, client: FlaskClient, path: str) -> None:
    assert client.post(path, data="A-1", headers={"X-Bank": "s"}).status_code == 404


def test_a_terminal_hears_nothing_of_another_terminals_orders(world: World, client: FlaskClient) -> None:
    world.bank.script = ["pending"]
    world.charge()
    before = world.attempts()[0].look_up_at
    world.add_portal("member-2")
    other = world.terminals().of_portal(2)[0].webhook_key
    assert client.post(f"/webhooks/bank/{other}", data=world.bank.asked[0], headers={"X-Bank": "s"}).status_code == 200
    assert world.attempts()[0].look_up_at == before


def test_a_body_beyond_all_bounds_is_refused(world: World, client: FlaskClient) -> None:
    assert client.post(address(world), data="x" * 300_000, headers={"X-Bank": "s"}).status_code == 413
