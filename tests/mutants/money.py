"""`python -m tests.mutants.money`: plant each fault of money in a copy of the project and see that it is noticed.

Ends with 1 when a fault survives, which is a test to write, or when the copy without any fault does not pass.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.mutants.money_faults import MONEY_FAULTS, MoneyFault

ROOT = Path(__file__).parent.parent.parent
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "var", "__pycache__", ".*_cache", "node_modules")
LONGEST_SECONDS = 600


def main() -> int:
    wanted = [fault for fault in MONEY_FAULTS if not sys.argv[1:] or any(word in fault.name for word in sys.argv[1:])]
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "project"
        shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
        for tests, which in sorted({(fault.tests, fault.which) for fault in wanted}):
            if not _passes(copy, tests, which):
                print(f"{tests} -k '{which}' does not pass even without a fault: mend that first")
                return 1
        killed = [_killed(copy, fault) for fault in wanted]
    print(f"{sum(killed)} of {len(killed)} killed")
    return 0 if all(killed) else 1


def _killed(copy: Path, fault: MoneyFault) -> bool:
    sound = {edit.file: (copy / "billing" / edit.file).read_text() for edit in fault.edits}
    for edit in fault.edits:
        file = copy / "billing" / edit.file
        file.write_text(file.read_text().replace(edit.old, edit.new))
    try:
        dead = not _passes(copy, fault.tests, fault.which)
    finally:
        for name, content in sound.items():
            (copy / "billing" / name).write_text(content)
    print(f"{'killed' if dead else 'SURVIVED'}  {fault.name}", flush=True)
    return dead


def _passes(copy: Path, tests: str, which: str) -> bool:
    command = [sys.executable, "-B", "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", tests, "-k", which]
    try:
        done = subprocess.run(
            command,
            cwd=copy,
            env=os.environ | {"PYTHONPATH": str(copy)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=LONGEST_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
