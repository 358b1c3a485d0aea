"""A client behind a link at every gateway with a page: whatever it does, and wherever we stop, they pay once."""

import pytest

from gateways import Capability, Method, kinds_of_gateways
from tests.grid.cases import Case
from tests.grid.judge import judge_page
from tests.grid.memory import Memory
from tests.grid.people import Client
from tests.grid.stage import stages_that_can
from tests.grid.table import A_CLIENT_WHO_LEAVES, PAGES, Row
from tests.grid.world import GridWorld

STAGES = stages_that_can(Capability.START_PAYMENT)
WAYS = [(name, method) for name, stage in STAGES.items() for method in stage.methods]


def test_every_gateway_with_a_page_has_a_stage() -> None:
    starting = {kind.code for kind in kinds_of_gateways() if Capability.START_PAYMENT in kind.capabilities}
    assert starting == {stage.code for stage in STAGES.values()}, "add tests/grid/stages/<code>.py"


@pytest.mark.parametrize("row", PAGES, ids=lambda row: row.name)
@pytest.mark.parametrize(("name", "method"), WAYS)
def test_killed_anywhere_and_clicked_again_the_client_pays_once_and_what_they_agreed_to_is_kept(
    memory: Memory, name: str, method: Method, row: Row, whole: bool
) -> None:
    def pays(world: GridWorld) -> None:
        Client(world, method)

    assert Case(memory, STAGES[name], row, pays, judge_page).problems(whole) == {}


@pytest.mark.parametrize(("name", "method"), WAYS)
def test_a_page_that_its_client_leaves_is_closed_and_the_charge_still_waits(
    memory: Memory, name: str, method: Method, whole: bool
) -> None:
    def leaves(world: GridWorld) -> None:
        Client(world, method, leaves=True)

    assert Case(memory, STAGES[name], A_CLIENT_WHO_LEAVES, leaves, judge_page).problems(whole) == {}
