"""A sum every period: charged once a period on its day, ended, stopped, and never by surprise."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import update

from billing.subscriptions import SubscriptionOrder, Subscriptions
from calculations.money import Money
from calculations.recurrence import Period
from calculations.refusal import Refusal
from customers.cards import forget_card
from customers.consents import withdraw_consents
from gateways import Payment
from storage.model import Consent, Portal, SavedCard, Subscription
from storage.vault import Vault
from tests.billing.world import Killed, World


def begin(world: World, **changes: object) -> Subscriptions:
    subscriptions = Subscriptions(world.database, world.charging, world.clock)
    order: dict[str, object] = {
        "portal_id": world.portal_id,
        "key": "gym",
        "document": "D_5",
        "customer": "C_5",
        "saved_card_id": 1,
        "amount": Money(100_000, "RUB"),
        "description": "Gym",
        "period": Period.month,
        "every": 1,
        "first_date": date(2026, 1, 31),
    }
    subscriptions.begin(SubscriptionOrder(**(order | changes)))  # type: ignore[arg-type]  # fields of the order
    return subscriptions


def begin_yesterday(world: World, **changes: object) -> None:
    """Its first period, of yesterday, is due before those that begin today."""
    world.clock.forward(days=-1)
    begin(world, first_date=date(2026, 1, 30), **changes)
    world.clock.forward(days=1)


def row(subscriptions: Subscriptions, world: World) -> Subscription:
    (only,) = subscriptions.of_portal(world.portal_id)
    return only


def test_each_period_is_charged_once_on_its_day_counted_from_the_first(world: World) -> None:
    subscriptions = begin(world)
    for _ in range(65):
        for _ in range(3):
            subscriptions.charge_due()
        world.clock.forward(days=1)
    assert world.money() == [100_000] * 3
    keys = [charge.key for charge in world.charges()]
    assert keys == [f"subscription:gym:{day}" for day in ("2026-01-31", "2026-02-28", "2026-03-31")]
    assert world.sound()


def test_begun_twice_it_is_one_subscription(world: World) -> None:
    begin(world)
    assert row(begin(world), world).state == "active"


@pytest.mark.parametrize(
    ("first", "period", "every", "first_charge"),
    [
        (date(2026, 1, 30), Period.month, 1, date(2026, 2, 28)),
        (date(2025, 10, 15), Period.month, 1, date(2026, 2, 15)),
        (date(2025, 10, 31), Period.month, 1, date(2026, 1, 31)),  # today
        (date(2025, 11, 20), Period.month, 3, date(2026, 2, 20)),
        (date(2020, 1, 1), Period.two_weeks, 1, date(2026, 2, 4)),
    ],
)
def test_begun_with_a_date_in_the_past_it_takes_nothing_of_the_past(
    world: World, first: date, period: Period, every: int, first_charge: date
) -> None:
    subscriptions = begin(world, first_date=first, period=period, every=every)
    assert (row(subscriptions, world).first_date, row(subscriptions, world).next_date) == (first, first_charge)
    while world.clock().date() < first_charge:
        subscriptions.charge_due()
        assert world.money() == []
        world.clock.forward(days=1)
    subscriptions.charge_due()
    assert [charge.key for charge in world.charges()] == [f"subscription:gym:{first_charge}"]


def test_the_day_of_a_clipped_month_stays_that_of_the_first_date(world: World) -> None:
    subscriptions = begin(world, first_date=date(2025, 12, 30))
    assert row(subscriptions, world).next_date == date(2026, 2, 28)
    world.clock.forward(days=28)
    subscriptions.charge_due()
    assert row(subscriptions, world).next_date == date(2026, 3, 30)


def test_past_is_what_is_past_in_the_portals_own_zone(world: World) -> None:
    world.clock.moment = datetime(2026, 1, 31, 22, tzinfo=UTC)  # the 1st of February in Moscow
    assert row(begin(world), world).next_date == date(2026, 2, 28)


@pytest.mark.parametrize(
    ("changes", "first_charge"),
    [
        ({"ends_on": date(2026, 1, 30)}, "2026-01-31"),
        ({"first_date": date(2025, 12, 30), "ends_on": date(2026, 2, 27)}, "2026-02-28"),
    ],
)
def test_one_that_would_end_before_its_first_charge_is_not_begun(
    world: World, changes: dict[str, object], first_charge: str
) -> None:
    with pytest.raises(Refusal, match=f"first charge would be on {first_charge}") as caught:
        begin(world, **changes)
    assert caught.value.code == "ends_before_first_charge"


def test_a_card_that_may_not_be_charged_begins_nothing(world: World) -> None:
    world.add_card("token-2", "**** 1111", consent=False)
    with pytest.raises(Refusal, match="has not agreed to automatic charges of card"):
        begin(world, saved_card_id=2)
    with pytest.raises(Refusal, match=r"Card 1 .* is good until 2030-01, and the first charge is on 2030-02-01"):
        begin(world, first_date=date(2030, 2, 1))
    forget_card(world.database, world.portal_id, 1, "the client", world.clock())
    with pytest.raises(Refusal, match="was removed"):
        begin(world)


def test_it_ends_after_the_last_agreed_day(world: World) -> None:
    subscriptions = begin(world, ends_on=date(2026, 2, 28))
    for _ in range(90):
        subscriptions.charge_due()
        world.clock.forward(days=1)
    assert world.money() == [100_000] * 2
    assert (row(subscriptions, world).state, row(subscriptions, world).next_date) == ("ended", None)


def test_it_ends_where_the_calendar_does(world: World) -> None:
    subscriptions = begin(world, period=Period.year, every=9000)
    for _ in range(3):
        subscriptions.charge_due()
    assert world.money() == [100_000]
    assert (row(subscriptions, world).state, row(subscriptions, world).next_date) == ("ended", None)


def test_a_withdrawn_consent_stops_it_and_says_why(world: World) -> None:
    subscriptions = begin(world)
    withdraw_consents(world.database, world.portal_id, "C_5", "the client", world.clock())
    subscriptions.charge_due()
    assert world.money() == []
    assert row(subscriptions, world).state == "stopped"
    assert "took the consent back" in row(subscriptions, world).reason
    subscriptions.charge_due()
    ((document, what, words),) = world.news()
    assert (document, what) == ("D_5", "payment_given_up")
    assert words.startswith("Подписка 1: 1000.00 RUB за 31.01.2026 не списаны.")
    assert words.endswith("Подписка остановлена.")


def test_stopped_by_a_person_it_charges_no_more(world: World) -> None:
    subscriptions = begin(world)
    assert subscriptions.stop(world.portal_id, row(subscriptions, world).id, "the client asked")
    assert not subscriptions.stop(world.portal_id, 99, "nobody")
    subscriptions.charge_due()
    assert world.money() == []


def test_a_decline_is_retried_by_the_plan_and_the_next_period_comes_all_the_same(world: World) -> None:
    world.bank.script = ["declined:funds"]
    subscriptions = begin(world)
    subscriptions.charge_due()
    assert world.charges()[0].next_attempt_at is not None
    assert row(subscriptions, world).next_date == date(2026, 2, 28)
    world.settle()
    assert world.money() == [100_000]


def test_periods_missed_while_nothing_ran_are_noted_and_not_taken_by_surprise(world: World) -> None:
    subscriptions = begin(world)
    world.clock.forward(days=40)
    for _ in range(4):
        subscriptions.charge_due()
    assert world.money() == []
    assert row(subscriptions, world).next_date == date(2026, 3, 31)
    assert "2026-02-28 was missed" in row(subscriptions, world).reason
    assert [words.split(" не списаны")[0] for _, _, words in world.news()] == [
        "Подписка 1: 1000.00 RUB за 31.01.2026",
        "Подписка 1: 1000.00 RUB за 28.02.2026",
    ]


def test_a_stopped_terminal_is_waited_for_within_the_period_and_no_longer(world: World) -> None:
    world.bank.script = ["misconfigured"]
    subscriptions = begin(world)
    subscriptions.charge_due()
    assert world.money() == []
    assert "stopped" in row(subscriptions, world).reason
    configure(world)
    subscriptions.charge_due()
    assert world.money() == [100_000]


def test_what_a_person_said_when_they_stopped_it_is_not_overwritten(world: World) -> None:
    world.bank.script = ["misconfigured"]
    subscriptions = begin(world)
    world.at_step["outcome_committed"] = lambda: stop(subscriptions, world)
    subscriptions.charge_due()
    assert row(subscriptions, world).reason == "the client asked"


def test_a_period_that_waits_for_its_terminal_is_told_of_once_it_is_paid(world: World) -> None:
    world.bank.script = ["misconfigured"]
    subscriptions = begin(world)
    subscriptions.charge_due()
    assert (world.charges()[0].state, world.told(), world.news()) == ("cancelled", [1], [])
    configure(world)
    world.clock.forward(hours=2)
    subscriptions.charge_due()
    assert [what for _, what, _ in world.news()] == ["payment_received"]


def test_a_period_whose_terminal_stays_stopped_is_told_of_once_it_is_missed(world: World) -> None:
    world.bank.script = ["misconfigured"]
    subscriptions = begin(world)
    for _ in range(30):
        subscriptions.charge_due()
        world.tick(hours=6)
    assert row(subscriptions, world).next_date == date(2026, 2, 28)
    ((_, what, words),) = world.news()
    assert what == "payment_given_up"
    assert "1000.00 RUB за 31.01.2026 не списаны" in words


def open_page_while_the_terminal_is_stopped(world: World) -> Subscriptions:
    """The period's own try met a terminal that is stopped; its client has opened a page at another one."""
    world.bank.script = ["misconfigured"]
    subscriptions = begin(world)
    subscriptions.charge_due()
    world.terminals().configure(world.portal_id, "bank", "second", '{"shop": "another"}')
    with world.database.write() as session:
        session.get_one(SavedCard, 1).terminal_id = 1
    world.clock.forward(hours=1)
    world.charging.in_person.start(1, "card", "https://pay.example/back", None)
    assert world.attempts()[-1].state == "pending"
    return subscriptions


