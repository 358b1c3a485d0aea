"""A terminal stays with its shop: what was paid there can be given back, asked about and charged only there."""

from collections.abc import Callable

import pytest
from cryptography.fernet import Fernet

from billing.terminals import TerminalRefused
from storage.model import SavedCard
from storage.vault import Vault
from tests.billing.world import World

ANOTHER = '{"shop": "other"}'


def configure(world: World, credentials: str, *, same_shop: bool = False) -> None:
    world.terminals().configure(world.portal_id, "bank", "main", credentials, same_shop=same_shop)


def pay(world: World) -> None:
    world.charge()


def lose_an_answer(world: World) -> None:
    world.bank.script = ["lost_after"]
    world.charge()


def give_back_with_a_lost_answer(world: World) -> None:
    world.bank.refund_script = ["lost_after"]
    world.charging.refunds.refund(world.charge().charge_id)


def keep_a_card(world: World) -> None:
    with world.database.write() as session:
        session.get_one(SavedCard, 1).terminal_id = 1


@pytest.mark.parametrize("live", [pay, lose_an_answer, give_back_with_a_lost_answer, keep_a_card])
def test_another_shop_is_refused_while_anything_lives_at_this_one(world: World, live: Callable[[World], None]) -> None:
    live(world)
    with pytest.raises(TerminalRefused, match=r"bank/main is shop demo.*other.*--terminal NAME.*--same-shop"):
        configure(world, ANOTHER)
    configure(world, world.credentials)


def test_another_login_of_the_same_shop_is_taken_at_the_operators_word(world: World) -> None:
    give_back_with_a_lost_answer(world)
    configure(world, ANOTHER, same_shop=True)
    world.settle()
    assert world.money() == [2_500_000, -2_500_000]
    assert world.sound()


def test_a_shop_where_nothing_lives_gives_way_to_another(world: World) -> None:
    world.bank.script = ["declined:lost"]
    world.charge()
    configure(world, ANOTHER)


def test_credentials_that_no_key_opens_are_replaced_at_the_operators_word(world: World) -> None:
    pay(world)
    world.vault = Vault([Fernet.generate_key().decode()])
    with pytest.raises(TerminalRefused, match="cannot be read any more"):
        configure(world, world.credentials)
    configure(world, world.credentials, same_shop=True)
