"""A portal with a card at an acquirer of the sandbox; a call that wants it charged; and time that goes on by itself.

Everything happens in this thread. Time goes from one moment at which something is due to the next.
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from cryptography.fernet import Fernet
from sqlalchemy import text

from billing.charges import Charging
from billing.notices import Notices
from billing.orders import ChargeOrder, ChargeResult
from calculations.refusal import Refusal
from gateways import Capability, open_gateways
from jobs.outbox import tell
from sandbox.acquirers.bank import Bank, Operation
from storage.vault import Vault
from tests.billing.world import BEGINNING, Clock, Killed, World
from tests.grid.letters import PUBLIC_URL, Letterbox
from tests.grid.memory import Memory
from tests.grid.stage import SlowTurns, Stage
from tests.grid.table import Row

A_CALL_WAITS = timedelta(days=2)  # longer than the first daily look-up is away
ANSWERED_BEFORE = timedelta(minutes=1)
RARELY = timedelta(hours=6)
HORIZON = timedelta(days=40)
MOST_ROUNDS = 400
IN_ADVANCE = {"tax_system": "osn", "vat": "standard", "kind": "prepayment", "email": "shop@example.com"}

_key = Fernet.generate_key().decode()
_begun: dict[str, bytes] = {}  # the database of each stage as every case begins


NEVER = datetime.max.replace(tzinfo=UTC)
DUE = text("""
    SELECT
        (SELECT min(moment) FROM (
            SELECT min(look_up_at) AS moment FROM charge_attempts WHERE state <> 'created'
            UNION ALL SELECT min(look_up_at) FROM refunds WHERE state IN ('sent', 'unknown'))),
        (SELECT min(moment) FROM (
            SELECT min(next_attempt_at) AS moment FROM charges
            UNION ALL SELECT min(look_up_at) FROM charge_attempts WHERE state = 'created')),
        (SELECT min(look_up_at) FROM receipts),
        (SELECT min(created_at) FROM outbox WHERE done_at IS NULL)
