"""The till (CloudKassir): receipts that travel with payments and refunds, and those asked for alone."""

from __future__ import annotations

import hashlib
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.cloudpayments.bodies import receipt_notice
from sandbox.acquirers.cloudpayments.refusals import Refusal

if TYPE_CHECKING:
    from sandbox.acquirers.cloudpayments.call import Call

VATS = frozenset({None, 0, 5, 7, 10, 20, 22, 105, 107, 110, 120, 122})
MOST_ITEMS = 100


def make_receipt(
    bank: Bank, order: Order, kind: str, data: dict[str, Any] | None, amount: int, transaction_id: str
) -> None:
    """The receipt in `JsonData`, if there is one: made after the money, so a bad one stops no payment."""
    receipt = _child(_child(data or {}, "cloudpayments"), "customerreceipt")
    if not receipt:
        return
    problem = problem_of(receipt, Decimal(amount) / 100)
    status = "Error" if problem else bank.settings["receipts"]
    made = {"kind": kind, "receipt": receipt, "status": status, "problem": problem, "id": _new_number(bank, order.shop)}
    bank.facts["receipts"][made["id"]] = made
    _keep(bank, order, made, transaction_id)


def kkt_receipt(call: Call) -> dict[str, object]:
    inn, kind = call.fields.text("Inn"), call.fields.text("Type")
    receipt = call.fields.values.get("customerreceipt")
    if inn != call.bank.shops[call.shop].get("inn"):
        raise Refusal(f"Компания с ИНН {inn} не найдена", {"ErrorCode": -1})
    if kind not in ("Income", "IncomeReturn", "Expense", "ExpenseReturn"):
        raise Refusal("Invalid Type value", {"ErrorCode": -1})
    problem = problem_of(receipt if isinstance(receipt, dict) else {}, None)
    if problem or call.turn.end in ("declined", "nothing"):
        raise Refusal(problem or "Касса недоступна", {"ErrorCode": -1})
    number = call.fields.optional_text("InvoiceId")
    receipt_id = _new_number(call.bank, call.shop)
    status = call.bank.settings["receipts"]
    made = {"kind": "closing", "receipt": receipt, "status": status, "problem": "", "id": receipt_id}
    call.bank.facts["receipts"][receipt_id] = made
    for order in call.bank.find(call.shop, number=number) if number else []:
        if order.state == "paid":
            _keep(call.bank, order, made, "")
    return {"Model": {"Id": receipt_id, "ErrorCode": 0}, "Success": True, "Message": "Queued"}


def receipt_status(call: Call) -> dict[str, object]:
    found = call.bank.facts.get("receipts", {}).get(call.fields.text("Id"))
    return {"Model": found["status"] if found else "NotFound", "Success": True, "Message": None}


def _new_number(bank: Bank, shop: str) -> str:
    known = bank.facts.setdefault("receipts", {})
    return hashlib.sha256(f"{shop} {len(known)}".encode()).hexdigest()[:16]


def _keep(bank: Bank, order: Order, made: dict[str, Any], transaction_id: str) -> None:
    """Only a receipt that the till has made is told of."""
    order.facts["receipts"].append(made)
    if made["status"] == "Processed" and bank.settings["receipt_notices"]:
        order.facts["notices"].append(receipt_notice(bank, order, made, transaction_id))


def problem_of(receipt: dict[str, Any], paid: Decimal | None) -> str:
    """What is wrong with a receipt, or empty: named lines, prices by quantities, sums that agree with each other."""
    items = _plain(receipt).get("items")
    if not isinstance(items, list) or not 0 < len(items) <= MOST_ITEMS:
        return "В чеке нет позиций"
    total = Decimal(0)
    for item in items:
        line = _plain(item)
        if not line.get("label"):
            return "Не указано наименование"
        price, quantity, amount = (_number(line.get(name)) for name in ("price", "quantity", "amount"))
        if min(price, quantity, amount) < 0 or price * quantity != amount:
            return "Сумма позиции не равна цене, умноженной на количество"
        if line.get("vat") not in VATS:
            return "Неизвестная ставка НДС"
        if line.get("method", 4) not in range(1, 8):
            return "Неизвестный способ расчёта"
        total += amount
    settled = sum((_number(value) for value in _child(receipt, "amounts").values()), Decimal(0))
    if settled != total or total <= 0 or (paid is not None and paid != total):
        return "Сумма оплат не равна сумме позиций"
    return ""


def _number(value: object) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return Decimal(-1)


def _plain(value: object) -> dict[str, Any]:
    """Names are read in any letter case."""
    return {str(name).lower(): one for name, one in value.items()} if isinstance(value, dict) else {}


def _child(value: dict[str, Any], name: str) -> dict[str, Any]:
    found = _plain(value).get(name)
    return found if isinstance(found, dict) else {}
