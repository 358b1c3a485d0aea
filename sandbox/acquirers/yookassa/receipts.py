"""Receipts (54-FZ): with a payment, with a refund, or by themselves; the cash desk registers them or fails to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.yookassa.call import Call, Shown
from sandbox.acquirers.yookassa.fields import Fields, plain, roubles
from sandbox.acquirers.yookassa.orders import moment, new_id, payment_of, status_of
from sandbox.acquirers.yookassa.refusals import Refusal, planned

MOST_ITEMS = 100
HIGHEST_VAT = 10
HIGHEST_VAT_OF_2026 = 12
MODES = frozenset(
    {
        "full_prepayment",
        "partial_prepayment",
        "advance",
        "full_payment",
        "partial_payment",
        "credit",
        "credit_payment",
    }
)
SUBJECTS = frozenset(
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
        "property_right",
        "non_operating_gain",
        "insurance_premium",
        "sales_tax",
        "resort_fee",
        "composite",
        "another",
    }
)
SETTLEMENTS = frozenset({"cashless", "prepayment", "postpayment", "consideration"})

_PHONE = re.compile(r"\d{4,15}")
_QUANTITY = re.compile(r"\d{1,5}(\.\d{1,3})?")


@dataclass
class Receipt:
    id: str
    shop: str
    kind: str  # payment or refund
    payment_id: str
    refund_id: str
    items: list[dict[str, Any]]
    tax_system_code: int | None
    settlements: list[dict[str, Any]]
    made_at: datetime
    status: str = "pending"


def read_receipt(call: Call, fields: Fields, amount: int) -> dict[str, Any] | None:
    """The `receipt` of a payment or refund of this sum, or None. Raises Refusal."""
    receipt = fields.inner("receipt")
    if receipt is None:
        if call.bank.settings["receipt_required"]:
            raise Refusal("invalid_request", "The store sends receipts: the parameter is required", "receipt")
        return None
    total = _check(call.bank, receipt)
    if total != amount:
        raise receipt.wrong("items", f"The items are {total} kopecks and the sum is {amount}")
    kept: dict[str, Any] = plain(receipt.values)
    return kept


def ring_up(
    bank: Bank,
    shop: str,
    receipt: dict[str, Any],
    *,
    payment_id: str,
    amount: int,
    refund_id: str = "",
) -> None:
    """The receipt that goes with a payment or, with `refund_id`, with a refund of it."""
    settlements = [{"type": "cashless", "amount": roubles(amount)}]
    kind = "refund" if refund_id else "payment"
    if refund_id and not bank.settings["refund_receipt_names_payment"]:
        payment_id = ""
    _keep(bank, shop, kind, payment_id, refund_id, receipt, settlements)


def create_receipt(call: Call) -> Shown:
    """`POST /receipts`: the receipt after the payment's own, when what was prepaid is given."""
    fields = call.fields
    kind = fields.one_of("type", frozenset({"payment", "refund"})) or fields.text("type")
    named = fields.text(f"{kind}_id")
    if kind == "payment":
        _want_paid(call, named)
    if fields.values.get("send", True) is not True:
        raise fields.wrong("send", "Only true is supported")
    total = _check(call.bank, fields)
    settlements = fields.each("settlements", MOST_ITEMS)
    for one in settlements:
        one.one_of("type", SETTLEMENTS) or one.text("type")
    if sum(one.amount() for one in settlements) != total:
        raise fields.wrong("settlements", "The settlements are not the sum of the items")
    if call.turn.end in ("declined", "nothing"):
        raise planned(call.turn)
    ids = (named, "") if kind == "payment" else ("", named)
    receipt = _keep(call.bank, call.shop, kind, *ids, plain(fields.values), plain([one.values for one in settlements]))
    return lambda: receipt_object(call.bank, receipt)


def get_receipt(call: Call) -> Shown:
    found = next((one for one in receipts_of(call.bank, call.shop) if one.id == call.name), None)
    if found is None:
        raise Refusal("not_found", "The receipt does not exist", "receipt_id")
    return lambda: receipt_object(call.bank, found)


