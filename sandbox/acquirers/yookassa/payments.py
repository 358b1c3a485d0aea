"""`/payments`: a page or a QR for the client, a charge of a saved method, and what follows a hold."""

from __future__ import annotations

import hashlib
from typing import Any

from sandbox.acquirers.bank import Card, Order
from sandbox.acquirers.turns import Turn
from sandbox.acquirers.yookassa.call import Call, Shown
from sandbox.acquirers.yookassa.fields import Fields
from sandbox.acquirers.yookassa.life import TIME_TO_PAY, cancel, capture, challenge, pay, wait
from sandbox.acquirers.yookassa.orders import new_order, status_of, wanted_payment
from sandbox.acquirers.yookassa.receipts import read_receipt
from sandbox.acquirers.yookassa.refusals import STATUSES, Refusal, planned, reason_of
from sandbox.acquirers.yookassa.saved import bare_method, method_of
from sandbox.acquirers.yookassa.shown import is_test, payment_object

LONGEST_DESCRIPTION = 128
LONGEST_ADDRESS = 2048
LEAST = 100
MOST = {"bank_card": 35_000_000, "sbp": 70_000_000}
KINDS = frozenset({"bank_card", "sbp"})
ERRORS = STATUSES.keys() - {"processing"}
CONFIRMATIONS = frozenset({"redirect", "qr"})


def verb_of_creation(fields: Fields) -> str:
    """`charge` where a saved method is named, else `start`."""
    return "charge" if fields.values.get("payment_method_id") else "start"


def create_payment(call: Call) -> Shown:
    bank, fields = call.bank, call.fields
    amount = fields.amount()
    token = fields.optional_text("payment_method_id")
    kind = _kind(call)
    save = fields.flag("save_payment_method")
    description = fields.optional_text("description", LONGEST_DESCRIPTION)
    customer = fields.optional_text("merchant_customer_id", 200)
    facts: dict[str, Any] = {
        "capture": fields.flag("capture"),
        "save": save,
        "wants": kind,
        "metadata": fields.metadata(),
        "receipt": read_receipt(call, fields, amount),
    }
    confirmation = _read_confirmation(fields)
    if not LEAST <= amount <= MOST[kind or "bank_card"]:
        raise fields.wrong("amount", f"The sum is from {LEAST} to {MOST[kind or 'bank_card']} kopecks")
    if (save or token) and not bank.settings["recurring_enabled"]:
        raise Refusal("forbidden", "The store may not make recurring payments: ask your YooMoney manager")
    card = _saved_card(call, token) if token else None
    if not token and confirmation is None:
        raise fields.wrong("confirmation", "The parameter is required unless a saved payment method is charged")
    if call.turn.end == "nothing" or (call.turn.end == "declined" and (not token or call.turn.code in ERRORS)):
        raise planned(call.turn)
    order = new_order(bank, call.shop, call.key, amount, bank.now() + TIME_TO_PAY, description, **facts)
    order.customer = customer
    if confirmation:
        _open_page(call, order, confirmation)
    if token:
        _charge(call, order, card)
    elif kind and bank.settings["method_shown"] == "made":
        order.facts["method"] = bare_method(order.id, kind)
    return lambda: payment_object(bank, order)


def get_payment(call: Call) -> Shown:
    order = wanted_payment(call.bank, call.shop, call.name)
    return lambda: payment_object(call.bank, order)


def capture_payment(call: Call) -> Shown:
    """Take what is held, or a part of it; the rest goes back to the client."""
    order = _held(call)
    amount = call.fields.amount() if call.fields.values.get("amount") is not None else order.facts["held"]
    if amount > order.facts["held"]:
        raise call.fields.wrong("amount", "The sum is more than what is held")
    receipt = read_receipt(call, call.fields, amount) if call.fields.values.get("receipt") is not None else None
    if call.turn.end in ("declined", "nothing"):
        raise planned(call.turn)
    order.facts["receipt"] = receipt or order.facts["receipt"]
    capture(call.bank, order, amount)
    return lambda: payment_object(call.bank, order)


