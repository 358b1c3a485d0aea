"""Lists of the sandbox's YooKassa: newest first, filtered, page after page."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.acquirers.yookassa_store import POOR, Store, open_store


@pytest.fixture
def store() -> Iterator[Store]:
    with open_store() as opened:
        yield opened


def ids(page: dict[str, Any]) -> list[str]:
    return [one["id"] for one in page["items"]]


def test_payments_are_listed_newest_first_and_paged_by_a_cursor_that_new_ones_do_not_move(store: Store) -> None:
    made = [store.charge(value=f"{place}.00")["id"] for place in range(1, 13)]
    first = store.get("payments")
    assert (first["type"], ids(first)) == ("list", made[:1:-1])
    store.charge()
    second = store.get("payments", cursor=first["next_cursor"], limit="1")
    third = store.get("payments", cursor=second["next_cursor"], limit="100")
    assert ids(second) + ids(third) == made[1::-1]
    assert "next_cursor" not in third


def test_payments_are_filtered_by_their_moment(store: Store) -> None:
    made = []
    for _ in range(3):
        made.append(store.charge()["id"])
        store.forward(hours=1)
    at = "2026-01-31T13:00:00.000Z"
    assert ids(store.get("payments", **{"created_at.gte": at})) == [made[2], made[1]]
    assert ids(store.get("payments", **{"created_at.gt": at})) == [made[2]]
    assert ids(store.get("payments", **{"created_at.lte": at})) == [made[1], made[0]]
    assert ids(store.get("payments", **{"created_at.lt": at})) == [made[0]]
    assert ids(store.get("payments", **{"captured_at.gte": at, "created_at.lt": "2026-01-31T17:00:00+03:00"})) == [
        made[1]
    ]


def test_payments_are_filtered_by_status_and_method(store: Store) -> None:
    paid, declined, waiting = store.charge(), store.charge(POOR), store.page()
    assert ids(store.get("payments", status="succeeded")) == [paid["id"]]
    assert ids(store.get("payments", status="canceled")) == [declined["id"]]
    assert ids(store.get("payments", status="pending")) == [waiting["id"]]
    assert ids(store.get("payments", payment_method="bank_card")) == [declined["id"], paid["id"]]


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "many"},
        {"cursor": "nowhere"},
        {"created_at.gte": "yesterday"},
        {"created_at.gte": "2026-01-31T12:00:00"},
    ],
)
def test_a_wrong_filter_is_named(store: Store, query: dict[str, str]) -> None:
    answer = store.ask("GET", "payments", params=query)
    assert (answer.status_code, answer.json()["parameter"]) == (400, next(iter(query)))


def test_the_list_may_lag_behind_what_was_made(store: Store) -> None:
    store.bank.settings["list_lag_seconds"] = 5
    payment = store.charge()
    assert store.get("payments")["items"] == []
    assert store.get(f"payments/{payment['id']}")["status"] == "succeeded"
    store.forward(seconds=5)
    assert ids(store.get("payments")) == [payment["id"]]
