"""Real workers that race on a real database: killed and started again, while the acquirer does what chance says."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from cryptography.fernet import Fernet
from sqlalchemy import func, select, update

from billing.charges import Charging
from billing.notices import Notices
from gateways import open_gateways
from jobs.outbox import tell
from sandbox.acquirers.bank import Bank
from storage.database import open_database
from storage.model import Call, Charge
from storage.vault import Vault
from tests.billing.world import World
from tests.grid.letters import PUBLIC_URL, Letterbox
from tests.grid.stage import Stage
from tests.grid.world import Caller
from tests.interleavings.chance import ChanceTurns
from tests.interleavings.shared import SharedClock, orders_of
from tests.interleavings.verdict import ENDED, Figures, weigh
from tests.sandbox.served import served

ROOT = Path(__file__).parent.parent.parent
AN_HOUR = timedelta(hours=1)
ROUNDS, PAUSE, A_ROUND = 12, 0.5, 20.0  # how long faults last: rounds of so many real seconds, each worth more
ROUNDS_A_WORD = 60
MOST_ROUNDS = 2400
OF_THE_REQUEST = "1064"
"""T-Bank's refusal for good that says nothing of the card: one of the card itself would leave no charge to race for."""


@dataclass
class Race(World):
    """The portal and its calls, as the processes find them; its own process is the web's door and, in the end, the
    last worker."""

    stage: Stage = field(kw_only=True)
    bank: Bank = field(kw_only=True)  # type: ignore[assignment]  # counts instead of the one in memory

    def __post_init__(self) -> None:
        acquirer = self.bank
        super().__post_init__()
        self.bank = acquirer
        assert isinstance(self.bank.notices, Letterbox)
        self.letters = self.bank.notices
        self.letters.door = Notices(self.database, self.vault, self.gateways, self.charging)

    def new_process(self) -> Charging:
        return Charging(self.database, self.vault, self.gateways, self.clock, self.pass_step, PUBLIC_URL)

    def add_card(self, token: str, mask: str, **more: Any) -> None:
        super().add_card(self.stage.token, mask, portal_id=1, gateway_customer_id=self.stage.gateway_customer_id)

    def set_off(self, chance: Random, count: int) -> None:
        """So many keys, each asked for by one or two calls."""
        for number in range(count):
            for _ in range(chance.choice((1, 1, 2))):
                call_id = self.new_call()
                with self.database.write() as session:
                    session.execute(update(Call).where(Call.id == call_id).values(workflow_id=str(number)))

    def begun(self) -> int:
        with self.database.read() as session:
            return session.scalar(select(func.count(Charge.id))) or 0

    def outside(self) -> None:
        """What happens at the acquirer, and reaches our door."""
        self.stage.settle(self.bank)
        self.letters.bring()

    def in_peace(self) -> Figures:
        """One worker goes on until everything is known."""
        callers = [Caller(order, self.clock()) for order in orders_of(self.database)]
        for hours in (0, 0.02, 0.02, 0.05, 0.1, 1.1, *[12.0] * 30):
            self.clock.forward(hours=hours)
            self.outside()
            while self.charging.look_up_due() + self.charging.retry_due():
                self.outside()
            tell(self.database, {}, self.clock())
            if hours > 1 and {charge.state for charge in self.charges()} <= {*ENDED}:
                break
        for caller in callers:
            caller.run(self.charging, self.clock() + AN_HOUR * 1000)
        return weigh(self.database, self.stage.operations(self.bank), callers)


def race(database_url: str, stage: Stage, folder: Path, *, workers: int, seed: int, count: int) -> Figures:
    """How it ended: so many keys, under so many workers."""
    chance, clock = Random(seed), SharedClock(folder)
    bank = stage.open_bank(clock)
    bank.turns = turns = ChanceTurns(clock=clock, chance=chance, hard=OF_THE_REQUEST, on=False)
    with served(lambda request: stage.answer(bank, request)) as address:
        at_acquirer = f"{address}/acquirers/{stage.code}/"
        key = Fernet.generate_key().decode()
        world = Race(
            open_database(database_url),
            vault=Vault([key]),
            clock=clock,
            code=stage.code,
            credentials=json.dumps(dict(stage.credentials)),
            opened=open_gateways({stage.code: at_acquirer}, lambda: clock().timestamp()),
            stage=stage,
            bank=bank,
        )
        world.set_off(chance, count)
        turns.on = True
        command = [sys.executable, "-m", "tests.interleavings.worker"]
        arguments = [database_url, key, stage.code, at_acquirer, str(folder)]
        _let_race(world, clock, [[*command, *arguments, f"{seed}-{number}"] for number in range(workers)], count)
        turns.on = False
        figures = world.in_peace()
        figures.killed = clock.kills
        world.database.close()
        return figures


def _let_race(world: Race, clock: SharedClock, workers: list[list[str]], count: int) -> None:
    """Until every key has a charge and faults have had their time."""
    running = [subprocess.Popen(command, cwd=ROOT) for command in workers]
    rounds, begun = 0, 0
    try:
        while rounds < ROUNDS or begun < count:
            time.sleep(PAUSE)
            clock.forward(seconds=A_ROUND)
            world.outside()
            assert not any(worker.poll() for worker in running), "a worker ended by an error of its own"
            rounds, begun = rounds + 1, world.begun()
            assert rounds < MOST_ROUNDS, f"{begun} of {count} charges begun, and no more of them"
            if rounds % ROUNDS_A_WORD == 0:
                print(f"{begun} of {count} charges begun, {clock.kills} kills", file=sys.stderr, flush=True)
    finally:
        clock.calm()
    for worker in running:
        assert worker.wait(120) == 0, "a worker ended by an error of its own"
