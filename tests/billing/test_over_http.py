"""Charges over HTTP against the sandbox's acquirer, which shares no code with us and counts the money itself."""

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from flask import Flask
from werkzeug.wrappers import Request, Response

from calculations.refusal import Refusal
from gateways import open_gateways
from handlers.webhooks import blueprint
from sandbox.acquirer.acquirer import DEMO_SECRET, DEMO_SHOP, Acquirer, new_acquirer
from sandbox.acquirer.control import acquirer_control
from sandbox.acquirer.door import acquirer_answer
from sandbox.acquirer.notices import Webhook
from storage.database import open_database
from storage.vault import Vault
from tests.billing.world import BEGINNING, Clock, World
from tests.postgres import postgres_database
from tests.sandbox.served import served

CREDENTIALS = f'{{"shop": "{DEMO_SHOP}", "secret": "{DEMO_SECRET}"}}'
ROOT = Path(__file__).parent.parent.parent


@dataclass
class HttpWorld(World):
    """A world whose money is counted by the sandbox's acquirer."""

    acquirer: Acquirer | None = None
    address: str = ""

    def money(self) -> list[int]:
        assert self.acquirer is not None
        return [one.amount if one.kind == "charge" else -one.amount for one in self.acquirer.book.operations]

    def card(self, ending: str, digits: str = "1111") -> str:
        """A further card of C_5 by its ending; returns the last four digits to name it by."""
        self.add_card(f"card_{digits}_{ending}", f"**** {digits}")
        return digits

    def orders(self) -> list[str]:
        assert self.acquirer is not None
        return [charge.wish.order for charge in self.acquirer.book.charges.values()]


def build(database_url: str, acquirer: Acquirer, address: str, clock: Clock, key: str) -> HttpWorld:
    return HttpWorld(
        open_database(database_url),
        vault=Vault([key]),
        clock=clock,
        code="sandbox",
        credentials=CREDENTIALS,
        opened=open_gateways({"sandbox": f"{address}/acquirer/"}, time.monotonic),
        acquirer=acquirer,
        address=address,
    )


@pytest.fixture
def world(tmp_path: Path) -> Iterator[HttpWorld]:
    clock = Clock()
    acquirer = new_acquirer(clock)

    def answer(request: Request) -> Response:
        return acquirer_answer(acquirer, request)

    with served(answer) as address:
        world = build(f"sqlite:///{tmp_path}/money.db", acquirer, address, clock, Fernet.generate_key().decode())
        yield world
        world.database.close()


def test_a_card_is_charged_once_whoever_asks(world: HttpWorld) -> None:
    card = world.card("paid")
    first = world.charge(world.new_order(saved_card=card, receipt_email="client@example.com"))
    assert (first.status, first.card_mask, first.receipt_status) == ("succeeded", "**** 1111", "done")
    assert first.charged_at == BEGINNING
    assert world.again(saved_card=card).status == "skipped"
    assert world.money() == [2_500_000]
    assert world.sound()


@pytest.mark.parametrize(
    ("ending", "code", "kind"),
    [
        ("insufficient_funds", "insufficient_funds", "soft"),
        ("limit", "limit", "soft"),
        ("do_not_honor", "do_not_honor", "soft"),
        ("no_reason", "", "soft"),
        ("lost_card", "lost_card", "hard"),
        ("expired_card", "expired_card", "hard"),
    ],
)
def test_each_decline_is_a_result_with_words(world: HttpWorld, ending: str, code: str, kind: str) -> None:
    result = world.again(saved_card=world.card(ending))
    assert (result.status, result.decline_code, result.decline_kind) == ("declined", code, kind)
    assert (result.next_attempt_date is not None) == (kind == "soft")
    assert result.decline_ru
    assert result.decline_en
    assert world.money() == []


def test_a_soft_decline_is_made_good_by_the_planned_try(world: HttpWorld) -> None:
    world.again(saved_card=world.card("insufficient_funds_then_paid"))
    world.settle()
    assert world.money() == [2_500_000]
    assert [order[-2:] for order in world.orders()] == ["-1", "-2"]
    assert world.sound()


@pytest.mark.parametrize("ending", ["lost_answer", "error_500_paid", "pending"])
def test_money_that_moved_behind_a_lost_answer_is_found(world: HttpWorld, ending: str) -> None:
    order = world.new_order(saved_card=world.card(ending))
    assert world.charge(order).status in ("unknown", "pending")
    world.settle()
    assert world.charge(order).status == "succeeded"
    assert world.money() == [2_500_000]
    assert world.sound()


@pytest.mark.parametrize("ending", ["lost_request_then_paid", "error_500_nothing_then_paid", "html_then_paid"])
def test_a_request_that_was_lost_is_made_again_under_the_same_number(world: HttpWorld, ending: str) -> None:
    order = world.new_order(saved_card=world.card(ending))
    assert world.charge(order).status == "unknown"
    world.settle()
    assert world.charge(order).status == "succeeded"
    assert world.money() == [2_500_000]
    assert [one[-2:] for one in world.orders()] == ["-1"]


def test_a_wrong_amount_is_for_an_operator(world: HttpWorld) -> None:
    result = world.again(saved_card=world.card("wrong_amount"))
    assert result.status == "unknown"
    world.settle()
    assert world.attempts()[-1].state == "unknown"
    assert len(world.money()) == 1


