"""The door of notices: what names no terminal of ours is told so, whatever it is written in."""

import pytest

from billing.notices import Notices, UnknownTerminal
from gateways import Incoming
from tests.billing.world import World


@pytest.mark.parametrize(
    ("gateway", "key"), [("bank", "abc\x00def"), ("ba\x00nk", "key-1"), ("bank", ""), ("", "key-1")]
)
def test_an_address_that_names_no_terminal_is_unknown_on_each_database(
    either_world: World, gateway: str, key: str
) -> None:
    door = Notices(either_world.database, either_world.vault, either_world.gateways, either_world.charging)
    with pytest.raises(UnknownTerminal):
        door.take(gateway, key, Incoming({}, b"", b"", "POST"))


def test_a_question_about_an_order_with_a_letter_that_no_database_keeps_is_answered_no(either_world: World) -> None:
    door = Notices(either_world.database, either_world.vault, either_world.gateways, either_world.charging)
    assert door._awaited(1, "ab\x00c") is None
