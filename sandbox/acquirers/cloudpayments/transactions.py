"""A transaction as CloudPayments keeps it: what of it is only this protocol's, and how answers show it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.cloudpayments.fields import units
from sandbox.acquirers.cloudpayments.reasons import message_of, reason_of
from sandbox.acquirers.cloudpayments.refusals import Refusal

FIRST_ID = 897_700_001
STATUS_CODES = {"AwaitingAuthentication": 1, "Authorized": 2, "Completed": 3, "Cancelled": 4, "Declined": 5}
CURRENCY_CODES = {"RUB": 0, "EUR": 1, "USD": 2, "GBP": 3, "UAH": 4, "BYN": 7, "KZT": 13}
NOBODYS = {"first_six": "", "last_four": "", "expires": "", "kind": ""}


def next_id(bank: Bank) -> str:
    """Payments and refunds are numbered in one row."""
    number = int(bank.facts.get("last_id", FIRST_ID - 1)) + 1
    bank.facts["last_id"] = number
    return str(number)


def new_payment(bank: Bank, shop: str, number: str, amount: int, currency: str, **facts: object) -> Order:
    """The InvoiceId may repeat, the TransactionId never does."""
    usual: dict[str, Any] = {
        "status": "",
        "method": "Card",
        "instrument": NOBODYS,
        "account": "",
        "email": "",
        "data": None,
        "initiator": None,
        "saves": False,
        "two_stage": False,
        "auth_at": None,
        "page": "",
        "qr": "",
        "url": "",
        "refunds": [],
        "receipts": [],
        "notices": [],
        "told": 0,
        "settles_with": "",
        "fallback": None,
    }
    order = Order(shop, number, next_id(bank), amount, currency, bank.now(), facts=usual | facts)
    bank.orders.append(order)
    return order


def payment_of(bank: Bank, shop: str, transaction_id: int) -> Order:
    found = bank.find(shop, order_id=str(transaction_id))
    if not found:
        raise Refusal("Transaction not found")
    return found[0]


def status_of(order: Order) -> str:
    return str(order.facts["status"])


def shown_amount(order: Order) -> int:
    return order.taken or int(order.facts.get("held", 0)) or order.amount


def shown(bank: Bank, order: Order) -> dict[str, object]:
    """The `Model` of a payment."""
    declined = status_of(order) == "Declined"
    saved = order.facts["saves"] or order.facts["initiator"] is not None
    token = order.card.token if order.card and saved and bank.settings["token_in_answers"] else None
    model = _operation(bank, order.shop, order, shown_amount(order), order.made_at)
    return model | {
        "ReasonCode": int(order.code or 0) if declined else 0,
        "Reason": reason_of(order.code) if declined else "Approved",
        "CardHolderMessage": message_of(order.code) if declined else "Оплата успешно проведена",
        "TransactionId": int(order.id),
        "JsonData": _data(order.facts["data"]),
        **_moment("Auth", order.facts["auth_at"]),
        **_moment("Confirm", order.paid_at),
        "AuthCode": "A1B2C3" if order.facts["auth_at"] else None,
        "OriginalTransactionId": None,
        "FallBackScenarioDeclinedTransactionId": order.facts["fallback"],
        "Status": status_of(order),
        "StatusCode": STATUS_CODES.get(status_of(order), 0),
        "Type": 0,
        "Refunded": order.refunded > 0,
        "Token": token,
        **({"TrInitiatorCode": order.facts["initiator"]} if order.facts["initiator"] is not None else {}),
    }


def shown_refund(bank: Bank, order: Order, refund: dict[str, Any]) -> dict[str, object]:
    """The `Model` of a refund."""
    declined = refund["status"] == "Declined"
    labelled = bank.settings["refunds_show_data"]
    return _operation(bank, order.shop, order, refund["amount"], refund["at"]) | {
        "ReasonCode": int(refund["code"] or 0),
        "Reason": reason_of(refund["code"]) if declined else "Approved",
        "TransactionId": int(refund["id"]),
        "CardHolderMessage": message_of(refund["code"]) if declined else "Возврат проведён",
        **_moment("Auth", None),
        **_moment("Confirm", None if declined else refund["at"]),
        "AuthCode": None,
        "JsonData": _data(refund["data"]) if labelled else None,
        "OriginalTransactionId": int(order.id),
        "Status": refund["status"],
        "StatusCode": STATUS_CODES.get(refund["status"], 0),
        "Type": 1,
        "Refunded": False,
        "Token": None,
    }


def _operation(bank: Bank, shop: str, order: Order, amount: int, made_at: datetime) -> dict[str, object]:
    instrument = order.facts["instrument"]
    sum_shown = f"{amount / 100:.5f}" if bank.settings["amounts_as_text"] else units(amount)
    number: object = order.number or None
    if order.number.isdecimal() and bank.settings["invoice_ids_as_numbers"]:
        number = int(order.number)
    return {
        "PublicId": shop,
        "TerminalUrl": "https://shop.example",
        "Amount": sum_shown,
        "Currency": order.currency,
        "CurrencyCode": CURRENCY_CODES.get(order.currency, 99),
        "PaymentAmount": sum_shown,
        "PaymentCurrency": order.currency,
        "PaymentCurrencyCode": CURRENCY_CODES.get(order.currency, 99),
        "InvoiceId": number,
        "AccountId": order.facts["account"] or None,
        "Email": order.facts["email"] or None,
        "Description": order.description or None,
        **_moment("Created", made_at),
        "TestMode": True,
        "Rrn": None,
        "IpAddress": "127.0.0.1",
        "IpCountry": "RU",
        **dict.fromkeys(("IpCity", "IpRegion", "IpDistrict", "IpLatitude", "IpLongitude")),
        "CardFirstSix": instrument["first_six"],
        "CardLastFour": instrument["last_four"],
        "CardExpDate": instrument["expires"],
        "CardType": instrument["kind"],
        "CardTypeCode": 0,
        "Issuer": "CloudPayments",
        "IssuerBankCountry": "RU",
        "CultureName": "ru-RU",
        "Name": None,
        "SubscriptionId": None,
        "GatewayName": "Sbp" if order.facts["method"] == "Sbp" else "Test",
        "TotalFee": 0,
    }


def _moment(name: str, at: datetime | None) -> dict[str, object]:
    """In UTC and without saying so."""
    if at is None:
        return {f"{name}Date": None, f"{name}DateIso": None}
    iso = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return {f"{name}Date": f"/Date({int(at.timestamp() * 1000)})/", f"{name}DateIso": iso}


def _data(data: dict[str, Any] | None) -> str | None:
    return json.dumps(data, ensure_ascii=False, default=str) if data else None
