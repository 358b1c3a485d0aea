"""Workers of one process that take turns at every labelled step and every request to the acquirer, as chance says.

Nobody waits for anybody: the whole run follows from its seed, and a failing one can be played again.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from greenlet import getcurrent, greenlet
from werkzeug.wrappers import Request, Response

from billing.charges import Charging
from calculations.money import Money
from jobs.outbox import tell
from tests.billing.world import Killed
from tests.grid.letters import PUBLIC_URL
from tests.grid.memory import Memory
from tests.grid.stage import Stage
from tests.grid.wire import wired
from tests.grid.world import NEVER, Caller, GridWorld
from tests.interleavings.chance import ChanceTurns
from tests.interleavings.verdict import Figures, weigh

WORKERS = 2
KILLS = 0.01  # of labelled steps passed while faults are on
HELD_UP = 0.08  # of requests to the acquirer
WAITS = timedelta(hours=12)
A_JUMP = timedelta(minutes=10)
MOST_TURNS = 200_000
INSIDE_A_TRANSACTION = "outcome_written"  # nobody else can go on there: the database is held


@dataclass
class Worker:
    """A process of the service: does what is due, in an order of its own; a greenlet, so it can be left anywhere."""

    world: "Crowd"
    charging: Charging = field(init=False)
    thread: greenlet = field(init=False)

    def __post_init__(self) -> None:
        world = self.world
        self.charging = Charging(world.database, world.vault, world.gateways, world.clock, world.pass_step, PUBLIC_URL)
        self.thread = greenlet(self._work)

    def _work(self) -> None:
        while True:
            self._one_thing()
            self.world.pause()

    def _one_thing(self) -> None:
        world, now, due = self.world, self.world.clock(), self.world.due()
        calls = [caller for caller in world.callers if caller.due_at and caller.due_at <= now]
        deeds: list[Callable[[], object]] = (
            [lambda: world.chance.choice(calls).run(self.charging, now)] if calls else []
        )
        deeds += [self.charging.look_up_due] if due["look-ups"] <= now else []
        deeds += [self.charging.retry_due] if due["retries"] <= now else []
        deeds += [self._tell] if due["outbox"] <= now else []
        if deeds:
            world.chance.choice(deeds)()
        else:
            world.let_time_pass()

    def _tell(self) -> int:
        return tell(self.world.database, {"charge_settled": self.world._wake}, self.world.clock())


@dataclass
class Crowd(GridWorld):
    """Many charges at once under two workers. `count` keys, some of them asked for by several calls."""

    chance: Random = field(kw_only=True)
    count: int = field(kw_only=True)
    callers: list[Caller] = field(default_factory=list)
    killed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.turns = ChanceTurns(clock=self.clock, chance=self.chance, hard=self.stage.declines["hard"])
        self.turns.on = False
        self.acquirer.turns = self.turns
        self.hub = getcurrent()

    def answer(self, request: Request) -> Response:
        """Others go on while a request travels, and while its answer does; whoever asks holds nothing."""
        assert isinstance(self.database, Memory)
        assert not self.database.is_held, "the acquirer is asked inside a transaction"
        self.pass_step("request")
        if self.turns.on and self.chance.random() < HELD_UP:
            self.hold_up()
        response = self.stage.answer(self.acquirer, request)
        self.pass_step("answer")
        return response

    def hold_up(self) -> None:
        """A request that arrives when everybody has given it up."""
        for _ in range(self.chance.choice((50, 100, 300))):
            self.clock.forward(seconds=1)
            self.pause()

    def pause(self) -> None:
        if getcurrent() is not self.hub:
            self.hub.switch()

    def pass_step(self, step: str) -> None:
        self.steps.append(step)
        if self.turns.on and self.chance.random() < KILLS:
            raise Killed(step)
        if step != INSIDE_A_TRANSACTION:
            self.pause()

    def _wake(self, charge_id: int) -> None:
        for caller in self.callers:
            if caller.answer is None and caller.charge_id in (None, charge_id):
                caller.due_at = self.clock()

    def set_off(self) -> None:
        """Each key is asked for by one to three calls, most of them at once."""
        for number in range(self.count):
            for _ in range(self.chance.choice((1, 1, 2, 3))):
                deadline = self.clock() + WAITS
                amount = Money(100_000 + number, "RUB")
                order = self.new_order(key=f"due:D_{number}", amount=amount, deadline_at=deadline)
                starts = self.clock() + timedelta(seconds=self.chance.choice((0, 0, 0, 1, 40, 600)))
                self.callers.append(Caller(order, starts))

    def crowd(self) -> Figures:
        """Faults until every call has its answer, then none until nothing is due: how it ended."""
        self.begin()
        self.set_off()
        self.turns.on = True
        workers = [Worker(self) for _ in range(WORKERS)]
        for _ in range(MOST_TURNS):
            place = self.chance.randrange(WORKERS)
            try:
                workers[place].thread.switch()
            except Killed:
                self.killed += 1
                workers[place] = Worker(self)
            self._world_goes_on()
            if all(caller.answer for caller in self.callers):
                break
        self._calm_down(workers)
        figures = weigh(self.database, self.operations("charge"), self.callers)
        figures.killed = self.killed
        sent = sum(attempt.sent_at is not None for attempt in self.attempts())
        if self.steps.count("sent_committed") > sent:
            figures.double.append(f"{self.steps.count('sent_committed')} requests were made for {sent} tries")
        return figures

    def _world_goes_on(self) -> None:
        """Notices arrive when they like, in any order; time passes, or jumps to when something is due."""
        if self.letters.waiting and self.chance.random() < 0.3:
            self.letters.waiting.rotate(self.chance.randrange(len(self.letters.waiting)))
            self.letters.bring_one()
        if self.chance.random() < 0.01:
            self.clock.forward(seconds=self.chance.choice((1, 5, 31, 61)))

    def let_time_pass(self) -> None:
        """Nothing is due here; somebody else may still be in the middle of something."""
        self.clock.moment = max(self.clock(), min(self.next_moment(), self.clock() + A_JUMP))
        self.stage.settle(self.acquirer)

    def next_moment(self) -> datetime:
        calls = [caller.due_at for caller in self.callers if caller.due_at]
        return min(super().next_moment(), *calls, NEVER)

    def act(self) -> None:
        super().act()
        for caller in self.callers:
            if caller.due_at and caller.due_at <= self.clock():
                caller.run(self.charging, self.clock())

    def _calm_down(self, workers: list[Worker]) -> None:
        self.turns.on = False
        for worker in workers:  # both are stopped where they are; then one goes on alone
            with suppress(Killed):
                worker.thread.throw(Killed("the run is over"))
        self.terminals().configure(self.portal_id, self.code, "main", self.credentials, confirm_closed=True)
        self.charging = self.new_process()
        self.run()


def stepped(memory: Memory, stage: Stage, seed: int, count: int) -> Figures:
    """One crowd of so many keys, from its seed."""
    crowd = Crowd(memory, stage=stage, chance=Random(seed), count=count)
    with wired(lambda: crowd.answer):
        return crowd.crowd()
