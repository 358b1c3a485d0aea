"""Idempotence at the sandbox's YooKassa: a key stands for one request for 24 hours of the sandbox's clock."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.sandbox.acquirers.yookassa_store import Store, charge_of, open_store


@pytest.fixture
def store() -> Iterator[Store]:
    with open_store() as opened:
        yield opened


@pytest.mark.parametrize("key", ["", "x" * 65, "two words"])
def test_a_post_without_a_right_key_is_refused(store: Store, key: str) -> None:
    answer = store.ask("POST", "payments", charge_of(), headers={"Idempotence-Key": key})
    assert (answer.status_code, answer.json()["parameter"]) == (400, "Idempotence-Key")
    assert store.money() == []


def test_a_repeat_finds_what_its_first_time_has_made(store: Store) -> None:
    first = store.charge(key="A-1")
    assert store.charge(key="A-1") == first
    assert store.charge(key="A-2")["id"] != first["id"]
    assert store.money() == [200, 200]


def test_a_key_is_forgotten_after_24_hours(store: Store) -> None:
    first = store.charge(key="A-1")
    store.forward(hours=23, minutes=59, seconds=59)
    assert store.charge(key="A-1") == first
    store.forward(seconds=1)
    assert store.charge(key="A-1")["id"] != first["id"]
    assert store.money() == [200, 200]


def test_a_repeat_tells_the_present_state_or_the_first_as_the_setting_says(store: Store) -> None:
    store.plan("charge", {"end": "pending_paid"})
    assert store.charge(key="A-1")["status"] == "pending"
    store.forward(minutes=1)
    assert store.charge(key="A-1")["status"] == "succeeded"
    store.bank.settings["repeated_answer"] = "first"
    assert store.charge(key="A-1")["status"] == "pending"
    assert store.money() == [200]


def test_another_body_under_a_key_is_refused_or_left_unread_as_the_setting_says(store: Store) -> None:
    first = store.charge(key="A-1")
    answer = store.ask("POST", "payments", charge_of(value="3.00"), "A-1")
    assert answer.status_code == 400
    assert answer.json()["parameter"] == "Idempotence-Key"
    assert answer.json()["description"] == "Idempotence key duplicated"
    store.bank.settings["other_body"] = "first"
    assert store.charge(value="3.00", key="A-1") == first
    assert store.money() == [200]


def test_the_key_of_a_refused_request_is_kept_or_free_as_the_setting_says(store: Store) -> None:
    wrong = charge_of(value="0.50")
    assert store.ask("POST", "payments", wrong, "A-1").json()["parameter"] == "amount"
    assert store.ask("POST", "payments", charge_of(), "A-1").json()["parameter"] == "Idempotence-Key"
    store.bank.settings["refused_key"] = "free"
    assert store.ask("POST", "payments", wrong, "A-2").json()["parameter"] == "amount"
    assert store.charge(key="A-2")["status"] == "succeeded"


def test_202_says_to_come_again_with_the_key(store: Store) -> None:
    store.plan("charge", {"code": "processing"}, {"end": "nothing", "code": "processing"})
    answer = store.ask("POST", "payments", charge_of(), "A-1")
    assert (answer.status_code, answer.json()["type"]) == (202, "processing")
    assert answer.json()["retry_after"] == 1800
    assert store.money() == [200]
    assert store.ask("POST", "payments", charge_of(), "A-2").status_code == 202
    assert store.money() == [200]
    assert store.charge(key="A-1")["status"] == store.charge(key="A-2")["status"] == "succeeded"
    assert store.money() == [200, 200]


def test_keys_of_shops_and_of_paths_are_their_own(store: Store) -> None:
    payment = store.charge(key="A-1")
    body = {"payment_id": payment["id"], "amount": payment["amount"]}
    assert store.ask("POST", "refunds", body, "A-1").json()["parameter"] == "Idempotence-Key"
    assert store.post("refunds", body, "A-2")["status"] == "succeeded"


def test_requests_under_one_key_at_one_moment_make_one_payment(store: Store) -> None:
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: store.charge(key="A-1")["id"], range(8)))
    assert len(set(found)) == 1
    assert store.money() == [200]
