"""`GetState`, `CheckOrder` and `GetQrState`: what became of a payment, of an order's payments, of a refund by SBP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sandbox.acquirers.bank import Order
from sandbox.acquirers.tbank.call import Call
from sandbox.acquirers.tbank.orders import identity, payment_of, shown_amount, status_of, succeeded
from sandbox.acquirers.tbank.refusals import Refusal, message_of


def get_state(call: Call) -> dict[str, object]:
    """`Success` speaks of the asking, unless the setting lets it speak of the payment."""
    order = payment_of(call.bank, call.shop, call.fields.text("PaymentId", 20))
    _refuse_if_planned(call)
    source = "qrsbp" if order.facts["by_account"] else "cards"
    answer = succeeded(
        **identity(order),
        Amount=shown_amount(call.bank, order),
        Params=[{"Key": "Route", "Value": "ACQ"}, {"Key": "Source", "Value": source}],
    )
    if order.code and call.bank.settings["get_state_of_rejected"] == "refused":
        return answer | {"Success": False, "ErrorCode": order.code, "Message": message_of(order.code)}
    return answer


def check_order(call: Call) -> dict[str, object]:
    """Every payment of an OrderId, oldest first; texts and numbers change places inside, as documented."""
    number = call.fields.text("OrderId")
    _refuse_if_planned(call)
    lag = timedelta(seconds=call.bank.settings["check_order_lag_seconds"])
    found = [one for one in call.bank.find(call.shop, number=number) if one.made_at + lag <= call.bank.now()]
    if not found and call.bank.settings["unknown_order"] == "error":
        raise Refusal("335", f"OrderId {number} не найден для TerminalKey {call.shop}", OrderId=number)
    return succeeded(TerminalKey=call.shop, OrderId=number, Payments=[_payment(call, order) for order in found])


def get_qr_state(call: Call) -> dict[str, object]:
    order = payment_of(call.bank, call.shop, call.fields.number_or_text("PaymentId"))
    _refuse_if_planned(call)
    answer = succeeded(Status=status_of(order), OrderId=order.number, Amount=order.refunded or order.amount)
    code = order.facts.get("refund_code", "")
    if not code:
        return answer
    return answer | {"QrCancelCode": code, "QrCancelMessage": message_of(code)}


def _payment(call: Call, order: Order) -> dict[str, object]:
    refused = order.code
    shown: dict[str, Any] = {
        "PaymentId": order.id,
        "Amount": shown_amount(call.bank, order),
        "Status": status_of(order),
        "Success": "false" if refused else "true",
        "ErrorCode": int(refused or 0),
        "Message": message_of(refused) if refused else "None",
    }
    if order.paid_at:
        shown["RRN"] = f"{int(order.id) % 10**12:012d}"
    if call.bank.settings["check_order_types"] == "plain":
        shown |= {"Success": not refused, "ErrorCode": refused or "0"}
    if order.facts["by_account"] and order.paid_at:
        shown["SbpPaymentId"] = f"A{int(order.id):031d}"
    return shown


def _refuse_if_planned(call: Call) -> None:
    if call.turn.end in ("declined", "nothing"):
        raise Refusal(call.turn.code or "9999")
