"""Every gateway that charges saved cards, every outcome of the table, the worker killed at every step."""

import pytest

from gateways import Capability, kinds_of_gateways
from tests.grid.cases import Case
from tests.grid.judge import judge_another_call, judge_charge
from tests.grid.memory import Memory
from tests.grid.stage import stages_that_can
from tests.grid.table import CHARGES, Row
from tests.grid.world import GridWorld

STAGES = stages_that_can(Capability.CHARGE_SAVED_CARD)


def test_every_gateway_that_charges_saved_cards_has_a_stage() -> None:
    charging = {kind.code for kind in kinds_of_gateways() if Capability.CHARGE_SAVED_CARD in kind.capabilities}
    assert charging <= {stage.code for stage in STAGES.values()}, "add tests/grid/stages/<code>.py"


@pytest.mark.parametrize("row", CHARGES, ids=lambda row: row.name)
@pytest.mark.parametrize("name", STAGES)
def test_killed_anywhere_and_run_again_the_card_is_charged_once_and_everybody_knows(
    memory: Memory, name: str, row: Row, whole: bool
) -> None:
    assert Case(memory, STAGES[name], row, GridWorld.call, judge).problems(whole) == {}


def judge(world: GridWorld, row: Row) -> list[str]:
    return [*judge_charge(world, row), *judge_another_call(world)]
