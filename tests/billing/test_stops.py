"""What stops a charge: a deadline, a cancelled call, a consent withdrawn, a card forgotten, an app removed."""

from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta

import pytest

from billing.terminals import CREDENTIALS
from bitrix24.installs import uninstall
from calculations.refusal import Refusal
from customers.cards import forget_card
from customers.consents import withdraw_card_consent, withdraw_consents
from storage.model import Call, Portal, Terminal
from tests.billing.test_subscriptions import begin
from tests.billing.world import BEGINNING, Killed, World


def withdraw(world: World) -> None:
    withdraw_consents(world.database, world.portal_id, "C_5", "the client", world.clock())


def test_an_acquirer_not_reached_before_the_deadline_is_a_failure_and_nothing_is_sent_later(world: World) -> None:
    world.bank.script = ["refused"] * 9
    order = replace(world.order, deadline_at=BEGINNING + timedelta(minutes=4))
    world.charge(order)
    for _ in range(20):
        world.tick(seconds=30)
    assert len(world.bank.asked) == 3  # at once, after 30 s, after 2 m 30 s; the next one would be too late
    assert world.charges()[0].state == "cancelled"
    assert world.told() == [world.charges()[0].id]
    with pytest.raises(Refusal, match="deadline"):
        world.charge(order)
    world.settle()
    assert len(world.bank.asked) == 3


def test_a_call_with_hardly_any_time_left_is_told_at_once_that_the_acquirer_is_not_reached(world: World) -> None:
    world.bank.script = ["refused"]
    refusal = world.refused(deadline_at=BEGINNING + timedelta(seconds=20))
    assert refusal.code == "acquirer_unreachable"
    assert world.again().status == "succeeded"  # a new call may ask again: nothing was taken
    assert world.money() == [2_500_000]


def test_nothing_is_sent_after_the_deadline(world: World) -> None:
    assert world.refused(deadline_at=BEGINNING).code == "deadline_passed"
    world.at_step["intent_committed"] = lambda: world.clock.forward(hours=2)
    assert world.refused(deadline_at=BEGINNING + timedelta(hours=1)).code == "deadline_passed"
    assert world.bank.asked == []


def cancel(world: World, call_id: int | None) -> None:
    with world.database.write() as session:
        session.get_one(Call, call_id).state = "cancelled"


def test_for_a_call_that_was_cancelled_no_try_is_made_any_more(world: World) -> None:
    world.bank.script = ["refused"]
    assert world.charge().status == "pending"
    cancel(world, world.order.call_id)
    world.settle()
    assert len(world.bank.asked) == 1
    assert (world.money(), world.charges()[0].state) == ([], "cancelled")


def test_a_call_cancelled_between_its_intent_and_the_sending_sends_nothing(world: World) -> None:
    world.kill_at("intent_committed")
    with pytest.raises(Killed):
        world.charge()
    cancel(world, world.order.call_id)
    world.settle()
    assert world.bank.asked == []


def test_another_call_that_waits_for_a_cancelled_calls_charge_takes_it_itself(world: World) -> None:
    world.bank.script = ["refused"]
    world.charge()
    other = world.new_order()
    assert world.charge(other).status == "pending"
    cancel(world, world.order.call_id)
    world.tick(minutes=1)
    assert world.told() == [world.charges()[0].id]  # which wakes the call that waits
    assert world.charge(other).status == "succeeded"
    assert world.money() == [2_500_000]


def test_a_withdrawn_consent_stops_before_the_intent(world: World) -> None:
    withdraw(world)
    assert world.refused().code == "no_consent"
    assert world.charges() == []


def test_a_consent_withdrawn_between_the_intent_and_the_sending_stops_it(world: World) -> None:
    world.add_card("token-2", "**** 1111", customer="C_6")
    world.at_step["intent_committed"] = lambda: withdraw(world)
    assert world.refused().code == "no_consent"
    world.settle()
    assert world.bank.asked == []
    assert world.charges()[0].state == "cancelled"