def receipts_of(bank: Bank, shop: str) -> list[Receipt]:
    return [one for one in bank.facts["receipts"] if one.shop == shop]


def status_now(bank: Bank, receipt: Receipt) -> str:
    """What the cash desk has said; one that was slow says what the setting says by now."""
    if receipt.status == "pending":
        receipt.status = bank.settings["receipts"]
    return receipt.status


def registration_of(bank: Bank, order: Order) -> str:
    """How the receipt stands that went with a payment; empty where none did."""
    if not order.facts["receipt"] or status_of(order) == "canceled":
        return ""
    mine = (one for one in receipts_of(bank, order.shop) if (one.kind, one.payment_id) == ("payment", order.id))
    found = next(mine, None)
    return status_now(bank, found) if found else "pending"


def receipt_object(bank: Bank, receipt: Receipt) -> dict[str, object]:
    shown: dict[str, object] = {
        "id": receipt.id,
        "type": receipt.kind,
        "status": status_now(bank, receipt),
        "items": receipt.items,
        "settlements": receipt.settlements,
    }
    if receipt.tax_system_code:
        shown["tax_system_code"] = receipt.tax_system_code
    named = {"payment_id": receipt.payment_id, "refund_id": receipt.refund_id}
    shown |= {name: value for name, value in named.items() if value}
    if shown["status"] == "succeeded":
        shown |= {
            "fiscal_document_number": "3986",
            "fiscal_storage_number": "9288000100115785",
            "fiscal_attribute": "2617603921",
            "registered_at": moment(receipt.made_at),
            "fiscal_provider_id": f"fd{receipt.id[5:]}",
        }
    return shown


def _keep(
    bank: Bank,
    shop: str,
    kind: str,
    payment_id: str,
    refund_id: str,
    receipt: dict[str, Any],
    settlements: list[dict[str, Any]],
) -> Receipt:
    kept = Receipt(
        f"rt-{new_id(bank, '0011', len(bank.facts['receipts']) + 1)}",
        shop,
        kind,
        payment_id,
        refund_id,
        receipt["items"],
        receipt.get("tax_system_code"),
        settlements,
        bank.now(),
        bank.settings["receipts"],
    )
    bank.facts["receipts"].append(kept)
    return kept


def _want_paid(call: Call, payment_id: str) -> None:
    order = payment_of(call.bank, call.shop, payment_id)
    if order is None or status_of(order) != "succeeded":
        raise Refusal("invalid_request", "The payment does not exist or is not succeeded", "payment_id")


def _check(bank: Bank, receipt: Fields) -> int:
    """The sum of the items in kopecks."""
    customer = receipt.inner("customer") or Fields({})
    if not customer.optional_text("email") and not customer.optional_text("phone"):
        raise receipt.wrong("customer", "E-mail or telephone is required")
    if customer.optional_text("phone") and not _PHONE.fullmatch(customer.text("phone")):
        raise customer.wrong("phone", "The telephone is digits only")
    if receipt.values.get("tax_system_code") is not None:
        receipt.whole("tax_system_code", 1, 6)
    return sum(_item(bank, item) for item in receipt.each("items", MOST_ITEMS))


def _item(bank: Bank, item: Fields) -> int:
    item.text("description", 128)
    item.whole("vat_code", 1, HIGHEST_VAT_OF_2026 if bank.settings["vat_22"] else HIGHEST_VAT)
    item.one_of("payment_mode", MODES)
    item.one_of("payment_subject", SUBJECTS)
    if bank.settings["measure_required"]:
        item.text("measure")
    quantity = str(item.values.get("quantity"))
    if not _QUANTITY.fullmatch(quantity) or not Decimal(quantity):
        raise item.wrong("quantity", "The quantity is a number above zero")
    return int((item.amount() * Decimal(quantity)).quantize(Decimal(1), ROUND_HALF_UP))
