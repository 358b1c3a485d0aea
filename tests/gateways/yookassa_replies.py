"""What YooKassa answers, by its OpenAPI specification, and the orders that its tests send."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from calculations.money import Money
from gateways import (
    PageOrder,
    PlacedOrder,
    Receipt,
    ReceiptLine,
    RefundOrder,
    SavedCardOrder,
    Settlement,
    Subject,
    TaxSystem,
    Vat,
)
from gateways.yookassa import YooKassaCredentials

ROOT = "https://api.yookassa.example/"
PAYMENTS = f"{ROOT}v3/payments"
REFUNDS = f"{ROOT}v3/refunds"
RECEIPTS = f"{ROOT}v3/receipts"
CREDENTIALS = YooKassaCredentials(shop_id="100500", secret_key="test_canary_secret")
AT = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
RUB = Money(2_500_000, "RUB")
PAYMENT_ID = "2d5c7d4b-000f-5000-9000-1b68e7b15f3f"
TOKEN = "canary-token-9000"
RECEIPT = Receipt(
    (ReceiptLine("Обучение", RUB, Vat.VAT122, Settlement.PREPAYMENT, Subject.SERVICE),),
    "client@example.com",
    "+79000000000",
    TaxSystem.USN_INCOME,
)
CHARGE = SavedCardOrder("A-1", TOKEN, RUB, "Платёж 1 из 4", "C_5", "client@example.com")
PAGE = PageOrder(
    number="A-1",
    amount=RUB,
    description="Платёж 1 из 4",
    method="card",
    save_card=False,
    gateway_customer_id="p1-C_5",
    return_url="https://robots.example/pay/1",
    notice_url="https://robots.example/webhooks/yookassa/1",
    valid_until=AT + timedelta(hours=1),
)
REFUND = RefundOrder("A-1", PAYMENT_ID, "A-1-R1", Money(500_000, "RUB"), Money(0, "RUB"), AT)


def placed(payment_id: str = "") -> PlacedOrder:
    return PlacedOrder("A-1", payment_id, RUB, AT)


def payment(**changes: Any) -> dict[str, Any]:
    return {
        "id": PAYMENT_ID,
        "status": "succeeded",
        "amount": {"value": "25000.00", "currency": "RUB"},
        "income_amount": {"value": "24125.00", "currency": "RUB"},
        "description": "Платёж 1 из 4",
        "recipient": {"account_id": "100500", "gateway_id": "100700"},
        "payment_method": {
            "type": "bank_card",
            "id": "2c000000-000f-5000-9000-000000004444",
            "saved": True,
            "status": "active",
            "card": {
                "first6": "555555",
                "last4": "4444",
                "expiry_year": "2028",
                "expiry_month": "07",
                "card_type": "MasterCard",
            },
        },
        "captured_at": "2026-01-31T12:00:05.131Z",
        "created_at": "2026-01-31T12:00:01.131Z",
        "test": False,
        "refunded_amount": {"value": "0.00", "currency": "RUB"},
        "paid": True,
        "refundable": True,
        "receipt_registration": "succeeded",
        "metadata": {"order": "A-1"},
        **changes,
    }


def waiting(**changes: Any) -> dict[str, Any]:
    """A page that its client has not paid yet."""
    page = {"type": "redirect", "confirmation_url": "https://yoomoney.example/checkout?orderId=2d5c"}
    untouched = {"captured_at": None, "payment_method": None, "receipt_registration": None}
    return payment(**{"status": "pending", "paid": False, "confirmation": page, **untouched, **changes})


def canceled(reason: str | None, **changes: Any) -> dict[str, Any]:
    details = {"party": "payment_network", "reason": reason} if reason else None
    return payment(**{"status": "canceled", "paid": False, "cancellation_details": details, **changes})


def refund(**changes: Any) -> dict[str, Any]:
    return {
        "id": "2d5c8000-0015-5000-8000-1c2a5e5f0a11",
        "payment_id": PAYMENT_ID,
        "status": "succeeded",
        "created_at": "2026-02-01T12:00:00.000Z",
        "amount": {"value": "5000.00", "currency": "RUB"},
        "description": "A-1-R1",
        "metadata": {"order": "A-1", "refund": "A-1-R1"},
        **changes,
    }


def listed(*items: dict[str, Any], cursor: str | None = None) -> dict[str, Any]:
    page: dict[str, Any] = {"type": "list", "items": list(items)}
    return {**page, "next_cursor": cursor} if cursor else page


def error(code: str | None, parameter: str | None = None, description: str = "Invalid") -> dict[str, Any]:
    found = {"type": "error", "id": "ab5a11cd-13cc-4e33-af8b-75a74e18dd09", "description": description}
    return {**found, **({"code": code} if code else {}), **({"parameter": parameter} if parameter else {})}


def asked(request: Any) -> Any:
    """The body of a request that was sent."""
    return json.loads(request.body)
