"""Banks' limits on tries of one instrument and sum: whoever asks, under whatever charge, at whatever acquirer."""

from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from billing.bank_limits import RULES_OF, WITHIN
from billing.subscriptions import SubscriptionOrder, Subscriptions
from calculations.money import Money
from calculations.recurrence import Period
from calculations.refusal import Refusal
from calculations.retry_plan import LIMITS
from storage.model import Portal, SavedCard
from tests.billing.bank import Bank
from tests.billing.world import BEGINNING, World

VISA, MASTERCARD = "4111 11** **** 4242", "5555 55** **** 4242"
MONTH = timedelta(days=30)


class Second(Bank):
    code = "second"


def make(world: World, card_id: int = 1, **facts: Any) -> None:
    """Change what is known of a card."""
    with world.database.write() as session:
        card = session.get_one(SavedCard, card_id)
        for name, value in facts.items():
            setattr(card, name, value)


def add_twin(world: World, **facts: Any) -> str:
    """Card 1 saved once more by another token, but for these facts; its id."""
    world.add_card("token-of-the-twin", "**** 4242")
    with world.database.write() as session:
        known = session.get_one(SavedCard, 1)
        same = {"mask": known.mask, "method": known.method, "expires": known.expires, "customer": known.customer}
    make(world, 2, **(same | facts))
    return "2"


def sent_at(world: World) -> list[datetime]:
    return [attempt.sent_at for attempt in world.attempts() if attempt.sent_at]


def test_calls_in_between_give_a_visa_card_no_more_tries_than_its_rules(world: World) -> None:
    world.bank.script = ["declined:funds"] * 200
    make(world, mask=VISA)
    with world.database.write() as session:
        session.get_one(Portal, world.portal_id).retry_days = [1, 2, 3, 4, 5]
    for _ in range(40):
        with suppress(Refusal):
            world.again()
        for _ in range(4):
            world.tick(hours=6)
    moments = sent_at(world)
    assert max(sum(last - MONTH < one <= last for one in moments) for last in moments) == 21
    assert moments[-1] > BEGINNING + MONTH  # what is a month ago counts no more


def test_a_person_may_ask_for_a_try_no_sooner_than_the_limit_allows(world: World) -> None:
    world.bank.script = ["declined:funds"] * 40
    make(world, method="sbp")
    charge_id = world.charge().charge_id
    for _ in range(30):
        world.clock.forward(minutes=1)
        with pytest.raises(Refusal) as caught:
            world.charging.charge_now(charge_id)
    assert caught.value.code == "bank_limit"
    assert len(world.bank.asked) == 1
    assert world.charges()[0].next_attempt_at == BEGINNING + timedelta(days=1)
    for _ in range(4):
        world.clock.forward(minutes=60)
        world.charging.charge_now(charge_id)
    world.clock.forward(minutes=60)
    with pytest.raises(Refusal) as of_the_day:
        world.charging.charge_now(charge_id)
    assert "no more often than 5 in a day; declined so far: 5" in of_the_day.value.en
    assert len(world.bank.asked) == 5


def test_a_call_above_the_limit_is_told_which_one_how_many_were_made_and_from_when_it_may(world: World) -> None:
    world.bank.script = ["declined:funds"] * 11
    make(world, mask=MASTERCARD)
    for number in range(10):
        world.again(key=f"due:D_{number}", retry="none")
        world.clock.forward(hours=1)
    known = world.charges()
    refusal = world.refused(key="due:D_99")
    assert refusal.code == "bank_limit"
    # the first try was at 12:00 of 31 January in Moscow
    assert "Mastercard" in refusal.ru
    assert "25000.00 RUB не чаще 10 за сутки; уже отклонено: 10" in refusal.ru
    assert "01.02.2026 12:00" in refusal.ru
    assert "Mastercard" in refusal.en
    assert "25000.00 RUB no more often than 10 in a day; declined so far: 10" in refusal.en
    assert "2026-02-01 12:00" in refusal.en
    assert [charge.id for charge in world.charges()] == [charge.id for charge in known]
    assert len(world.bank.asked) == 10
    world.clock.forward(hours=14)
    assert world.again(key="due:D_99").status == "declined"


def test_a_declined_charge_stays_as_it_is_when_a_call_is_above_the_limit(world: World) -> None:
    world.bank.script = ["declined:funds"] * 2
    make(world, method="sbp")
    world.charge(world.new_order(retry="none"))
    world.clock.forward(hours=24)
    world.again(key="due:D_6", retry="none")
    assert world.refused(retry="none").code == "bank_limit"
    assert [charge.state for charge in world.charges()] == ["declined", "declined"]
    assert len(world.bank.asked) == 2


