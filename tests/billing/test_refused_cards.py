"""A card that its bank has refused for good is charged for nothing any more, until its client enters it anew."""

from dataclasses import replace

import pytest

from billing.subscriptions import Subscriptions
from calculations.refusal import Refusal
from customers.cards import import_cards
from storage.model import Charge
from tests.billing.test_in_person import link, start
from tests.billing.test_subscriptions import begin, row
from tests.billing.test_withdrawals import agree
from tests.billing.world import HEADER, World

WORDS = "Карта заявлена утерянной или украденной. Эту карту больше не списываем: попросите клиента о другой."


def refused_for_good(world: World, code: str = "lost") -> None:
    world.bank.script = [f"declined:{code}"]
    assert world.charge().decline_kind == "hard"
    assert len(world.bank.asked) == 1


@pytest.mark.parametrize("code", ["lost", "revoked", "stranger"])
def test_no_other_charge_asks_for_it_again(world: World, code: str) -> None:
    refused_for_good(world, code)
    world.clock.forward(days=40)
    refusal = world.refused(key="due:D_9")
    assert refusal.code == "card_refused"
    assert "**** 4242" in refusal.ru
    with world.database.read() as session:
        assert world.charging.why_declined(session, world.charges()[0], world.attempts()[0]).ru in refusal.ru
    assert (len(world.bank.asked), len(world.charges())) == (1, 1)
    assert world.again().known_before  # the charge itself says its decline again


def test_a_request_that_the_acquirer_did_not_take_says_nothing_of_the_card(world: World) -> None:
    refused_for_good(world, "malformed")
    assert world.again(key="due:D_9").status == "succeeded"
    world.clock.forward(days=2)
    assert world.again().decline_code == "malformed"


def test_another_card_of_the_client_is_charged(world: World) -> None:
    refused_for_good(world)
    world.add_card("token-2", "**** 1111")
    assert world.again(key="due:D_9", saved_card="1111").status == "succeeded"


def test_a_subscription_says_that_its_card_was_refused_and_stops_at_its_next_period(world: World) -> None:
    world.bank.script = ["declined:lost"] * 9
    subscriptions = begin(world)
    subscriptions.charge_due()
    assert (row(subscriptions, world).state, subscriptions.hindered(world.portal_id)) == ("active", {1: "card_refused"})
    for _ in range(65):
        subscriptions.charge_due()
        world.tick(days=1)
    assert len(world.bank.asked) == 1
    assert row(subscriptions, world).state == "stopped"
    assert "reported lost or stolen" in row(subscriptions, world).reason
    assert [what for _, what, _ in world.news()] == ["payment_declined", "payment_given_up"]
    told = world.news()[-1][2]
    assert told.startswith("Подписка 1: 1000.00 RUB за 28.02.2026 не списаны.")
    assert told.endswith(f"{WORDS} Подписка остановлена.")
    with pytest.raises(Refusal, match="reported lost or stolen"):
        begin(world, key="anew")


def test_planned_tries_of_other_charges_are_given_up(world: World) -> None:
    world.bank.script = ["declined:funds", "declined:lost"]
    world.charge()
    world.again(key="due:D_9")
    with pytest.raises(Refusal, match="reported lost"):
        world.charging.charge_now(1)
    world.settle()
    assert len(world.bank.asked) == 2
    assert [charge.state for charge in world.charges()] == ["declined", "declined"]
    assert [what for _, what, _ in world.news()] == ["payment_declined", "payment_declined", "payment_given_up"]
    world.clock.forward(days=3)
    assert world.refused().code == "card_refused"


def test_a_try_written_down_before_the_refusal_is_not_sent_after_it(world: World) -> None:
    world.at_step["intent_committed"] = lambda: refused_for_good(world)
    assert world.refused(key="due:D_9").code == "card_refused"
    world.settle()
    assert len(world.bank.asked) == 1


def test_it_is_charged_again_once_its_client_has_agreed_anew(world: World) -> None:
    world.bank.script = ["declined:lost"]
    subscriptions = begin(world)
    subscriptions.charge_due()
    agree(world)
    assert subscriptions.hindered(world.portal_id) == {}
    assert world.again(key="due:D_9").status == "succeeded"
    world.clock.forward(days=1)
    world.charging.charge_now(1)
    assert world.money() == [2_500_000, 100_000]


def test_the_refused_charge_itself_is_tried_again_a_day_later_once_its_client_has_agreed_anew(world: World) -> None:
    refused_for_good(world)
    agree(world)
    assert world.again().status == "declined"
    world.clock.forward(days=1)
    assert world.again().status == "succeeded"


def test_what_was_begun_before_the_bank_cancelled_automatic_payments_stays_ended(world: World) -> None:
    world.bank.script = ["declined:funds", "declined:revoked"]
    world.charge()
    subscriptions = begin(world)
    subscriptions.charge_due()
    agree(world)
    assert subscriptions.hindered(world.portal_id) == {1: "consent_withdrawn"}
    with pytest.raises(Refusal, match="took the consent back"):
        begin(world)
    world.settle()
    assert len(world.bank.asked) == 2
    begin(world, key="anew")
    world.clock.forward(days=18)
    subscriptions.charge_due()
    assert world.money() == [100_000]


def test_a_file_with_a_later_consent_enters_it_anew_and_the_old_file_does_not(world: World) -> None:
    refused_for_good(world)
    world.clock.forward(days=2)
    for consent_at in ("2026-01-01", "2026-02-01"):
        assert world.refused(key="due:D_9").code == "card_refused"
        line = f"bank,C_5,token-1,**** 4242,2031-01,,{consent_at},paper\n"
        content = (HEADER + line).encode()
        import_cards(world.database, world.vault, world.portal_id, content, {"bank"}, world.clock())
    assert world.again(key="due:D_9").status == "succeeded"


def test_a_terminal_that_does_not_know_a_card_says_nothing_of_it_at_another_one(world: World) -> None:
    world.terminals().configure(world.portal_id, "bank", "other", '{"shop": "other"}')
    world.bank.script = ["declined:stranger"]
    assert world.again(gateway="bank/other").decline_kind == "hard"
    assert world.refused(key="due:D_9", gateway="bank/other").code == "card_refused"
    assert world.again(key="due:D_9", gateway="bank/main").status == "succeeded"


def test_its_client_may_pay_with_it_in_person(world: World) -> None:
    refused_for_good(world)
    charge_id = link(world, key="sum:D_9", customer="C_5")
    start(world, charge_id)
    (number,) = world.bank.pages
    world.bank.becomes(number, "paid")
    world.settle()
    assert world.money() == [2_500_000]


def test_without_its_acquirer_nothing_is_said_of_the_card(world: World) -> None:
    subscriptions = begin(world)
    world.order = replace(world.order, retry="none")
    refused_for_good(world)
    assert subscriptions.hindered(world.portal_id) == {1: "card_refused"}
    world.opened = {"other": world.bank}
    gone = Subscriptions(world.database, world.new_process(), world.clock)
    assert gone.hindered(world.portal_id) == {}
    with world.database.read() as session:
        assert session.get_one(Charge, 1).decline_kind == "hard"