def cancel_payment(call: Call) -> Shown:
    """Let go of what is held; nothing else can be cancelled."""
    order = _held(call)
    if call.turn.end in ("declined", "nothing"):
        raise planned(call.turn)
    cancel(call.bank, order, "canceled_by_merchant")
    return lambda: payment_object(call.bank, order)


def page_of(call: Call, order: Order) -> str:
    """The address of the client's page of a payment or a binding."""
    order.facts["page"] = hashlib.sha256(f"page {call.shop} {order.id}".encode()).hexdigest()[:16]
    return f"{call.root}acquirers/yookassa/pay/{order.facts['page']}"


def _open_page(call: Call, order: Order, confirmation: Fields) -> None:
    page = page_of(call, order)
    if confirmation.text("type") == "qr":
        shown = {"type": "qr", "confirmation_data": page.replace("/pay/", "/qr/")}
    else:
        shown = {"type": "redirect", "confirmation_url": page}
    order.facts["confirmation"] = shown
    order.facts["return_url"] = confirmation.optional_text("return_url")


def _charge(call: Call, order: Order, card: Card | None) -> None:
    bank, turn = call.bank, call.turn
    if card is None:
        cancel(bank, order, "permission_revoked")
        return
    order.card, order.facts["method"] = card, method_of(card)
    reason = _refusal_of(call, card)
    if turn.end == "needs_client" and order.facts["confirmation"]:
        challenge(order)
    elif reason:
        cancel(bank, order, reason)
    elif turn.end in ("pending_paid", "pending_declined"):
        wait(bank, order, turn)
    elif order.facts["receipt"] and bank.settings["receipt_first"]:
        wait(bank, order, Turn("pending_paid"))
    else:
        pay(bank, order, turn.extra)


def _refusal_of(call: Call, card: Card) -> str:
    """Why the issuer says no, or empty. Nobody is there to be asked, so wanting the client is a refusal as well."""
    if call.turn.end == "declined":
        return reason_of(call.turn, "insufficient_funds")
    if call.turn.end == "needs_client":
        return reason_of(call.turn, "3d_secure_failed")
    if not card.active:
        return "permission_revoked"
    if card.expires < call.bank.now().strftime("%Y-%m"):
        return "card_expired"
    return str(card.facts.get("code", ""))


def _saved_card(call: Call, token: str) -> Card | None:
    """None when YooKassa makes a payment of it all the same, only to cancel it."""
    card = call.bank.card(call.shop, token)
    answer = str(call.bank.settings["unknown_method"])
    if card is None and answer in STATUSES:
        raise Refusal(answer, "The saved payment method does not exist", "payment_method_id")
    return card


def _kind(call: Call) -> str:
    """The method the request names, empty when the client chooses."""
    named = call.fields.inner("payment_method_data")
    if named is None:
        return ""
    kind = named.one_of("type", KINDS) or named.text("type")
    if kind == "sbp" and (not call.bank.settings["sbp_enabled"] or is_test(call.bank, call.shop)):
        raise named.wrong("type", "The payment method is not available to the store")
    return kind


def _read_confirmation(fields: Fields) -> Fields | None:
    confirmation = fields.inner("confirmation")
    if confirmation is None:
        return None
    kind = confirmation.one_of("type", CONFIRMATIONS) or confirmation.text("type")
    if kind == "redirect":
        confirmation.text("return_url", LONGEST_ADDRESS)
    data = fields.inner("payment_method_data") or Fields({})
    if kind == "qr" and data.values.get("type") != "sbp":
        raise confirmation.wrong("type", "A QR code is for payments by SBP")
    return confirmation


def _held(call: Call) -> Order:
    order = wanted_payment(call.bank, call.shop, call.name)
    if status_of(order) != "waiting_for_capture":
        raise Refusal("invalid_request", f"The payment is {status_of(order)}, not waiting_for_capture", "payment_id")
    return order
