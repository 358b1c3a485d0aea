"""A shop without SBP: its clients are offered cards alone, and a code that was refused stops nobody's card."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from calculations.refusal import Refusal
from sandbox.acquirers.tbank.demo import TERMINAL
from sandbox.acquirers.yookassa.demo import SHOP
from storage.model import Terminal
from tests.gateways.over_http import test_tbank as tbank
from tests.gateways.over_http import test_yookassa as yookassa
from tests.gateways.over_http.world import AcquirerWorld, open_world

SHOPS = {
    "yookassa": (yookassa.CREDENTIALS, SHOP, yookassa.CARD),
    "tbank": (tbank.CREDENTIALS, TERMINAL, tbank.CARD),
}


@pytest.fixture(params=SHOPS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AcquirerWorld]:
    credentials, shop, token = SHOPS[request.param]
    with ExitStack() as stack:
        url = f"sqlite:///{tmp_path}/money.db"
        yield stack.enter_context(open_world(url, request.param, credentials, shop=shop, token=token))


def configure(world: AcquirerWorld) -> Terminal:
    world.clock.forward(seconds=1)
    world.terminals().configure(world.portal_id, world.code, "main", json.dumps(SHOPS[world.code][0]))
    [terminal] = world.terminals().of_portal(world.portal_id)
    return terminal


def test_what_the_acquirer_says_is_not_there_is_not_offered_until_it_is(world: AcquirerWorld) -> None:
    charge_id = world.link()
    assert world.charging.in_person.standing(charge_id).methods == ("card", "sbp")
    world.bank.settings["sbp_enabled"] = False
    terminal = configure(world)
    assert (terminal.state, terminal.sbp_closed.endswith("does not take SBP payments")) == ("active", True)
    assert world.charging.in_person.standing(charge_id).methods == ("card",)
    world.bank.settings["sbp_enabled"] = True
    assert configure(world).sbp_closed == ""
    assert world.charging.in_person.standing(charge_id).methods == ("card", "sbp")


def test_a_code_that_is_refused_stops_nobodys_card(world: AcquirerWorld) -> None:
    world.bank.settings["sbp_enabled"] = False
    charge_id = world.link()
    with pytest.raises(Refusal) as caught:
        world.start(charge_id, "sbp")
    assert caught.value.code == "not_by_sbp"
    assert world.start(charge_id).state == "started"
    assert world.charge().status == "succeeded"