def test_a_period_whose_page_its_client_leaves_unpaid_is_charged_once_its_terminal_is_there(world: World) -> None:
    subscriptions = open_page_while_the_terminal_is_stopped(world)
    for _ in range(12):
        subscriptions.charge_due()
        world.tick(hours=1)
    assert (row(subscriptions, world).next_date, world.charges()[0].state) == (date(2026, 1, 31), "cancelled")
    configure(world)
    subscriptions.charge_due()
    assert (world.money(), row(subscriptions, world).next_date) == ([100_000], date(2026, 2, 28))
    assert [what for _, what, _ in world.news()] == ["payment_received"]


def test_a_period_that_its_client_pays_on_the_page_is_gone_on_from(world: World) -> None:
    subscriptions = open_page_while_the_terminal_is_stopped(world)
    subscriptions.charge_due()
    assert "page" in row(subscriptions, world).reason
    world.bank.becomes(world.attempts()[-1].order_number, "paid")
    for _ in range(12):
        subscriptions.charge_due()
        world.tick(hours=1)
    configure(world)
    subscriptions.charge_due()
    assert (world.money(), row(subscriptions, world).next_date) == ([100_000], date(2026, 2, 28))
    assert row(subscriptions, world).reason == ""


@pytest.mark.parametrize("is_closed", [True, False])
def test_a_period_whose_page_was_left_unpaid_is_told_of_once_when_it_is_missed(world: World, is_closed: bool) -> None:
    world.bank.can_void = is_closed
    subscriptions = open_page_while_the_terminal_is_stopped(world)
    for _ in range(30):
        subscriptions.charge_due()
        world.tick(hours=6)
    assert row(subscriptions, world).next_date == date(2026, 2, 28)
    assert [(what, "1000.00 RUB за 31.01.2026 не списаны" in words) for _, what, words in world.news()] == [
        ("payment_given_up", True)
    ]


