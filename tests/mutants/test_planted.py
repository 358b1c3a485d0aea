"""The list of planted faults stays true to the code it is about."""

from pathlib import Path

import pytest

from tests.mutants.planted import MUTANTS, Mutant

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_each_fault_has_its_place_and_its_tests(mutant: Mutant) -> None:
    sound = (ROOT / "calculations" / mutant.file).read_text()
    assert sound.count(mutant.old) == 1
    compile(sound.replace(mutant.old, mutant.new), mutant.file, "exec")
    for name in mutant.tests.split():
        assert (ROOT / "tests" / "calculations" / f"test_{name}.py").exists()


def test_no_fault_is_planted_twice() -> None:
    assert len({(mutant.file, mutant.old, mutant.new) for mutant in MUTANTS}) == len(MUTANTS)
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
