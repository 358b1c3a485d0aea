"""A database restored from a backup sends its orders to YooKassa again: each is charged once all the same."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import responses
from requests import PreparedRequest
from responses import matchers

from gateways import Http, NotSent, Outcome, OutcomeUnknown, Payment, PlacedOrder
from gateways.yookassa import PAGES_BEFORE, PLACED_BEFORE, YooKassa
from tests.gateways.yookassa_replies import (
    AT,
    CHARGE,
    CREDENTIALS,
    PAYMENT_ID,
    PAYMENTS,
    ROOT,
    RUB,
    error,
    listed,
    payment,
)

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


@pytest.fixture
def acquirer() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


def nothing(_payment_id: str) -> None:
    """Nobody has to be told of YooKassa's number before the money."""


def charge(yookassa: YooKassa) -> Payment:
    return yookassa.charge_saved_card(CREDENTIALS, CHARGE, nothing)


def methods(acquirer: responses.RequestsMock) -> list[str]:
    return [str(call.request.method) for call in acquirer.calls]


def days_ago(days: float, number: str = "B-1") -> dict[str, Any]:
    moment = (AT - timedelta(days=days)).isoformat().replace("+00:00", "Z")
    return payment(created_at=moment, metadata={"order": number})


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


def test_an_order_placed_days_ago_is_adopted_and_not_charged_again(
    acquirer: responses.RequestsMock, yookassa: YooKassa
) -> None:
    """A database restored from a backup sends the same number, when the key is forgotten already."""
    acquirer.get(PAYMENTS, json=listed(days_ago(0), days_ago(2.5, "A-1")))
    found = charge(yookassa)
    assert (found.outcome, found.payment_id, found.order_number) == (Outcome.SUCCEEDED, PAYMENT_ID, "A-1")
    assert methods(acquirer) == ["GET"]


def test_a_page_of_the_list_is_read_to_its_end(acquirer: responses.RequestsMock, yookassa: YooKassa) -> None:
    acquirer.get(PAYMENTS, json=listed(days_ago(0), days_ago(2), days_ago(39), days_ago(40, "A-1"), cursor="no"))
    assert charge(yookassa).order_number == "A-1"
    assert methods(acquirer) == ["GET"]


def test_a_payment_that_moves_to_the_next_page_while_it_is_looked_for_is_still_one(
    acquirer: responses.RequestsMock, yookassa: YooKassa
) -> None:
    acquirer.get(PAYMENTS, json=listed(days_ago(0), days_ago(1, "A-1"), cursor="next"))
    assert charge(yookassa).outcome is Outcome.SUCCEEDED


def test_an_order_is_looked_for_on_further_pages_until_they_are_older_than_a_backup(
    acquirer: responses.RequestsMock, yookassa: YooKassa
) -> None:
    first, second = {"limit": "100"}, {"limit": "100", "cursor": "next"}
    older = days_ago(PLACED_BEFORE.days + 0.1)
    acquirer.get(
        PAYMENTS,
        json=listed(days_ago(0), cursor="next"),
        match=[matchers.query_param_matcher(first)],
    )
    acquirer.get(
        PAYMENTS,
        json=listed(days_ago(1), older, cursor="never"),
        match=[matchers.query_param_matcher(second)],
    )
    acquirer.post(PAYMENTS, json=payment())
    charge(yookassa)
    assert methods(acquirer) == ["GET", "GET", "POST"]


def test_a_busy_shop_is_looked_through_for_a_bounded_number_of_requests(
    acquirer: responses.RequestsMock, yookassa: YooKassa
) -> None:
    acquirer.get(PAYMENTS, json=listed(days_ago(0), cursor="next"))
    acquirer.post(PAYMENTS, json=payment())
    charge(yookassa)
    assert methods(acquirer) == ["GET"] * PAGES_BEFORE + ["POST"]


def test_two_payments_under_one_number_are_for_a_person_and_a_third_is_not_made(
    acquirer: responses.RequestsMock, yookassa: YooKassa
) -> None:
    acquirer.get(PAYMENTS, json=listed(payment(), payment(id="2d000000-000f-5000-9000-000000000000")))
    with pytest.raises(OutcomeUnknown, match="2 payments of order A-1"):
        charge(yookassa)
    assert methods(acquirer) == ["GET"]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, None),
        (429, None),
        (404, error("not_found")),
        (200, None),
        (200, {"items": None}),
        (200, {"items": ["A-1"]}),
        (200, listed({"id": "1"})),
    ],
    ids=str,
)
def test_nothing_is_sent_while_it_cannot_be_seen_whether_the_order_was_placed_before(
    acquirer: responses.RequestsMock, yookassa: YooKassa, status: int, body: Any
) -> None:
    acquirer.get(PAYMENTS, json=body, status=status)
    with pytest.raises(NotSent):
        charge(yookassa)
    assert methods(acquirer) == ["GET"]
