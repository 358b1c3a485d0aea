"""The cash desk behind ECOM, under a prefix of its own: how receipts stand, once more, and a closing one."""

from __future__ import annotations

from typing import Any

from sandbox.acquirers.bank import Order
from sandbox.acquirers.sberbank.baskets import check_basket
from sandbox.acquirers.sberbank.call import Answer, Call
from sandbox.acquirers.sberbank.life import keep_receipt
from sandbox.acquirers.sberbank.orders import asked_order, made_uuid
from sandbox.acquirers.sberbank.refusals import BAD_VALUE, MISSING, Refusal

STATUSES = {"done": 3, "pending": 1, "failed": 4}


class NoReceipt(Exception):
    """Answered with 404."""


def get_receipt_status(call: Call) -> Answer:
    """Every receipt of an order, or the one asked for."""
    order = _order(call)
    asked = call.text("receiptId")
    shown = [_shown(call, order, one) for one in order.facts["receipts"] if asked in ("", one["id"])]
    if not shown:
        raise NoReceipt
    return {"orderId": order.id, "orderNumber": order.number, "receipts": shown}


def retry_receipt(call: Call) -> Answer:
    results = [{"receiptId": one, "result": "Успешно"} for one in call.fields["receiptIds"]]
    return {"message": "Успешно", "retryResult": results}


def do_receipt(call: Call) -> Answer:
    """A receipt of its own: the closing one of a prepayment, or the return of one."""
    order = _order(call)
    bundle = call.fields["orderBundle"]
    if not (call.text("email") or call.text("phone")):
        raise Refusal(*MISSING)
    if not order.taken or "receiptType" not in bundle:
        raise Refusal(*BAD_VALUE)
    check_basket(call, bundle.get("total", 0), bundle["receiptType"])
    receipt_id = keep_receipt(order, "AUTHORIZATION", bundle["receiptType"], bundle)
    answer: Answer = {"message": "Успешно", "orderId": order.id}
    return answer | ({"receiptId": receipt_id} if call.bank.settings["receipt_id_told"] else {})


def _order(call: Call) -> Order:
    asked = call.text("receiptId")
    if asked:
        for order in call.bank.orders:
            if order.shop == call.shop and any(one["id"] == asked for one in order.facts["receipts"]):
                return order
        raise NoReceipt
    if not (call.text("orderId") or call.text("orderNumber")):
        raise Refusal(*MISSING)
    try:
        return asked_order(call)
    except Refusal:
        raise NoReceipt from None


def _shown(call: Call, order: Order, receipt: dict[str, Any]) -> dict[str, Any]:
    state = call.bank.settings["receipts"]
    shown: dict[str, Any] = {
        "receiptId": receipt["id"],
        "operationId": made_uuid("operation", receipt["id"]),
        "operationType": receipt["operation"],
        "receiptType": receipt["type"],
        "receiptStatus": STATUSES[state],
        "groupCode": "group_code_4612",
    }
    if state == "failed":
        shown["error"] = {"code": 1, "text": "Возникла ошибка", "type": "timeout", "recommendation": 3}
    if state == "done":
        shown["payload"] = {
            "fiscalReceiptNumber": 1 + order.facts["receipts"].index(receipt),
            "shiftNumber": 188,
            "total": receipt["total"],
            "fnNumber": "9999078902013948",
            "ecrRegistrationNumber": "0000000005035122",
            "fiscalDocumentNumber": 783,
            "fiscalDocumentAttribute": 1837776948,
        }
    return shown