""")


class NeverQuiet(AssertionError):
    """Something stays due for ever."""


class SeenBefore(Exception):
    """A process killed elsewhere left the very same behind: what follows is known."""


@dataclass
class Caller:
    """The workflow's step: its robot is run again whenever it is due, until there is an answer for the portal.

    One that has waited for an hour looks by itself less often than it would, and is woken as always.
    """

    order: ChargeOrder
    asked_at: datetime
    due_at: datetime | None = field(init=False)
    answer: ChargeResult | Refusal | None = None
    charge_id: int | None = None

    def __post_init__(self) -> None:
        self.due_at = self.asked_at

    def run(self, charging: Charging, now: datetime) -> None:
        try:
            result = charging.charge(self.order)
        except Refusal as refusal:
            self.answer, self.due_at = refusal, None
            return
        assert self.order.deadline_at is not None
        self.charge_id = result.charge_id
        last_moment = self.order.deadline_at - ANSWERED_BEFORE
        if result.status in ("pending", "unknown") and now < last_moment:
            assert result.wait_until is not None
            has_waited = now - self.asked_at > timedelta(hours=1)
            due_at = max(result.wait_until, now + RARELY) if has_waited else result.wait_until
            self.due_at = min(due_at, last_moment)
        else:
            self.answer, self.due_at = result, None


class Person(Protocol):
    """Somebody outside who does something when it is their time."""

    def act(self) -> None: ...


@dataclass
class GridWorld(World):
    """`kill`: the label at which the process ends, and at which pass of it. `seen`: what killed processes have left
    behind before; where one leaves the same again, `run` raises SeenBefore."""

    stage: Stage = field(kw_only=True)
    kill: tuple[str, int] | None = None
    was_killed: bool = False
    seen: set[int] = field(default_factory=set)
    with_receipts: bool = False  # the shop pays in advance by its receipts

    def __post_init__(self) -> None:
        self.clock = Clock(BEGINNING)
        self.vault = Vault([_key])
        self.code = self.stage.code
        receipts = {"receipts": IN_ADVANCE} if self.with_receipts else {}
        self.credentials = json.dumps({**self.stage.credentials, **receipts})
        self.acquirer: Bank = self.stage.open_bank(self.clock)
        self.opened = open_gateways({self.code: self.stage.address()}, lambda: self.clock.moment.timestamp())
        self.passed: Counter[str] = Counter()
        self.portal_id = 1
        self.charging = self.new_process()
        self._open_door()

    def begin(self) -> None:
        """A portal, a terminal and a consented card; to be called while the acquirer can be reached."""
        assert isinstance(self.database, Memory)
        name = f"{self.stage.name()} {self.with_receipts}"
        if name not in _begun:
            self.database.content = self.database.empty
            self.add_portal("member-1")
            _begun[name] = self.database.content
        self.database.content = _begun[name]
        self.caller: Caller | None = None
        self.person: Person | None = None
        self.person_due_at: datetime | None = None

    def add_card(self, token: str, mask: str, **more: Any) -> None:
        """The card of the stage, if it charges any: another one is in no bank."""
        if self.stage.can(Capability.CHARGE_SAVED_CARD):
            super().add_card(self.stage.token, mask, portal_id=1, gateway_customer_id=self.stage.gateway_customer_id)

    def new_process(self) -> Charging:
        return Charging(self.database, self.vault, self.gateways, self.clock, self.pass_step, PUBLIC_URL)

    @property
    def letters(self) -> Letterbox:
        letters = self.acquirer.notices
        assert isinstance(letters, Letterbox)
        return letters

    def play(self, row: Row) -> bool:
        """Let the acquirer do what the row says; False where its protocol has nothing like that."""
        planned = self.stage.turns(row)
        if planned is None:
            return False
        assert isinstance(self.acquirer.turns, SlowTurns)
        self.acquirer.turns.play(planned)
        self.acquirer.turns.slow_seconds = row.slow_seconds
        return True

    def call(self) -> None:
        """A workflow comes to the robot."""
        self.caller = Caller(self.new_order(deadline_at=self.clock() + A_CALL_WAITS), self.clock())

    def pass_step(self, step: str) -> None:
        self.steps.append(step)
        self.passed[step] += 1
        if self.kill == (step, self.passed[step]):
            self.kill, self.was_killed = None, True
            raise Killed(step)

    def run(self) -> None:
        """Everything goes on until nothing is due any more; a process that is killed comes back at once."""
        for _ in range(MOST_ROUNDS):
            try:
                self.act()
            except Killed:
                self.come_back()
                continue
            moment = self.next_moment()
            if moment > BEGINNING + HORIZON:
                return
            self.clock.moment = max(moment, self.clock.moment)
        raise NeverQuiet(f"{self.stage.name()}: still due at {self.clock.moment} after {MOST_ROUNDS} rounds")

    def come_back(self) -> None:
        assert isinstance(self.database, Memory)
        at_acquirer = repr((self.stage.memory_of(self.acquirer), self.letters.waiting))
        left = hash((self.database.content, self.clock(), at_acquirer))
        if left in self.seen:
            raise SeenBefore
        self.seen.add(left)
        self.charging = self.new_process()
        self.letters.bring()
        if self.caller and self.caller.answer is None:
            self.caller.due_at = self.clock()
        if self.person and self.person_due_at is None:
            self.person_due_at = self.clock()

    def act(self) -> None:
        """All that is due at this moment, as the worker's loop does it."""
        now = self.clock()
        self.stage.settle(self.acquirer)
        self.letters.bring()
        self._tell()
        if self.caller and self.caller.due_at and self.caller.due_at <= now:
            self.caller.run(self.charging, now)
        if self.person and self.person_due_at and self.person_due_at <= now:
            self.person.act()
        due = self.due()
        if due["look-ups"] <= now:
            self.charging.look_up_due()
        if due["retries"] <= now:
            self.charging.retry_due()
        if due["receipts"] <= now:
            self.charging.receipts.follow_due()
        self.letters.bring()

    def due(self) -> dict[str, datetime]:
        """When the worker has something to do next, by its periodic pieces of work."""
        with self.database.read() as session:
            row = session.execute(DUE).one()
        moments = [datetime.fromisoformat(text).replace(tzinfo=UTC) if text else NEVER for text in row]
        return dict(zip(("look-ups", "retries", "receipts", "outbox"), moments, strict=True))

    def next_moment(self) -> datetime:
        return min(
            *self.due().values(),
            self.stage.next_moment(self.acquirer) or NEVER,
            (self.caller and self.caller.due_at) or NEVER,
            self.person_due_at or NEVER,
        )

    def _tell(self) -> None:
        if self.due()["outbox"] != NEVER:
            tell(self.database, {"charge_settled": self._wake}, self.clock())

    def operations(self, kind: str) -> list[Operation]:
        """Money that moved at the acquirer."""
        return [one for one in self.stage.operations(self.acquirer) if one.kind == kind]

    def money(self) -> list[int]:
        signs = {"charge": 1, "refund": -1}
        return [signs[one.kind] * one.amount for one in self.stage.operations(self.acquirer)]

    def _wake(self, charge_id: int) -> None:
        if self.caller and self.caller.answer is None:
            self.caller.due_at = self.clock()

    def _open_door(self) -> None:
        """The web process is another one than the worker's: nobody kills it here."""
        web = Charging(self.database, self.vault, self.gateways, self.clock, public_url=PUBLIC_URL)
        self.letters.door = Notices(self.database, self.vault, self.gateways, web)
