"""Charges whose answer was lost: asked about until the acquirer says how they ended, never sent again by guess."""

import shutil
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from billing.charges import Charging
from billing.ledger import check_ledger
from calculations.refusal import Refusal
from customers.consents import withdraw_consents
from gateways import Outcome, OutcomeUnknown
from storage.database import open_database
from tests.billing.bank import Bank
from tests.billing.world import BEGINNING, Killed, World


def test_an_answer_lost_after_the_money_moved_is_found_by_asking(world: World) -> None:
    world.bank.script = ["lost_after"]
    assert world.charge().status == "unknown"
    assert world.tick(seconds=29) == 0
    assert world.tick(seconds=1) == 1
    assert world.charge().status == "succeeded"
    assert world.money() == [2_500_000]
    assert world.sound()


def test_a_lost_request_is_tried_again_only_after_the_acquirer_has_had_time_to_know_it(world: World) -> None:
    world.bank.script = ["lost_before"]
    world.charge()
    world.tick(seconds=30)
    assert world.charge().status == "unknown"  # "no such order" is too young to prove anything
    assert len(world.bank.asked) == 1
    world.tick(minutes=2)
    assert world.attempts()[0].state == "not_sent"
    world.settle()
    assert world.charge().status == "succeeded"
    assert world.money() == [2_500_000]


def test_a_request_that_arrives_after_all_meets_its_own_number(world: World) -> None:
    world.bank.script = ["late"]
    world.charge()
    world.tick(seconds=30)
    world.tick(minutes=2)
    world.bank.deliver_late()
    world.settle()
    assert world.money() == [2_500_000]
    assert world.charge().status == "succeeded"
    assert world.sound()


def test_a_request_that_arrives_after_its_repetition_takes_nothing(world: World) -> None:
    world.bank.script = ["late"]
    world.charge()
    world.settle()
    assert world.charge().status == "succeeded"
    with pytest.raises(Exception, match="duplicate"):
        world.bank._take(world.bank.late[0].order, "paid")
    assert world.money() == [2_500_000]


def test_a_request_that_arrives_after_its_charge_was_given_up_is_still_booked(world: World) -> None:
    world.bank.script = ["late"]
    order = replace(world.order, deadline_at=BEGINNING + timedelta(minutes=2))
    world.charge(order)
    world.tick(seconds=30)
    world.tick(minutes=2)
    assert world.charges()[0].state == "cancelled"
    world.bank.deliver_late()
    assert world.charging.reconciliation.bring_forward(1, world.bank.asked[0])
    world.settle()
    assert world.charge(order).status == "succeeded"
    assert world.sound()


def test_a_notice_of_an_order_that_a_later_try_was_paid_for_changes_nothing(world: World) -> None:
    world.bank.script = ["lost_before"]
    world.charge()
    world.settle()
    assert [attempt.state for attempt in world.attempts()] == ["not_sent", "succeeded"]
    assert not world.charging.reconciliation.bring_forward(1, world.bank.asked[0])
    world.settle()
    assert world.sound()


def test_an_answer_that_comes_after_its_try_was_given_up_is_learnt_by_the_next_try(world: World) -> None:
    def give_up() -> None:
        world.bank.book, kept = {}, world.bank.book  # the acquirer does not see the order yet
        world.tick(minutes=2)
        assert world.attempts()[0].state == "not_sent"
        world.bank.book = kept
        world.tick(minutes=1)

    world.at_step["answered"] = give_up
    world.charge()
    world.settle()
    assert [attempt.state for attempt in world.attempts()] == ["not_sent", "succeeded"]
    assert world.money() == [2_500_000]
    assert world.sound()


def test_an_answer_that_comes_after_its_try_was_given_up_is_booked_when_nobody_tried_again(world: World) -> None:
    def give_up() -> None:
        world.bank.book, kept = {}, world.bank.book
        world.tick(minutes=2)
        world.bank.book = kept

    world.at_step["answered"] = give_up
    order = replace(world.order, deadline_at=BEGINNING + timedelta(minutes=2))
    assert world.charge(order).status == "succeeded"
    assert [attempt.state for attempt in world.attempts()] == ["succeeded"]
    assert world.sound()


@pytest.mark.parametrize("word", ["declined:funds", "action"])
def test_a_decline_the_acquirer_takes_back_settles_the_charge_whatever_becomes_of_the_next_try(
    world: World, word: str
) -> None:
    world.bank.script = ["declined:funds", "pending"]
    world.charge()
    world.tick(days=1)
    first, second = world.bank.asked
    world.bank.becomes(first, "paid")
    assert world.charging.reconciliation.bring_forward(1, first)
    world.bank.becomes(second, word)
    world.settle()
    assert world.charges()[0].state == "succeeded"
    assert world.charges()[0].next_attempt_at is None
    assert world.charge().status == "succeeded"
    assert world.sound()


