"""Receipts under 54-FZ: the checks of `Receipt`, and the closing receipt of a prepayment."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sandbox.acquirers.bank import Order
from sandbox.acquirers.tbank.bodies import receipt_notice
from sandbox.acquirers.tbank.call import Call
from sandbox.acquirers.tbank.orders import payment_of, status_of
from sandbox.acquirers.tbank.refusals import Refusal

TAXATIONS = frozenset({"osn", "usn_income", "usn_income_outcome", "esn", "patent"})
VAT_1_80 = frozenset(
    {"none", "vat0", "vat5", "vat7", "vat10", "vat20", "vat105", "vat107", "vat110", "vat120"},
)
VAT_OF_2026 = frozenset({"vat22", "vat122"})
METHODS = frozenset(
    {"full_prepayment", "prepayment", "advance", "full_payment", "partial_payment", "credit", "credit_payment"}
)
PREPAID = frozenset({"full_prepayment", "prepayment", "advance"})
OBJECTS = frozenset(
    {
        "commodity",
        "excise",
        "job",
        "service",
        "gambling_bet",
        "gambling_prize",
        "lottery",
        "lottery_prize",
        "intellectual_activity",
        "payment",
        "agent_commission",
        "composite",
        "another",
    }
)
OTHER_MONEY = ("Cash", "AdvancePayment", "Credit", "Provision")


def read_receipt(call: Call, amount: int, closing: bool = False) -> dict[str, Any] | None:
    """The request's `Receipt` for a payment or refund of `amount`, or None. Raises Refusal.

    The items add up to the sum, each is price times quantity, and e-mail or telephone say where it goes. In a closing
    receipt money received before stands beside the electronic one.
    """
    receipt = call.fields.mapping("Receipt")
    if receipt is None:
        if call.bank.settings["receipt_required"]:
            raise Refusal("309", "К терминалу подключена касса")
        return None
    if not receipt.get("Email") and not receipt.get("Phone"):
        raise Refusal("329")
    if receipt.get("FfdVersion", "1.05") not in ("1.05", "1.2"):
        raise Refusal("1", "FfdVersion: 1.05, 1.2")
    if receipt.get("Taxation") not in TAXATIONS:
        raise Refusal("1", "Taxation")
    items = receipt.get("Items")
    if not isinstance(items, list) or not 1 <= len(items) <= 100:
        raise Refusal("1", "Items: от 1 до 100 позиций")
    total = sum(_item(call, item, receipt.get("FfdVersion") == "1.2") for item in items)
    if total != amount:
        raise Refusal("334", f"Сумма позиций {total}, сумма платежа {amount}")
    _check_money(receipt.get("Payments"), total, closing)
    kept: dict[str, Any] = _plain(receipt)
    return kept


def send_closing_receipt(call: Call) -> dict[str, object]:
    """`/cashbox/SendClosingReceipt`: the full settlement of what was prepaid; no money moves."""
    order = payment_of(call.bank, call.shop, call.fields.text("PaymentId"))
    if status_of(order) != "CONFIRMED":
        raise Refusal("8", f"Платеж в статусе {status_of(order)}")
    first = order.facts["receipt"]
    if first is None or not any(item.get("PaymentMethod") in PREPAID for item in first["Items"]):
        raise Refusal("309", "В платеже не было чека предоплаты")
    if call.fields.mapping("Receipt") is None:
        raise Refusal("309")
    if call.turn.end == "declined":
        raise Refusal(call.turn.code or "311", "Ошибка регистрации чека")
    if call.bank.settings["closing_receipt_once"] and any(one["kind"] == "closing" for one in order.facts["receipts"]):
        raise Refusal("3037", "Закрывающий чек уже отправлен")
    receipt = read_receipt(call, order.taken, closing=True)
    assert receipt is not None
    keep_receipt(call, order, receipt, "closing")
    return {"Success": True, "ErrorCode": "0"}


def keep_receipt(call: Call, order: Order, receipt: dict[str, Any], kind: str) -> None:
    """The receipt of a refund or the closing one is rung up; its notice follows when the cash desk answers."""
    status = call.bank.settings["receipts"]
    order.facts["receipts"].append({"kind": kind, "receipt": receipt, "status": status})
    if status != "pending":
        way = "IncomeReturn" if kind == "refund" else "Income"
        order.facts["notices"].append(receipt_notice(call.bank, order, receipt, way))


def _item(call: Call, item: object, newer: bool) -> int:
    if not isinstance(item, dict):
        raise Refusal("1", "Items")
    if not isinstance(item.get("Name"), str) or not 1 <= len(item["Name"]) <= 128:
        raise Refusal("1", "Name: от 1 до 128 знаков")
    price, amount = _kopecks(item, "Price"), _kopecks(item, "Amount")
    vats = VAT_1_80 | VAT_OF_2026 if call.bank.settings["vat_22"] else VAT_1_80
    if item.get("Tax") not in vats:
        raise Refusal("1", f"Tax: {', '.join(sorted(vats))}")
    if item.get("PaymentMethod", "full_payment") not in METHODS:
        raise Refusal("1", "PaymentMethod")
    if item.get("PaymentObject", "commodity") not in OBJECTS:
        raise Refusal("1", "PaymentObject")
    if newer and not all(item.get(name) for name in ("PaymentMethod", "PaymentObject", "MeasurementUnit")):
        raise Refusal("201", "ФФД 1.2: PaymentMethod, PaymentObject, MeasurementUnit")
    quantity = _quantity(item.get("Quantity"))
    if (Decimal(price) * quantity).quantize(Decimal(1), ROUND_HALF_UP) != amount:
        raise Refusal("1", f"Amount {amount} не равно Price {price} на Quantity {quantity}")
    return amount


def _plain(value: Any) -> Any:
    """A receipt whose fractions are ordinary numbers, as they are kept and told again."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return float(value) if isinstance(value, Decimal) else value


def _kopecks(item: dict[str, Any], name: str) -> int:
    value = item.get(name)
    if not _is_whole(value):
        raise Refusal("1", f"{name} — целое число копеек")
    return int(str(value))


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _quantity(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or value <= 0:
        raise Refusal("310", "Quantity — число больше 0")
    quantity = Decimal(str(value))
    whole, _, fraction = str(value).partition(".")
    if len(whole) > 5 or len(fraction) > 3:
        raise Refusal("310", "Целая часть не больше 5 знаков, дробная не больше 3")
    return quantity


def _check_money(money: object, total: int, closing: bool) -> None:
    """`Payments`: all kinds together are the receipt's sum, and electronic money is the payment's own."""
    if money is None:
        return
    if not isinstance(money, dict) or not all(_is_whole(value) for value in money.values()):
        raise Refusal("1", "Payments — суммы в копейках")
    if "Electronic" not in money:
        raise Refusal("2", "Payments.Electronic")
    if money["Electronic"] + sum(money.get(name, 0) for name in OTHER_MONEY) != total:
        raise Refusal("308")
    if not closing and money["Electronic"] != total:
        raise Refusal("323", "Electronic должно быть равно Amount")
