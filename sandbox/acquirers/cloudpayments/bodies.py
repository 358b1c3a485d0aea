"""What notices say, as fields of a form in the order of the documentation."""

from __future__ import annotations

import json
from datetime import UTC
from decimal import Decimal
from typing import Any

from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.cloudpayments.reasons import reason_of
from sandbox.acquirers.cloudpayments.transactions import shown_amount, status_of

Body = dict[str, str]


def notice_of(bank: Bank, order: Order, kind: str) -> Body:
    """Check, Pay, Fail, Confirm or Cancel."""
    instrument = order.facts["instrument"]
    if kind == "Cancel":
        return _identity(bank, order) | _client(order)
    saved = order.card is not None and (order.facts["saves"] or order.facts["initiator"] is not None)
    body = _identity(bank, order) | {
        "Currency": order.currency,
        "PaymentAmount": f"{shown_amount(order) / 100:.2f}",
        "PaymentCurrency": order.currency,
        "CardFirstSix": instrument["first_six"],
        "CardLastFour": instrument["last_four"],
        "CardType": instrument["kind"],
        "CardExpDate": instrument["expires"],
        "TestMode": "1",
        "Status": "Completed" if kind == "Check" else status_of(order),
        "OperationType": "Payment",
        **_client(order),
        "Name": "",
        "IpAddress": "127.0.0.1",
        "Description": order.description,
        "PaymentMethod": "Sbp" if order.facts["method"] == "Sbp" else "",
    }
    if kind == "Check":
        return body | {"Status": "Authorized" if order.facts["two_stage"] else "Completed"}
    if kind == "Fail":
        return body | {"Reason": reason_of(order.code), "ReasonCode": order.code or "0"}
    token = {"Token": order.card.token} if saved and order.card else {}
    return body | {"GatewayName": "Test", "AuthCode": "A1B2C3", "TotalFee": "0.00", **token}


def refund_notice(bank: Bank, order: Order, refund: dict[str, Any]) -> Body:
    return {
        "TransactionId": refund["id"],
        "PaymentTransactionId": order.id,
        "Amount": f"{refund['amount'] / 100:.2f}",
        "DateTime": bank.now().astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"),
        "OperationType": "Refund",
        **_client(order, refund["data"]),
    }


def receipt_notice(bank: Bank, order: Order, made: dict[str, Any], transaction_id: str) -> Body:
    """Receipt. A closing one knows of no operation."""
    items = next(value for name, value in made["receipt"].items() if name.lower() == "items")
    number = len(bank.facts["receipts"])
    return {
        "Id": made["id"],
        "DocumentNumber": str(100 + number),
        "SessionNumber": "1",
        "Number": str(number),
        "FiscalSign": "3221220045",
        "DeviceNumber": "0010000000000001",
        "RegNumber": "0000000000000001",
        "FiscalNumber": "9999078900001341",
        "Inn": bank.shops[order.shop].get("inn", ""),
        "Type": "IncomeReturn" if made["kind"] == "refund" else "Income",
        "Ofd": "FirstOfd",
        "Url": f"https://ofd.example/{made['id']}",
        "QrCodeUrl": f"https://ofd.example/{made['id']}.png",
        **({"TransactionId": transaction_id} if transaction_id else {}),
        "Amount": str(sum(Decimal(str(one["amount"])) for one in items)),
        "DateTime": bank.now().astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"),
        "InvoiceId": order.number,
        "AccountId": order.facts["account"],
        "Receipt": json.dumps(made["receipt"], ensure_ascii=False, default=str),
    }


def _identity(bank: Bank, order: Order) -> Body:
    return {
        "TransactionId": order.id,
        "Amount": f"{shown_amount(order) / 100:.2f}",
        "DateTime": bank.now().astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"),
    }


def _client(order: Order, data: dict[str, Any] | None = None) -> Body:
    told = data or order.facts["data"]
    return {
        "InvoiceId": order.number,
        "AccountId": order.facts["account"],
        "Email": order.facts["email"],
        "Data": json.dumps(told, ensure_ascii=False, default=str) if told else "",
    }