def test_a_page_left_unpaid_gives_a_period_that_reached_no_bank_no_less_time(world: World) -> None:
    world.bank.script = ["refused"] * 100
    subscriptions = begin(world)
    subscriptions.charge_due()
    world.charging.in_person.start(1, "card", "https://pay.example/back", None)
    for _ in range(48):
        subscriptions.charge_due()
        world.tick(hours=1)
    assert (world.charges()[0].state, world.news()) == ("declined", [])
    world.bank.script = []
    world.tick(hours=1)
    assert world.money() == [100_000]


def test_a_period_that_was_given_up_is_not_told_of_again_when_its_page_was_left_unpaid(world: World) -> None:
    world.bank.script = ["refused"] * 100
    subscriptions = begin(world)
    for _ in range(5):
        subscriptions.charge_due()
        world.tick(days=1)
    known = world.news()
    world.charging.in_person.start(1, "card", "https://pay.example/back", None)
    for _ in range(12):
        subscriptions.charge_due()
        world.tick(hours=1)
    assert (world.charges()[0].state, world.news()) == ("cancelled", known)


def test_a_key_that_opens_no_credentials_is_waited_for_in_silence(world: World) -> None:
    begin(world)
    world.vault = Vault([Fernet.generate_key().decode()])
    Subscriptions(world.database, world.new_process(), world.clock).charge_due()
    assert (world.charges()[0].state, world.news()) == ("cancelled", [])


