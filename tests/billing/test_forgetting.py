"""A forgotten card: never charged again, its acquirer told until it has heard, then its token is destroyed."""

from collections.abc import Mapping

import pytest

from billing.forgetting import AT_ONE_TICK, Forgetting
from customers.cards import forget_card
from gateways import AnyGateway, Capability, OutcomeUnknown, StoredCard
from storage.model import SavedCard, Terminal
from tests.billing.bank import Bank, BankCredentials
from tests.billing.world import World


class ForgetfulBank(Bank):
    """Forgets cards, and does not answer while `deaf`."""

    capabilities = Bank.capabilities | {Capability.FORGET_CARD}
    deaf = False
    deaf_for: frozenset[str] = frozenset()

    def forget_card(self, credentials: BankCredentials, card: StoredCard) -> None:
        if self.deaf or card.token in self.deaf_for:
            raise OutcomeUnknown("bank: no answer")
        self.tokens.append(card.token)


@pytest.fixture
def bank(world: World) -> ForgetfulBank:
    return ForgetfulBank(world.clock)


def forgetting(world: World, bank: Bank) -> Forgetting:
    gateways: Mapping[str, AnyGateway] = {"bank": bank}
    return Forgetting(world.database, world.vault, gateways, world.clock)


def token(world: World) -> str:
    with world.database.read() as session:
        return session.get_one(SavedCard, 1).token


def test_the_acquirer_is_told_and_the_token_is_destroyed(world: World, bank: ForgetfulBank) -> None:
    assert forgetting(world, bank).forget(world.portal_id, 1, "the client") == ""
    assert bank.tokens == ["token-1"]
    assert token(world) == ""
    assert world.refused().code == "no_saved_card"


def test_an_acquirer_that_did_not_hear_is_told_again_and_the_card_is_not_charged_meanwhile(
    world: World, bank: ForgetfulBank
) -> None:
    bank.deaf = True
    assert "no answer" in (forgetting(world, bank).forget(world.portal_id, 1, "the client") or "")
    assert world.refused().code == "no_saved_card"
    assert token(world)
    bank.deaf = False
    assert forgetting(world, bank).tell_acquirers() == 1
    assert bank.tokens == ["token-1"]
    assert token(world) == ""
    assert forgetting(world, bank).tell_acquirers() == 0


def test_cards_that_nobody_ever_hears_of_do_not_stand_before_the_others(world: World, bank: ForgetfulBank) -> None:
    for number in range(2, AT_ONE_TICK + 2):
        world.add_card(f"token-{number}", f"**** {number:04}")
    bank.deaf_for = frozenset(f"token-{number}" for number in range(1, AT_ONE_TICK + 1))
    for number in range(1, AT_ONE_TICK + 2):
        assert forget_card(world.database, world.portal_id, number, "the client", world.clock())
    for _ in range(100):
        forgetting(world, bank).tell_acquirers()
    assert bank.tokens == [f"token-{AT_ONE_TICK + 1}"]


def test_where_the_acquirer_forgets_nothing_our_own_copy_is_destroyed(world: World) -> None:
    assert forgetting(world, world.bank).forget(world.portal_id, 1, "the client") == ""
    assert token(world) == ""


def test_another_portals_card_is_not_forgotten(world: World, bank: ForgetfulBank) -> None:
    assert forgetting(world, bank).forget(world.portal_id + 1, 1, "somebody") is None
    assert bank.tokens == []


def test_a_terminal_that_cannot_be_asked_keeps_no_other_one_from_hearing(world: World, bank: ForgetfulBank) -> None:
    world.terminals().configure(world.portal_id, "bank", "second", '{"shop": "another"}')
    with world.database.write() as session:
        session.get_one(Terminal, 1).credentials = "sealed with a key that is gone"
    assert forgetting(world, bank).forget(world.portal_id, 1, "the client")
    assert bank.tokens == ["token-1"]
    assert token(world)
