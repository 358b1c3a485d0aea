"""Many at once for one key, one consent, one ledger: one request, one success, one chain."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import pytest

from billing.ledger import check_ledger
from billing.orders import ChargeResult
from bitrix24.installs import uninstall
from calculations.refusal import Refusal
from customers.cards import forget_card
from customers.consents import withdraw_consents
from gateways import Payment, Placed, SavedCardOrder
from storage.model import Consent
from tests.billing.bank import Bank, BankCredentials
from tests.billing.world import World


def at_once(*deeds: Callable[[], object]) -> list[object]:
    """Start every deed at the same moment; what each returned, or the Refusal it raised."""
    gate = threading.Barrier(len(deeds))

    def start(deed: Callable[[], object]) -> object:
        gate.wait(timeout=10)
        try:
            return deed()
        except Refusal as refusal:
            return refusal.code

    with ThreadPoolExecutor(len(deeds)) as pool:
        return [future.result(timeout=60) for future in [pool.submit(start, deed) for deed in deeds]]


def statuses(results: list[object]) -> list[str]:
    return [result.status if isinstance(result, ChargeResult) else str(result) for result in results]


def test_calls_that_race_for_one_key_make_one_request(either_world: World) -> None:
    world = either_world
    orders = [world.new_order() for _ in range(6)]
    told = statuses(at_once(*[partial(world.new_process().charge, order) for order in orders]))
    assert len(world.bank.asked) == 1
    assert told.count("succeeded") == 1
    assert set(told) <= {"succeeded", "pending", "skipped"}
    assert {world.charge(order).status for order in orders} == {"succeeded", "skipped"}
    assert world.money() == [2_500_000]
    assert world.sound()


def test_runs_of_one_call_that_race_make_one_request(either_world: World) -> None:
    world = either_world
    at_once(*[lambda: world.new_process().charge(world.order) for _ in range(6)])
    assert world.charge().status == "succeeded"
    assert len(world.bank.asked) == 1


def test_runs_of_one_call_with_different_keys_that_race_make_one_charge(either_world: World) -> None:
    world = either_world
    other = replace(world.order, key="due:D_5:next")
    at_once(*[partial(world.charge, order) for order in (world.order, other, world.order, other)])
    assert len(world.charges()) == 1
    assert world.money() == [2_500_000]


def test_workers_that_race_for_planned_tries_make_each_once(either_world: World) -> None:
    world = either_world
    world.bank.script = ["declined:funds"] * 3
    for number in range(3):
        world.charge(world.new_order(key=f"due:D_{number}"))
    world.clock.forward(days=1)
    at_once(*[world.new_process().retry_due for _ in range(4)])
    assert len(world.bank.asked) == 6
    assert world.money() == [2_500_000] * 3
    assert world.sound()


def test_workers_that_race_for_look_ups_book_each_charge_once(either_world: World) -> None:
    world = either_world
    world.bank.script = ["lost_after"] * 3
    for number in range(3):
        world.charge(world.new_order(key=f"due:D_{number}"))
    world.clock.forward(seconds=30)
    at_once(*[world.new_process().look_up_due for _ in range(4)])
    world.settle()
    assert check_ledger(world.database).entries == 6
    assert world.sound()


def test_charges_that_settle_at_the_same_moment_keep_one_chain(either_world: World) -> None:
    world = either_world
    orders = [world.new_order(key=f"due:D_{number}") for number in range(8)]
    at_once(*[partial(world.charge, order) for order in orders])
    assert len(world.money()) == 8
    assert world.sound()


def test_an_uninstall_among_settling_charges_waits_for_none_of_them_for_ever(either_world: World) -> None:
    world = either_world
    world.bank.script = ["lost_after"] * 12
    for number in range(12):
        world.charge(world.new_order(key=f"due:D_{number}"))
    world.clock.forward(seconds=30)
    settling = [world.new_process().look_up_due for _ in range(3)]
    at_once(*settling, lambda: uninstall(world.database, world.portal_id, world.clock()))
    world.settle()
    assert {charge.state for charge in world.charges()} == {"succeeded"}
    assert world.sound()


def test_two_operators_that_refund_at_once_give_the_money_back_once(either_world: World) -> None:
    world = either_world
    charge_id = world.charge().charge_id
    at_once(*[lambda: world.new_process().refunds.refund(charge_id) for _ in range(4)])
    assert world.money() == [2_500_000, -2_500_000]
    assert world.sound()


@pytest.mark.parametrize("stop", ["withdraw", "forget"])
def test_once_a_withdrawal_has_returned_nothing_goes_to_the_bank_that_was_not_on_its_way(
    either_world: World, stop: str
) -> None:
    world = either_world
    for card_id in range(2, 8):
        customer, token = f"C_{card_id}0", f"token-{card_id}"
        world.add_card(token, "**** 5555", customer=customer)
        order = world.new_order(customer=customer, key=f"due:D_{card_id}")
        end = partial(stopped, world, stop, customer, card_id)
        _, on_its_way = at_once(partial(world.charge, order), end)
        assert on_its_way or token not in world.bank.tokens
        taken = world.bank.tokens.count(token)
        with pytest.raises(Refusal):
            world.again(customer=customer, key=f"due:later:{card_id}")
        world.tick(minutes=1)
        assert world.bank.tokens.count(token) == taken


def stopped(world: World, stop: str, customer: str, card_id: int) -> bool:
    """Stop a card; whether a try of it had been marked as sent by the time that was done."""
    if stop == "withdraw":
        withdraw_consents(world.database, world.portal_id, customer, "the client", world.clock())
    else:
        forget_card(world.database, world.portal_id, card_id, "the client", world.clock())
    return any(attempt.saved_card_id == card_id and attempt.sent_at for attempt in world.attempts())


class SlowBank(Bank):
    """Holds every answer until it is let go."""

    def charge_saved_card(self, credentials: BankCredentials, order: SavedCardOrder, placed: Placed) -> Payment:
        payment = super().charge_saved_card(credentials, order, placed)
        self.arrived.set()
        assert self.let_go.wait(timeout=10)
        return payment

    def __post_init__(self) -> None:
        super().__post_init__()
        self.arrived = threading.Event()
        self.let_go = threading.Event()


def test_while_the_acquirer_thinks_nothing_is_held_and_everybody_else_goes_on(either_world: World) -> None:
    world = either_world
    slow = SlowBank(world.clock)
    world.bank = slow
    first, second = world.new_process(), world.new_process()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(first.charge, world.order)
        assert slow.arrived.wait(timeout=10)
        assert second.charge(world.new_order()).status == "pending"
        world.add_card("token-2", "**** 1111", customer="C_6")  # the database is free to be written
        slow.let_go.set()
        assert waiting.result(timeout=10).status == "succeeded"
    assert len(slow.asked) == 1


def test_charges_that_race_for_what_a_consent_allows_take_no_more_than_that(either_world: World) -> None:
    world = either_world
    with world.database.write() as session:
        consent = session.get_one(Consent, 1)
        consent.limit_amount, consent.limit_currency, consent.limit_period = 6_000_000, "RUB", "month"
    orders = [world.new_order(key=f"due:D_{number}") for number in range(8)]
    told = statuses(at_once(*[partial(world.new_process().charge, order) for order in orders]))
    assert sorted(told) == ["consent_limit"] * 6 + ["succeeded"] * 2
    assert world.money() == [2_500_000] * 2
