"""`python -m tests.mutants`: plant each fault in a copy of the project and see that its tests fail; some minutes.

Ends with 1 when a fault survives, which is a test to write, or when the copy without any fault does not pass.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import Queue

from tests.mutants.planted import MUTANTS, Mutant

ROOT = Path(__file__).parent.parent.parent
NEEDED = (
    "calculations",
    "pyproject.toml",
    "tests/__init__.py",
    "tests/calculations",
    "tests/chromium.py",
    "tests/conftest.py",
    "tests/rethrown.py",
)
AT_ONCE = 2
LONGEST_SECONDS = 300  # a fault may as well be an endless loop


def main() -> int:
    copies: Queue[Path] = Queue()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(AT_ONCE):
            copies.put(_copy(Path(folder) / str(number)))
        with _borrowed(copies) as copy:
            if not _passes(copy, [test.stem.removeprefix("test_") for test in _tests(copy)]):
                print("the project passes no tests even without a fault: mend that first")
                return 1
        with ThreadPoolExecutor(AT_ONCE) as threads:
            killed = list(threads.map(lambda mutant: _killed(mutant, copies), MUTANTS))
    print(f"{sum(killed)} of {len(MUTANTS)} killed")
    return 0 if all(killed) else 1


def _killed(mutant: Mutant, copies: "Queue[Path]") -> bool:
    with _borrowed(copies) as copy:
        file = copy / "calculations" / mutant.file
        sound = file.read_text()
        file.write_text(sound.replace(mutant.old, mutant.new))
        try:
            dead = not _passes(copy, mutant.tests.split())
        finally:
            file.write_text(sound)
    print(f"{'killed' if dead else 'SURVIVED'}  {mutant.file}: {mutant.name}", flush=True)
    return dead


def _passes(copy: Path, tests: list[str]) -> bool:
    """Whether these files of tests pass; hypothesis draws the same cases each time, so that a verdict stands."""
    files = [f"tests/calculations/test_{name}.py" for name in tests]
    command = [sys.executable, "-B", "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *files]
    try:
        done = subprocess.run(
            [*command, "--hypothesis-seed=0"],
            cwd=copy,
            env=os.environ | {"PYTHONPATH": str(copy)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=LONGEST_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


@contextmanager
def _borrowed(copies: "Queue[Path]") -> Iterator[Path]:
    copy = copies.get()
    try:
        yield copy
    finally:
        copies.put(copy)


def _copy(folder: Path) -> Path:
    for name in NEEDED:
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    return folder


def _tests(copy: Path) -> list[Path]:
    return sorted((copy / "tests" / "calculations").glob("test_*.py"))


if __name__ == "__main__":
    sys.exit(main())
