"""The basket of an order: what it adds up to, and, where a receipt is wanted, everything 54-FZ wants of it."""

from __future__ import annotations

from typing import Any

from sandbox.acquirers.sberbank.call import Call
from sandbox.acquirers.sberbank.refusals import BAD_VALUE, BASKET_FORM, BASKET_SUM, MISSING, Refusal
from sandbox.acquirers.sberbank.rules import fitting, names

BUNDLE = names(
    "orderCreationDate installments ffdVersion receiptType ismOptional company customerDetails cartItems payments "
    "total additionalUserProps additionalCheckProps operatingCheckProps sectoralCheckProps"
)
COMPANY = frozenset({"email", "sno", "inn", "paymentAddress"})
SYSTEMS = frozenset({"osn", "usn_income", "usn_income_outcome", "esn", "patent"})
METHODS = frozenset(
    {"full_prepayment", "prepayment", "advance", "full_payment", "partial_payment", "credit", "credit_payment"}
)
OBJECTS = names(
    "commodity excise job service gambling_bet gambling_prize lottery lottery_prize intellectual_activity payment "
    "agent_commission composite another"
)
ITEM = names(
    "positionId itemCode discount agentInterest name quantity measurementUnit itemPrice itemAmount itemCurrency "
    "itemDetails paymentMethod paymentObject tax nomenclatureCode markCode markQuantity userData excise countryCode "
    "declarationNumber supplierInfo agentInfo sectoralItemProps"
)
WIDEST_DOCUMENTED_TAX, WIDEST_TAX = 7, 99


def check_basket(call: Call, amount: int, kind: str = "sell") -> None:
    """The request's `orderBundle` against the sum it is for. Raises Refusal."""
    bundle = call.fields.get("orderBundle")
    if bundle is None:
        return
    items = _items(bundle)
    if sum(_item_amount(item) for item in items) != amount:
        raise Refusal(*BASKET_SUM)
    for item in items:
        _check_tax(call, item)
    if not call.is_ecom:
        return
    if not bundle.keys() <= BUNDLE or not all(item.keys() <= ITEM for item in items):
        raise Refusal(*BAD_VALUE)
    if "ffdVersion" in bundle or "receiptType" in bundle:
        _check_receipt(call, bundle, items, kind)


def _items(bundle: dict[str, Any]) -> list[dict[str, Any]]:
    cart = bundle.get("cartItems")
    items = cart.get("items") if isinstance(cart, dict) else None
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
        raise Refusal(*BASKET_FORM)
    codes = [item.get("itemCode") for item in items]
    places = [item.get("positionId") for item in items]
    if len(set(map(str, codes))) != len(codes) or len(set(map(str, places))) != len(places):
        raise Refusal(*BASKET_FORM)
    if not all(item.get("name") and isinstance(item.get("quantity"), dict) for item in items):
        raise Refusal(*BASKET_FORM)
    return items


def _item_amount(item: dict[str, Any]) -> int:
    amount = item.get("itemAmount", item.get("itemPrice"))
    if isinstance(amount, bool) or not isinstance(amount, int):
        raise Refusal(*BASKET_FORM)
    return amount


def _check_tax(call: Call, item: dict[str, Any]) -> None:
    tax = item.get("tax")
    if tax is None and not call.is_ecom:
        return
    code = tax.get("taxType") if isinstance(tax, dict) else None
    most = WIDEST_DOCUMENTED_TAX if call.bank.settings["tax_types"] == "documented" else WIDEST_TAX
    if isinstance(code, bool) or not isinstance(code, int) or not 0 <= code <= most:
        raise Refusal(*BASKET_FORM)


def _check_receipt(call: Call, bundle: dict[str, Any], items: list[dict[str, Any]], kind: str) -> None:
    company, version = bundle.get("company"), bundle.get("ffdVersion")
    if version not in ("1.05", "1.2") or bundle.get("receiptType") != kind:
        raise Refusal(*BAD_VALUE)
    if not isinstance(company, dict) or company.keys() != COMPANY or company["sno"] not in SYSTEMS:
        raise Refusal(*BASKET_FORM)
    if not 10 <= len(str(company["inn"])) <= 12:
        raise Refusal(*BAD_VALUE)
    if kind == "sell" and not (call.fields.get("email") or call.fields.get("phone")):
        raise Refusal(*MISSING)
    total = sum(_item_amount(item) for item in items)
    if bundle.get("total") != total or sum(_payments(bundle)) != total:
        raise Refusal(*BASKET_SUM)
    for item in items:
        _check_item(item, newer=version == "1.2")


def _payments(bundle: dict[str, Any]) -> list[int]:
    payments = bundle.get("payments")
    if not isinstance(payments, list) or not all(
        isinstance(one, dict) and one.keys() == {"type", "sum"} and one["type"] in (1, 2, 3, 4) for one in payments
    ):
        raise Refusal(*BASKET_FORM)
    return [one["sum"] for one in payments]


def _check_item(item: dict[str, Any], newer: bool) -> None:
    quantity = item["quantity"]
    value = quantity.get("value")
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise Refusal(*BASKET_FORM)
    if round(item.get("itemPrice", 0) * value) != _item_amount(item):
        raise Refusal(*BASKET_FORM)
    if item.get("paymentMethod") not in METHODS:
        raise Refusal(*BAD_VALUE)
    what = item.get("paymentObject")
    words = isinstance(what, str) and (what.isdecimal() if newer else what in OBJECTS)
    measured = not newer or str(quantity.get("measure", "")).isdecimal()
    if not words or not measured or not fitting("description", item["name"]) or len(item["name"]) > 128:
        raise Refusal(*BAD_VALUE)