def test_a_period_that_a_person_cancelled_is_not_asked_for_again(world: World) -> None:
    world.bank.script = ["misconfigured"]
    subscriptions = begin(world)
    subscriptions.charge_due()
    world.charging.cancelling.cancel(1)
    assert "2026-01-31 was cancelled by a person" in row(subscriptions, world).reason
    configure(world)
    world.clock.forward(hours=2)
    subscriptions.charge_due()
    assert world.money() == []
    assert row(subscriptions, world).next_date == date(2026, 2, 28)
    assert "cancelled by a person" in row(subscriptions, world).reason
    assert [what for _, what, _ in world.news()] == ["payment_cancelled"]
    world.clock.forward(days=28)
    subscriptions.charge_due()
    assert world.money() == [100_000]


def test_a_period_that_a_person_cancelled_after_it_was_gone_on_from_says_so(world: World) -> None:
    world.bank.script = ["declined:funds"]
    subscriptions = begin(world)
    subscriptions.charge_due()
    world.charging.cancelling.cancel(1)
    assert "2026-01-31 was cancelled by a person" in row(subscriptions, world).reason


def test_a_period_that_did_not_reach_the_bank_and_is_tried_again_is_not_called_stopped(world: World) -> None:
    world.bank.script = ["refused"]
    subscriptions = begin(world)
    subscriptions.charge_due()
    assert world.charges()[0].next_attempt_at is not None
    assert (row(subscriptions, world).reason, row(subscriptions, world).next_date) == ("", date(2026, 2, 28))


def test_a_period_that_did_not_reach_the_bank_waits_for_a_terminal_that_stops_then(world: World) -> None:
    world.bank.script = ["refused", "misconfigured"]
    subscriptions = begin(world)
    for _ in range(20):
        subscriptions.charge_due()
        world.tick(hours=1)
    assert len(world.bank.asked) == 2
    configure(world)
    subscriptions.charge_due()
    world.settle()
    assert world.money() == [100_000]


def configure(world: World) -> None:
    world.terminals().configure(world.portal_id, "bank", "main", '{"shop": "demo"}')


def test_a_try_left_behind_of_a_period_that_was_gone_on_from_waits_for_its_terminal(world: World) -> None:
    subscriptions = begin(world)
    world.kill_at("intent_committed")
    with pytest.raises(Killed):
        subscriptions.charge_due()
    world.clock.forward(hours=2)
    subscriptions.charge_due()
    world.bank.script = ["misconfigured"]
    world.tick(minutes=1)
    assert (row(subscriptions, world).next_date, world.money()) == (date(2026, 2, 28), [])
    configure(world)
    world.settle()
    assert world.money() == [100_000]


