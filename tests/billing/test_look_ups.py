"""News of an order that meets trouble: it is asked about until the acquirer has answered, whoever asks in between."""

from collections.abc import Callable

import pytest

from billing.notices import Notices
from gateways import Capability, Incoming, Outcome
from tests.billing.bank import Bank
from tests.billing.test_in_person import last, link, start
from tests.billing.world import Killed, World


def notify(world: World, order_number: str) -> None:
    """A genuine notice of the bank about an order."""
    key = world.terminals().of_portal(1)[0].webhook_key
    door = Notices(world.database, world.vault, world.gateways, world.charging)
    door.take("bank", key, Incoming({"X-Bank": "s"}, order_number.encode(), b"", "POST"))


def ended_page(world: World, word: str) -> str:
    charge_id = link(world)
    start(world, charge_id)
    world.bank.becomes(last(world).order_number, word)
    world.charging.in_person.refresh(charge_id)
    return last(world).order_number


def closed_page(world: World) -> str:
    return ended_page(world, "cancelled")


def declined_page(world: World) -> str:
    return ended_page(world, "declined:busy")


def used_up_plan(world: World) -> str:
    world.bank.script = ["pending"]
    world.charge()
    world.settle()
    assert (last(world).state, last(world).look_up_at) == ("pending", None)
    return last(world).order_number


def old_page(world: World) -> str:
    start(world, link(world))
    world.bank.look_up_script = ["lost"] * 1000
    world.settle()
    world.settle()
    world.bank.look_up_script = []
    assert last(world).state == "pending"
    return last(world).order_number


@pytest.mark.parametrize("before", [closed_page, declined_page, used_up_plan, old_page])
def test_a_notice_whose_look_up_is_lost_is_looked_up_again(world: World, before: Callable[[World], str]) -> None:
    number = before(world)
    world.bank.becomes(number, "paid")
    notify(world, number)
    world.bank.look_up_script = ["lost"]
    world.settle()
    assert world.charges()[0].state == "succeeded"
    assert world.money() == [2_500_000]


def test_a_client_does_not_pay_again_what_a_notice_told_of(world: World) -> None:
    number = declined_page(world)
    world.bank.becomes(number, "paid")
    notify(world, number)
    world.bank.look_up_script = ["lost"]
    world.settle()
    charge_id = world.charges()[0].id
    assert start(world, charge_id).state == "paid"
    assert (len(world.bank.pages), world.money()) == (1, [2_500_000])


def test_a_process_killed_while_it_asks_about_a_closed_order_asks_again(world: World) -> None:
    number = closed_page(world)
    world.bank.becomes(number, "paid")
    notify(world, number)
    world.kill_at("look_up_committed")
    with pytest.raises(Killed):
        world.tick()
    world.charging = world.new_process()
    world.settle()
    assert world.charges()[0].state == "succeeded"


def test_a_notice_that_tells_nothing_new_of_a_closed_order_is_asked_about_once(world: World) -> None:
    number = closed_page(world)
    notify(world, number)
    assert world.tick() == 1
    assert (last(world).state, last(world).look_up_at) == ("cancelled", None)
    world.bank.book.pop(number)
    notify(world, number)
    assert world.tick() == 1
    assert (last(world).state, last(world).look_up_at) == ("cancelled", None)


def test_a_closed_order_that_is_on_its_way_after_all_is_followed(world: World) -> None:
    number = closed_page(world)
    world.bank.book[number] = world.bank.pending_again(number)
    notify(world, number)
    world.tick()
    world.bank.becomes(number, "paid")
    world.settle()
    assert world.charges()[0].state == "succeeded"


def test_a_page_paid_while_the_worker_stood_still_is_asked_about_until_it_is_known(world: World) -> None:
    charge_id = link(world)
    start(world, charge_id)
    for _ in range(20):
        world.clock.forward(seconds=15)
        world.charging.in_person.refresh(charge_id)
    world.bank.becomes(last(world).order_number, "paid")
    world.bank.look_up_script = ["lost"] * 3
    world.tick(days=3)
    world.settle()
    assert world.charges()[0].state == "succeeded"


