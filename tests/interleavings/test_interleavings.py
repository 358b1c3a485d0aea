"""Many charges under two workers that take turns anywhere, with faults everywhere: none twice, none lost."""

from pathlib import Path

import pytest

from gateways import Capability
from tests.databases import KINDS, migrated_database
from tests.grid.memory import Memory
from tests.grid.stage import stages_that_can
from tests.interleavings.processes import race
from tests.interleavings.stepped import stepped

STAGES = stages_that_can(Capability.CHARGE_SAVED_CARD)
KEYS, RACED_KEYS = 20, 30


@pytest.fixture(scope="module")
def memory() -> Memory:
    return Memory()


@pytest.mark.parametrize("name", STAGES)
@pytest.mark.parametrize("seed", [6, 7])
def test_two_workers_that_take_turns_at_every_step_charge_each_key_once(memory: Memory, name: str, seed: int) -> None:
    figures = stepped(memory, STAGES[name], seed, KEYS)
    assert figures.charges + figures.not_begun == KEYS
    assert (figures.double, figures.lost, figures.unexplained) == ([], [], [])


def test_a_seed_tells_the_whole_run(memory: Memory) -> None:
    assert stepped(memory, STAGES["tbank"], 7, 5) == stepped(memory, STAGES["tbank"], 7, 5)


@pytest.mark.parametrize("kind", KINDS)
def test_real_workers_that_race_and_are_killed_charge_each_key_once(kind: str, tmp_path: Path) -> None:
    workers = 1 if kind == "sqlite" else 2
    with migrated_database(kind, tmp_path) as url:
        figures = race(url, STAGES["tbank"], tmp_path, workers=workers, seed=1, count=RACED_KEYS)
    assert figures.charges == RACED_KEYS
    assert (figures.double, figures.lost, figures.unexplained) == ([], [], [])
