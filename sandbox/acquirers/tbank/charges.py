"""`Charge` and `ChargeQr`: money taken from a saved card or a bound account without its owner."""

from __future__ import annotations

from sandbox.acquirers.bank import Card, Order
from sandbox.acquirers.tbank.call import Call
from sandbox.acquirers.tbank.cards import instrument_of, is_account
from sandbox.acquirers.tbank.orders import OPEN, identity, payment_of, shown_amount, status_of, succeeded
from sandbox.acquirers.tbank.payments import challenge, decline, pay, wait
from sandbox.acquirers.tbank.refusals import Refusal


def charge(call: Call) -> dict[str, object]:
    """A charge of the card a RebillId names, on a payment that Init made."""
    bank, settings = call.bank, call.bank.settings
    payment_id, rebill_id = call.fields.text("PaymentId", 20), call.fields.text("RebillId")
    if call.fields.flag("SendEmail"):
        call.fields.text("InfoEmail")
    if not settings["charge_enabled"]:
        raise Refusal("10")
    order = payment_of(bank, call.shop, payment_id)
    if status_of(order) not in OPEN or order.state == "pending":
        raise Refusal(settings["repeated_charge_code"], f"Статус {status_of(order)}", **_outcome(call, order))
    if order.facts["data"].get("OperationInitiatorType") in ("0", "1"):
        raise Refusal("1126", "С этим OperationInitiatorType RebillId не передаётся", **_outcome(call, order))
    if call.turn.end == "nothing":
        raise Refusal(call.turn.code or "9999")
    card = bank.card(call.shop, rebill_id)
    if card is None or is_account(card) or not card.active:
        decline(bank, order, settings["unknown_rebill_code"])
        raise Refusal(order.code, "Карта не найдена", **_outcome(call, order))
    order.card, order.facts["instrument"] = card, instrument_of(card)
    return _follow(call, order, _refusal_of(call, card, "1051"), "AUTHORIZING")


def charge_qr(call: Call) -> dict[str, object]:
    """A charge of the account an AccountToken names; the payment's Init said `Recurrent` Y and `QR` true."""
    bank = call.bank
    order = payment_of(bank, call.shop, call.fields.text("PaymentId"))
    token = call.fields.text("AccountToken")
    if call.fields.flag("SendEmail"):
        call.fields.text("InfoEmail")
    if not bank.settings["sbp_enabled"]:
        raise Refusal("3001")
    if not order.facts["recurrent"] or order.facts["data"].get("QR") != "true":
        raise Refusal("3013", "Init: Recurrent=Y, DATA.QR=true")
    if status_of(order) != "NEW":
        raise Refusal("3037", f"Статус {status_of(order)}", **_outcome(call, order))
    if call.turn.end == "nothing":
        raise Refusal(call.turn.code or "3040")
    account = bank.card(call.shop, token)
    if account is None or not is_account(account):
        raise Refusal("3014", **_outcome(call, order))
    if not account.active:
        raise Refusal("3015", **_outcome(call, order))
    order.card, order.facts["by_account"] = account, True
    answer = _follow(call, order, _refusal_of(call, account, "3009"), "FORM_SHOWED")
    return answer | {"Currency": 643}


def _follow(call: Call, order: Order, code: str, pending_status: str) -> dict[str, object]:
    turn = call.turn
    if turn.end == "needs_client" and call.bank.settings["charge_challenged"]:
        challenge(call.bank, order)
        return succeeded(**_outcome(call, order))
    if code:
        decline(call.bank, order, code)
        raise Refusal(code, **_outcome(call, order))
    if turn.end in ("pending_paid", "pending_declined"):
        wait(call.bank, order, turn, pending_status)
        return succeeded(**_outcome(call, order))
    pay(call.bank, order, turn.extra)
    if turn.code:
        raise Refusal(turn.code)
    outcome = _outcome(call, order)
    return succeeded(**outcome) | ({"Status": "NEW"} if call.bank.settings["charge_answer"] == "new" else {})


def _refusal_of(call: Call, card: Card, usual: str) -> str:
    """Why the issuer says no, or empty."""
    if call.turn.end == "declined":
        return call.turn.code or usual
    if call.turn.end == "needs_client":
        return call.turn.code or "101"
    if card.expires < call.bank.now().strftime("%Y-%m"):
        return "1054"
    return str(card.facts.get("code", ""))


def _outcome(call: Call, order: Order) -> dict[str, object]:
    return identity(order) | {"Amount": shown_amount(call.bank, order)}
