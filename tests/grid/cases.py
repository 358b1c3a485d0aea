"""One row of a table at one acquirer: played without a fault, then once for every step at which the process may end."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from zlib import crc32

from tests.grid.memory import Memory
from tests.grid.stage import Stage
from tests.grid.table import Row
from tests.grid.wire import wired
from tests.grid.world import GridWorld, SeenBefore

SHARES = 3

Begin = Callable[[GridWorld], None]
Judge = Callable[[GridWorld, Row], list[str]]


@dataclass(frozen=True)
class Played:
    problems: list[str]
    passed: Counter[str]


@contextmanager
def on_stage(memory: Memory, stage: Stage, with_receipts: bool) -> Iterator[GridWorld]:
    world = GridWorld(memory, stage=stage, with_receipts=with_receipts)
    with wired(lambda: lambda request: stage.answer(world.acquirer, request)):
        world.begin()
        yield world


@dataclass(frozen=True)
class Case:
    """`begin` brings about what is tried, after the acquirer was told its row; `judge` says what is wrong at the end.

    `before` happens earlier and is never killed.
    """

    memory: Memory
    stage: Stage
    row: Row
    begin: Begin
    judge: Judge
    before: Begin = lambda world: None
    with_receipts: bool = False

    def problems(self, whole: bool) -> dict[str, list[str]]:
        """By the step at which the process was ended; empty when all is as it should be.

        `whole`: at each pass of each step. Else at the first pass of every third step, another third for each row and
        acquirer, so that each row meets each step somewhere.
        """
        seen: set[int] = set()
        sound = self._play(None, seen)
        if sound is None:
            return {}
        found = {"nowhere": sound.problems}
        for step, passes in self._steps(sound.passed, whole):
            for number in range(1, passes + 1):
                killed = self._play((step, number), seen)
                found[f"{step}:{number}"] = killed.problems if killed else []
        return {where: problems for where, problems in found.items() if problems}

    def _steps(self, passed: Counter[str], whole: bool) -> list[tuple[str, int]]:
        if whole:
            return list(passed.items())
        first = crc32(f"{self.stage.name()} {self.row.name}".encode()) % SHARES
        return [(step, 1) for step in list(passed)[first::SHARES]]

    def _play(self, kill: tuple[str, int] | None, seen: set[int]) -> Played | None:
        """None: what follows the kill is known from an earlier case, or the acquirer has no such outcome."""
        with on_stage(self.memory, self.stage, self.with_receipts) as world:
            self.before(world)
            if not world.play(self.row):
                return None
            world.passed.clear()
            world.kill, world.seen = kill, seen
            self.begin(world)
            try:
                world.run()
            except SeenBefore:
                return None
            passed = world.passed.copy()
            return Played(self.judge(world, self.row), passed)
