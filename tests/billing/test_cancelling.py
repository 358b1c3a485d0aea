"""A person cancels a charge: its page takes no money, what is paid there counts, and it may be asked for anew."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from billing.orders import ChargeOrder
from billing.statements import Statements
from calculations.refusal import Refusal
from customers.consents import withdraw_consents
from gateways import Capability
from storage.model import Charge, News
from tests.billing.statement_text import came_in, statement
from tests.billing.test_in_person import last, link, start
from tests.billing.world import Killed, World


def cancel(world: World, charge_id: int) -> str:
    return world.charging.cancelling.cancel(charge_id).state


def news(world: World) -> list[str]:
    with world.database.read() as session:
        return list(session.scalars(select(News.what).order_by(News.id)))


def test_a_link_that_was_cancelled_takes_no_money_until_it_is_asked_for_anew(world: World) -> None:
    charge_id = link(world)
    assert cancel(world, charge_id) == "cancelled"
    assert cancel(world, charge_id) == "cancelled"
    assert start(world, charge_id).state == "cancelled"
    assert world.attempts() == []
    assert (world.told(), news(world)) == ([charge_id], ["payment_cancelled"])
    assert link(world) == charge_id
    assert world.charging.in_person.standing(charge_id).state == "to_pay"
    start(world, charge_id)
    world.bank.becomes(last(world).order_number, "paid")
    assert world.charging.in_person.refresh(charge_id).state == "paid"
    assert world.sound()


def give_up(world: World) -> int:
    """A charge whose planned try was given up, because its client has taken their consent back; its id."""
    world.bank.script = ["declined:funds"]
    charge_id = world.charge().charge_id
    withdraw_consents(world.database, world.portal_id, "C_5", "the client", world.clock())
    world.tick(days=1)
    return charge_id


def test_what_people_were_told_is_given_up_is_not_told_once_more_when_it_is_cancelled(world: World) -> None:
    charge_id = give_up(world)
    known = news(world)
    assert known[-1] == "payment_given_up"
    cancel(world, charge_id)
    assert news(world) == known
    assert world.charging.in_person.standing(charge_id).state == "cancelled"


def test_what_was_asked_for_again_after_it_was_given_up_is_told_of_when_it_is_cancelled(world: World) -> None:
    charge_id = give_up(world)
    world.add_card("token-2", "**** 1111")
    world.clock.forward(days=1)
    world.bank.script = ["refused"]
    world.again(saved_card="1111")
    cancel(world, charge_id)
    assert news(world)[-2:] == ["payment_given_up", "payment_cancelled"]


def test_the_order_that_its_client_has_opened_is_closed_at_the_acquirer(world: World) -> None:
    charge_id = link(world)
    start(world, charge_id)
    assert cancel(world, charge_id) == "cancelled"
    assert last(world).state == "cancelled"
    world.settle()
    assert world.money() == []
    assert world.told() == [charge_id]
    assert world.sound()


def test_an_order_that_cannot_be_closed_is_named_and_what_is_paid_there_counts(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.bank, "capabilities", world.bank.capabilities - {Capability.VOID})
    charge_id = link(world)
    start(world, charge_id)
    cancelled = world.charging.cancelling.cancel(charge_id)
    assert cancelled.open_until == last(world).valid_until
    assert world.charging.in_person.standing(charge_id).state == "cancelled"
    world.bank.becomes(last(world).order_number, "paid")
    world.settle()
    assert world.charging.in_person.standing(charge_id).state == "paid"
    assert world.money() == [2_500_000]
    assert world.sound()


def test_an_order_that_could_not_be_closed_at_once_is_closed_later(world: World) -> None:
    charge_id = link(world)
    start(world, charge_id)
    closed_at_the_second_time(world, charge_id)
    assert news(world) == ["payment_cancelled"]


def test_what_the_bank_wants_its_client_for_is_closed_later_too(world: World) -> None:
    world.bank.script = ["action"]
    closed_at_the_second_time(world, world.charge().charge_id)
    assert news(world) == ["payment_declined", "payment_cancelled"]


def closed_at_the_second_time(world: World, charge_id: int) -> None:
    world.bank.can_void = False
    cancel(world, charge_id)
    assert last(world).state == "pending"
    world.bank.can_void = True
    for _ in range(5):
        world.tick(minutes=5)
    assert (last(world).state, world.bank.voided) == ("cancelled", [last(world).order_number])


def test_what_turns_out_to_be_decided_is_not_closed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    charge_id = link(world)
    start(world, charge_id)
    world.bank.becomes(last(world).order_number, "paid")
    monkeypatch.setattr(world.bank, "void", None)
    assert cancel(world, charge_id) == "succeeded"


def test_a_page_that_stays_open_is_handed_out_no_more(world: World) -> None:
    world.bank.can_void = False
    charge_id = link(world)
    assert start(world, charge_id, "sbp").qr_payload
    cancel(world, charge_id)
    standing = world.charging.in_person.standing(charge_id)
    assert (standing.state, standing.page_url, standing.qr_payload) == ("cancelled", "", "")


def test_a_click_that_comes_between_places_no_order(world: World) -> None:
    charge_id = link(world)

    def cancelled_meanwhile() -> None:
        cancel(world, charge_id)

    world.at_step["page_committed"] = cancelled_meanwhile
    assert start(world, charge_id).state == "cancelled"
    assert world.bank.pages == {}
    assert world.charges()[0].state == "cancelled"
    assert [attempt.state for attempt in world.attempts()] == ["not_sent"]


def test_a_planned_retry_is_made_no_more(world: World) -> None:
    world.bank.script = ["declined:51"]
    charged = world.charge()
    assert charged.next_attempt_date
    assert cancel(world, charged.charge_id) == "declined"
    world.settle()
    assert len(world.attempts()) == 1
    assert news(world) == ["payment_declined", "payment_cancelled"]


@pytest.mark.parametrize("can_void", [True, False])
def test_a_soft_decline_that_comes_after_plans_nothing(world: World, *, can_void: bool) -> None:
    world.bank.can_void = can_void
    world.bank.script = ["action"]
    charge_id = world.charge().charge_id
    if can_void:  # the bank decides before it is asked to close the order
        world.bank.becomes(last(world).order_number, "declined:funds")
    cancel(world, charge_id)
    if not can_void:
        world.bank.becomes(last(world).order_number, "declined:funds")
    world.settle()
    assert (world.charges()[0].state, world.charges()[0].next_attempt_at) == ("declined", None)
    assert (len(world.attempts()), world.money()) == (1, [])
    assert news(world) == ["payment_declined", "payment_cancelled"]


def test_what_the_bank_wanted_its_client_for_is_closed_and_told(world: World) -> None:
    world.bank.script = ["action"]
    charge_id = world.charge().charge_id
    assert cancel(world, charge_id) == "declined"
    assert last(world).state == "cancelled"
    assert news(world) == ["payment_declined", "payment_cancelled"]
    world.settle()
    assert world.money() == []


def test_a_planned_moment_of_a_cancelled_charge_is_not_kept(world: World) -> None:
    world.bank.script = ["declined:funds"]
    charge_id = world.charge().charge_id
    cancel(world, charge_id)
    with world.database.write() as session:
        session.get_one(Charge, charge_id).next_attempt_at = world.clock()
    world.settle()
    assert (len(world.attempts()), world.money()) == (1, [])


def test_what_is_paid_or_with_the_bank_is_not_cancelled(world: World) -> None:
    paid = world.charge()
    with pytest.raises(Refusal, match="paid already"):
        cancel(world, paid.charge_id)
    world.bank.script = ["pending"]
    open_one = world.charge(world.new_order(key="due:D_6"))
    with pytest.raises(Refusal, match="with the bank"):
        cancel(world, open_one.charge_id)
    with pytest.raises(Refusal, match="There is no charge 99"):
        cancel(world, 99)


def test_what_a_transfer_paid_is_given_back_by_a_payment_order_or_unmatched(world: World) -> None:
    charge_id = link(world)
    statements = Statements(world.database, world.clock)
    statements.take(1, statement(came_in(purpose="sum:D_9")))
    with pytest.raises(Refusal, match=r"bank transfer 118 of 2026-01-31: .* `statements unmatch 1`") as refused:
        cancel(world, charge_id)
    assert (refused.value.code, "charges refund" in refused.value.en) == ("charge_paid", False)
    statements.unmatch(1)
    assert cancel(world, charge_id) == "cancelled"


def test_what_a_card_paid_beside_a_transfer_is_refunded(world: World) -> None:
    world.bank.script = ["declined:funds"]
    charge_id = world.charge().charge_id
    Statements(world.database, world.clock).take(1, statement(came_in(purpose="due:D_5")))
    world.bank.becomes(last(world).order_number, "paid")
    world.charging.reconciliation.bring_forward(1, last(world).order_number)
    world.tick()
    with pytest.raises(Refusal, match="charges refund"):
        cancel(world, charge_id)


def test_of_what_was_given_back_there_is_nothing_to_cancel(world: World) -> None:
    charge_id = world.charge().charge_id
    world.charging.refunds.refund(charge_id, 100)
    with pytest.raises(Refusal, match="give the money back"):
        cancel(world, charge_id)
    world.charging.refunds.refund(charge_id)
    with pytest.raises(Refusal, match="was paid and given back: there is nothing to cancel") as refused:
        cancel(world, charge_id)
    assert refused.value.code == "charge_paid"


def test_a_process_that_dies_in_between_has_cancelled_it_all_the_same(world: World) -> None:
    charge_id = link(world)
    start(world, charge_id)
    world.kill_at("cancel_committed")
    with pytest.raises(Killed):
        cancel(world, charge_id)
    assert start(world, charge_id).state == "cancelled"
    world.charging = world.new_process()
    assert cancel(world, charge_id) == "cancelled"
    assert world.told() == [charge_id]


def test_a_call_whose_try_did_not_reach_the_bank_is_woken_and_takes_no_money(world: World) -> None:
    world.bank.script = ["refused"]
    waiting = world.charge()
    cancel(world, waiting.charge_id)
    assert world.told() == [waiting.charge_id]
    world.clock.forward(seconds=5)
    assert_told_of_the_person(world, world.order)
    assert len(world.bank.asked) == 1


def test_a_call_that_waited_for_the_clients_page_takes_no_money(world: World) -> None:
    charge_id = link(world)
    start(world, charge_id)
    waiting = world.new_order(key="sum:D_9", customer="C_9")
    world.add_card("token-9", "**** 9999", customer="C_9")
    assert world.charge(waiting).status == "pending"
    cancel(world, charge_id)
    world.clock.forward(seconds=5)
    assert_told_of_the_person(world, waiting)
    assert world.money() == []


def test_a_call_that_was_told_of_its_decline_is_told_the_same_again(world: World) -> None:
    world.bank.script = ["declined:51"]
    charge_id = world.charge().charge_id
    cancel(world, charge_id)
    assert world.charge().status == "declined"
    assert len(world.attempts()) == 1


def assert_told_of_the_person(world: World, order: ChargeOrder) -> None:
    with pytest.raises(Refusal, match="cancelled by a person") as caught:
        world.charge(order)
    assert caught.value.code == "charge_stopped"
    assert "отменён сотрудником" in caught.value.ru


def test_a_robot_that_charges_for_the_same_again_may(world: World) -> None:
    order = replace(world.order, call_id=None, retry="none")
    charge_id = world.charging.in_person.ask(order)
    cancel(world, charge_id)
    world.clock.forward(seconds=1)
    assert world.again(key=order.key).status == "succeeded"
    assert world.charging.in_person.standing(charge_id).state == "paid"
    assert world.money() == [2_500_000]
