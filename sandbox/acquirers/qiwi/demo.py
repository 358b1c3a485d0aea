"""The demo shops: one of Payin, one of bills alone; the cards a shop starts with, and what may be switched."""

from __future__ import annotations

from typing import Any

from sandbox.acquirers.bank import Bank, Card

SITE = "hthi-26"
BILL_SITE = "23044"
KEY = "demo-api-key-of-the-sandbox"
NOTICE_KEY = "demo-notification-key-of-the-sandbox"
BILL_KEY = "demo-secret-key-of-bills"
CUSTOMER = "demo-customer"

SETTINGS: dict[str, Any] = {
    "tokens_enabled": True,
    "sums": "drifting",
    "not_found_status": 404,
    "error_500_body": "empty",
    "signed_sum": "raw",
    "signature": "hex",
    "token_told_in": "both",
    "captured": "at_once",
    "unknown_token": "refused",
    "status_names_payment": True,
    "notices_first": False,
}
"""`sums`: text, number, or drifting between the two. `error_500_body`: empty or json. `signed_sum` of a Payin notice:
raw or two_decimals; `signature` of it: hex or base64. `token_told_in`: answer, notice or both. `captured`: at_once, or
later (the first answer tells nothing captured). `unknown_token`: refused (400) or declined. `status_names_payment`:
whether the word on a payment carries its number."""


def open_demo(bank: Bank) -> None:
    bank.shops |= {
        SITE: {"key": KEY, "notification_key": NOTICE_KEY},
        BILL_SITE: {"key": BILL_KEY, "notification_key": BILL_KEY},
    }
    bank.settings |= SETTINGS
    _keep(bank, "220000******0004", "2030-12", "")
    _keep(bank, "425600******0003", "2030-12", "ACQUIRING_INSUFFICIENT_FUNDS 51")
    _keep(bank, "523600******0005", "2030-12", "REATTEMPT_NOT_PERMITTED_BY_PS 41")
    _keep(bank, "605600******0000", "2025-12", "")


def _keep(bank: Bank, mask: str, expires: str, code: str) -> None:
    token = f"66aebf5f-098e-4e36-922a-{len(bank.cards) + 1:012x}"
    bank.cards.append(Card(SITE, token, CUSTOMER, mask, expires, facts={"code": code}))