def test_whoever_asks_again_and_again_takes_nothing_from_the_plan(world: World) -> None:
    world.bank.script = ["lost_after"]
    world.bank.look_up_script = ["lost"] * 40
    charge_id = world.charge().charge_id
    for _ in range(40):  # a client's page that renews itself, or an acquirer that repeats its notices
        world.clock.forward(seconds=15)
        world.charging.in_person.refresh(charge_id)
    world.tick(hours=1, minutes=5)
    assert world.charges()[0].state == "succeeded"


@pytest.mark.parametrize("asked", [0, 12])
def test_a_worker_that_comes_back_after_the_plan_still_asks_more_than_once(world: World, asked: int) -> None:
    world.bank.script = ["lost_after"]
    world.bank.look_up_script = ["lost"] * (asked + 3)
    charge_id = world.charge().charge_id
    for _ in range(asked):
        world.clock.forward(seconds=15)
        world.charging.in_person.refresh(charge_id)
    world.tick(days=30)
    world.tick(hours=2)
    assert world.charges()[0].state == "open"
    world.settle()
    assert world.charges()[0].state == "succeeded"


def paid_by_its_first_order(world: World) -> str:
    """The card was declined, its client has begun to pay in person; then the bank owns up to the first order."""
    world.bank.script = ["declined:funds"]
    charge_id = world.charge().charge_id
    first = last(world).order_number
    start(world, charge_id)
    world.bank.becomes(first, "paid")
    notify(world, first)
    world.tick()
    assert world.charges()[0].state == "succeeded"
    return last(world).order_number


def test_a_page_of_a_charge_that_is_paid_otherwise_is_closed(world: World) -> None:
    page = paid_by_its_first_order(world)
    world.tick(minutes=1, seconds=30)
    assert world.bank.voided == [page]
    assert world.bank.book[page].outcome is Outcome.CANCELLED


def test_an_acquirer_that_asks_first_is_told_not_to_take_it_twice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Bank, "capabilities", Bank.capabilities - {Capability.VOID})
    page = paid_by_its_first_order(world)
    assert last(world).state == "pending"
    assert Notices(world.database, world.vault, world.gateways, world.charging)._awaited(1, page) is None


def test_an_order_the_acquirer_does_not_know_yet_is_not_given_up_while_its_request_is_on_its_way(world: World) -> None:
    def meanwhile() -> None:
        for seconds in (0, 35):  # within the time limit of the request, and past the pause before a further try
            world.clock.forward(seconds=seconds)
            other = world.new_process()
            other.look_up_due()
            other.retry_due()

    world.at_step["sent_committed"] = meanwhile
    world.charge()
    world.settle()
    assert world.money() == [2_500_000]
    assert len(world.attempts()) == 1
    assert world.sound()


@pytest.mark.parametrize("before", [closed_page, declined_page])
def test_a_notice_that_comes_while_its_order_is_asked_about_is_not_lost(
    world: World, before: Callable[[World], str]
) -> None:
    number = before(world)
    notify(world, number)

    def paid_meanwhile() -> None:
        world.bank.becomes(number, "paid")
        notify(world, number)

    world.at_step["looked_up"] = paid_meanwhile
    world.tick()
    world.settle()
    assert world.charges()[0].state == "succeeded"


def test_a_notice_that_comes_while_nothing_is_known_of_its_order_is_not_lost(world: World) -> None:
    number = closed_page(world)
    paid = world.bank.book.pop(number)
    notify(world, number)

    def paid_meanwhile() -> None:
        world.bank.book[number] = paid
        world.bank.becomes(number, "paid")
        notify(world, number)

    world.at_step["looked_up"] = paid_meanwhile
    world.tick()
    world.settle()
    assert world.charges()[0].state == "succeeded"


def test_a_refusal_that_is_overtaken_by_a_notice_of_payment_is_asked_about_again(world: World) -> None:
    world.bank.script = ["pending"]
    world.charge()
    number = last(world).order_number
    world.bank.becomes(number, "declined:lost")

    def paid_meanwhile() -> None:
        world.bank.becomes(number, "paid")
        notify(world, number)

    world.at_step["looked_up"] = paid_meanwhile
    world.tick(seconds=30)
    assert last(world).state == "declined"
    world.tick(seconds=1)
    assert world.charges()[0].state == "succeeded"
