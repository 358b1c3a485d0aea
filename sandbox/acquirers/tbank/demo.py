"""The demo terminals: their passwords, the cards a shop starts with, and what may be switched."""

from __future__ import annotations

from typing import Any

from sandbox.acquirers.bank import Bank, Card
from sandbox.acquirers.tbank.cards import FIRST_REBILL_ID
from sandbox.acquirers.tbank.customers import know_customer

TERMINAL = "1700000000001DEMO"
LOAN_TERMINAL = "1700000000002DEMO"
TWO_STAGE_TERMINAL = "1700000000003DEMO"
PASSWORD = "demo-password-of-the-sandbox"
CUSTOMER = "demo-customer"

SETTINGS: dict[str, Any] = {
    "charge_enabled": True,
    "charge_answer": "final",
    "charge_challenged": False,
    "cancel_of_challenge": "refused",
    "repeated_charge_code": "8",
    "unknown_rebill_code": "104",
    "get_state_of_rejected": "plain",
    "check_order_types": "drifting",
    "unknown_order": "error",
    "check_order_lag_seconds": 0,
    "amount_after_refund": "original",
    "cancel_payment_id": "number",
    "repeated_cancel": "current",
    "removed_card_again": "refused",
    "sbp_enabled": True,
    "sbp_refund": "async",
    "page_attempts": 1,
    "failed_3ds": "REJECTED",
    "rebill_id_in": "both",
    "account_notice_to": "payment",
    "customer_in_notices": False,
    "data_in_notices": False,
    "notices_first": False,
    "notify_expired": False,
    "receipt_required": False,
    "receipts": "done",
    "closing_receipt_once": False,
    "register_receipt_fee": False,
    "vat_22": True,
    "lenient_types": False,
}


def open_demo(bank: Bank) -> None:
    bank.shops |= {
        TERMINAL: {"password": PASSWORD, "type": "ECOM"},
        LOAN_TERMINAL: {"password": PASSWORD, "type": "AFT"},
        TWO_STAGE_TERMINAL: {"password": PASSWORD, "type": "ECOM", "stages": "2"},
    }
    bank.settings |= SETTINGS
    for terminal in (TERMINAL, LOAN_TERMINAL):
        know_customer(bank, terminal, CUSTOMER, {"Email": "client@example.com"})
        _keep(bank, terminal, "220077******7761", "2030-12", "")
        _keep(bank, terminal, "220138******0831", "2030-12", "1051")
        _keep(bank, terminal, "220138******0021", "2030-12", "1041")
        _keep(bank, terminal, "220138******0013", "2025-12", "")


def _keep(bank: Bank, terminal: str, mask: str, expires: str, code: str) -> None:
    place = len(bank.cards)
    facts = {"kind": "card", "card_id": str(881_000_001 + place), "code": code}
    bank.cards.append(Card(terminal, str(FIRST_REBILL_ID + 2 * place), CUSTOMER, mask, expires, facts=facts))
