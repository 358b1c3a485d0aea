"""A sum in a currency that an acquirer does not take is refused before anything is asked of it."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from billing.page_terminals import refuse_currency
from billing.subscriptions import SubscriptionOrder, Subscriptions
from calculations.money import Money
from calculations.recurrence import Period
from calculations.refusal import Refusal
from gateways import Gateway
from tests.billing.bank import Bank
from tests.billing.world import World

DOLLARS = Money(10_000, "USD")


@pytest.fixture
def roubles_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Bank, "currencies", frozenset({"RUB"}))


@pytest.fixture
def roubles_and_tenge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Bank, "currencies", frozenset({"RUB", "KZT"}))


def asked(world: World, **changes: Any) -> int:
    order = replace(world.order, call_id=None, customer="C_9", key="sum:D_9", amount=DOLLARS)
    return world.charging.in_person.ask(replace(order, **changes))


@pytest.mark.usefixtures("roubles_and_tenge")
def test_a_saved_card_is_not_charged_in_what_its_acquirer_does_not_take(world: World) -> None:
    refusal = world.refused(amount=DOLLARS)
    assert refusal.code == "currency_not_taken"
    assert "Банк (bank/main) не принимает USD, а только KZT, RUB" in refusal.ru
    assert "Bank (bank/main) does not take USD, only KZT, RUB" in refusal.en
    assert (world.charges(), world.bank.asked) == ([], [])
    assert world.charge().status == "succeeded"


@pytest.mark.usefixtures("roubles_only")
def test_a_subscription_is_not_begun_in_what_its_cards_acquirer_does_not_take(world: World) -> None:
    order = SubscriptionOrder(
        world.portal_id, "s", "D_5", "C_5", 1, DOLLARS, "Rent", Period.month, 1, date(2026, 2, 28)
    )
    subscriptions = Subscriptions(world.database, world.charging, world.clock)
    with pytest.raises(Refusal) as caught:
        subscriptions.begin(order)
    assert caught.value.code == "currency_not_taken"
    assert "Bank (bank) does not take USD, only RUB" in caught.value.en
    assert subscriptions.begin(replace(order, amount=Money(10_000, "RUB"))).is_new


@pytest.mark.usefixtures("roubles_only")
def test_no_link_is_made_where_no_terminal_takes_the_currency(world: World) -> None:
    with pytest.raises(Refusal):
        asked(world)
    assert world.charges() == []
    assert asked(world, amount=Money(10_000, "RUB"))


def test_a_page_offers_no_way_that_does_not_take_its_currency(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    charge_id = asked(world)
    assert world.charging.in_person.standing(charge_id).methods == ("card",)  # SBP is in roubles everywhere
    monkeypatch.setattr(Bank, "currencies", frozenset({"RUB"}))
    assert world.charging.in_person.standing(charge_id).methods == ()
    with pytest.raises(Refusal):
        world.charging.in_person.start(charge_id, "card", "https://pay.example/back", None)
    assert world.attempts() == []


class Roubles(Bank):
    code = "roubles"
    currencies = frozenset({"RUB"})


def test_of_several_terminals_the_one_that_takes_the_currency_is_chosen(world: World) -> None:
    world.opened = {"bank": world.bank, "roubles": Roubles(world.clock)}
    world.charging = world.new_process()
    world.terminals().configure(world.portal_id, "roubles", "main", '{"shop": "other"}')
    assert world.charging.in_person.standing(asked(world)).methods == ("card",)


@pytest.mark.usefixtures("roubles_only")
@pytest.mark.parametrize(("gateway", "refused"), [("", True), ("bank", True), ("bank/main", True), ("bank/x", False)])
def test_whoever_asks_for_a_link_reads_what_each_terminal_takes(world: World, gateway: str, refused: bool) -> None:
    with world.database.read() as session:
        refuse_currency(session, world.gateways, world.portal_id, gateway, "RUB")
        if not refused:  # there is no such terminal: something else is wrong
            refuse_currency(session, world.gateways, world.portal_id, gateway, "USD")
            return
        with pytest.raises(Refusal) as caught:
            refuse_currency(session, world.gateways, world.portal_id, gateway, "USD")
    assert caught.value.code == "currency_not_taken"
    assert "Bank (bank/main) does not take USD, only RUB" in caught.value.en


def test_an_acquirer_that_says_nothing_of_currencies_is_asked(world: World) -> None:
    assert Gateway.currencies is None
    assert world.charge(replace(world.order, amount=DOLLARS)).status == "succeeded"