@pytest.mark.parametrize("script", [["refused"] * 100, ["refused", "misconfigured"]])
def test_a_period_that_no_bank_has_answered_for_three_days_is_given_up_and_told_of(
    world: World, script: list[str]
) -> None:
    world.bank.script = script
    subscriptions = begin(world)
    for _ in range(27):
        subscriptions.charge_due()
        world.tick(days=1)
    assert "2026-01-31 was missed and not charged" in row(subscriptions, world).reason
    assert (world.charges()[0].state, world.told()) == ("cancelled", [1])
    world.bank.script = []
    configure(world)
    for _ in range(3):
        world.tick(days=1)
        subscriptions.charge_due()
    assert world.money() == [100_000]
    assert row(subscriptions, world).reason == ""


@pytest.mark.parametrize("killed_at", ["intent_committed", "outcome_committed"])
def test_a_try_that_a_long_stand_still_left_behind_is_not_made_by_surprise(world: World, killed_at: str) -> None:
    world.bank.script = ["refused"]
    subscriptions = begin(world)
    world.kill_at(killed_at)
    with pytest.raises(Killed):
        subscriptions.charge_due()
    world.bank.script = []
    world.clock.forward(days=28)
    for _ in range(3):
        world.tick(minutes=1)
        subscriptions.charge_due()
    assert world.money() == [100_000]
    assert [charge.state for charge in world.charges()] == ["cancelled", "succeeded"]


def test_another_clients_card_is_refused(world: World) -> None:
    with pytest.raises(Refusal, match="has no card 1"):
        begin(world, customer="C_9")


def test_a_robot_takes_the_subscriptions_card_where_the_client_has_several(world: World) -> None:
    world.add_card("token-2", "**** 1111")
    assert world.refused().code == "choose_card"
    begin(world, saved_card_id=2, first_date=date(2026, 12, 1))
    assert world.again().card_mask == "**** 1111"


def test_where_its_card_was_forgotten_no_card_with_the_same_last_digits_is_charged(world: World) -> None:
    world.add_card("token-2", "**** 3333")
    with world.database.write() as session:  # a card whose id is the other one's last four digits
        session.execute(update(Consent).where(Consent.saved_card_id == 2).values(saved_card_id=1))
        session.execute(update(SavedCard).where(SavedCard.id == 2).values(id=4242))
        session.execute(update(Consent).where(Consent.id == 2).values(saved_card_id=4242))
    subscriptions = begin(world, saved_card_id=4242)
    forget_card(world.database, world.portal_id, 4242, "the client", world.clock())
    assert world.refused(saved_card="4242").code == "no_saved_card"
    subscriptions.charge_due()
    assert world.bank.asked == []
    assert row(subscriptions, world).state == "stopped"


def test_a_stopped_one_is_not_charged_for_the_periods_that_were_declined_either(world: World) -> None:
    world.bank.script = ["declined:funds"]
    subscriptions = begin(world)
    subscriptions.charge_due()
    subscriptions.stop(world.portal_id, row(subscriptions, world).id, "the client asked")
    world.settle()
    assert world.money() == []
    assert (world.charges()[0].state, world.charges()[0].next_attempt_at) == ("declined", None)


def test_stopped_between_the_intent_and_the_sending_nothing_is_sent(world: World) -> None:
    subscriptions = begin(world)
    world.at_step["intent_committed"] = lambda: stop(subscriptions, world)
    subscriptions.charge_due()
    world.settle()
    assert world.bank.asked == []


def stop(subscriptions: Subscriptions, world: World) -> None:
    assert subscriptions.stop(world.portal_id, row(subscriptions, world).id, "the client asked")


def test_a_period_that_was_not_charged_says_why(world: World) -> None:
    with world.database.write() as session:
        consent = session.get_one(Consent, 1)
        consent.limit_amount, consent.limit_currency = 100, "RUB"
    subscriptions = begin(world)
    subscriptions.charge_due()
    assert row(subscriptions, world).next_date == date(2026, 2, 28)
    assert "allowed no more than 1.00 RUB" in row(subscriptions, world).reason
    ((_, what, words),) = world.news()
    assert what == "payment_given_up"
    assert "1.00 RUB" in words


