"""docs/faults.md names, for each fault, the tests that try it."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_every_fault_names_tests_that_are_there() -> None:
    rows = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8").splitlines()
    faults = [row for row in rows if row.startswith("| ") and not row.startswith("| fault ")]
    assert faults
    for fault in faults:
        named = re.findall(r"`(tests/[^`]+)`", fault)
        assert named, fault
        assert [name for name in named if not (ROOT / name).is_file()] == []
