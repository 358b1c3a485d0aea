"""The door of notices: what names no terminal of ours is told so, whatever it is written in."""

import pytest

from billing.notices import Notices, UnknownTerminal
from gateways import Incoming, Notice
from tests.billing.world import World

UNKEPT = ["\x00", "\ud800"]  # the second is half of a letter


@pytest.mark.parametrize(
    ("gateway", "key"), [("bank", "abc\x00def"), ("ba\x00nk", "key-1"), ("bank", ""), ("", "key-1")]
)
def test_an_address_that_names_no_terminal_is_unknown_on_each_database(
    either_world: World, gateway: str, key: str
) -> None:
    door = Notices(either_world.database, either_world.vault, either_world.gateways, either_world.charging)
    with pytest.raises(UnknownTerminal):
        door.take(gateway, key, Incoming({}, b"", b"", "POST"))


@pytest.mark.parametrize("letter", UNKEPT)
def test_a_question_about_an_order_with_a_letter_that_no_database_keeps_is_answered_no(
    either_world: World, letter: str
) -> None:
    door = Notices(either_world.database, either_world.vault, either_world.gateways, either_world.charging)
    assert door._awaited(1, f"ab{letter}c") is None


@pytest.mark.parametrize(
    "told",
    [
        notice
        for letter in UNKEPT
        for notice in (Notice(order_number=letter), Notice(payment_id=letter), Notice(refund_number=letter))
    ],
)
def test_a_genuine_notice_of_a_number_that_no_database_keeps_is_of_an_order_we_do_not_know(
    either_world: World, monkeypatch: pytest.MonkeyPatch, told: Notice
) -> None:
    monkeypatch.setattr(type(either_world.bank), "read_webhook", lambda *_: told)
    door = Notices(either_world.database, either_world.vault, either_world.gateways, either_world.charging)
    key = either_world.terminals().of_portal(1)[0].webhook_key
    assert door.take("bank", key, Incoming({}, b"")) == told
