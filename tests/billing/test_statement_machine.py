"""Statements, people, cards and kills in any order: nothing is booked twice, and the ledger stays sound."""

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import func, select

from billing.ledger import check_ledger
from billing.statements import Statements
from calculations.refusal import Refusal
from storage.database import open_database
from storage.model import BankTransfer, LedgerEntry, TransferBooking
from tests.billing.statement_text import OTHER_INN, OUR_INN, came_in, statement, went_out
from tests.billing.world import Killed, World

DOCUMENTS = [
    came_in(purpose="due:D_5", number="1"),
    came_in(purpose="due:D_5", number="2"),
    came_in(purpose="due:D_6", number="3"),
    came_in("100.00", purpose="due:D_6", number="4"),
    came_in(purpose="по счету № 17", number="5"),
    came_in(purpose="по счету № 17", number="6", inn=OTHER_INN),
    came_in(purpose="Оплата услуг", number="7"),
    came_in(purpose="due:D_5", number="8", inn=OUR_INN),
    went_out(number="9"),
    went_out(number="10", inn="0"),
]
KEYS = ["due:D_5", "due:D_6", "due:D_7"]
STEPS = ["statement_stored", "transfer_booked", "transfer_matched", "answered", "outcome_written", "sent_committed"]
NUMBERS = st.integers(1, len(DOCUMENTS))
TRANSFERS = st.integers(1, len(DOCUMENTS) + 3)


class Account(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.world = World(open_database(f"sqlite:///{Path(self.folder.name)}/money.db"))
        self.statements = Statements(self.world.database, self.world.clock, self.world.pass_step)
        self.lines = 0
        self.most: Counter[str] = Counter()  # how often one statement has had a document, by its number

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.database.close()
            self.folder.cleanup()

    def run(self, deed: Any, *arguments: Any) -> None:
        try:
            deed(*arguments)
        except Refusal:
            pass
        except Killed:
            self.world.charging = self.world.new_process()
        self.world.at_step.clear()

    @rule(numbers=st.lists(NUMBERS, max_size=6))
    def a_statement_comes(self, numbers: list[int]) -> None:
        content = statement(*[DOCUMENTS[number - 1] for number in numbers])
        self.most |= Counter(map(str, numbers))
        self.run(self.statements.take, 1, content)

    @rule(key=st.sampled_from(KEYS), word=st.sampled_from(["paid", "declined:funds", "lost_after", "pending"]))
    def a_call_charges_a_card(self, key: str, word: str) -> None:
        self.world.bank.script = [word]
        order = self.world.new_order(key=key, description="Счёт №17" if key == "due:D_7" else "Payment")
        self.run(self.world.charge, order)

    @rule(key=st.sampled_from(KEYS))
    def a_link_is_sent(self, key: str) -> None:
        order = self.world.new_order(key=key, call_id=None, description="Счёт №17" if key == "due:D_7" else "Payment")
        self.run(self.world.charging.in_person.ask, order)

    @rule(transfer_id=TRANSFERS, charge_id=st.integers(1, 3))
    def a_person_matches(self, transfer_id: int, charge_id: int) -> None:
        self.run(self.statements.match, transfer_id, charge_id)

    @rule(transfer_id=TRANSFERS)
    def a_person_takes_back(self, transfer_id: int) -> None:
        self.run(self.statements.unmatch, transfer_id)

    @rule(charge_id=st.integers(1, 3))
    def a_person_refunds(self, charge_id: int) -> None:
        self.run(self.world.charging.refunds.refund, charge_id, 100)

    @rule(days=st.sampled_from([0, 1, 3]))
    def time_passes(self, days: int) -> None:
        self.run(lambda: self.world.tick(days=days, seconds=31))

    @rule(step=st.sampled_from(STEPS))
    def the_next_one_is_killed(self, step: str) -> None:
        self.world.kill_at(step)

    @invariant()
    def the_ledger_is_sound(self) -> None:
        assert check_ledger(self.world.database).problems == []

    @invariant()
    def certificates_are_sound(self) -> None:
        assert self.world.doubted() == []

    @invariant()
    def a_document_is_a_transfer_as_often_as_one_statement_has_it_and_a_transfer_one_booking(self) -> None:
        with self.world.database.read() as session:
            numbers = Counter(session.scalars(select(BankTransfer.number)))
            standing = Counter(
                session.scalars(select(TransferBooking.transfer_id).where(TransferBooking.undone_at.is_(None)))
            )
            own = session.scalars(select(BankTransfer.id).where(BankTransfer.state == "own")).all()
        assert numbers <= self.most
        assert not standing or max(standing.values()) == 1
        assert not standing.keys() & set(own)

    @invariant()
    def lines_are_only_added(self) -> None:
        with self.world.database.read() as session:
            lines = session.scalar(select(func.count()).select_from(LedgerEntry)) or 0
        assert lines >= self.lines
        self.lines = lines

    @invariant()
    def no_charge_is_paid_by_both(self) -> None:
        with self.world.database.read() as session:
            paid = session.scalars(
                select(TransferBooking.charge_id).where(
                    TransferBooking.kind == "charge", TransferBooking.undone_at.is_(None)
                )
            ).all()
        by_card = [attempt.charge_id for attempt in self.world.attempts() if attempt.state == "succeeded"]
        assert max(Counter([*paid, *by_card]).values(), default=0) <= 1


AccountTest = Account.TestCase
AccountTest.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
