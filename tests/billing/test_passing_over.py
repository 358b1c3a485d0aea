"""A fault in our own code about one row: the other rows have their turn in the same tick."""

from datetime import date
from pathlib import Path

import pytest

from billing.subscriptions import SubscriptionOrder, Subscriptions
from calculations.money import Money
from calculations.recurrence import Period
from tests.billing.test_receipts import follow, rows
from tests.billing.till import configure, till_world
from tests.billing.world import World

pytestmark = pytest.mark.passes_over


def broken_once(monkeypatch: pytest.MonkeyPatch, owner: object, verb: str) -> None:
    """The first time that it is called it meets a bug."""
    sound, called = getattr(owner, verb), []

    def call(*given: object) -> object:
        called.append(given)
        if len(called) == 1:
            raise KeyError("a bug")
        return sound(*given)

    monkeypatch.setattr(owner, verb, call)


def test_of_subscriptions(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    subscriptions = Subscriptions(world.database, world.charging, world.clock)
    for number in range(2):
        order = SubscriptionOrder(
            world.portal_id,
            f"gym {number}",
            f"D_{number}",
            "C_5",
            1,
            Money(100_000, "RUB"),
            "Gym",
            Period.month,
            1,
            date(2026, 1, 31),
        )
        subscriptions.begin(order)
    broken_once(monkeypatch, world.bank, "charge_saved_card")
    subscriptions.charge_due()
    assert world.money() == [100_000]
    world.settle()
    subscriptions.charge_due()
    assert world.money() == [100_000, 100_000]


def test_of_planned_tries(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.bank.script = ["declined:funds", "declined:funds"]
    for number in range(2):
        world.again(key=f"due:D_{number}")
    broken_once(monkeypatch, world.bank, "charge_saved_card")
    world.tick(days=1)
    assert world.money() == [2_500_000]


def test_of_tries_left_behind(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(2):
        world.kill_at("intent_committed")
        with pytest.raises(BaseException, match="intent_committed"):
            world.again(key=f"due:D_{number}")
    broken_once(monkeypatch, world.bank, "charge_saved_card")
    world.tick(minutes=2)
    assert world.money() == [2_500_000]


def test_of_look_ups(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.bank.script = ["lost_after", "lost_after"]
    for number in range(2):
        world.again(key=f"due:D_{number}")
    broken_once(monkeypatch, world.bank, "fetch_payment")
    world.tick(minutes=1)
    assert [attempt.state for attempt in world.attempts()] == ["unknown", "succeeded"]


def test_of_look_ups_of_refunds(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.bank.refund_script = ["lost_after", "lost_after"]
    refund_ids = []
    for number in range(2):
        charge_id = world.again(key=f"due:D_{number}").charge_id
        refund_ids.append(world.charging.refunds.refund(charge_id).charge_id)
    broken_once(monkeypatch, world.bank, "fetch_refund")
    broken_once(monkeypatch, world.charging.reconciliation, "look_up_due")
    assert world.tick(minutes=1) == 1
    first, second = (world.charging.refunds.ask_now(charge_id) for charge_id in refund_ids)
    assert (first, second) == (True, False)


def test_of_receipts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with till_world(tmp_path) as world:
        till = configure(world)
        for number in range(2):
            order = world.new_order(key=f"due:D_{number}", receipt_email="c@example.com", receipt_kind="advance")
            world.charging.receipts.close(world.charge(order).charge_id)
        till.standing = "done"
        broken_once(monkeypatch, till, "fetch_receipt")
        follow(world, minutes=5)
        assert [row.state for row in rows(world) if row.kind == "closing"] == ["pending", "done"]
