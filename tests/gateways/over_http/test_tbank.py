"""T-Bank from end to end: our billing and gateway against the sandbox's T-Bank, over HTTP."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.acquirers.tbank.cards import FIRST_REBILL_ID
from sandbox.acquirers.tbank.demo import PASSWORD, TERMINAL
from sandbox.acquirers.turns import Turn
from tests.billing.world import BEGINNING
from tests.gateways.over_http.world import AcquirerWorld, open_world, visit

CREDENTIALS = {"terminal_key": TERMINAL, "password": PASSWORD}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[AcquirerWorld]:
    url = f"sqlite:///{tmp_path}/money.db"
    with open_world(url, "tbank", CREDENTIALS, shop=TERMINAL, token=str(FIRST_REBILL_ID)) as world:
        yield world


def test_a_card_is_charged_once_whoever_asks(world: AcquirerWorld) -> None:
    first = world.charge()
    assert (first.status, first.charged_at) == ("succeeded", BEGINNING)
    assert world.again().status == "skipped"
    assert world.money() == [2_500_000]
    assert world.delivered() == [200, 200]
    assert world.sound()


def test_a_client_pays_on_the_page_and_the_card_they_agreed_to_is_charged_later(world: AcquirerWorld) -> None:
    charge_id = world.link()
    begun = world.start(charge_id, agreed=True)
    paid = visit(begun.page_url, do="pay", pan="2200770239097761", expiry="12/30", cvc="123")
    assert (paid.status, paid.location) == (303, "https://pay.example/back")
    assert world.delivered() == [200, 200]
    assert world.come_back(charge_id).state == "paid"
    [card] = world.saved_cards()
    assert (card.mask, card.expires) == ("220077******7761", "2030-12")
    assert world.again(customer="C_9", document="D_9").status == "succeeded"
    assert world.money() == [2_500_000, 2_500_000]
    assert world.sound()


def test_money_that_moved_behind_a_lost_answer_is_found(world: AcquirerWorld) -> None:
    world.plan("charge", Turn(answer="cut_after", notice="never"))
    assert world.charge().status == "unknown"
    world.settle()
    assert world.charge().status == "succeeded"
    assert world.money() == [2_500_000]
