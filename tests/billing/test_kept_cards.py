"""Cards that a payment in person leaves: kept by the consent that its client gave last, and by no other."""

from datetime import datetime
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import select

import billing.settlement
import customers.cards
from billing.orders import Limit
from calculations.money import Money
from customers.cards import destroy_token, forget_card
from customers.consents import ConsentGiven, note_consent, withdraw_consents
from gateways import Awaited, Incoming, Notice, StoredCard
from storage.model import Consent, SavedCard
from tests.billing.bank import Bank, BankCredentials
from tests.billing.test_in_person import agreed, last, link, start
from tests.billing.test_look_ups import notify
from tests.billing.world import World

STORED = StoredCard("tok-9", "**** 7777", "2030-01")


class TellingBank(Bank):
    """Nothing but a notice tells of the card that a payment has saved, and it always is the same one."""

    def read_webhook(self, credentials: BankCredentials, incoming: Incoming, awaited: Awaited) -> Notice:
        return Notice(order_number=incoming.body.decode(), stored_card=STORED)


@pytest.fixture(autouse=True)
def telling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Bank, "read_webhook", TellingBank.read_webhook)


def begun(world: World, key: str = "sum:D_9", *, later: Limit | None = None) -> str:
    """The order number of a page that its client has gone to, with the tick."""
    charge_id = link(world, key=key, later=later)
    given = agreed(world)
    if later:
        given = given.model_copy(
            update={"limit_amount": later.amount.minor, "limit_currency": "RUB", "limit_period": later.period}
        )
    start(world, charge_id, consent=given)
    return last(world).order_number


def consents(world: World) -> list[tuple[datetime, bool]]:
    with world.database.read() as session:
        found = session.scalars(select(Consent).where(Consent.customer == "C_9").order_by(Consent.id)).all()
        return [(one.given_at, one.withdrawn_at is None) for one in found]


def test_a_withdrawal_that_has_returned_holds_for_a_card_that_is_being_kept(
    either_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = either_world
    number = begun(world)
    keep, meanwhile = customers.cards.keep_card, []

    def withdrawn_meanwhile(*given: Any, **more: Any) -> None:
        arguments = (world.database, world.portal_id, "C_9", "an operator", world.clock())
        withdrawal = Thread(target=withdraw_consents, args=arguments)
        withdrawal.start()
        withdrawal.join(1)
        meanwhile.append(withdrawal)
        keep(*given, **more)

    monkeypatch.setattr(billing.settlement, "keep_card", withdrawn_meanwhile)
    notify(world, number)
    for withdrawal in meanwhile:
        withdrawal.join(20)
    assert meanwhile
    assert not any(holds for _, holds in consents(world))


def test_two_notices_of_one_card_at_once_keep_it_once(either_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world = either_world
    number = begun(world)
    others: list[Thread] = []
    troubles: list[Exception] = []

    def told_again() -> None:
        try:
            notify(world, number)
        except Exception as trouble:  # whatever it is, the acquirer would read 500
            troubles.append(trouble)

    def told_again_meanwhile(*given: Any) -> None:
        if not others:
            others.append(Thread(target=told_again))
            others[0].start()
            others[0].join(1)
        note_consent(*given)

    monkeypatch.setattr(customers.cards, "note_consent", told_again_meanwhile)
    notify(world, number)
    others[0].join(20)
    assert troubles == []
    assert [holds for _, holds in consents(world)] == [True]


def test_an_old_notice_brings_no_forgotten_card_back(world: World) -> None:
    number = begun(world)
    notify(world, number)
    with world.database.read() as session:
        card_id = session.scalars(select(SavedCard.id).where(SavedCard.customer == "C_9")).one()
    world.clock.forward(days=1)
    assert forget_card(world.database, world.portal_id, card_id, "the client", world.clock())
    destroy_token(world.database, card_id)
    notify(world, number)
    with world.database.read() as session:
        card = session.get_one(SavedCard, card_id)
        assert (card.state, card.token) == ("forgotten", "")


def test_a_client_who_pays_with_the_tick_again_has_the_card_they_had_forgotten(world: World) -> None:
    notify(world, begun(world))
    with world.database.read() as session:
        card_id = session.scalars(select(SavedCard.id).where(SavedCard.customer == "C_9")).one()
    world.clock.forward(days=1)
    assert forget_card(world.database, world.portal_id, card_id, "the client", world.clock())
    world.clock.forward(days=1)
    notify(world, begun(world, "sum:D_10"))
    assert world.again(customer="C_9", key="due:later").status == "succeeded"


@pytest.mark.parametrize(("first", "second", "may"), [(None, 100, False), (100, 9_000_000, True), (100, None, True)])
def test_what_the_client_agreed_to_last_holds(world: World, first: int | None, second: int | None, may: bool) -> None:
    for number, limit in enumerate((first, second)):
        later = Limit(Money(limit, "RUB"), "month") if limit else None
        notify(world, begun(world, f"sum:D_{number}", later=later))
        world.clock.forward(days=1)
    notify(world, world.attempts()[0].order_number)  # the older one, told again
    assert [holds for _, holds in consents(world)] == [False, True]
    if may:
        assert world.again(customer="C_9", key="due:later").status == "succeeded"
    else:
        assert world.refused(customer="C_9", key="due:later").code == "consent_limit"


def test_the_same_consent_told_twice_is_one(world: World) -> None:
    number = begun(world)
    notify(world, number)
    notify(world, number)
    assert [holds for _, holds in consents(world)] == [True]
    assert ConsentGiven.model_validate(last(world).consent_given).withdrawn_at is None
