"""The demo shops: their keys, the methods a shop starts with, and what may be switched."""

from __future__ import annotations

from typing import Any

from sandbox.acquirers.bank import Bank, Card

SHOP = "100500"
TEST_SHOP = "100501"
SECRET = "live_demo-key-of-the-sandbox"
TEST_SECRET = "test_demo-key-of-the-sandbox"
CUSTOMER = "demo-customer"

SETTINGS: dict[str, Any] = {
    "recurring_enabled": True,
    "sbp_enabled": True,
    "shop_enabled": True,
    "me": "open",
    "other_body": "refused",
    "repeated_answer": "present",
    "refused_key": "kept",
    "unknown_method": "invalid_request",
    "list_lag_seconds": 0,
    "method_shown": "chosen",
    "refund_metadata": True,
    "refusals": "json",
    "notices_first": False,
    "receipt_required": False,
    "receipt_first": False,
    "receipts": "succeeded",
    "refund_receipt_names_payment": True,
    "measure_required": False,
    "vat_22": True,
    "commission_percent": "2.9",
    "commission_vat_percent": "22",
    "register_language": "ru",
    "register_encoding": "utf-8",
}
"""`me`: open, forbidden or not_found. `other_body` under a known key: refused or first (what the key has made).
`repeated_answer`: present or first. `refused_key`: kept or free. `unknown_method`: an error's code, or anything else
for a payment that is cancelled at once. `method_shown`: made or chosen (when the client begins to pay). `refusals`:
json, or html for 401, 403 and 429."""


def open_demo(bank: Bank) -> None:
    bank.shops |= {SHOP: {"secret": SECRET}, TEST_SHOP: {"secret": TEST_SECRET}}
    bank.settings |= SETTINGS
    bank.facts |= {"keys": {}, "refunds": [], "receipts": []}
    for shop in (SHOP, TEST_SHOP):
        _keep(bank, shop, "555555******4444", "MasterCard", "2030-12", "")
        _keep(bank, shop, "555555******4600", "MasterCard", "2030-12", "insufficient_funds")
        _keep(bank, shop, "220000******0046", "Mir", "2030-12", "fraud_suspected")
        _keep(bank, shop, "220247******2987", "Mir", "2025-12", "")


def _keep(bank: Bank, shop: str, mask: str, kind: str, expires: str, code: str) -> None:
    token = f"2c000000-000f-5000-9000-{len(bank.cards) + 1:012x}"
    facts = {"type": "bank_card", "kind": kind, "code": code}
    bank.cards.append(Card(shop, token, CUSTOMER, mask, expires, facts=facts))