def test_under_a_known_key_nothing_else_is_begun_and_what_is_known_is_shown(world: World) -> None:
    subscriptions = begin(world)
    with pytest.raises(Refusal, match=r"Subscription 1 \(active\).*1000.00 RUB") as caught:
        begin(world, amount=Money(200_000, "RUB"))
    assert caught.value.code == "subscription_known"
    stop(subscriptions, world)
    with pytest.raises(Refusal, match=r"Subscription 1 \(stopped\)"):
        begin(world)


def test_a_stopped_terminal_of_one_portal_delays_no_other_portal(either_world: World) -> None:
    world = either_world
    other = world.add_portal("member-2")
    for number in range(60):
        begin_yesterday(world, key=f"gym {number}", document=f"D_{number}")
    subscriptions = begin(world, portal_id=other, saved_card_id=2)
    world.bank.script = ["misconfigured"]
    subscriptions.charge_due()
    assert world.money() == [100_000]


def test_an_acquirer_of_one_portal_that_hangs_delays_the_others_by_one_request(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = world.add_portal("member-2")
    for number in range(5):
        begin_yesterday(world, key=f"gym {number}", document=f"D_{number}")
    subscriptions = begin(world, portal_id=other, saved_card_id=2)
    sound, began_at = world.bank.charge_saved_card, world.clock()
    answered_after: list[timedelta] = []

    def hang_first(*given: Any) -> Payment:
        if not answered_after:
            world.clock.forward(seconds=30)
        answered_after.append(world.clock() - began_at)
        return sound(*given)

    monkeypatch.setattr(world.bank, "charge_saved_card", hang_first)
    assert subscriptions.charge_due() == 2
    assert answered_after == [timedelta(seconds=30)] * 2
    for _ in range(2):
        subscriptions.charge_due()
    assert world.money() == [100_000] * 6


def test_periods_that_cannot_be_asked_for_delay_no_other_of_their_portal(world: World) -> None:
    world.add_card("token-2", "**** 1111")
    with world.database.write() as session:
        session.get_one(SavedCard, 2).terminal_id = 1
    world.terminals().configure(world.portal_id, "bank", "second", world.credentials, confirm_closed=True)
    for number in range(60):
        begin_yesterday(world, key=f"gym {number}", document=f"D_{number}")
    subscriptions = begin(world, key="pool", saved_card_id=2)
    for _ in range(2):
        subscriptions.charge_due()
    assert world.money() == [100_000]
    assert "several terminals" in subscriptions.of_portal(world.portal_id)[0].reason


def test_a_period_comes_with_its_day_in_the_portals_own_zone(world: World) -> None:
    other = world.add_portal("member-2")
    with world.database.write() as session:
        session.get_one(Portal, world.portal_id).time_zone = "Europe/Kaliningrad"
        session.get_one(Portal, other).time_zone = "Asia/Vladivostok"
    begin(world, first_date=date(2026, 2, 10))
    subscriptions = begin(world, portal_id=other, saved_card_id=2, first_date=date(2026, 2, 10))
    seen = []
    for hour in (13, 14, 21, 22):
        world.clock.moment = datetime(2026, 2, 9, hour, tzinfo=UTC)
        seen.append((subscriptions.charge_due(), len(world.money())))
    assert seen == [(0, 0), (1, 1), (0, 1), (1, 2)]


def test_a_key_that_opens_no_credentials_is_tried_once_an_hour(world: World) -> None:
    begin(world)
    world.vault = Vault([Fernet.generate_key().decode()])
    subscriptions = Subscriptions(world.database, world.new_process(), world.clock)
    for _ in range(125):
        subscriptions.charge_due()
        world.clock.forward(seconds=30)
    assert len(world.attempts()) == 2


def test_a_period_that_two_workers_find_due_is_charged_once(world: World) -> None:
    subscriptions = begin(world)
    world.at_step["intent_committed"] = lambda: meanwhile.append(subscriptions.charge_due())
    meanwhile: list[int] = []
    subscriptions.charge_due()
    assert (meanwhile, len(world.bank.asked)) == ([0], 1)