def test_a_client_who_is_wanted_by_the_bank_and_never_comes_is_a_decline_and_then_tried_again(
    world: HttpWorld,
) -> None:
    result = world.again(saved_card=world.card("needs_client_then_paid"))
    assert (result.status, result.decline_kind) == ("declined", "needs_client")
    assert result.payment_link.startswith(world.address)
    world.settle()
    assert world.money() == [2_500_000]
    assert len(world.orders()) == 2


def test_a_card_the_acquirer_does_not_know_is_declined_for_good(world: HttpWorld) -> None:
    world.add_card("no-token-of-theirs", "**** 1111")
    result = world.again(saved_card="1111")
    assert (result.status, result.decline_code, result.decline_kind) == ("declined", "unknown_token", "hard")


def test_a_shop_that_is_not_let_in_any_more_stops_the_terminal(world: HttpWorld) -> None:
    assert world.acquirer is not None
    world.acquirer.shops[DEMO_SHOP] = "changed"
    with pytest.raises(Refusal) as caught:
        world.again(saved_card=world.card("paid"))
    assert caught.value.code == "gateway_stopped"
    assert DEMO_SECRET not in caught.value.ru + caught.value.en
    assert world.money() == []


def test_an_acquirer_that_is_not_there_is_tried_again(world: HttpWorld, tmp_path: Path) -> None:
    order = world.new_order(saved_card=world.card("paid"))
    there = world.opened
    world.opened = open_gateways({"sandbox": "http://127.0.0.1:9/acquirer/"}, time.monotonic)
    assert world.new_process().charge(order).status == "pending"
    world.opened = there
    world.settle()
    assert world.charge(order).status == "succeeded"
    assert world.money() == [2_500_000]


def test_money_is_given_back_through_lost_answers(world: HttpWorld) -> None:
    assert world.acquirer is not None
    charge_id = world.again(saved_card=world.card("paid")).charge_id
    acquirer_control(world.acquirer, _wish({"refund_outcomes": ["lost_answer", "lost_request"]}))
    assert world.charging.refunds.refund(charge_id, 500_000).state == "unknown"
    world.settle()
    assert world.charging.refunds.refund(charge_id, 2_000_000).state == "unknown"
    world.settle()
    assert world.charging.refunds.refund(charge_id).state == "succeeded"
    assert world.money() == [2_500_000, -500_000, -2_000_000]
    assert world.sound()


def _wish(wish: dict[str, Any]) -> Request:
    return Request.from_values("/control/acquirer", method="POST", json=wish)


def test_a_signed_notice_settles_a_pending_charge_at_the_next_tick(world: HttpWorld) -> None:
    assert world.acquirer is not None
    order = world.new_order(saved_card=world.card("pending"))
    app = Flask(__name__)
    app.register_blueprint(blueprint)
    app.extensions["services"] = world
    key = world.terminals().of_portal(1)[0].webhook_key
    with served(lambda request: Response.from_app(app, request.environ)) as door:
        world.acquirer.notices.webhooks[DEMO_SHOP] = Webhook(f"{door}/webhooks/sandbox/{key}", DEMO_SECRET, copies=2)
        assert world.charge(order).status == "pending"
        world.clock.forward(seconds=29)
        assert world.tick() == 0
        world.clock.forward(minutes=1)
        with world.database.write() as session:
            session.merge(world.attempts()[0]).look_up_at = None  # only the notice can bring it about
        world.acquirer.book.settle()
        deadline = time.monotonic() + 10
        while len(world.acquirer.notices.deliveries) < 4 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert [one.status for one in world.acquirer.notices.deliveries] == [200] * 4
        world.tick()
    assert world.charge(order).status == "succeeded"
    assert world.sound()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_two_processes_that_race_for_one_key_make_one_request(tmp_path: Path, kind: str) -> None:
    clock = Clock(datetime.now(UTC))
    acquirer = new_acquirer(clock)
    key = Fernet.generate_key().decode()
    requests: list[str] = []

    def answer(request: Request) -> Response:
        requests.append(f"{request.method} {request.path}")
        return acquirer_answer(acquirer, request)

    def race(url: str, address: str) -> list[str]:
        world = build(url, acquirer, address, clock, key)
        world.add_card("card_1111_paid", "**** 1111")
        commands = [
            [sys.executable, "-m", "tests.billing.racer", url, key, f"{address}/acquirer/", str(world.new_call())]
            for _ in range(3)
        ]
        world.database.close()
        racers = [
            subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for command in commands
        ]
        assert [racer.stdout.readline() for racer in racers if racer.stdout] == ["ready\n"] * 3
        return [racer.communicate("go\n", timeout=60)[0].strip() for racer in racers]

    with served(answer) as address:
        if kind == "sqlite":
            told = race(f"sqlite:///{tmp_path}/money.db", address)
        else:
            with postgres_database() as url:
                told = race(url, address)
    assert requests.count("POST /acquirer/charges") == 1
    assert [one.kind for one in acquirer.book.operations] == ["charge"]
    assert told.count("succeeded") == 1
    assert set(told) <= {"succeeded", "pending", "skipped"}
