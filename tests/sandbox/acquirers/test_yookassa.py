"""The sandbox's YooKassa over HTTP: who may ask, what is refused, and charges of saved methods."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox.acquirers.yookassa.demo import SHOP, TEST_SECRET, TEST_SHOP
from sandbox.acquirers.yookassa.reasons import MESSAGES
from tests.outside import Outside, eventually
from tests.sandbox.acquirers.yookassa_store import (
    EXPIRED,
    GOOD,
    POOR,
    RECEIPT,
    REDIRECT,
    STOLEN,
    Store,
    charge_of,
    open_store,
    page_of,
)


@pytest.fixture
def store() -> Iterator[Store]:
    with open_store() as opened:
        yield opened


@pytest.mark.parametrize("auth", [None, (SHOP, "wrong"), ("999999", "live_demo-key-of-the-sandbox"), (SHOP, "")])
def test_only_a_known_shop_with_its_key_is_let_in(store: Store, auth: tuple[str, str] | None) -> None:
    answer = store.ask("GET", "payments", auth=auth)
    assert answer.status_code == 401
    assert answer.json()["code"] == "invalid_credentials"


def test_a_shop_sees_nothing_of_another_shop(store: Store) -> None:
    payment = store.charge()
    store.shop, store.secret = TEST_SHOP, TEST_SECRET
    assert store.ask("GET", f"payments/{payment['id']}").json()["code"] == "not_found"
    assert store.get("payments")["items"] == []
    assert store.refused("refunds", {"payment_id": payment["id"], "amount": payment["amount"]}) == (
        "invalid_request",
        "payment_id",
    )


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "payment", 404, "not_found"),
        ("GET", "payments/2d5c7d4b-000f-5000-9000-1b68e7b15f3f", 404, "not_found"),
        ("DELETE", "payments", 405, None),
        ("GET", "payments/1/cancel", 405, None),
        ("GET", "refunds/1", 404, "not_found"),
        ("GET", "receipts/1", 404, "not_found"),
        ("GET", "payment_methods/1", 404, "not_found"),
    ],
)
def test_what_is_not_there_is_said_with_an_error_object(
    store: Store, method: str, path: str, status: int, code: str | None
) -> None:
    answer = store.ask(method, path)
    assert answer.status_code == status
    assert answer.json()["type"] == "error"
    assert answer.json().get("code") == code


def test_a_body_that_is_no_json_object_is_refused(store: Store) -> None:
    plain = {"Content-Type": "text/plain", "Idempotence-Key": "1"}
    url, auth = f"{store.url}/acquirers/yookassa/v3/payments", (store.shop, store.secret)
    assert requests.post(url, data="{}", headers=plain, auth=auth, timeout=10).status_code == 415
    as_json = {"Content-Type": "application/json", "Idempotence-Key": "2"}
    for body in ("{", "[]", '"text"'):
        assert requests.post(url, data=body, headers=as_json, auth=auth, timeout=10).status_code == 400


@pytest.mark.parametrize(
    ("change", "parameter"),
    [
        ({"amount": None}, "amount"),
        ({"amount": {"value": "2,00", "currency": "RUB"}}, "amount.value"),
        ({"amount": {"value": "2.001", "currency": "RUB"}}, "amount.value"),
        ({"amount": {"value": "0.00", "currency": "RUB"}}, "amount.value"),
        ({"amount": {"value": "-2.00", "currency": "RUB"}}, "amount.value"),
        ({"amount": {"value": "2.00", "currency": "USD"}}, "amount.currency"),
        ({"amount": {"value": "2.00"}}, "amount.currency"),
        ({"amount": {"value": "0.99", "currency": "RUB"}}, "amount"),
        ({"amount": {"value": "350000.01", "currency": "RUB"}}, "amount"),
        ({"description": "x" * 129}, "description"),
        ({"description": 5}, "description"),
        ({"capture": "true"}, "capture"),
        ({"merchant_customer_id": "x" * 201}, "merchant_customer_id"),
        ({"metadata": {str(one): "x" for one in range(17)}}, "metadata"),
        ({"metadata": {"x" * 33: "x"}}, "metadata"),
        ({"metadata": {"order": "x" * 513}}, "metadata.order"),
        ({"metadata": {"order": 5}}, "metadata.order"),
        ({"metadata": "A-1"}, "metadata"),
        ({"confirmation": None}, "confirmation"),
        ({"confirmation": {"type": "redirect"}}, "confirmation.return_url"),
        ({"confirmation": {"type": "telepathy", "return_url": "https://shop.example"}}, "confirmation.type"),
        ({"confirmation": {"type": "qr"}}, "confirmation.type"),
        ({"payment_method_data": {"type": "barter"}}, "payment_method_data.type"),
        ({"receipt": {"items": RECEIPT["items"]}}, "receipt.customer"),
        ({"receipt": {**RECEIPT, "items": []}}, "receipt.items"),
        ({"receipt": {**RECEIPT, "tax_system_code": 7}}, "receipt.tax_system_code"),
        ({"receipt": {**RECEIPT, "customer": {"phone": "+79000000000"}}}, "receipt.customer.phone"),
        ({"receipt": RECEIPT, "amount": {"value": "2.01", "currency": "RUB"}}, "receipt.items"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_made(store: Store, change: dict[str, Any], parameter: str) -> None:
    assert store.refused("payments", page_of() | change) == ("invalid_request", parameter)
    assert store.get("payments")["items"] == []


@pytest.mark.parametrize(
    "change",
    [
        {"description": ""},
        {"description": "x" * 129},
        {"vat_code": 13},
        {"vat_code": "1"},
        {"quantity": 0},
        {"quantity": "1.0005"},
        {"payment_mode": "barter"},
        {"payment_subject": "idea"},
    ],
)
def test_a_wrong_line_of_a_receipt_is_named(store: Store, change: dict[str, Any]) -> None:
    receipt = {**RECEIPT, "items": [RECEIPT["items"][0] | change]}
    (name,) = change
    assert store.refused("payments", page_of(receipt=receipt)) == ("invalid_request", f"receipt.items[0].{name}")


def test_a_saved_method_is_charged_without_its_client(store: Store) -> None:
    payment = store.charge(merchant_customer_id="p1-C_5", receipt=RECEIPT)
    assert payment["status"] == "succeeded"
    assert payment["paid"] is True
    assert payment["amount"] == {"value": "2.00", "currency": "RUB"}
    assert payment["income_amount"] == {"value": "1.93", "currency": "RUB"}
    assert payment["metadata"] == {"order": "A-1"}
    assert payment["payment_method"]["id"] == GOOD
    assert payment["payment_method"]["saved"] is True
    assert payment["payment_method"]["card"]["last4"] == "4444"
    assert payment["merchant_customer_id"] == "p1-C_5"
    assert payment["captured_at"] == "2026-01-31T12:00:00.000Z"
    assert payment["receipt_registration"] == "succeeded"
    assert "confirmation" not in payment
    assert len(payment["id"]) == 36
    assert store.get(f"payments/{payment['id']}") == payment
    assert store.money() == [200]


@pytest.mark.parametrize(
    ("token", "reason"),
    [(POOR, "insufficient_funds"), (STOLEN, "fraud_suspected"), (EXPIRED, "card_expired")],
)
def test_a_card_has_an_end_of_its_own(store: Store, token: str, reason: str) -> None:
    payment = store.charge(token)
    assert (payment["status"], payment["paid"]) == ("canceled", False)
    assert payment["cancellation_details"] == {"party": "payment_network", "reason": reason}
    assert store.money() == []


@pytest.mark.parametrize("reason", sorted(MESSAGES))
def test_every_reason_can_be_planned(store: Store, reason: str) -> None:
    store.plan("charge", {"end": "declined", "code": reason})
    assert store.charge()["cancellation_details"]["reason"] == reason
    assert store.charge()["status"] == "succeeded"


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("invalid_request", 400),
        ("forbidden", 403),
        ("not_found", 404),
        ("gone", 410),
        ("too_many_requests", 429),
        ("internal_server_error", 500),
    ],
)
@pytest.mark.parametrize("end", ["declined", "nothing"])
def test_every_error_can_be_planned_and_makes_nothing(store: Store, end: str, code: str, status: int) -> None:
    store.plan("charge", {"end": end, "code": code})
    answer = store.ask("POST", "payments", charge_of())
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert store.get("payments")["items"] == []


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        ("invalid_request", 400, "invalid_request"),
        ("not_found", 404, "not_found"),
        ("gone", 410, "gone"),
    ],
)
def test_a_method_nobody_saved_is_refused_as_the_setting_says(
    store: Store, answer: str, status: int, code: str
) -> None:
    store.bank.settings["unknown_method"] = answer
    assert store.refused("payments", charge_of("nobody's"), status) == (code, "payment_method_id")


def test_a_method_nobody_saved_may_also_make_a_payment_that_is_cancelled(store: Store) -> None:
    store.bank.settings["unknown_method"] = "payment"
    payment = store.charge("nobody's")
    assert payment["cancellation_details"]["reason"] == "permission_revoked"


def test_a_shop_without_recurring_payments_may_neither_save_nor_charge(store: Store) -> None:
    store.bank.settings["recurring_enabled"] = False
    assert store.refused("payments", charge_of(), 403)[0] == "forbidden"
    assert store.refused("payments", page_of(save_payment_method=True), 403)[0] == "forbidden"
    binding = {"type": "bank_card", "confirmation": REDIRECT}
    assert store.refused("payment_methods", binding, 403)[0] == "forbidden"
    assert store.page()["status"] == "pending"


def test_the_permission_for_recurring_payments_is_looked_at_before_the_saved_method(store: Store) -> None:
    nobodys = charge_of(payment_method_id="00000000-0000-5000-8000-000000000000", capture=False)
    assert store.refused("payments", nobodys, 400) == ("invalid_request", "payment_method_id")
    store.bank.settings["recurring_enabled"] = False
    assert store.refused("payments", nobodys, 403)[0] == "forbidden"


@pytest.mark.parametrize(("end", "status"), [("pending_paid", "succeeded"), ("pending_declined", "canceled")])
def test_a_charge_may_take_its_time(store: Store, end: str, status: str) -> None:
    store.plan("charge", {"end": end, "code": "issuer_unavailable"})
    payment = store.charge()
    assert (payment["status"], payment["paid"]) == ("pending", False)
    assert "confirmation" not in payment
    store.forward(seconds=59)
    assert store.get(f"payments/{payment['id']}")["status"] == "pending"
    store.forward(seconds=1)
    assert store.get(f"payments/{payment['id']}")["status"] == status


def test_nobody_is_there_when_the_bank_wants_the_client(store: Store) -> None:
    store.plan("charge", {"end": "needs_client"})
    assert store.charge()["cancellation_details"]["reason"] == "3d_secure_failed"


def test_a_charge_with_its_client_present_leads_to_the_bank(store: Store) -> None:
    store.plan("charge", {"end": "needs_client"})
    payment = store.charge(confirmation=REDIRECT)
    assert payment["status"] == "pending"
    url = payment["confirmation"]["confirmation_url"]
    assert store.press(url, code="1234", do="confirm").headers["Location"] == REDIRECT["return_url"]
    found = store.get(f"payments/{payment['id']}")
    assert (found["status"], found["authorization_details"]["three_d_secure"]) == ("succeeded", {"applied": True})


def test_a_receipt_may_come_before_the_money(store: Store) -> None:
    store.bank.settings["receipt_first"] = True
    payment = store.charge(receipt=RECEIPT)
    assert (payment["status"], payment["receipt_registration"]) == ("pending", "pending")
    store.forward(minutes=1)
    assert store.get(f"payments/{payment['id']}")["status"] == "succeeded"


def test_more_may_be_taken_than_was_asked_for(store: Store) -> None:
    store.plan("charge", {"extra": 1})
    assert store.charge()["amount"]["value"] == "2.01"
    assert store.money() == [201]


@pytest.mark.parametrize(
    ("answer", "money"), [("cut_before", []), ("cut_after", [200]), ("error_500", [200]), ("html", [200])]
)
def test_an_answer_may_be_lost_before_or_after_the_money_moved(store: Store, answer: str, money: list[int]) -> None:
    store.plan("charge", {"answer": answer})
    if answer.startswith("cut"):
        with pytest.raises(requests.ConnectionError):
            store.ask("POST", "payments", charge_of())
    else:
        assert store.ask("POST", "payments", charge_of()).text.startswith(("", "<!doctype"))
    assert store.money() == money


def test_500_without_effect_leaves_the_key_free(store: Store) -> None:
    store.plan("charge", {"end": "nothing"})
    assert store.ask("POST", "payments", charge_of(), "A-1").status_code == 500
    assert store.charge(key="A-1")["status"] == "succeeded"
    assert store.money() == [200]


def test_too_many_requests_are_answered_with_a_web_page_or_with_an_error(store: Store) -> None:
    store.plan("charge", {"answer": "busy"}, {"end": "nothing", "code": "too_many_requests"})
    page = store.ask("POST", "payments", charge_of())
    assert (page.status_code, page.headers["Content-Type"]) == (429, "text/html; charset=utf-8")
    assert store.ask("POST", "payments", charge_of()).json()["code"] == "too_many_requests"
    assert store.money() == []


def test_refusals_may_travel_as_web_pages(store: Store) -> None:
    store.bank.settings["refusals"] = "html"
    answer = store.ask("GET", "me", auth=(SHOP, "wrong"))
    assert (answer.status_code, answer.headers["Content-Type"]) == (401, "text/html; charset=utf-8")
    store.bank.settings["recurring_enabled"] = False
    assert store.ask("POST", "payments", charge_of()).text.startswith("<!doctype")


def test_a_look_up_may_fail_too(store: Store) -> None:
    payment = store.charge()
    store.plan("fetch", {"end": "nothing"}, {"answer": "html"})
    store.plan("list", {"end": "nothing", "code": "forbidden"})
    assert store.ask("GET", f"payments/{payment['id']}").status_code == 500
    assert store.ask("GET", f"payments/{payment['id']}").text.startswith("<!doctype")
    assert store.ask("GET", "payments").status_code == 403
    assert store.get(f"payments/{payment['id']}")["id"] == payment["id"]


def test_a_shop_is_told_what_it_can(store: Store) -> None:
    me = store.get("me")
    assert (me["account_id"], me["status"], me["test"]) == (SHOP, "enabled", False)
    assert {"bank_card", "sbp"} <= set(me["payment_methods"])
    store.bank.settings |= {"shop_enabled": False, "sbp_enabled": False}
    me = store.get("me")
    assert (me["status"], "sbp" in me["payment_methods"]) == ("disabled", False)
    store.bank.settings["me"] = "forbidden"
    assert store.ask("GET", "me").status_code == 403


def test_a_test_shop_has_no_sbp(store: Store) -> None:
    store.shop, store.secret = TEST_SHOP, TEST_SECRET
    assert store.get("me")["test"] is True
    by_sbp = page_of(payment_method_data={"type": "sbp"}, confirmation={"type": "qr"})
    assert store.refused("payments", by_sbp) == ("invalid_request", "payment_method_data.type")
    assert store.page()["test"] is True


def test_it_stands_on_the_outside_port_and_is_steered_from_its_control_door(outside: Outside) -> None:
    outside.post("/acquirers/yookassa", turns={"charge": [{"end": "pending_paid"}]}, pending_seconds=30)
    store = Store(url=outside.oauth_url)
    payment = store.charge()
    assert payment["status"] == "pending"
    outside.forward(seconds=31)
    assert eventually(lambda: bool(store.get(f"payments/{payment['id']}")["paid"]))
    shown = outside.get("/acquirers/yookassa")
    assert [one["amount"] for one in shown["operations"]] == [200]
    assert [one["state"] for one in shown["orders"]] == ["paid"]
    page = requests.get(store.page()["confirmation"]["confirmation_url"], timeout=10)
    assert page.status_code == 200
    assert requests.get(f"{outside.oauth_url}/pages/style.css", timeout=10).status_code == 200
