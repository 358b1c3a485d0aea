"""Pages (`orders/create`) and SBP links: what is placed for a client to pay."""

from __future__ import annotations

import base64
import hashlib
import io
from binascii import crc_hqx
from datetime import timedelta
from typing import Any

import segno

from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.cloudpayments.call import Answer, Call, succeeded
from sandbox.acquirers.cloudpayments.check import refusal_by_check
from sandbox.acquirers.cloudpayments.fields import units
from sandbox.acquirers.cloudpayments.life import decline
from sandbox.acquirers.cloudpayments.refusals import Refusal
from sandbox.acquirers.cloudpayments.transactions import new_payment, shown

LINK_MINUTES, LONGEST_LINK = 72 * 60, 90 * 24 * 60


def create_order(call: Call) -> Answer:
    fields, bank = call.fields, call.bank
    page: dict[str, Any] = {
        "shop": call.shop,
        "amount": fields.amount(),
        "currency": fields.currency(),
        "description": fields.text("Description"),
        "number": fields.optional_text("InvoiceId"),
        "account": fields.optional_text("AccountId"),
        "email": fields.optional_text("Email"),
        "two_stage": fields.flag("RequireConfirmation"),
        "success_url": fields.optional_text("SuccessRedirectUrl"),
        "fail_url": fields.optional_text("FailRedirectUrl"),
        "data": fields.data(),
        "status": "Created",
    }
    if call.turn.end in ("declined", "nothing"):
        raise Refusal("Сервис временно недоступен")
    kept = pages_of(bank)
    page_id = _name(f"page {call.shop} {len(kept)}")[:16]
    kept[page_id] = page | {"made_at": bank.now()}
    return succeeded(
        {
            "Id": page_id,
            "Number": 2130 + len(kept),
            "Amount": units(page["amount"]),
            "Currency": page["currency"],
            "CurrencyCode": 0,
            "Email": page["email"] or None,
            "Phone": fields.optional_text("Phone") or None,
            "Description": page["description"],
            "RequireConfirmation": page["two_stage"],
            "Url": call.here(f"d/{page_id}"),
            "CultureName": "ru-RU",
            "CreatedDateIso": bank.now().strftime("%Y-%m-%dT%H:%M:%S"),
            "PaymentDateIso": None,
            "StatusCode": 0,
            "Status": "Created",
            "InternalId": 12_272_915 + len(kept),
        }
    )


def cancel_order(call: Call) -> Answer:
    page = pages_of(call.bank).get(call.fields.text("Id"))
    if page is None or page["shop"] != call.shop:
        raise Refusal("Order not found")
    if page["status"] == "Cancelled" and call.bank.settings["repeated_cancel"] == "refused":
        raise Refusal("Order is already cancelled")
    if page["status"] == "Paid":
        raise Refusal("Order is paid")
    page["status"] = "Cancelled"
    return succeeded()


def sbp_link(call: Call) -> Answer:
    return succeeded(_placed_link(call, "QrUrl"))


def sbp_image(call: Call) -> Answer:
    return succeeded(_placed_link(call, "QrImage"))


def pages_of(bank: Bank) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = bank.facts.setdefault("pages", {})
    return found


def payload_of(root: str, order: Order) -> str:
    """What the QR says, in the form of NSPK's links; the address is the sandbox's own page of a payer's bank."""
    link = f"{root}acquirers/cloudpayments/qr/{order.facts['qr']}?type=02&sum={order.amount}&cur=RUB"
    return f"{link}&crc={crc_hqx(link.encode(), 0xFFFF):04X}"


def _placed_link(call: Call, wanted: str) -> dict[str, object]:
    fields, bank = call.fields, call.bank
    if fields.text("PublicId") != call.shop:
        raise Refusal("Invalid PublicId value")
    amount = fields.amount()
    if fields.one_of("Scheme", ("charge",)) and fields.text("Currency") != "RUB":
        raise Refusal("Invalid Currency value")
    minutes = fields.number("TtlMinutes") if "TtlMinutes" in fields else LINK_MINUTES
    if not 1 <= minutes <= LONGEST_LINK:
        raise Refusal("Invalid TtlMinutes value")
    if not bank.settings["sbp_enabled"]:
        raise Refusal("Способ оплаты СБП не подключён")
    if call.turn.end == "nothing":
        raise Refusal("Сервис временно недоступен")
    order = new_payment(
        bank,
        call.shop,
        fields.optional_text("InvoiceId"),
        amount,
        "RUB",
        method="Sbp",
        status=bank.settings["pending_status"],
        account=fields.optional_text("AccountId"),
        email=fields.optional_text("Email"),
        data=fields.data(),
        saves=fields.flag("SaveCard"),
        url=fields.optional_text("SuccessRedirectUrl"),
    )
    order.description, order.facts["settles_with"] = fields.optional_text("Description"), "6009"
    order.settles_at = bank.now() + timedelta(minutes=minutes)
    code = refusal_by_check(bank, order) or (call.turn.code or "6001" if call.turn.end == "declined" else "")
    if code:
        decline(bank, order, code)
        raise Refusal(None, shown(bank, order))
    order.facts["qr"] = "AS" + _name(f"qr {call.shop} {order.id}")[:30].upper()
    payload = payload_of(call.root, order)
    return {
        "QrUrl": payload if wanted == "QrUrl" else None,
        "QrImage": _drawn(payload) if wanted == "QrImage" else None,
        "TransactionId": int(order.id),
        "MerchantOrderId": order.number,
        "ProviderQrId": order.facts["qr"],
        "Amount": units(amount),
        "Message": "Created",
        "IsTest": False,
    }


def _drawn(payload: str) -> str:
    image = io.BytesIO()
    segno.make(payload, error="m").save(image, kind="png", scale=4)
    return base64.b64encode(image.getvalue()).decode()


def _name(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
