"""The list of planted faults of money stays true to the code it is about."""

from pathlib import Path

import pytest

from tests.mutants.money_faults import MONEY_FAULTS, MoneyFault

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("fault", MONEY_FAULTS, ids=lambda fault: fault.name)
def test_each_fault_has_its_place_and_its_tests(fault: MoneyFault) -> None:
    for edit in fault.edits:
        sound = (ROOT / "billing" / edit.file).read_text()
        assert sound.count(edit.old) == 1, edit.old
        compile(sound.replace(edit.old, edit.new), edit.file, "exec")
    assert (ROOT / fault.tests).exists()


def test_no_fault_is_planted_twice() -> None:
    assert (
        len({fault.edits for fault in MONEY_FAULTS}) == len({fault.name for fault in MONEY_FAULTS}) == len(MONEY_FAULTS)
    )
