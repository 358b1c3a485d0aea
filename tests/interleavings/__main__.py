"""`python -m tests.interleavings [--charges N] [--seed N]`: stepped in one process, then raced by real workers.

Prints the figures of each part; ends with 1 when a charge was taken twice, lost, or cannot be explained.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from gateways import Capability
from tests.databases import KINDS, migrated_database
from tests.grid.memory import Memory
from tests.grid.stage import stages_that_can
from tests.interleavings.processes import race
from tests.interleavings.stepped import stepped
from tests.interleavings.verdict import Figures

STAGES = stages_that_can(Capability.CHARGE_SAVED_CARD)
AT_ONCE, IN_ONE_RACE = 25, 500  # keys of one crowd, of one race


def main() -> int:
    given = argparse.ArgumentParser(prog="python -m tests.interleavings", description=__doc__)
    given.add_argument("--charges", type=int, default=10_000, help="of each part")
    given.add_argument("--seed", type=int, default=1)
    given.add_argument("--part", choices=("stepped", *KINDS), help="only this one")
    wish = given.parse_args()
    sound = True
    for part in ("stepped", *KINDS):
        if wish.part in (None, part):
            sound &= _tell(part, wish.charges, wish.seed)
    return 0 if sound else 1


def _tell(part: str, charges: int, seed: int) -> bool:
    started = time.monotonic()
    figures = _stepped(charges, seed) if part == "stepped" else _raced(part, charges, seed)
    known = {
        "part": part,
        "seed": seed,
        "charges": figures.charges,
        "operations": figures.operations,
        "kills": figures.killed,
        "for a person": figures.for_a_person,
        "states": dict(figures.ends),
        "answers": dict(figures.answers),
        "double": len(figures.double),
        "lost": len(figures.lost),
        "unexplained": len(figures.unexplained),
        "seconds": round(time.monotonic() - started),
    }
    print(json.dumps(known), flush=True)
    for problem in [*figures.double, *figures.lost, *figures.unexplained]:
        print(problem)
    return figures.sound


def _stepped(charges: int, seed: int) -> Figures:
    memory, stages, figures = Memory(), list(STAGES.values()), Figures()
    for number in range(-(-charges // AT_ONCE)):
        crowd = stepped(memory, stages[number % len(stages)], seed * 1_000_000 + number, AT_ONCE)
        figures.add(crowd)
        if not crowd.sound:
            print(f"crowd {seed * 1_000_000 + number} of {stages[number % len(stages)].name()}")
    return figures


def _raced(kind: str, charges: int, seed: int) -> Figures:
    """One worker where the database is SQLite, two where it is PostgreSQL; one race after another, each from its seed.

    Of many keys at once the last would be begun when the deadlines of their calls have passed.
    """
    figures = Figures()
    for number, begun in enumerate(range(0, charges, IN_ONE_RACE)):
        with tempfile.TemporaryDirectory() as folder, migrated_database(kind, Path(folder)) as url:
            workers, count = 1 if kind == "sqlite" else 2, min(IN_ONE_RACE, charges - begun)
            race_seed = seed * 1_000_000 + number
            figures.add(race(url, STAGES["tbank"], Path(folder), workers=workers, seed=race_seed, count=count))
        print(f"{kind}, up to seed {race_seed}: {figures.text()}", file=sys.stderr, flush=True)
    return figures


if __name__ == "__main__":
    sys.exit(main())
