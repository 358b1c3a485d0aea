"""An acquirer that does what chance says, seeded: most requests are followed as usual, any of them may go wrong."""

from dataclasses import dataclass, field
from random import Random

from sandbox.acquirers.turns import USUAL, End, Manner, NoticeManner, Turn
from tests.grid.stage import SlowTurns

ENDS: tuple[End, ...] = ("paid", "declined", "pending_paid", "pending_declined", "needs_client", "nothing")
MANNERS: tuple[Manner, ...] = ("proper", "slow", "cut_before", "cut_after", "error_500", "html", "busy")
NOTICES: tuple[NoticeManner, ...] = ("once", "twice", "before", "never", "forged", "stale")
FAULTS = 0.4  # of requests while faults are on
OTHER_SUMS = 0.01


@dataclass
class ChanceTurns(SlowTurns):
    """`hard` is the acquirer's code of a refusal for good; others are left to its usual one."""

    chance: Random = field(default_factory=Random)
    hard: str = ""
    on: bool = True

    def next(self, verb: str) -> Turn:
        if not self.on or self.chance.random() > FAULTS:
            return USUAL
        self.slow_seconds = self.chance.choice((5, 20, 40, 300))
        manner, notice = self.chance.choice(MANNERS), self.chance.choice(NOTICES)
        if verb != "charge":
            return Turn(answer=manner, notice=notice)
        end = self.chance.choice(ENDS)
        code = self.hard if end == "declined" and self.chance.random() < 0.3 else ""
        extra = 1 if end == "paid" and self.chance.random() < OTHER_SUMS else 0
        return Turn(end, code, manner, notice, extra)
