"""Bodies of notices, unsigned: `PaymentId`, `CardId` and `RebillId` travel as numbers."""

from __future__ import annotations

from typing import Any

from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.tbank.orders import shown_amount, status_of
from sandbox.acquirers.tbank.refusals import message_of
from sandbox.clock import iso


def status_notice(bank: Bank, order: Order) -> dict[str, object]:
    """The notice of a payment's present status."""
    status = status_of(order)
    body: dict[str, object] = {
        "TerminalKey": order.shop,
        "OrderId": order.number,
        "Success": not order.code,
        "Status": status,
        "PaymentId": int(order.id),
        "ErrorCode": order.code or "0",
        "Amount": shown_amount(bank, order),
    }
    if order.code:
        body |= {"Message": message_of(order.code), "Details": ""}
    instrument: dict[str, Any] = dict(order.facts["instrument"] or {})
    if bank.settings["rebill_id_in"] not in ("both", status):
        instrument.pop("RebillId", None)
    body |= instrument
    if bank.settings["customer_in_notices"] and order.customer:
        body["CustomerKey"] = order.customer
    if bank.settings["data_in_notices"]:
        body["Data"] = order.facts["data"] | {"source": "sbpqr" if order.facts["by_account"] else "cards"}
    return body


def receipt_notice(bank: Bank, order: Order, receipt: dict[str, Any], kind: str) -> dict[str, object]:
    """The notice of a receipt that was rung up, or that the cash desk failed to; `kind` is Income or IncomeReturn."""
    done = bank.settings["receipts"] == "done"
    body: dict[str, object] = {
        "TerminalKey": order.shop,
        "OrderId": order.number,
        "Success": done,
        "Status": "RECEIPT",
        "PaymentId": int(order.id),
        "ErrorCode": "0" if done else "311",
        "Amount": sum(item["Amount"] for item in receipt["Items"]),
        "Type": kind,
        "Receipt": receipt,
    }
    if not done:
        return body | {"ErrorMessage": "Касса не ответила"}
    return body | {
        "FiscalNumber": 1 + len(order.facts["receipts"]),
        "ShiftNumber": 1,
        "ReceiptDatetime": iso(bank.now()),
        "FnNumber": "9999078900001341",
        "EcrRegNumber": "0000000004030187",
        "FiscalDocumentNumber": 100 + sum(len(one.facts["receipts"]) for one in bank.orders),
        "FiscalDocumentAttribute": 3221220045,
    }
