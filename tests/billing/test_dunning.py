"""What follows a decline: technical ones within the day, a person's own try, and the limits of card schemes."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from types import MappingProxyType
from typing import ClassVar
from zoneinfo import ZoneInfo

import pytest

from calculations.refusal import Refusal
from gateways import Reason
from storage.model import Portal, SavedCard, Terminal
from tests.billing.bank import Bank
from tests.billing.world import BEGINNING, Killed, World

MOSCOW = ZoneInfo("Europe/Moscow")


def test_a_bank_that_could_not_answer_is_tried_again_within_the_day(world: World) -> None:
    world.bank.script = ["declined:busy", "declined:busy"]
    first = world.charge()
    assert (first.decline_kind, first.next_attempt_date) == ("technical", world.clock().date())
    world.tick(minutes=16)
    assert len(world.bank.asked) == 2
    world.tick(minutes=61)
    assert world.money() == [2_500_000]


def test_a_try_out_of_turn_leaves_the_planned_one_planned_a_day_after_it(world: World) -> None:
    world.bank.script = ["declined:funds", "declined:funds"]
    charge_id = world.charge().charge_id
    world.clock.forward(hours=2)
    world.charging.charge_now(charge_id)
    assert len(world.bank.asked) == 2
    assert world.charges()[0].next_attempt_at == world.clock() + timedelta(days=1)
    world.tick(days=1)
    assert world.money() == [2_500_000]


def test_a_try_out_of_turn_two_days_before_the_planned_one_does_not_move_it(world: World) -> None:
    world.bank.script = ["declined:funds"] * 3
    charge_id = world.charge().charge_id
    world.tick(days=1)
    planned = world.charges()[0].next_attempt_at
    world.clock.forward(hours=2)
    world.charging.charge_now(charge_id)
    assert (planned, world.charges()[0].next_attempt_at) == (BEGINNING + timedelta(days=3),) * 2


@pytest.mark.parametrize("days", [[1, 3, 5, 7], [1, 2]])
def test_a_planned_try_comes_no_sooner_than_a_day_after_one_out_of_turn_and_none_is_lost(
    world: World, days: list[int]
) -> None:
    world.bank.script = ["declined:funds"] * 6
    keep_policy(world, days)
    charge_id = world.charge().charge_id
    world.clock.forward(hours=23, minutes=59, seconds=58)
    world.charging.charge_now(charge_id)
    moved = world.charges()[0].next_attempt_at
    assert moved == world.clock() + timedelta(days=1)
    told = world.again()
    assert (told.status, told.next_attempt_date) == ("skipped", moved.astimezone(MOSCOW).date())
    world.tick(seconds=2)
    assert len(world.bank.asked) == 2
    for _ in range(3 * 24 * 12):
        world.tick(minutes=55)
    moments = [attempt.sent_at for attempt in world.attempts() if attempt.sent_at]
    assert len(moments) == 2 + len(days)
    assert all(later - earlier >= timedelta(days=1) for earlier, later in pairwise(moments[1:]))


def test_a_planned_try_that_waits_for_its_terminal_is_not_lost_to_one_out_of_turn(world: World) -> None:
    world.bank.script = ["declined:funds"]
    charge_id = world.charge().charge_id
    stop_terminal(world)
    world.tick(days=1)
    world.tick(hours=1)
    put_right(world)
    world.bank.script = ["declined:funds"]
    world.charging.charge_now(charge_id)
    assert world.charges()[0].next_attempt_at == world.clock() + timedelta(days=1)


def test_a_planned_try_is_not_put_off_to_a_day_on_which_its_card_has_expired(world: World) -> None:
    world.bank.script = ["declined:funds"] * 2
    with world.database.write() as session:
        session.get_one(SavedCard, 1).expires = "2026-02"
    world.clock.forward(days=27)
    charge_id = world.charge().charge_id
    assert world.charges()[0].next_attempt_at is not None
    world.clock.forward(hours=23)
    world.charging.charge_now(charge_id)
    assert world.charges()[0].next_attempt_at is None


def test_declines_of_the_same_card_and_sum_elsewhere_count_for_the_schemes_limit(world: World) -> None:
    world.bank.script = ["declined:funds"] * 40
    with world.database.write() as session:
        session.get_one(SavedCard, 1).mask = "5555 55** **** 4242"
    for number in range(34):
        world.again(key=f"due:D_{number}", retry="none")
        world.clock.forward(hours=24 if number % 8 == 7 else 1)
    assert world.again(key="due:D_99").next_attempt_date is None


def test_a_portal_tries_again_on_its_own_days_or_never_and_says_so(world: World) -> None:
    world.bank.script = ["declined:funds"] * 4
    keep_policy(world, [2, 4])
    day = world.clock().date()
    assert world.charge().next_attempt_date == day + timedelta(days=2)
    keep_policy(world, [])
    never = world.again(key="due:D_6")
    assert never.next_attempt_date is None
    assert never.decline_words is not None
    assert "На портале повторы выключены: повторов не будет" in never.decline_words.ru


def test_after_the_last_planned_try_the_reason_for_no_further_one_is_said(world: World) -> None:
    world.bank.script = ["declined:funds"] * 5
    world.charge()
    for _ in range(8):
        world.tick(days=1)
    assert len(world.bank.asked) == 5
    told = world.charge()
    assert told.decline_words is not None
    assert told.decline_words.en.endswith(
        "All 4 further tries were made: no further try is made, ask the client for another card or send a link."
    )


@pytest.mark.parametrize("word", ["refused", "misconfigured"])
def test_a_try_out_of_turn_that_does_not_reach_the_bank_leaves_the_planned_one_planned(world: World, word: str) -> None:
    world.bank.script = ["declined:funds", word]
    charge_id = world.charge().charge_id
    planned = world.charges()[0].next_attempt_at
    world.clock.forward(hours=2)
    with suppress(Refusal):
        world.charging.charge_now(charge_id)
    assert len(world.bank.asked) == 2
    assert (world.charges()[0].state, world.charges()[0].next_attempt_at) == ("declined", planned)
    configure(world)
    world.settle()
    assert world.money() == [2_500_000]


def test_a_planned_try_that_finds_its_terminal_let_in_no_more_is_made_once_it_is(world: World) -> None:
    world.bank.script = ["declined:funds", "misconfigured"]
    world.charge()
    for _ in range(3):
        world.tick(days=1)
    assert len(world.bank.asked) == 2
    configure(world)
    world.settle()
    assert world.money() == [2_500_000]


def configure(world: World) -> None:
    world.terminals().configure(world.portal_id, "bank", "main", '{"shop": "demo"}')


def keep_policy(world: World, days: list[int]) -> None:
    with world.database.write() as session:
        session.get_one(Portal, world.portal_id).retry_days = days


def stop_terminal(world: World) -> None:
    world.bank.script = ["misconfigured"]
    world.refused(key="due:D_of_another")


def suspend(world: World) -> None:
    with world.database.write() as session:
        session.get_one(Portal, world.portal_id).state = "suspended"


def put_right(world: World) -> None:
    with world.database.write() as session:
        session.get_one(Portal, world.portal_id).state = "active"
    world.terminals().configure(world.portal_id, "bank", "main", world.credentials)


@pytest.mark.parametrize("stop", [stop_terminal, suspend])
@pytest.mark.parametrize(("days", "taken"), [(20, [2_500_000]), (35, [])])
def test_a_try_that_could_not_be_made_for_a_month_is_made_no_more(
    world: World, stop: Callable[[World], None], days: int, taken: list[int]
) -> None:
    world.bank.script = ["declined:funds"]
    world.charge()
    stop(world)
    for _ in range(days):
        world.tick(days=1)
    put_right(world)
    for _ in range(3):
        world.tick(days=1)
    charge = world.charges()[0]
    assert world.money() == taken
    assert (charge.state, charge.next_attempt_at) == ("succeeded" if taken else "declined", None)
    assert world.told().count(charge.id) == 2


class StrictBank(Bank):
    declines: ClassVar[Mapping[str, Reason]] = MappingProxyType({**Bank.declines, "pin": Reason.CARD_BLOCKED})


@pytest.fixture
def strict(world: World) -> World:
    """A world whose bank allows one more try after `declined:pin`."""
    world.bank = StrictBank(world.clock)
    world.charging = world.new_process()
    return world


@pytest.mark.parametrize("second", ["pin", "funds", "busy"])
def test_a_bank_that_allows_one_more_try_is_asked_once_more_and_the_workflow_is_told(
    strict: World, second: str
) -> None:
    strict.bank.script = ["declined:pin", f"declined:{second}"]
    told = strict.charge()
    assert told.next_attempt_date == date(2026, 2, 1)
    assert told.decline_words is not None
    assert "Попробуем ещё один раз, 1 февраля 2026 г.: больше банк не разрешает." in told.decline_words.ru
    assert "One more try is made on 1 February 2026: the bank allows no further one." in told.decline_words.en
    strict.settle()
    assert len(strict.bank.asked) == 2
    told = strict.charge()
    assert (told.status, told.next_attempt_date) == ("declined", None)
    assert told.decline_words is not None
    assert "один повтор, он сделан: повторов не будет" in told.decline_words.ru
    assert "one more try after such a decline, and it was made" in told.decline_words.en


def test_one_more_try_is_allowed_after_the_decline_that_says_so_whenever_it_came(strict: World) -> None:
    strict.bank.script = ["declined:funds", "declined:pin", "declined:pin"]
    strict.charge()
    strict.settle()
    assert len(strict.bank.asked) == 3


def test_the_one_more_try_that_a_bank_allows_is_not_made_twice_when_a_person_has_asked_for_it(strict: World) -> None:
    strict.bank.script = ["declined:pin", "declined:funds"]
    charge_id = strict.charge().charge_id
    strict.clock.forward(hours=1)
    strict.charging.charge_now(charge_id)
    assert strict.charges()[0].next_attempt_at is None
    strict.settle()
    assert len(strict.bank.asked) == 2


def test_a_new_call_begins_a_series_of_its_own(strict: World) -> None:
    strict.bank.script = ["declined:pin"] * 3
    strict.charge()
    strict.settle()
    assert strict.again().next_attempt_date is not None


def test_a_try_that_could_not_be_made_by_day_is_made_in_the_morning(world: World) -> None:
    world.bank.script = ["declined:funds", *["refused"] * 4]
    world.clock.moment = datetime(2026, 1, 31, 17, 59, tzinfo=UTC)  # 20:59 in Moscow
    world.charge()
    world.tick(days=1)
    for _ in range(17):
        world.tick(hours=1)
    hours = [(one.sent_at or one.created_at).astimezone(MOSCOW).hour for one in world.attempts()[2:]]
    assert len(hours) == 4
    assert all(9 <= hour < 21 for hour in hours)


def test_a_planned_try_that_a_worker_finds_at_night_waits_for_the_morning(world: World) -> None:
    world.bank.script = ["declined:funds"]
    world.charge()
    world.clock.moment = datetime(2026, 2, 1, 20, 30, tzinfo=UTC)  # 23:30 in Moscow, the try was planned for noon
    world.tick()
    assert world.charges()[0].next_attempt_at == datetime(2026, 2, 2, 6, 0, tzinfo=UTC)
    world.clock.moment = datetime(2026, 2, 2, 6, 0, tzinfo=UTC)
    world.tick()
    assert world.money() == [2_500_000]


def test_the_days_are_counted_from_the_banks_word_when_it_took_a_week_over_it(world: World) -> None:
    world.bank.script = ["pending"]
    world.charge()
    world.clock.forward(days=8)
    world.bank.becomes(world.attempts()[0].order_number, "declined:funds")
    world.tick(minutes=1)
    known_at = world.attempts()[0].settled_at
    assert known_at is not None
    assert world.charges()[0].next_attempt_at == known_at + timedelta(days=1)


def test_a_planned_try_that_nobody_sent_for_two_months_is_sent_no_more(world: World) -> None:
    world.bank.script = ["declined:funds"]
    world.charge()
    world.clock.forward(days=1)
    world.kill_at("intent_committed")
    with pytest.raises(Killed):
        world.charging.retry_due()
    assert world.attempts()[-1].state == "created"
    world.clock.forward(days=60)
    world.charging = world.new_process()
    world.charging.retry_due()
    assert (world.money(), world.charges()[0].state) == ([], "declined")


def test_a_calls_charge_does_not_wait_for_a_stopped_terminal_past_its_deadline(world: World) -> None:
    world.bank.script = ["refused"]
    world.charge(replace(world.order, deadline_at=world.clock() + timedelta(hours=3)))
    with world.database.write() as session:
        terminal = session.get_one(Terminal, 1)
        terminal.state, terminal.reason = "stopped", "bank answered 401"
    for _ in range(5):
        world.tick(hours=1)
    assert world.charges()[0].state == "cancelled"
    assert [what for _, what, _ in world.news()] == ["payment_given_up"]


def test_a_call_that_runs_again_after_its_charge_was_given_up_tells_of_that_once(world: World) -> None:
    world.bank.script = ["refused", "misconfigured"]
    world.charge()
    world.tick(minutes=1)
    with pytest.raises(Refusal, match="stopped"):  # the call was woken, and asks for the same
        world.charge()
    assert [what for _, what, _ in world.news()] == ["payment_given_up"]
    assert world.refused().code == "gateway_stopped"