def test_an_acquirer_that_takes_two_orders_of_one_charge_after_all_is_booked_and_shown(world: World) -> None:
    world.bank.script = ["declined:funds"]
    world.charge()
    world.tick(days=1)
    world.bank.becomes(world.bank.asked[0], "paid")
    world.charging.reconciliation.bring_forward(1, world.bank.asked[0])
    world.settle()
    assert world.money() == [2_500_000, 2_500_000]
    assert list(check_ledger(world.database).problems) == ["charge 1 was taken more than once: refund one try"]
    assert world.charging.refunds.refund(1).state == "succeeded"
    assert sum(world.money()) == 2_500_000


def test_a_try_that_another_process_has_sent_meanwhile_is_not_taken_back_by_a_withdrawal(world: World) -> None:
    def sent_by_another() -> None:
        world.bank.script = ["lost_after"]
        assert world.new_process().charge(world.order).status == "unknown"
        withdraw_consents(world.database, world.portal_id, "C_5", "the client", world.clock())

    world.at_step["intent_committed"] = sent_by_another
    assert world.charge().status == "unknown"
    world.tick(seconds=30)
    assert world.charge().status == "succeeded"
    assert world.money() == [2_500_000]


def test_an_unknown_outcome_never_becomes_a_failure_by_age(world: World) -> None:
    world.bank.script = ["lost_after"]
    world.bank.look_up_script = ["lost"] * 100
    world.charge()
    half_minutes = [30 * number for number in range(1, 20) if world.tick(seconds=30)]
    assert half_minutes == [30, 150, 450]
    hours = [number for number in range(24 * 6) if world.tick(hours=1)]
    assert [later - earlier for earlier, later in pairwise(hours)] == [24] * 5  # after an hour, then daily
    attempt = world.attempts()[0]
    assert (attempt.state, attempt.look_up_at) == ("unknown", None)
    assert world.again().status == "unknown"
    world.bank.look_up_script = []
    assert world.charging.reconciliation.bring_forward(1, attempt.order_number)  # an operator asks once more
    world.tick(seconds=1)
    assert world.charge().status == "succeeded"


def test_a_process_killed_during_the_call_leaves_a_charge_that_is_asked_about(world: World) -> None:
    world.kill_at("answered")
    with pytest.raises(BaseException, match="answered"):
        world.charge()
    assert world.attempts()[0].state == "sent"
    assert world.charge().status == "pending"
    world.tick(minutes=1)
    assert world.charge().status == "succeeded"
    assert world.money() == [2_500_000]


def test_a_database_restored_from_before_the_charge_does_not_charge_again(world: World, tmp_path: Path) -> None:
    backup = tmp_path / "backup.db"
    with world.database.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql(f"VACUUM INTO '{backup}'")
    world.charge()
    shutil.copy(backup, tmp_path / "restored.db")
    world.database.close()
    world.database = open_database(f"sqlite:///{tmp_path}/restored.db")
    world.charging = Charging(world.database, world.vault, {"bank": world.bank}, world.clock, world.pass_step)
    world.order = world.new_order()
    assert world.charge().status == "unknown"
    world.settle()
    assert world.charge().status == "succeeded"
    assert world.money() == [2_500_000]
    assert world.sound()


def test_credentials_that_stop_working_leave_the_outcome_unknown_and_stop_the_terminal(world: World) -> None:
    world.bank.script = ["lost_after"]
    world.bank.look_up_script = ["misconfigured"]
    world.charge()
    world.tick(seconds=30)
    assert world.terminals().of_portal(1)[0].state == "stopped"
    assert world.charge().status == "unknown"
    world.settle()
    assert world.charge().status == "succeeded"


def test_an_older_word_changes_nothing_that_is_settled(world: World) -> None:
    world.charge()
    world.bank.becomes(world.bank.asked[0], "declined:funds")
    assert not world.charging.reconciliation.bring_forward(1, world.bank.asked[0])
    world.settle()
    assert world.charge().status == "succeeded"


def test_the_answer_that_comes_after_a_look_up_has_settled_the_charge_changes_nothing(world: World) -> None:
    def ask_first() -> None:
        world.clock.forward(minutes=1)
        world.charging.look_up_due()

    world.at_step["answered"] = ask_first
    assert world.charge().status == "succeeded"
    assert len(world.told()) == 1
    assert world.sound()


def test_a_call_whose_outcome_is_for_a_person_to_find_out_does_not_ask_every_few_seconds(world: World) -> None:
    world.bank.script = ["wrong_amount"]
    result = world.charge()
    assert result.status == "unknown"
    assert result.wait_until == BEGINNING + timedelta(minutes=10)


def test_an_answer_about_another_order_does_not_keep_the_acquirer_from_being_asked_about_this_one(world: World) -> None:
    world.bank.script = ["wrong_order"]
    world.charge()
    attempt = world.attempts()[0]
    assert (attempt.state, attempt.gateway_payment_id) == ("unknown", "")
    world.charging.reconciliation.ask_now(attempt.id)
    assert world.charge().status == "succeeded"
    assert world.money() == [2_500_000]


