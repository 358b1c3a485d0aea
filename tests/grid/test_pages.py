"""A client behind a link at every gateway with a page: whatever it does, and wherever we stop, they pay once."""

import pytest

from gateways import Capability, kinds_of_gateways
from tests.grid.cases import Case
from tests.grid.judge import judge_page
from tests.grid.memory import Memory
from tests.grid.people import Client
from tests.grid.stage import all_stages
from tests.grid.table import A_CLIENT_WHO_LEAVES, PAGES, Row
from tests.grid.world import GridWorld

STARTING = {kind.code for kind in kinds_of_gateways() if Capability.START_PAYMENT in kind.capabilities}
STAGES = {name: stage for name, stage in all_stages().items() if stage.code in STARTING}


def pays(world: GridWorld) -> None:
    Client(world)


def leaves(world: GridWorld) -> None:
    Client(world, leaves=True)


@pytest.mark.parametrize("row", PAGES, ids=lambda row: row.name)
@pytest.mark.parametrize("name", STAGES)
def test_killed_anywhere_and_clicked_again_the_client_pays_once_and_the_card_is_kept(
    memory: Memory, name: str, row: Row, whole: bool
) -> None:
    assert Case(memory, STAGES[name], row, pays, judge_page).problems(whole) == {}


@pytest.mark.parametrize("name", STAGES)
def test_a_page_that_its_client_leaves_is_closed_and_the_charge_still_waits(
    memory: Memory, name: str, whole: bool
) -> None:
    assert Case(memory, STAGES[name], A_CLIENT_WHO_LEAVES, leaves, judge_page).problems(whole) == {}
