"""YooKassa's own Python client, as installed, works against the sandbox's YooKassa and understands what it says."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from yookassa import Configuration, Payment, PaymentMethod, Receipt, Refund, Settings
from yookassa.domain.exceptions import (
    BadRequestError,
    ForbiddenError,
    InternalServerError,
    NotFoundError,
    ResponseProcessingError,
    TooManyRequestsError,
    UnauthorizedError,
)
from yookassa.domain.notification import WebhookNotificationFactory

from sandbox.acquirers.yookassa.demo import SECRET, SHOP
from tests.sandbox.acquirers.yookassa_store import GOOD, POOR, RECEIPT, REDIRECT, Store, charge_of, open_store, page_of


@pytest.fixture
def store() -> Iterator[Store]:
    with open_store() as opened:
        Configuration.configure(SHOP, SECRET, api_url=f"{opened.url}/acquirers/yookassa/v3")
        yield opened


def test_a_client_pays_on_the_page_and_the_saved_card_is_charged(store: Store) -> None:
    begun = Payment.create(page_of(save_payment_method=True, receipt=RECEIPT), "A-1")
    assert (begun.status, begun.paid, begun.test) == ("pending", False, False)
    assert store.pay(json.loads(begun.json())).headers["Location"] == REDIRECT["return_url"]
    paid = Payment.find_one(begun.id)
    assert (paid.status, str(paid.amount.value), paid.income_amount.currency) == ("succeeded", "2.00", "RUB")
    assert (paid.payment_method.saved, paid.payment_method.card.last4) == (True, "4444")
    assert paid.receipt_registration == "succeeded"
    assert paid.metadata["order"] == "A-1"
    charged = Payment.create(charge_of(paid.payment_method.id), "A-2")
    assert (charged.status, charged.payment_method.id) == ("succeeded", paid.payment_method.id)
    assert store.money() == [200, 200]


def test_a_qr_is_paid_in_the_payers_bank(store: Store) -> None:
    confirmation = {"type": "qr", "return_url": REDIRECT["return_url"]}
    begun = Payment.create(page_of(payment_method_data={"type": "sbp"}, confirmation=confirmation))
    store.press(begun.confirmation.confirmation_data, do="pay")
    paid = Payment.find_one(begun.id)
    assert (paid.status, paid.payment_method.type) == ("succeeded", "sbp")
    assert paid.payment_method.payer_bank_details.bic == "044525225"


def test_a_decline_names_who_refused_and_why(store: Store) -> None:
    declined = Payment.create(charge_of(POOR), "A-1")
    assert declined.status == "canceled"
    assert (declined.cancellation_details.party, declined.cancellation_details.reason) == (
        "payment_network",
        "insufficient_funds",
    )


def test_a_key_makes_one_payment(store: Store) -> None:
    first, second = Payment.create(charge_of(), "A-1"), Payment.create(charge_of(), "A-1")
    assert first.id == second.id
    with pytest.raises(BadRequestError) as caught:
        Payment.create(charge_of(value="3.00"), "A-1")
    assert caught.value.content["parameter"] == "Idempotence-Key"
    assert store.money() == [200]


def test_a_hold_is_taken_in_part_and_another_is_let_go(store: Store) -> None:
    held, other = Payment.create(charge_of(capture=False)), Payment.create(charge_of(capture=False))
    taken = Payment.capture(held.id, {"amount": {"value": "1.50", "currency": "RUB"}})
    assert (taken.status, str(taken.amount.value)) == ("succeeded", "1.50")
    assert Payment.cancel(other.id).cancellation_details.reason == "canceled_by_merchant"


def test_payments_are_listed_page_by_page(store: Store) -> None:
    made = [Payment.create(charge_of()).id for _ in range(3)]
    first = Payment.list({"limit": 2, "created_at.gte": "2026-01-31T00:00:00.000Z"})
    second = Payment.list({"cursor": first.next_cursor})
    assert [one.id for one in first.items] + [one.id for one in second.items] == made[::-1]
    assert second.next_cursor is None


def test_money_goes_back_with_a_receipt_and_a_closing_one_is_sent(store: Store) -> None:
    payment = Payment.create(charge_of(receipt=RECEIPT))
    body = {"payment_id": payment.id, "amount": {"value": "2.00", "currency": "RUB"}, "receipt": RECEIPT}
    refund = Refund.create(body, "A-1-R1")
    assert (refund.status, str(refund.amount.value), refund.receipt_registration) == ("succeeded", "2.00", "succeeded")
    assert Refund.find_one(refund.id).payment_id == payment.id
    assert [one.id for one in Refund.list({"payment_id": payment.id}).items] == [refund.id]
    closing = {
        **RECEIPT,
        "type": "payment",
        "payment_id": payment.id,
        "send": True,
        "settlements": [{"type": "prepayment", "amount": {"value": "2.00", "currency": "RUB"}}],
    }
    sent = Receipt.create(closing, "A-1-C1")
    assert Receipt.find_one(sent.id).status == "succeeded"
    assert [one.type for one in Receipt.list({"payment_id": payment.id}).items] == ["payment", "refund", "payment"]


def test_a_card_is_bound_without_a_payment(store: Store) -> None:
    begun = PaymentMethod.create({"type": "bank_card", "confirmation": REDIRECT})
    assert begun.status == "pending"
    store.press(begun.confirmation.confirmation_url, pan="5555555555554444", expiry="12/30", cvc="123", do="pay")
    bound = PaymentMethod.find_one(begun.id)
    assert (bound.status, bound.saved, bound.card["last4"]) == ("active", True, "4444")


def test_a_shop_reads_its_settings(store: Store) -> None:
    me = Settings.get_account_settings()
    assert (me.account_id, me.status, me.test) == (SHOP, "enabled", False)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("invalid_request", BadRequestError),
        ("forbidden", ForbiddenError),
        ("too_many_requests", TooManyRequestsError),
        ("internal_server_error", InternalServerError),
    ],
)
def test_every_error_is_the_one_the_client_knows(store: Store, code: str, error: type[Exception]) -> None:
    store.plan("charge", {"end": "nothing", "code": code})
    with pytest.raises(error):
        Payment.create(charge_of(), "A-1")
    assert store.money() == []


def test_who_is_not_let_in_and_what_is_not_there_have_errors_of_their_own(store: Store) -> None:
    with pytest.raises(NotFoundError):
        Payment.find_one("2d5c7d4b-000f-5000-9000-1b68e7b15f3f")
    store.bank.shops[SHOP]["secret"] = "changed"
    with pytest.raises(UnauthorizedError):
        Payment.list()


def test_202_asks_the_client_to_come_again(store: Store) -> None:
    store.plan("charge", {"code": "processing"})
    with pytest.raises(ResponseProcessingError) as caught:
        Payment.create(charge_of(), "A-1")
    assert caught.value.content["retry_after"] == 1800
    assert Payment.create(charge_of(), "A-1").status == "succeeded"
    assert store.money() == [200]


def test_every_notice_is_read_by_the_client(store: Store) -> None:
    payment = Payment.create(charge_of(capture=False))
    Payment.capture(payment.id)
    Refund.create({"payment_id": payment.id, "amount": {"value": "2.00", "currency": "RUB"}})
    begun = PaymentMethod.create({"type": "bank_card", "confirmation": REDIRECT})
    store.press(begun.confirmation.confirmation_url, pan="5555555555554444", expiry="12/30", cvc="123", do="pay")
    read: list[Any] = [WebhookNotificationFactory().create(one) for one in store.told(4)]
    assert [(one.event, one.object.id) for one in read] == [
        ("payment.waiting_for_capture", payment.id),
        ("payment.succeeded", payment.id),
        ("refund.succeeded", read[2].object.id),
        ("payment_method.active", begun.id),
    ]


def test_the_client_still_has_no_time_limit_of_its_own(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Why we do not use it at run time: a request that hangs would hang for ever, and its errors need an answer."""
    asked: dict[str, Any] = {}
    real = requests.Session.request

    def note(self: requests.Session, method: str, url: str, **more: Any) -> requests.Response:
        asked.update(more)
        return real(self, method, url, **more)

    monkeypatch.setattr(requests.Session, "request", note)
    Payment.create(charge_of(GOOD))
    assert asked.get("timeout") is None
    store.plan("charge", {"answer": "cut_after"})
    with pytest.raises(AttributeError):
        Payment.create(charge_of(GOOD))
