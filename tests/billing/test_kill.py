"""A process killed at any labelled step, then everything runs again: at most one success, and none lost."""

from itertools import product

import pytest

from calculations.refusal import Refusal
from tests.billing.world import Killed, World

WORDS = [
    "paid",
    "declined:funds",
    "declined:lost",
    "pending",
    "action",
    "refused",
    "misconfigured",
    "lost_before",
    "lost_after",
    "late",
    "wrong_amount",
]
CHARGE_STEPS = ["intent_committed", "sent_committed", "answered", "outcome_written", "outcome_committed"]
LOOK_UP_STEPS = ["look_up_committed", "looked_up", "look_up_settled"]


def ask(world: World) -> str:
    try:
        return world.charge().status
    except Refusal as refusal:
        return refusal.code


def run_until_quiet(world: World) -> None:
    """The worker comes back and goes on: the call is run again and again, the ticks follow, the bank decides."""
    for _ in range(4):
        ask(world)
        world.tick(minutes=1)
    for number, payment in list(world.bank.book.items()):
        if payment.outcome.value in ("pending", "action_required"):
            world.bank.becomes(number, "paid")
    world.bank.deliver_late()
    world.terminals().configure(world.portal_id, "bank", "main", '{"shop": "demo"}')
    world.settle()
    ask(world)
    world.settle()


def is_fine(world: World) -> None:
    taken = world.money()
    wrong_amount = any(amount != 2_500_000 for amount in taken)
    assert len(taken) == 1
    if wrong_amount:
        assert world.attempts()[-1].state == "unknown"
    else:
        assert world.charges()[0].state == "succeeded"
        assert world.sound()
        assert ask(world) == "succeeded"
        assert world.again().status == "skipped"


@pytest.mark.parametrize(("word", "step"), list(product(WORDS, [*CHARGE_STEPS, *LOOK_UP_STEPS])))
def test_killed_at_a_step_and_run_again_the_card_is_charged_once(world: World, word: str, step: str) -> None:
    world.bank.script = [word]
    world.kill_at(step)
    for _ in range(6):
        try:
            ask(world)
            world.tick(minutes=1)
        except Killed:
            break
    world.at_step.clear()
    world.charging = world.new_process()
    if word == "declined:lost":
        world.add_card("token-2", "**** 1111")
        world.order = world.new_order(saved_card="1111")
    run_until_quiet(world)
    is_fine(world)


def test_every_label_is_passed_by_some_outcome(world: World) -> None:
    world.bank.script = ["lost_after"]
    world.charge()
    world.settle()
    world.charging.refunds.refund(1)
    world.charge(world.new_order(key="due:D_6"))
    refund_steps = {"refund_committed", "refund_sent", "refund_answered", "refund_settled"}
    assert set(world.steps) == {*CHARGE_STEPS, *LOOK_UP_STEPS, *refund_steps}
