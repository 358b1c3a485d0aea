"""The demo site: its keys, the cards it starts with, and what may be switched."""

from __future__ import annotations

from typing import Any

from sandbox.acquirers.bank import Bank, Card

SITE = "pk_demo_of_the_sandbox"
SECRET = "demo-secret-of-the-sandbox"
INN = "7708806062"
CUSTOMER = "demo-customer"
GOOD_TOKEN = "tk_demo_good"

SETTINGS: dict[str, Any] = {
    "token_saving": True,
    "token_in_answers": True,
    "unknown_token_message": "Token not found",
    "check": False,
    "notice_format": "form",
    "notices_first": False,
    "keys_across_methods": False,
    "search_lag_seconds": 0,
    "declined_is_found": False,
    "second_bank": False,
    "repeated_cancel": "refused",
    "sbp_enabled": True,
    "sbp_refund": "async",
    "sbp_link_pays_again": True,
    "pending_status": "Pending",
    "refunds_show_data": True,
    "amounts_as_text": False,
    "invoice_ids_as_numbers": True,
    "receipts": "Processed",
    "receipt_notices": True,
}


def open_demo(bank: Bank) -> None:
    bank.shops[SITE] = {"api_secret": SECRET, "inn": INN}
    bank.settings |= SETTINGS
    _keep(bank, GOOD_TOKEN, "400000******3055", "2030-12", "")
    _keep(bank, "tk_demo_no_money", "411111******1111", "2030-12", "5051")
    _keep(bank, "tk_demo_lost", "520000******0041", "2030-12", "5041")
    _keep(bank, "tk_demo_expired", "220000******0054", "2025-12", "")


def _keep(bank: Bank, token: str, mask: str, expires: str, code: str) -> None:
    facts = {"kind": "card", "code": code, "brand": "Visa"}
    bank.cards.append(Card(SITE, token, CUSTOMER, mask, expires, facts=facts))
