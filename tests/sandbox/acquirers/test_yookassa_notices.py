"""Notices of the sandbox's YooKassa: nobody signs them, so a shop has to ask what they are about."""

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.acquirers import notices as notices_module
from tests.sandbox.acquirers.yookassa_store import POOR, Store, charge_of, open_store


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setattr(notices_module, "PAUSE_SECONDS", 0.01)
    with open_store() as opened:
        yield opened


def said(store: Store, number: int) -> list[tuple[str, str]]:
    return [(one["event"], one["object"]["status"]) for one in store.told(number)]


def test_every_status_a_shop_may_hear_of_is_told_with_the_whole_object(store: Store) -> None:
    paid = store.charge()
    store.charge(POOR)
    held = store.charge(capture=False)
    store.post(f"payments/{held['id']}/cancel")
    store.post("refunds", {"payment_id": paid["id"], "amount": paid["amount"]})
    assert said(store, 5) == [
        ("payment.succeeded", "succeeded"),
        ("payment.canceled", "canceled"),
        ("payment.waiting_for_capture", "waiting_for_capture"),
        ("payment.canceled", "canceled"),
        ("refund.succeeded", "succeeded"),
    ]
    assert store.heard[0] == {"type": "notification", "event": "payment.succeeded", "object": paid}


def test_what_settles_later_is_told_later(store: Store) -> None:
    store.plan("charge", {"end": "pending_paid"})
    store.charge()
    assert said(store, 0) == []
    store.forward(minutes=1)
    assert said(store, 1) == [("payment.succeeded", "succeeded")]


def test_a_notice_is_sent_again_until_it_is_taken_by_200(store: Store) -> None:
    store.statuses = [500, 204, 302]
    store.charge()
    assert len(store.told(4)) == 4
    assert store.told(4)[0] == store.told(4)[3]
    assert [one.attempt for one in store.bank.notices.deliveries] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("manner", "expected"),
    [
        ("never", []),
        ("twice", [("payment.succeeded", "succeeded")] * 2),
        ("stale", [("payment.succeeded", "succeeded"), ("payment.waiting_for_capture", "pending")]),
        ("forged", [("payment.canceled", "canceled"), ("payment.succeeded", "succeeded")]),
    ],
)
def test_notices_come_in_every_manner(store: Store, manner: str, expected: list[tuple[str, str]]) -> None:
    store.plan("charge", {"notice": manner})
    store.charge()
    assert said(store, len(expected)) == expected


def test_a_forged_notice_lies_about_a_refusal_and_about_the_sum(store: Store) -> None:
    store.plan("charge", {"end": "declined", "notice": "forged"})
    store.charge(value="5.00")
    lie, true = store.told(2)
    assert (lie["event"], lie["object"]["paid"], lie["object"]["amount"]["value"]) == (
        "payment.succeeded",
        True,
        "1.00",
    )
    assert (true["event"], true["object"]["amount"]["value"]) == ("payment.canceled", "5.00")
    assert store.money() == []


def test_an_old_notice_of_a_hold_comes_after_the_new_one(store: Store) -> None:
    held = store.charge(capture=False)
    store.plan("capture", {"notice": "stale"})
    store.post(f"payments/{held['id']}/capture")
    assert said(store, 3) == [
        ("payment.waiting_for_capture", "waiting_for_capture"),
        ("payment.succeeded", "succeeded"),
        ("payment.waiting_for_capture", "waiting_for_capture"),
    ]


@pytest.mark.parametrize("way", ["turn", "setting"])
def test_a_notice_may_come_before_the_answer(store: Store, way: str) -> None:
    if way == "turn":
        store.plan("charge", {"notice": "before"})
    else:
        store.bank.settings["notices_first"] = True
    payment = store.charge()
    assert [one["object"]["id"] for one in store.heard] == [payment["id"]]


def test_a_notice_is_sent_although_the_answer_is_lost(store: Store) -> None:
    store.plan("charge", {"answer": "error_500"})
    store.ask("POST", "payments", charge_of())
    assert said(store, 1) == [("payment.succeeded", "succeeded")]


def test_a_shop_without_an_address_is_told_nothing(store: Store) -> None:
    store.bank.webhooks.clear()
    store.charge()
    store.bank.notices.wait()
    assert store.heard == []


def test_a_page_tells_its_end(store: Store) -> None:
    payment: dict[str, Any] = store.page()
    store.plan("page", {"notice": "twice"})
    store.pay(payment)
    assert said(store, 2) == [("payment.succeeded", "succeeded")] * 2
