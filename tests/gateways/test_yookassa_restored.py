"""A database restored from a backup sends its orders to YooKassa again: each is charged once all the same."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import responses
from requests import PreparedRequest

from gateways import Http, NotSent, Outcome, OutcomeUnknown, PlacedOrder
from gateways.yookassa import YooKassa
from tests.gateways.yookassa_replies import AT, CHARGE, CREDENTIALS, PAYMENTS, ROOT, RUB, error, listed, payment

KEY_IS_KEPT = timedelta(hours=24)


@dataclass
class Shop:
    """As much of a shop at YooKassa as a repeated order meets: keys that are forgotten, payments that are listed."""

    now: datetime = AT
    payments: list[dict[str, Any]] = field(default_factory=list)
    keys: dict[str, tuple[datetime, object, dict[str, Any]]] = field(default_factory=dict)
    shown: bool = True
    """False: a new payment is not in the list yet."""

    def listing(self, _request: PreparedRequest) -> tuple[int, dict[str, str], str]:
        return 200, {}, json.dumps(listed(*reversed(self.payments if self.shown else [])))

    def create(self, request: PreparedRequest) -> tuple[int, dict[str, str], str]:
        key, body = request.headers["Idempotence-Key"], json.loads(request.body or "")
        first = self.keys.get(key)
        if first and self.now - first[0] < KEY_IS_KEPT:
            same = body == first[1]
            duplicated = error("invalid_request", "Idempotence-Key", "Idempotence key duplicated")
            return (200, {}, json.dumps(first[2])) if same else (400, {}, json.dumps(duplicated))
        at = self.now.isoformat().replace("+00:00", "Z")
        made = payment(id=f"p-{len(self.payments)}", created_at=at, metadata=body["metadata"])
        self.payments.append(made)
        self.keys[key] = (self.now, body, made)
        return 200, {}, json.dumps(made)


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add_callback("GET", PAYMENTS, callback=shop.listing)
        mock.add_callback("POST", PAYMENTS, callback=shop.create)
        yield shop


@pytest.fixture
def yookassa() -> YooKassa:
    return YooKassa(Http(ROOT, lambda: 0.0))


def nothing(_payment_id: str) -> None:
    """Nobody has to be told of YooKassa's number before the money."""


@pytest.mark.parametrize("hours", [0, 1, 23, 25, 47, 71])
@pytest.mark.parametrize("description", [CHARGE.description, "Написано после обновления"])
def test_an_order_that_is_sent_again_is_one_payment(
    shop: Shop, yookassa: YooKassa, hours: int, description: str
) -> None:
    first = yookassa.charge_saved_card(CREDENTIALS, CHARGE, nothing)
    shop.now += timedelta(hours=hours)
    again = yookassa.charge_saved_card(CREDENTIALS, replace(CHARGE, description=description), nothing)
    assert (again.outcome, again.payment_id) == (Outcome.SUCCEEDED, first.payment_id)
    assert len(shop.payments) == 1


def test_a_list_that_lags_behind_is_covered_by_the_key(shop: Shop, yookassa: YooKassa) -> None:
    first = yookassa.charge_saved_card(CREDENTIALS, CHARGE, nothing)
    shop.shown = False
    again = yookassa.charge_saved_card(CREDENTIALS, CHARGE, nothing)
    assert again.payment_id == first.payment_id
    assert len(shop.payments) == 1


def test_a_lagging_list_and_another_body_leave_the_outcome_unknown_until_the_list_shows_it(
    shop: Shop, yookassa: YooKassa
) -> None:
    first = yookassa.charge_saved_card(CREDENTIALS, CHARGE, nothing)
    shop.shown = False
    shop.now += timedelta(hours=20)
    with pytest.raises(OutcomeUnknown):
        yookassa.charge_saved_card(CREDENTIALS, replace(CHARGE, description="Иначе"), nothing)
    shop.shown = True
    found = yookassa.fetch_payment(CREDENTIALS, PlacedOrder("A-1", "", RUB, shop.now))
    assert found is not None
    assert found.payment_id == first.payment_id
    assert len(shop.payments) == 1


def test_no_two_orders_are_taken_for_one(shop: Shop, yookassa: YooKassa) -> None:
    numbers = ["A-1", "A-2", "B-1", "A-10"]
    for number in numbers:
        yookassa.charge_saved_card(CREDENTIALS, replace(CHARGE, number=number), nothing)
    assert [one["metadata"]["order"] for one in shop.payments] == numbers


def test_while_the_list_is_not_there_nothing_is_made(yookassa: YooKassa) -> None:
    with responses.RequestsMock() as mock:
        mock.get(PAYMENTS, status=503)
        with pytest.raises(NotSent):
            yookassa.charge_saved_card(CREDENTIALS, CHARGE, nothing)
