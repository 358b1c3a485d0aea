"""Anything in any order: calls, ticks, kills, withdrawals and an acquirer out of its mind; the rules of money hold."""

import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from billing.orders import ChargeOrder
from calculations.refusal import Refusal
from customers.consents import withdraw_consents
from gateways import Outcome
from storage.database import open_database
from tests.billing.world import Killed, World

WORDS = [
    "paid",
    "declined:funds",
    "declined:lost",
    "declined:",
    "pending",
    "action",
    "refused",
    "lost_before",
    "lost_after",
    "late",
    "misconfigured",
]
STEPS = ["intent_committed", "sent_committed", "answered", "outcome_written", "outcome_committed", "looked_up"]
KEYS = ["due:D_5", "due:D_6"]
RANK = {"created": 0, "sent": 1, "unknown": 2, "pending": 2, "not_sent": 3, "declined": 3, "succeeded": 4}


class Money(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.world = World(open_database(f"sqlite:///{Path(self.folder.name)}/money.db"))
        self.world.add_card("token-2", "**** 1111")
        self.orders: list[ChargeOrder] = []
        self.ranks: dict[int, int] = {}
        self.asked_at_withdrawal: int | None = None

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

    @rule(word=st.sampled_from(WORDS))
    def bank_is_going_to(self, word: str) -> None:
        self.world.bank.script.append(word)

    @rule(key=st.sampled_from(KEYS), card=st.sampled_from(["4242", "1111"]), retry=st.sampled_from(["portal", "none"]))
    def a_call_asks(self, key: str, card: str, retry: str) -> None:
        order = self.world.new_order(
            key=key, saved_card=card, retry=retry, deadline_at=self.world.clock() + timedelta(hours=3)
        )
        self.orders.append(order)
        self.run(self.world.charge, order)

    @precondition(lambda self: self.orders)
    @rule(number=st.integers(0, 50))
    def a_call_runs_again(self, number: int) -> None:
        self.run(self.world.charge, self.orders[number % len(self.orders)])

    @rule(seconds=st.sampled_from([0, 1, 30, 61, 150, 3600, 86_400, 2 * 86_400]))
    def time_passes(self, seconds: int) -> None:
        self.run(lambda: self.world.tick(seconds=seconds))

    @rule(seconds=st.sampled_from([7200, 86_400]))
    def the_clock_jumps_back(self, seconds: int) -> None:
        self.run(lambda: self.world.tick(seconds=-seconds))

    @rule(step=st.sampled_from(STEPS))
    def the_next_one_is_killed(self, step: str) -> None:
        self.world.kill_at(step)

    @rule(word=st.sampled_from(["paid", "declined:funds"]))
    def the_bank_decides(self, word: str) -> None:
        for number, payment in list(self.world.bank.book.items()):
            if payment.outcome in (Outcome.PENDING, Outcome.ACTION_REQUIRED):
                self.world.bank.becomes(number, word)

    @rule()
    def lost_requests_arrive(self) -> None:
        self.world.bank.deliver_late()

    @rule()
    def the_terminal_is_configured_again(self) -> None:
        self.world.terminals().configure(self.world.portal_id, "bank", "main", '{"shop": "demo"}')

    @rule()
    def a_notice_comes(self) -> None:
        for number in list(self.world.bank.book):
            self.world.charging.reconciliation.bring_forward(1, number)

    @precondition(lambda self: self.asked_at_withdrawal is None)
    @rule()
    def the_client_withdraws(self) -> None:
        withdraw_consents(self.world.database, self.world.portal_id, "C_5", "the client", self.world.clock())
        self.asked_at_withdrawal = len(self.world.bank.asked)

    @invariant()
    def no_key_is_charged_twice(self) -> None:
        taken = Counter(number.rpartition("-")[0] for number, _ in self.world.bank.taken)
        assert not taken or max(taken.values()) == 1

    @invariant()
    def the_ledger_says_no_more_than_the_bank(self) -> None:
        succeeded = [attempt.order_number for attempt in self.world.attempts() if attempt.state == "succeeded"]
        assert set(succeeded) <= {number for number, _ in self.world.bank.taken}
        assert len(succeeded) == len(set(succeeded))

    @invariant()
    def states_only_move_forward(self) -> None:
        for attempt in self.world.attempts():
            assert RANK[attempt.state] >= self.ranks.get(attempt.id, 0)
            self.ranks[attempt.id] = RANK[attempt.state]

    @invariant()
    def what_is_sent_is_never_sent_again_but_as_a_new_try(self) -> None:
        sent = sum(attempt.sent_at is not None for attempt in self.world.attempts())
        assert len(self.world.bank.asked) <= sent

    @invariant()
    def nothing_goes_to_the_bank_after_the_withdrawal(self) -> None:
        assert self.asked_at_withdrawal in (None, len(self.world.bank.asked))

    @precondition(lambda self: self.orders)
    @rule()
    def in_the_end_everything_is_known(self) -> None:
        world = self.world
        world.at_step.clear()
        world.bank.deliver_late()
        self.the_bank_decides("paid")
        self.the_terminal_is_configured_again()
        world.settle()
        self.a_notice_comes()
        world.settle()
        self.the_bank_decides("paid")
        self.a_notice_comes()
        world.settle()
        assert world.sound()
        for order in self.orders:
            self.run(world.charge, order)


MoneyTest = Money.TestCase
MoneyTest.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
