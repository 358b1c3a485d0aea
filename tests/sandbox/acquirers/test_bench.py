"""What the sandbox's acquirers share, tried on one of them: turns, the bank behind the door, the control of both."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests
from werkzeug.wrappers import Request, Response

from sandbox.acquirers import acquirer_codes, open_acquirers
from sandbox.acquirers.control import bank_control
from tests.outside import Outside, Refused, eventually
from tests.sandbox.acquirers.tbank_shop import NOW, PASSWORD, TERMINAL, Shop, open_shop, token
from tests.sandbox.served import served

CONTROL = "/acquirers/tbank"


@pytest.fixture
def shop() -> Iterator[Shop]:
    with open_shop() as shop:
        yield shop


@pytest.fixture
def control(shop: Shop) -> Iterator[str]:
    def answer(request: Request) -> Response:
        return bank_control(shop.bank, request)

    with served(answer) as address:
        yield address


def test_every_acquirer_of_the_folder_opens_with_a_shop_of_its_own() -> None:
    opened = open_acquirers(lambda: NOW)
    assert list(opened) == acquirer_codes()
    assert [code for code, one in opened.items() if not one.bank.shops] == []


def test_turns_are_used_up_in_their_order_and_then_everything_is_as_usual(shop: Shop, control: str) -> None:
    planned = {"charge": [{"end": "declined", "code": "116"}, {}, {"end": "pending_paid"}]}
    assert requests.post(control, json={"turns": planned}, timeout=10).json() == {"ok": True}
    ends = [shop.ask("Charge", PaymentId=shop.new(), RebillId=shop.rebill())["Status"] for _ in range(4)]
    assert ends == ["REJECTED", "CONFIRMED", "AUTHORIZING", "CONFIRMED"]


def test_turns_of_one_verb_wait_while_others_are_used(shop: Shop, control: str) -> None:
    requests.post(control, json={"turns": {"refund": [{"end": "declined"}]}}, timeout=10)
    payment = shop.charged()
    shown = requests.get(control, timeout=10).json()
    assert [turn["end"] for turn in shown["turns"]["refund"]] == ["declined"]
    assert shop.ask("Cancel", PaymentId=payment)["Success"] is False


def test_the_control_shows_what_moved(shop: Shop, control: str) -> None:
    payment = shop.charged(OrderId="A-1")
    shop.ask("Cancel", PaymentId=payment, Amount=1_000)
    shown = requests.get(control, timeout=10).json()
    assert [(one["kind"], one["amount"], one["at"]) for one in shown["operations"]] == [
        ("charge", 10_000, "2026-01-31T12:00:00Z"),
        ("refund", 1_000, "2026-01-31T12:00:00Z"),
    ]
    assert [(one["number"], one["state"], one["refunded"]) for one in shown["orders"]] == [("A-1", "paid", 1_000)]
    assert PASSWORD not in str(shown)


def test_shops_cards_webhooks_settings_and_times_are_set(shop: Shop, control: str) -> None:
    card = {"shop": "mine", "token": "17", "customer": "c", "mask": "**** 7761", "expires": "2030-01"}
    wish = {
        "shops": {"mine": {"password": "mine"}},
        "cards": [card],
        "webhooks": {"mine": shop.webhook},
        "settings": {"sbp_enabled": False},
        "pending_seconds": 5,
        "slow_seconds": 0.1,
    }
    assert requests.post(control, json=wish, timeout=10).ok
    shop.terminal, shop.password = "mine", "mine"
    shop.charged()
    assert shop.told() == ["AUTHORIZED", "CONFIRMED"]
    assert shop.bank.settings["sbp_enabled"] is False
    assert (shop.bank.pending_seconds, shop.bank.turns.slow_seconds) == (5, 0.1)
    requests.post(control, json={"webhooks": {"mine": None}}, timeout=10)
    shop.charged()
    assert len(shop.notices()) == 2


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"prices": {}}, "prices"),
        ({"settings": {"weather": "fine"}}, "weather"),
        ({"turns": {"charge": {}}}, "list"),
        ({"turns": {"charge": [{"ends": "paid"}]}}, "end"),
        ({"turns": {"charge": [{"end": "lost"}]}}, "declined"),
        ({"turns": {"charge": [{"answer": "late"}]}}, "cut_after"),
        ({"turns": {"charge": [{"notice": "thrice"}]}}, "twice"),
        ({"shops": {"mine": "secret"}}, "object"),
        ({"cards": {}}, "list"),
        ({"cards": [{"shop": "mine"}]}, "token"),
        ({"cards": [{"number": "4242"}]}, "token"),
        ({"turns": {"charge": [{}]}, "settings": {"weather": "fine"}}, "weather"),
        ({"shops": {"mine": {"password": "mine"}}, "slow_seconds": -1}, "slow_seconds"),
        ({"pending_seconds": -1}, "pending_seconds"),
        ({"slow_seconds": True}, "slow_seconds"),
    ],
)
def test_a_wish_that_is_not_understood_is_refused_in_words_and_changes_nothing(
    shop: Shop, control: str, wish: dict[str, Any], said: str
) -> None:
    before = requests.get(control, timeout=10).json()
    refused = requests.post(control, json=wish, timeout=10)
    assert (refused.status_code, said in refused.text) == (400, True)
    assert requests.get(control, timeout=10).json() == before
    assert requests.delete(control, timeout=10).status_code == 405


def test_no_more_is_given_back_than_was_taken(shop: Shop) -> None:
    shop.charged()
    [order] = shop.bank.orders
    for amount in (0, -1, 10_001):
        with pytest.raises(ValueError, match="cannot be given back"):
            shop.bank.give_back(order, amount)
    assert shop.money() == [10_000]


def ask(outside: Outside, method: str, **fields: Any) -> Any:
    body = {"TerminalKey": TERMINAL, **fields}
    url = f"{outside.oauth_url}/acquirers/tbank/v2/{method}"
    return requests.post(url, json={**body, "Token": token(body, PASSWORD)}, timeout=10).json()


def test_the_sandbox_serves_its_acquirers_and_settles_them_by_its_clock(outside: Outside) -> None:
    rebill = next(card["token"] for card in outside.get(CONTROL)["cards"] if card["mask"].endswith("7761"))
    outside.post(CONTROL, turns={"charge": [{"end": "pending_paid"}]}, pending_seconds=3600)
    payment = ask(outside, "Init", Amount=10_000, OrderId="bench")["PaymentId"]
    assert ask(outside, "Charge", PaymentId=payment, RebillId=rebill)["Status"] == "AUTHORIZING"

    def states() -> list[str]:
        return [order["state"] for order in outside.get(CONTROL)["orders"] if order["id"] == payment]

    assert states() == ["pending"]
    outside.forward(seconds=int(timedelta(hours=1).total_seconds()))
    assert eventually(lambda: states() == ["paid"])
    outside.post(CONTROL, pending_seconds=60)


def test_the_control_of_the_sandbox_refuses_in_words(outside: Outside) -> None:
    with pytest.raises(Refused, match="No such setting: weather"):
        outside.post(CONTROL, settings={"weather": "fine"})
