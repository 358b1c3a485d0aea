"""A request that is lost on its way may still arrive: nobody else is asked for the money meanwhile."""

from dataclasses import replace
from typing import ClassVar

import pytest

from billing.notices import Notices
from calculations.refusal import Refusal
from customers.cards import import_cards
from gateways import Incoming, Method, Outcome, OutcomeUnknown, Payment, Placed, SavedCardOrder
from tests.billing.bank import Bank, BankCredentials
from tests.billing.world import HEADER, World

BACK = "https://pay.example/back"
ELSEWHERE = "second,C_5,token-9,**** 9999,2030-01,,2026-01-01,paper\n"


class SecondBank(Bank):
    code: ClassVar[str] = "second"


class CardsOnly(Bank):
    methods: ClassVar[frozenset[Method]] = frozenset({"card"})


@pytest.fixture
def second(world: World) -> SecondBank:
    """Another acquirer of the portal, where the same client has a card too; the first one has no SBP."""
    bank = SecondBank(world.clock)
    world.bank = CardsOnly(world.clock)
    world.opened = {"bank": world.bank, "second": bank}
    world.charging = world.new_process()
    world.terminals().configure(world.portal_id, "second", "main", world.credentials)
    read = import_cards(
        world.database, world.vault, world.portal_id, (HEADER + ELSEWHERE).encode(), {"bank", "second"}, world.clock()
    )
    assert not read.problems
    return bank


def lose_the_request(world: World) -> None:
    world.bank.script = ["late"]
    world.charge(replace(world.order, saved_card="4242"))
    world.tick(seconds=61)
    assert world.attempts()[0].state == "not_sent"


def test_a_card_of_another_acquirer_is_not_charged_until_the_lost_request_cannot_come_any_more(
    world: World, second: SecondBank
) -> None:
    lose_the_request(world)
    world.clock.forward(seconds=40)
    with pytest.raises(Refusal) as caught:
        world.charge(world.new_order(saved_card="9999"))
    assert caught.value.code == "may_still_come"
    assert "bank/main" in caught.value.ru
    world.clock.forward(days=1)
    assert world.charge(world.new_order(saved_card="9999")).status == "succeeded"
    assert (world.money(), len(second.taken)) == ([], 1)


def test_the_lost_request_meets_its_number_where_the_charge_was_made_again(world: World, second: SecondBank) -> None:
    lose_the_request(world)
    world.clock.forward(seconds=40)
    assert world.charge(world.new_order(saved_card="4242")).status == "succeeded"
    world.bank.deliver_late()
    assert (world.money(), second.taken) == ([2_500_000], [])
    assert world.sound()


def test_the_client_is_offered_no_way_through_another_acquirer_meanwhile(world: World, second: SecondBank) -> None:
    lose_the_request(world)
    charge_id = world.charges()[0].id
    assert world.charging.in_person.standing(charge_id).methods == ("card",)
    with pytest.raises(Refusal):
        world.charging.in_person.start(charge_id, "sbp", BACK, None)
    world.clock.forward(days=1)
    assert "sbp" in world.charging.in_person.standing(charge_id).methods
    assert second.taken == []


def hear_that_it_has_arrived(world: World) -> None:
    """The lost request takes the money, and its acquirer says so; the worker has not asked yet."""
    lose_the_request(world)
    world.clock.forward(seconds=40)
    world.bank.deliver_late()
    [row] = [one for one in world.terminals().of_portal(world.portal_id) if one.gateway == "bank"]
    notice = Incoming({"X-Bank": "s"}, world.attempts()[0].order_number.encode())
    Notices(world.database, world.vault, world.gateways, world.charging).take("bank", row.webhook_key, notice)


def test_a_card_elsewhere_is_left_alone_also_while_the_news_of_its_arrival_is_not_read(
    world: World, second: SecondBank
) -> None:
    hear_that_it_has_arrived(world)
    with pytest.raises(Refusal) as caught:
        world.charge(world.new_order(saved_card="9999"))
    assert caught.value.code == "may_still_come"
    assert (len(world.money()), second.taken) == (1, [])


def test_a_click_is_offered_nothing_elsewhere_also_while_the_news_of_its_arrival_is_not_read(
    world: World, second: SecondBank
) -> None:
    hear_that_it_has_arrived(world)
    with pytest.raises(Refusal):
        world.charging.in_person.start(world.charges()[0].id, "sbp", BACK, None)
    assert second.pages == {}


def test_a_page_is_offered_only_where_its_number_keeps_the_lost_request_out(
    world: World, second: SecondBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CardsOnly, "one_number", False)
    lose_the_request(world)
    charge_id = world.charges()[0].id
    assert world.charging.in_person.standing(charge_id).methods == ()
    with pytest.raises(Refusal):
        world.charging.in_person.start(charge_id, "card", BACK, None)
    world.clock.forward(days=1)
    assert world.charging.in_person.standing(charge_id).methods == ("card", "sbp")


class TwoRequests(Bank):
    """Takes a number as often as an order is placed under it, and then the money of each; `hang` stands in between."""

    placed_orders = 0

    def hang(self) -> None:
        pass

    def charge_saved_card(self, credentials: BankCredentials, order: SavedCardOrder, placed: Placed) -> Payment:
        if order.number in self.book:
            raise OutcomeUnknown("bank: this number is known")
        hang, self.hang = self.hang, lambda: None  # type: ignore[method-assign]  # once
        hang()
        self.placed_orders += 1
        placed(f"p{self.placed_orders}")
        payment = Payment(order.number, f"p{self.placed_orders}", Outcome.SUCCEEDED, order.amount, paid_at=self.now())
        self.book[order.number] = payment
        self.taken.append((order.number, order.amount))
        return payment


def test_a_worker_that_wakes_after_another_has_made_its_charge_places_an_order_and_takes_nothing(world: World) -> None:
    bank = TwoRequests(world.clock)
    world.bank = bank
    world.charging, other = world.new_process(), world.new_process()

    def hang() -> None:
        world.clock.forward(seconds=61)
        other.look_up_due()
        world.clock.forward(seconds=31)
        other.retry_due()

    bank.hang = hang  # type: ignore[method-assign]
    assert world.charge().status == "succeeded"
    assert (world.money(), bank.placed_orders) == ([2_500_000], 2)
    assert world.sound()