def test_the_same_card_saved_at_another_acquirer_is_the_same_to_its_bank(world: World) -> None:
    world.bank.script = ["declined:funds"]
    make(world, method="sbp")
    world.charge()
    world.opened = {"bank": world.bank, "second": Second(world.clock)}
    world.charging = world.new_process()
    world.terminals().configure(world.portal_id, "second", "main", '{"shop": "another"}')
    twin = add_twin(world, gateway="second")
    assert world.refused(key="due:D_6", saved_card=twin).code == "bank_limit"
    world.clock.forward(hours=1)
    assert world.again(key="due:D_6", saved_card=twin).status == "succeeded"


def test_tries_of_the_same_card_saved_anew_leave_no_day_for_the_planned_one(world: World) -> None:
    world.bank.script = ["declined:funds"] * 40
    make(world, mask=MASTERCARD)
    twin = add_twin(world)
    for number in range(34):
        world.again(key=f"due:D_{number}", retry="none", saved_card=twin)
        world.clock.forward(hours=24 if number % 8 == 7 else 1)
    told = world.again(key="due:D_99", saved_card="1")
    assert told.next_attempt_date is None
    assert told.decline_words is not None
    assert "Правила «mastercard» не дают повторять эту сумму чаще" in told.decline_words.ru


@pytest.mark.parametrize(
    "facts", [{"mask": "**** 4243"}, {"expires": "2031-02"}, {"method": "card"}, {"customer": "C_6"}]
)
def test_another_instrument_has_limits_of_its_own(world: World, facts: dict[str, str]) -> None:
    world.bank.script = ["declined:funds"] * 2
    make(world, method="sbp")
    world.charge()
    twin = add_twin(world, **facts)
    told = world.again(key="due:D_6", saved_card=twin, customer=facts.get("customer", "C_5"))
    assert told.status == "declined"


def test_another_sum_has_limits_of_its_own(world: World) -> None:
    world.bank.script = ["declined:funds"] * 2
    make(world, method="sbp")
    world.charge()
    assert world.again(key="due:D_6", amount=Money(2_500_001, "RUB")).status == "declined"


@pytest.mark.parametrize("word", ["pending", "lost_before", "lost_after"])
def test_a_try_under_way_takes_the_room_that_declines_have_left(world: World, word: str) -> None:
    world.bank.script = ["declined:funds"] * 9 + [word]
    make(world, mask=MASTERCARD)
    for number in range(10):
        world.again(key=f"due:D_{number}", retry="none")
    refusal = world.refused(key="due:D_99")
    assert refusal.code == "bank_limit"
    assert "не чаще 10 за сутки; уже отклонено: 9, ещё без ответа банка: 1" in refusal.ru
    assert "no more often than 10 in a day; declined so far: 9, not answered yet: 1" in refusal.en
    assert len(world.bank.asked) == 10


def test_tries_under_way_alone_keep_no_other_payment_of_the_same_sum_waiting(world: World) -> None:
    world.bank.script = ["pending"]
    make(world, method="sbp")
    world.charge()
    assert world.again(key="due:D_6").status == "succeeded"


def test_a_try_under_way_that_was_paid_leaves_its_room_again(world: World) -> None:
    world.bank.script = ["declined:funds"] * 9 + ["pending"]
    make(world, mask=MASTERCARD)
    for number in range(10):
        world.again(key=f"due:D_{number}", retry="none")
    world.bank.becomes(world.attempts()[-1].order_number, "paid")
    world.tick(minutes=1)
    assert world.again(key="due:D_99").status == "succeeded"


def test_what_was_paid_or_never_sent_counts_for_no_limit(world: World) -> None:
    world.bank.script = ["paid", "refused"]
    make(world, method="sbp")
    for number in range(4):
        world.again(key=f"due:D_{number}")
    assert world.money() == [2_500_000] * 3


def test_a_bank_that_wants_its_client_has_declined_the_card(world: World) -> None:
    world.bank.script = ["action"]
    make(world, method="sbp")
    assert world.charge().decline_kind == "needs_client"
    assert world.refused(key="due:D_6").code == "bank_limit"


