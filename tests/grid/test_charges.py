"""Every gateway that charges saved cards, every outcome of the table, the worker killed at every pass of every step."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from gateways import Capability, kinds_of_gateways
from tests.grid.judge import judge_another_call, judge_charge
from tests.grid.memory import Memory
from tests.grid.stage import Stage, all_stages
from tests.grid.table import CHARGES, Row
from tests.grid.wire import wired
from tests.grid.world import GridWorld, SeenBefore

STAGES = all_stages()


def test_every_gateway_that_charges_saved_cards_has_a_stage() -> None:
    charging = {kind.code for kind in kinds_of_gateways() if Capability.CHARGE_SAVED_CARD in kind.capabilities}
    assert charging <= {stage.code for stage in STAGES.values()}, "add tests/grid/stages/<code>.py"


@contextmanager
def on_stage(memory: Memory, stage: Stage, kill: tuple[str, int] | None, seen: set[int]) -> Iterator[GridWorld]:
    world = GridWorld(memory, stage=stage, kill=kill, seen=seen)
    with wired(lambda: lambda request: stage.answer(world.acquirer, request)):
        world.begin()
        yield world


@dataclass
class Played:
    problems: list[str]
    passed: Counter[str]


def play(memory: Memory, stage: Stage, row: Row, kill: tuple[str, int] | None, seen: set[int]) -> Played | None:
    """None: what follows the kill is known from an earlier case, or the acquirer has no such outcome."""
    with on_stage(memory, stage, kill, seen) as world:
        if not world.play(row):
            return None
        world.call()
        try:
            world.run()
        except SeenBefore:
            return None
        passed = world.passed.copy()
        problems = judge_charge(world, row)
        return Played(problems if kill else [*problems, *judge_another_call(world)], passed)


@pytest.mark.parametrize("row", CHARGES, ids=lambda row: row.name)
@pytest.mark.parametrize("name", STAGES)
def test_killed_anywhere_and_run_again_the_card_is_charged_once_and_everybody_knows(
    memory: Memory, name: str, row: Row, every_pass: bool
) -> None:
    stage, seen = STAGES[name], set[int]()
    sound = play(memory, stage, row, None, seen)
    if sound is None:
        return
    found = {"nowhere": sound.problems}
    for step, passes in sound.passed.items():
        for number in range(1, 1 + (passes if every_pass else 1)):
            killed = play(memory, stage, row, (step, number), seen)
            found[f"{step}:{number}"] = killed.problems if killed else []
    assert {where: problems for where, problems in found.items() if problems} == {}
