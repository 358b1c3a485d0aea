"""The closing receipt of a thing that is given, at every gateway that takes one: never two, wherever we stop."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from gateways import Capability
from tests.grid.cases import Case
from tests.grid.judge import judge_receipt
from tests.grid.memory import Memory
from tests.grid.stage import stages_that_can
from tests.grid.table import RECEIPTS, Row
from tests.grid.world import GridWorld

STAGES = stages_that_can(Capability.SEND_RECEIPT)


@dataclass
class Shop:
    """Gives the thing, and asks once more an hour later."""

    world: GridWorld
    asked: int = 0

    def act(self) -> None:
        self.asked += 1
        self.world.charging.receipts.close(self.world.charges()[0].id)
        self.world.person_due_at = self.world.clock() + timedelta(hours=1) if self.asked == 1 else None


def paid(world: GridWorld) -> None:
    world.call()
    world.run()


def give(world: GridWorld) -> None:
    world.person, world.person_due_at = Shop(world), world.clock()


@pytest.mark.parametrize("row", RECEIPTS, ids=lambda row: row.name)
@pytest.mark.parametrize("name", STAGES)
def test_killed_anywhere_and_asked_again_the_closing_receipt_is_made_once(
    memory: Memory, name: str, row: Row, whole: bool
) -> None:
    case = Case(memory, STAGES[name], row, give, judge_receipt, before=paid, with_receipts=True)
    assert case.problems(whole) == {}