def test_a_planned_try_above_the_limit_is_put_off_to_its_hour_of_the_first_day_that_has_room(world: World) -> None:
    world.bank.script = ["declined:funds"] * 2
    make(world, method="sbp")
    world.charge()
    world.clock.forward(hours=23, minutes=30)
    world.again(key="due:D_6", retry="none")
    world.tick(minutes=30)
    assert len(world.bank.asked) == 2
    assert world.charges()[0].next_attempt_at == BEGINNING + timedelta(days=2)
    told = world.again()
    assert (told.status, told.next_attempt_date) == ("skipped", date(2026, 2, 2))
    world.tick(days=1)
    assert world.money() == [2_500_000]


def test_a_planned_try_is_put_off_by_as_many_days_as_the_limit_asks_for(world: World) -> None:
    world.bank.script = ["declined:funds"] * 21
    make(world, mask=VISA)
    with world.database.write() as session:
        session.get_one(Portal, world.portal_id).retry_days = [10]
    world.charge()
    for number in range(20):
        world.clock.forward(hours=1)
        world.again(key=f"of another: {number}", retry="none")
    world.clock.forward(days=9)
    world.tick(hours=4)
    assert world.charges()[0].next_attempt_at == BEGINNING + MONTH
    for _ in range(20):
        world.tick(days=1)
    assert len(world.bank.asked) == 22
    assert sent_at(world)[-1] >= BEGINNING + MONTH


def test_a_period_that_reached_no_bank_is_given_up_when_there_is_room_too_late(world: World) -> None:
    world.bank.script = ["refused"] + ["declined:funds"] * 21
    make(world, mask=VISA)
    begin_subscription(world).charge_due()
    for number in range(21):
        world.again(key=f"of another: {number}", retry="none")
    world.tick(minutes=1)
    ((what, words),) = [(what, words) for _, what, words in world.news() if words]
    assert what == "payment_given_up"
    assert "правила Visa" in words
    assert world.charges()[0].next_attempt_at is None


def test_a_calls_own_try_that_did_not_reach_its_bank_waits_for_room(world: World) -> None:
    make_unreached_and_declined_elsewhere(world)
    world.tick(seconds=30)
    assert len(world.bank.asked) == 2
    assert world.charge().status == "pending"
    world.tick(hours=1)
    assert world.charge().status == "succeeded"


def test_a_calls_own_try_for_which_there_is_no_room_before_its_deadline_is_given_up(world: World) -> None:
    world.order = world.new_order(deadline_at=BEGINNING + timedelta(minutes=20))
    make_unreached_and_declined_elsewhere(world)
    world.tick(seconds=30)
    with pytest.raises(Refusal) as caught:
        world.charge()
    assert caught.value.code == "bank_limit"
    world.settle()
    assert world.money() == []


def test_a_call_that_comes_before_its_put_off_try_waits_for_it(world: World) -> None:
    make_unreached_and_declined_elsewhere(world)
    world.clock.forward(seconds=30)
    assert world.charge().status == "pending"
    assert len(world.bank.asked) == 2
    world.tick()
    world.tick(hours=1)
    assert world.charge().status == "succeeded"


def test_a_period_of_a_subscription_waits_for_room(world: World) -> None:
    world.bank.script = ["declined:funds"]
    make(world, method="sbp")
    subscriptions = begin_subscription(world)
    world.charge()
    subscriptions.charge_due()
    assert len(world.bank.asked) == 1
    assert "no more often than 1 in an hour" in subscriptions.of_portal(world.portal_id)[0].reason
    world.clock.forward(hours=1)
    subscriptions.charge_due()
    assert [charge.key for charge in world.charges() if charge.state == "succeeded"] == ["subscription:gym:2026-01-31"]


def test_every_limit_has_its_words() -> None:
    assert {limit.instrument for limit in LIMITS} == set(RULES_OF)
    assert {limit.within for limit in LIMITS} == set(WITHIN)


def begin_subscription(world: World) -> Subscriptions:
    subscriptions = Subscriptions(world.database, world.charging, world.clock)
    subscriptions.begin(
        SubscriptionOrder(
            portal_id=world.portal_id,
            key="gym",
            document="D_5",
            customer="C_5",
            saved_card_id=1,
            amount=Money(2_500_000, "RUB"),
            description="Gym",
            period=Period.month,
            every=1,
            first_date=date(2026, 1, 31),
        )
    )
    return subscriptions


def make_unreached_and_declined_elsewhere(world: World) -> None:
    """The order's own try did not reach the bank; then the same account was declined for the same sum elsewhere."""
    world.bank.script = ["refused", "declined:funds"]
    make(world, method="sbp")
    assert world.charge().status == "pending"
    world.again(key="due:D_6", retry="none")
