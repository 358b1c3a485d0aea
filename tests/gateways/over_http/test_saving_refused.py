"""A shop that may take payments and may not keep cards: one client's tick stops nobody's payment, at any acquirer."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from calculations.refusal import Refusal
from gateways import Method
from sandbox.acquirers.qiwi import demo as qiwi
from sandbox.acquirers.tbank.demo import TERMINAL
from sandbox.acquirers.turns import Turn
from sandbox.acquirers.yookassa.demo import SECRET, SHOP
from tests.gateways.over_http import test_sberbank as sberbank
from tests.gateways.over_http import test_tbank as tbank
from tests.gateways.over_http import test_yookassa as yookassa
from tests.gateways.over_http.world import AcquirerWorld, open_world, visit

Open = Callable[[str], AcquirerWorld]

SHOPS = {
    "yookassa": (yookassa.CREDENTIALS, SHOP, yookassa.CARD),
    "tbank": (tbank.CREDENTIALS, TERMINAL, tbank.CARD),
    "sberbank": (sberbank.credentials_of("ecom"), sberbank.SHOPS["ecom"], sberbank.TOKENS["ecom"]),
    "qiwi": ({"site_id": qiwi.SITE, "secret_key": qiwi.KEY}, qiwi.SITE, "66aebf5f-098e-4e36-922a-000000000001"),
}
CODES = {"tbank": "1126", "sberbank": "14", "qiwi": "auth.forbidden"}  # of the one order that is to save the card


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    with ExitStack() as stack:

        def open_shop(code: str) -> AcquirerWorld:
            credentials, shop, token = SHOPS[code]
            url = f"sqlite:///{tmp_path}/money.db"
            return stack.enter_context(open_world(url, code, credentials, shop=shop, token=token))

        yield open_shop


def forbid_saving(world: AcquirerWorld) -> None:
    if world.code == "yookassa":
        world.bank.settings["recurring_enabled"] = False
    else:
        world.plan("start", Turn(end="declined", code=CODES[world.code]))


@pytest.mark.parametrize("code", SHOPS)
def test_a_tick_stops_nobody_from_paying(opened: Open, code: str, caplog: pytest.LogCaptureFixture) -> None:
    world = opened(code)
    forbid_saving(world)
    ticked, other = world.link(), world.link(key="sum:D_10", document="D_10")
    with pytest.raises(Refusal) as caught:
        world.start(ticked, agreed=True)
    assert caught.value.code == "not_with_saving"
    assert f"terminal {code}/main of portal" in caplog.text
    assert world.start(other).state == "started"
    assert world.start(ticked).state == "started"


@pytest.mark.parametrize("method", ["card", "sbp"])
def test_what_was_refused_with_the_tick_is_paid_without_it_and_nothing_is_kept(opened: Open, method: Method) -> None:
    world = opened("yookassa")
    forbid_saving(world)
    charge_id = world.link()
    with pytest.raises(Refusal):
        world.start(charge_id, method, agreed=True)
    begun = world.start(charge_id, method)
    visit(begun.page_url or begun.qr_payload, do="pay", **yookassa.GOOD)
    assert world.come_back(charge_id).state == "paid"
    assert world.saved_cards() == []
    assert world.money() == [2_500_000]


def test_the_operator_reads_what_to_ask_the_acquirer_for(opened: Open, caplog: pytest.LogCaptureFixture) -> None:
    world = opened("yookassa")
    forbid_saving(world)
    with pytest.raises(Refusal):
        world.start(world.link(), agreed=True)
    [record] = [one for one in caplog.records if one.name == "billing.in_person"]
    assert record.levelname == "ERROR"
    assert "ask its YooKassa manager to enable recurring payments" in record.getMessage()
    assert SECRET not in record.getMessage()