def test_a_card_forgotten_between_the_intent_and_the_sending_stops_it_and_no_other_card_is_tried(world: World) -> None:
    world.add_card("token-2", "**** 1111")
    world.at_step["intent_committed"] = lambda: forget(world)
    assert world.refused(saved_card="4242").code == "no_saved_card"
    world.settle()
    assert world.bank.asked == []


def forget(world: World) -> None:
    assert forget_card(world.database, world.portal_id, 1, "the client", world.clock())


def test_a_withdrawal_that_comes_after_the_sending_names_the_charge_it_came_too_late_for(world: World) -> None:
    late = []
    world.at_step["sent_committed"] = lambda: late.append(
        withdraw_consents(world.database, world.portal_id, "C_5", "the client", world.clock())
    )
    assert world.charge().status == "succeeded"
    assert late[0].consents == 1
    assert late[0].sent_before == (1,)


def test_a_withdrawn_consent_ends_the_plan(world: World) -> None:
    world.bank.script = ["declined:funds"]
    world.charge()
    world.add_card("token-2", "**** 1111")
    withdraw(world)
    world.settle()
    assert len(world.bank.asked) == 1
    assert world.charges()[0].next_attempt_at is None


def test_an_uninstalled_portal_is_not_charged_by_plan_nor_by_what_was_under_way(world: World) -> None:
    world.bank.script = ["declined:funds"]
    world.charge()
    world.at_step["intent_committed"] = lambda: uninstall(world.database, world.portal_id, world.clock())
    assert world.refused(key="due:D_6").code == "charge_stopped"
    world.settle()
    assert len(world.bank.asked) == 1


def test_a_portal_that_installs_again_does_not_get_the_old_consents_back(world: World) -> None:
    uninstall(world.database, world.portal_id, world.clock())
    with world.database.write() as session:
        session.get_one(Portal, world.portal_id).state = "active"
    assert world.refused().code == "no_consent"


def test_a_call_that_runs_again_tries_no_other_card_than_the_one_it_began_with(world: World) -> None:
    world.bank.script = ["refused"]
    assert world.charge().status == "pending"
    withdraw_card_consent(world.database, 1, "the client", world.clock())
    world.add_card("token-2", "**** 1111")
    world.add_card("token-3", "**** 2222", customer="CO_7")
    world.clock.forward(minutes=1)
    for customer in ("C_5", "CO_7"):  # the company of the same deal is its client too
        with pytest.raises(Refusal, match="took the consent back"):
            world.charge(replace(world.order, customer=customer))
    world.settle()
    assert set(world.bank.tokens) == {"token-1"}
    assert world.money() == []


def test_where_a_subscriptions_card_may_not_be_charged_no_other_one_is(world: World) -> None:
    world.add_card("token-2", "**** 1111")
    begin(world, saved_card_id=2, first_date=date(2026, 12, 1))
    withdraw_card_consent(world.database, 2, "the client", world.clock())
    assert world.refused().code == "no_consent"
    assert forget_card(world.database, world.portal_id, 2, "the client", world.clock())
    assert world.refused().code == "no_saved_card"
    assert world.bank.asked == []


@pytest.mark.parametrize("step", ["sent_committed", "look_up_committed"])
def test_a_refusal_of_credentials_that_were_replaced_meanwhile_stops_nothing(world: World, step: str) -> None:
    def replace_them() -> None:
        world.clock.forward(seconds=1)
        world.terminals().configure(world.portal_id, "bank", "main", '{"shop": "demo", "secret": "new"}')

    world.bank.script = ["misconfigured"] if step == "sent_committed" else ["lost_after"]
    world.bank.look_up_script = ["misconfigured"]
    world.at_step[step] = replace_them
    with suppress(Refusal):
        world.charge()
    world.tick(minutes=1)
    assert world.again(key="due:D_6").status == "succeeded"


def test_credentials_kept_by_another_version_stop_a_charge_in_words(world: World) -> None:
    with world.database.write() as session:
        old = world.vault.seal(world.portal_id, CREDENTIALS, '{"store": "demo", "secret": "s3cret"}')
        session.get_one(Terminal, 1).credentials = old
    refusal = world.refused()
    assert refusal.code == "gateway_stopped"
    assert "another version" in refusal.en
    assert "s3cret" not in refusal.en
