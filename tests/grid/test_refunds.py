"""A part of a charge given back at every gateway: whatever it does, and wherever we stop, once."""

import pytest

from gateways import Capability
from tests.grid.cases import Case
from tests.grid.judge import PART, judge_refund
from tests.grid.memory import Memory
from tests.grid.people import Operator
from tests.grid.stage import stages_that_can
from tests.grid.table import REFUNDS, Row
from tests.grid.world import GridWorld

STAGES = stages_that_can(Capability.REFUND)


def charged(world: GridWorld) -> None:
    world.call()
    world.run()


def give_back(world: GridWorld) -> None:
    Operator(world, PART)


@pytest.mark.parametrize("row", REFUNDS, ids=lambda row: row.name)
@pytest.mark.parametrize("name", STAGES)
def test_killed_anywhere_and_asked_again_the_money_is_given_back_once(
    memory: Memory, name: str, row: Row, whole: bool
) -> None:
    assert Case(memory, STAGES[name], row, give_back, judge_refund, before=charged).problems(whole) == {}
