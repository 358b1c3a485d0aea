"""A consent that was taken back ends what began under it: a newer one counts for what begins after it."""

from datetime import date

import pytest

from bitrix24.installs import uninstall
from calculations.refusal import Refusal
from customers.cards import forget_card, list_cards
from customers.consents import ConsentGiven, note_consent, withdraw_card_consent, withdraw_consents
from storage.model import Portal, SavedCard
from tests.billing.test_subscriptions import begin, row
from tests.billing.world import World


def withdraw(world: World) -> None:
    withdraw_consents(world.database, world.portal_id, "C_5", "the client", world.clock())


def agree(world: World) -> None:
    """The client ticks the box once more, a minute later."""
    world.clock.forward(minutes=1)
    with world.database.write() as session:
        given = ConsentGiven(words="w", text_version="1", given_at=world.clock(), evidence={})
        note_consent(session, session.get_one(SavedCard, 1), given)


def forget_and_enter_again(world: World) -> None:
    forget_card(world.database, world.portal_id, 1, "the client", world.clock())
    with world.database.write() as session:
        session.get_one(SavedCard, 1).state = "active"


def install_again(world: World) -> None:
    uninstall(world.database, world.portal_id, world.clock())
    with world.database.write() as session:
        session.get_one(Portal, world.portal_id).state = "active"


def change_their_mind(world: World) -> None:
    withdraw(world)
    agree(world)


ENDINGS = {
    "all of the client's": withdraw,
    "the card's": lambda world: withdraw_card_consent(world.database, 1, "the client", world.clock()),
    "the card forgotten": forget_and_enter_again,
    "the app removed": install_again,
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_subscription_does_not_come_back_with_a_newer_consent(world: World, ending: str) -> None:
    subscriptions = begin(world)
    subscriptions.charge_due()
    world.clock.forward(days=5)
    ENDINGS[ending](world)
    assert subscriptions.hindered(world.portal_id) == {1: "no_consent"}
    world.clock.forward(days=5)
    agree(world)
    assert list_cards(world.database, world.portal_id)[0].has_consent
    assert subscriptions.hindered(world.portal_id) == {1: "consent_withdrawn"}
    for _ in range(60):
        subscriptions.charge_due()
        world.tick(days=1)
    assert world.money() == [100_000]
    assert (row(subscriptions, world).state, row(subscriptions, world).next_date) == ("stopped", None)
    assert "took the consent back" in row(subscriptions, world).reason
    assert len(world.charges()) == 1
    *_, (document, what, words) = world.news()
    assert (document, what) == ("D_5", "payment_given_up")
    assert words.startswith("Подписка 1: 1000.00 RUB за 28.02.2026 не списаны.")
    assert "отозвал" in words
    assert words.endswith("Подписка остановлена.")


def test_what_begins_after_the_newer_consent_is_charged(world: World) -> None:
    subscriptions = begin(world)
    change_their_mind(world)
    with pytest.raises(Refusal, match="took the consent back") as caught:
        begin(world)  # the same key: what it stands for is charged no more
    assert caught.value.code == "subscription_known"
    begin(world, key="anew")
    subscriptions.charge_due()
    assert world.money() == [100_000]
    assert [charge.key for charge in world.charges()] == ["subscription:anew:2026-01-31"]
    assert world.again().status == "succeeded"


def test_other_words_agreed_to_instead_end_nothing(world: World) -> None:
    subscriptions = begin(world)
    agree(world)
    agree(world)
    assert subscriptions.hindered(world.portal_id) == {}
    subscriptions.charge_due()
    assert world.money() == [100_000]


def test_a_planned_try_does_not_come_back_with_a_newer_consent_and_a_new_call_may_ask(world: World) -> None:
    world.bank.script = ["declined:funds"]
    first = world.charge()
    world.clock.forward(hours=1)
    change_their_mind(world)
    with world.database.read() as session:
        words = world.charging.why_declined(session, world.charges()[0], world.attempts()[0])
    assert first.next_attempt_date == date(2026, 2, 1)
    assert "Попробуем ещё раз" in words.ru  # so it was promised; the plan finds out on its day
    world.settle()
    assert (len(world.bank.asked), world.charges()[0].state) == (1, "declined")
    assert [what for _, what, _ in world.news()] == ["payment_declined", "payment_given_up"]
    assert world.again().status == "succeeded"


def test_a_decline_that_comes_after_the_change_of_mind_plans_nothing(world: World) -> None:
    world.bank.script = ["pending"]
    world.charge()
    change_their_mind(world)
    world.bank.becomes(world.attempts()[0].order_number, "declined:funds")
    world.tick(minutes=1)
    assert world.charges()[0].next_attempt_at is None
    again = world.charge()
    assert again.decline_words
    assert "Клиент отозвал согласие" in again.decline_words.ru


def test_a_call_that_waits_does_not_go_on_under_a_newer_consent(world: World) -> None:
    world.bank.script = ["refused"]
    assert world.charge().status == "pending"
    change_their_mind(world)
    world.settle()
    assert world.money() == []
    with pytest.raises(Refusal, match="took the consent back"):
        world.charge()
    assert world.again().status == "succeeded"


def test_a_person_may_ask_for_a_declined_charge_under_a_newer_consent(world: World) -> None:
    world.bank.script = ["declined:funds", "declined:funds"]
    world.charge()
    change_their_mind(world)
    world.clock.forward(days=2)
    world.charging.charge_now(1)
    assert len(world.bank.asked) == 2
    world.settle()
    assert len(world.bank.asked) == 2  # and the planned ones stay ended


def test_a_change_of_mind_between_the_intent_and_the_sending_stops_it(world: World) -> None:
    world.at_step["intent_committed"] = lambda: change_their_mind(world)
    with pytest.raises(Refusal) as caught:
        world.charge()
    assert caught.value.code == "consent_withdrawn"
    subscriptions = begin(world)
    world.clock.forward(minutes=1)
    world.at_step["intent_committed"] = lambda: change_their_mind(world)
    subscriptions.charge_due()
    assert row(subscriptions, world).state == "stopped"
    assert world.bank.asked == []


def test_a_planned_try_whose_process_died_before_the_change_of_mind_is_not_sent_after_it(world: World) -> None:
    world.bank.script = ["declined:funds"]
    world.charge()
    world.clock.forward(days=1)
    assert world.charging._intents.by_plan(1) is not None
    change_their_mind(world)
    world.settle()
    assert len(world.bank.asked) == 1
    assert [attempt.state for attempt in world.attempts()] == ["declined", "not_sent"]
