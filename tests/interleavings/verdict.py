"""What came of a crowd of charges: the acquirer counts the money, our rows and answers have to say the same."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select

from billing.ledger import check_ledger
from calculations.refusal import Refusal
from sandbox.acquirers.bank import Operation
from storage.database import Database
from storage.model import Charge, ChargeAttempt
from tests.grid.world import Caller

ENDED = ("succeeded", "declined", "cancelled")


@dataclass
class Figures:
    """`ends` are the states charges came to, `not_begun` the keys whose card had been refused for good by then; what is
    wrong has a line of its own."""

    charges: int = 0
    not_begun: int = 0
    operations: int = 0
    killed: int = 0
    for_a_person: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    double: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        return not (self.double or self.lost or self.unexplained)

    def add(self, other: "Figures") -> None:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    def text(self) -> str:
        counts = f"{self.charges} charges, {self.operations} operations, {self.killed} kills"
        wrong = f"{len(self.double)} double, {len(self.lost)} lost, {len(self.unexplained)} unexplained"
        return f"{counts}, {dict(self.ends)}, {self.for_a_person} for a person; answers {dict(self.answers)}: {wrong}"


def weigh(database: Database, operations: Sequence[Operation], callers: Sequence[Caller]) -> Figures:
    figures = Figures(operations=len(operations))
    taken: dict[str, list[Operation]] = defaultdict(list)
    for one in operations:
        taken[one.number.rpartition("-")[0]].append(one)
    with database.read() as session:
        charges = session.scalars(select(Charge)).all()
        attempts: dict[int, list[ChargeAttempt]] = defaultdict(list)
        for attempt in session.scalars(select(ChargeAttempt)):
            attempts[attempt.charge_id].append(attempt)
    paid: set[int] = set()
    for charge in charges:
        tries = attempts[charge.id]
        moved = taken.pop(tries[0].order_number.rpartition("-")[0], [])
        if moved:
            paid.add(charge.id)
        _weigh_charge(figures, charge, tries, moved)
    figures.lost += [f"money under {number} belongs to no charge" for number in taken]
    figures.unexplained += check_ledger(database).problems
    for caller in callers:
        _weigh_answer(figures, caller, paid)
    _weigh_keys(figures, {charge.key for charge in charges}, callers)
    return figures


def _weigh_charge(figures: Figures, charge: Charge, tries: Sequence[ChargeAttempt], moved: Sequence[Operation]) -> None:
    figures.charges += 1
    figures.ends[charge.state] += 1
    stand = f"charge {charge.id}: {[(one.state, one.reason) for one in tries]}, taken {[one.amount for one in moved]}"
    if len(moved) > 1:
        figures.double.append(stand)
    right = [one for one in moved if one.amount == charge.amount]
    if bool(right) != (charge.state == "succeeded"):
        figures.lost.append(stand)
    reasons = [one.reason for one in tries if one.state == "unknown"]
    if len(right) < len(moved):
        figures.for_a_person += 1
        if not any(str(one.amount) in reason for one in moved for reason in reasons):
            figures.unexplained.append(stand)
    elif charge.state not in ENDED:
        figures.unexplained.append(stand)


def _weigh_answer(figures: Figures, caller: Caller, paid: set[int]) -> None:
    answer = caller.answer
    if answer is None:
        figures.unexplained.append(f"call {caller.order.call_id} was never answered")
    elif isinstance(answer, Refusal):
        figures.answers[answer.code] += 1
    else:
        figures.answers[answer.status] += 1
        if (answer.status == "succeeded" or answer.charged_at) and answer.charge_id not in paid:
            figures.unexplained.append(f"call {caller.order.call_id} was told of money that nobody took")


def _weigh_keys(figures: Figures, begun: set[str], callers: Sequence[Caller]) -> None:
    told: dict[str, set[str]] = defaultdict(set)
    for caller in callers:
        told[caller.order.key].add(caller.answer.code if isinstance(caller.answer, Refusal) else "")
    for key in told.keys() - begun:
        figures.not_begun += 1
        if told[key] != {"card_refused"}:
            figures.unexplained.append(f"{key} has no charge: its calls were told {told[key]}")
