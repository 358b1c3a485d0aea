"""The payment object and the payment method object, as answers and notices carry them."""

from __future__ import annotations

from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.yookassa.fees import fee_of
from sandbox.acquirers.yookassa.fields import roubles
from sandbox.acquirers.yookassa.orders import amount_of, moment, status_of
from sandbox.acquirers.yookassa.receipts import registration_of
from sandbox.acquirers.yookassa.saved import bare_method

GATEWAY_ID = "2000001"


def payment_object(bank: Bank, order: Order) -> dict[str, object]:
    status, amount = status_of(order), amount_of(order)
    paid = status in ("waiting_for_capture", "succeeded")
    shown: dict[str, object] = {
        "id": order.id,
        "status": status,
        "amount": roubles(amount),
        "recipient": {"account_id": order.shop, "gateway_id": GATEWAY_ID},
        "created_at": moment(order.made_at),
        "test": is_test(bank, order.shop),
        "paid": paid,
        "refundable": status == "succeeded" and order.refunded < order.taken,
        "metadata": order.facts["metadata"],
    }
    if order.description:
        shown["description"] = order.description
    if order.customer:
        shown["merchant_customer_id"] = order.customer
    if order.facts["method"]:
        shown["payment_method"] = order.facts["method"]
    if status == "pending" and order.facts["confirmation"]:
        shown["confirmation"] = order.facts["confirmation"]
    if status == "waiting_for_capture":
        shown["expires_at"] = moment(order.facts["expires_at"])
    if status == "succeeded":
        shown["captured_at"] = moment(order.facts["captured_at"])
        shown["income_amount"] = roubles(amount - fee_of(bank, amount).whole)
        shown["refunded_amount"] = roubles(order.refunded)
    if status == "canceled":
        shown["cancellation_details"] = {"party": order.facts["party"], "reason": order.code}
    if paid and order.facts["method"]["type"] == "bank_card":
        shown["authorization_details"] = {
            "rrn": f"{int(order.id[-12:], 16):012d}",
            "auth_code": "062467",
            "three_d_secure": {"applied": bool(order.facts["secure"])},
        }
    registration = registration_of(bank, order)
    if registration:
        shown["receipt_registration"] = registration
    return shown


def saved_object(order: Order) -> dict[str, object]:
    """A payment method that is saved without a payment: its order binds and moves no money."""
    method = order.facts["method"] or bare_method(order.id, "bank_card")
    status = {"pending": "pending", "succeeded": "active"}.get(status_of(order), "inactive")
    shown = method | {"status": status, "holder": {"account_id": order.shop, "gateway_id": GATEWAY_ID}}
    if status == "pending":
        shown["confirmation"] = order.facts["confirmation"]
    return dict(shown)


def is_test(bank: Bank, shop: str) -> bool:
    return bank.shops[shop]["secret"].startswith("test_")
