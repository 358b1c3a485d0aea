"""The demo shops: their secrets, the cards they start with, and what may be switched."""

from __future__ import annotations

from typing import Any

from sandbox.acquirers.bank import Bank, Card

RBS_SHOP = "demo-rbs-api"
ECOM_SHOP = "demo-ecom"
FACADE_SHOP = "demo-yookassa-api"
PASSWORD = "demo-password"
CALLBACK_KEY = "demo-callback-key-of-the-sandbox"
CUSTOMER = "demo-customer"

SETTINGS: dict[str, Any] = {
    "error_code": "text",  # number, or absent where it would be 0
    "currency": "text",  # number, or 810: roubles as they were called before 1998
    "unknown_order": "6",  # or 5, 9; 0: no error, no status
    "after_refusal": "open",  # the order has tries left; final: its first refusal is the last
    "third_refusal": "exhausted",  # actionCode -2013; own: the code of that refusal
    "closed_status": 6,  # of an order whose time or tries are used up; 0: only its actionCode tells
    "declined_status": 3,  # of an order closed by decline.do; 6
    "pending_status": 0,  # of an order whose outcome the bank does not know; 6
    "pending_code": 1019,
    "refused_answer": "0",  # errorCode of a paying request that the card's bank refused; 5
    "challenge": "form",  # how 3-D Secure is demanded: form, method, creq, pareq
    "auto_payment_code": "2004",  # what a shop without AUTO_PAYMENT meets; 2003
    "deposited_after_refund": "original",  # remaining: depositedAmount goes down
    "operations": "ecom",  # which flavours list `operations`: ecom, all, none
    "sbp_payload": True,
    "sbp_status_paths": "both",  # dynamic: sbp/c2b/qr/dynamic/status.do; short: sbp/c2b/qr/status.do
    "facade_bindings": True,
    "facade_sbp": True,
    "created_notices": False,
    "binding_notices": False,
    "notices_first": False,
    "receipts": "done",  # pending, failed
    "receipt_id_told": False,  # whether doReceipt's answer names the receipt
    "tax_types": "wide",  # documented: 0 to 7
}


def open_demo(bank: Bank) -> None:
    signed = {"password": PASSWORD, "callback_key": CALLBACK_KEY, "auto_payment": "yes"}
    bank.shops |= {
        RBS_SHOP: {"flavour": "rbs"} | signed,
        ECOM_SHOP: {"flavour": "ecom", "password": PASSWORD, "auto_payment": "yes"},
        FACADE_SHOP: {"flavour": "yookassa"} | signed,
    }
    bank.settings |= SETTINGS
    for place, shop in enumerate((RBS_SHOP, ECOM_SHOP, FACADE_SHOP), 1):
        _keep(bank, shop, f"{place}1", "220220******2424", "2030-12", "")
        _keep(bank, shop, f"{place}2", "220220******0910", "2030-12", "116")
        _keep(bank, shop, f"{place}3", "220220******0041", "2030-12", "41")
        _keep(bank, shop, f"{place}4", "220220******3166", "2025-12", "")
    account = {"kind": "account", "member": "100000000111", "code": ""}
    bank.cards.append(Card(ECOM_SHOP, "5" * 32, CUSTOMER, "***********1232", "2030-12", facts=account))


def _keep(bank: Bank, shop: str, place: str, mask: str, expires: str, code: str) -> None:
    facts = {"kind": "card", "system": "MIR", "code": code}
    bank.cards.append(Card(shop, f"fdbbc879-c171-4cff-b636-ceab16fd0f{place}", CUSTOMER, mask, expires, facts=facts))