@pytest.mark.parametrize("asked_by", ["call", "plan"])
def test_a_charge_that_somebody_closed_at_the_acquirer_is_left_to_a_person(world: World, asked_by: str) -> None:
    world.bank.script = ["pending"] if asked_by == "call" else ["declined:funds", "pending"]
    world.charge()
    if asked_by == "plan":
        world.tick(days=1)
    world.bank.becomes(world.attempts()[-1].order_number, "cancelled")
    world.settle()
    assert world.money() == []
    assert world.attempts()[-1].state == "cancelled"
    (charge,) = world.charges()
    assert (charge.state, charge.next_attempt_at) == ("cancelled" if asked_by == "call" else "declined", None)
    assert world.told() == ([charge.id] if asked_by == "call" else [charge.id, charge.id])
    assert "закрыли его не мы" in world.news()[-1][2]
    assert world.again().status == "succeeded"
    assert world.money() == [2_500_000]
    assert world.sound()


def test_an_order_that_we_closed_is_placed_anew_also_when_the_answer_to_that_was_lost(world: World) -> None:
    world.bank.places_first = True
    world.kill_at("placed")
    with pytest.raises(Killed):
        world.charge()
    world.charging = world.new_process()
    world.bank.void_script = ["lost_after"]
    world.settle()
    assert world.charge().status == "succeeded"
    assert world.money() == [2_500_000]


def test_a_refusal_that_was_seen_while_the_order_stayed_open_is_the_charges_word_once_it_closes(world: World) -> None:
    world.bank.script = ["pending"]
    world.charge()
    number = world.attempts()[0].order_number
    world.bank.book[number] = replace(world.bank.book[number], decline_code="lost", decline_text="stolen")
    world.tick(minutes=1)
    world.bank.book[number] = replace(world.bank.book[number], outcome=Outcome.CANCELLED, decline_code="")
    world.settle()
    result = world.charge()
    assert (result.status, result.decline_code, result.decline_kind) == ("declined", "lost", "hard")
    assert len(world.attempts()) == 1
    assert world.sound()


def test_a_refusal_that_a_look_up_saw_is_kept_when_the_answer_to_closing_the_order_is_lost(world: World) -> None:
    world.bank.places_first = True
    world.kill_at("placed")
    with pytest.raises(Killed):
        world.charge()
    world.charging = world.new_process()
    number = world.attempts()[0].order_number
    world.bank.book[number] = replace(world.bank.book[number], decline_code="lost", decline_text="stolen")
    world.bank.void_script = ["lost_after"]
    world.settle()
    result = world.charge()
    assert (result.status, result.decline_code, result.decline_kind) == ("declined", "lost", "hard")
    assert (len(world.attempts()), world.money()) == (1, [])


def test_a_call_that_waited_for_an_order_closed_elsewhere_is_told_so_and_takes_nothing(world: World) -> None:
    world.bank.script = ["pending"]
    world.charge()
    waits_too = world.new_order()
    assert world.charge(waits_too).status == "pending"
    world.bank.becomes(world.bank.asked[0], "cancelled")
    world.tick(minutes=1)
    for order in (world.order, waits_too):
        with pytest.raises(Refusal) as caught:
            world.charge(order)
        assert caught.value.code == "charge_stopped"
    assert world.money() == []


def test_a_call_that_waited_for_a_second_try_closed_elsewhere_takes_nothing(world: World) -> None:
    world.bank.script = ["declined:funds", "pending"]
    world.charge(replace(world.order, retry="none"))
    world.clock.forward(hours=25)
    second = world.new_order()
    assert world.charge(second).status == "pending"
    world.bank.becomes(world.bank.asked[-1], "cancelled")
    world.tick(minutes=1)
    assert world.charge(second).status == "declined"
    assert world.money() == []


def test_a_call_whose_orders_had_to_be_closed_too_often_places_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(bank: Bank, order: object, word: str) -> None:
        raise OutcomeUnknown("bank: no answer to the second request")

    world.bank.places_first = True
    monkeypatch.setattr(Bank, "_take", lose)
    world.charge()
    for _ in range(100):
        world.tick(minutes=5)
    placed = len(world.attempts())
    for _ in range(5):
        with pytest.raises(Refusal):
            world.charge()
        world.tick(minutes=5)
    assert len(world.attempts()) == placed


def test_an_acquirer_that_works_on_a_request_for_minutes_is_not_believed_before(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Bank, "longest_work", timedelta(minutes=5))
    world.bank.script = ["lost_before"]
    world.charge()
    world.tick(minutes=3)
    assert (world.attempts()[0].state, len(world.bank.asked)) == ("unknown", 1)
    world.tick(minutes=5)
    assert world.attempts()[0].state == "not_sent"
