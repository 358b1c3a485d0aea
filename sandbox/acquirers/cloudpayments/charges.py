"""Charges of tokens, and the end of a 3-D Secure that a shop carried through itself."""

from __future__ import annotations

from sandbox.acquirers.bank import Order
from sandbox.acquirers.cloudpayments.call import Answer, Call, succeeded
from sandbox.acquirers.cloudpayments.cards import instrument_of, is_account, refusal_of
from sandbox.acquirers.cloudpayments.check import refusal_by_check
from sandbox.acquirers.cloudpayments.life import challenge, decline, pay, wait
from sandbox.acquirers.cloudpayments.refusals import Refusal
from sandbox.acquirers.cloudpayments.transactions import new_payment, payment_of, shown, status_of
from sandbox.acquirers.turns import Turn

AUTHENTICATED = "authenticated"


def charge_token(call: Call) -> Answer:
    return _charge(call, two_stage=False)


def auth_token(call: Call) -> Answer:
    return _charge(call, two_stage=True)


def _charge(call: Call, *, two_stage: bool) -> Answer:
    bank, fields, turn = call.bank, call.fields, call.turn
    amount, currency = fields.amount(), fields.currency()
    account, token = fields.text("AccountId"), fields.text("Token")
    initiator = fields.one_of("TrInitiatorCode", ("0", "1"))
    if "PaymentScheduled" in fields:
        fields.one_of("PaymentScheduled", ("0", "1"))
    data = fields.data()
    card = bank.card(call.shop, token)
    if turn.end == "nothing":
        raise Refusal("Сервис временно недоступен")
    if card is None or card.customer != account:
        raise Refusal(bank.settings["unknown_token_message"])
    order = new_payment(
        bank,
        call.shop,
        fields.optional_text("InvoiceId"),
        amount,
        currency,
        method="Sbp" if is_account(card) else "Card",
        instrument=instrument_of(card),
        account=account,
        email=fields.optional_text("Email"),
        data=data,
        initiator=int(initiator),
        two_stage=two_stage,
    )
    order.description, order.customer, order.card = fields.optional_text("Description"), account, card
    code = refusal_by_check(bank, order) or _refusal_of(turn) or refusal_of(bank, card)
    if turn.end == "needs_client":
        challenge(bank, order)
        raise Refusal(None, _form_of_the_bank(call, order))
    if code:
        decline(bank, order, "" if code == "0" else code)
        return _answer(call, order)
    if turn.end in ("pending_paid", "pending_declined"):
        wait(bank, order, turn)
    elif is_account(card):  # SBP tells its end afterwards
        wait(bank, order, Turn("pending_paid", notice=turn.notice))
    else:
        pay(bank, order, turn.extra)
    return _answer(call, order)


def post_3ds(call: Call) -> Answer:
    """The shop brings what the issuer's page has said."""
    order = payment_of(call.bank, call.shop, call.fields.number("TransactionId"))
    if status_of(order) != "AwaitingAuthentication":
        raise Refusal("Invalid transaction status")
    if call.fields.text("PaRes") == AUTHENTICATED:
        pay(call.bank, order)
    else:
        decline(call.bank, order, "5206")
    return _answer(call, order)


def _refusal_of(turn: Turn) -> str:
    return (turn.code or "5051") if turn.end == "declined" else ""


def _answer(call: Call, order: Order) -> Answer:
    """The last payment of the order: the second bank's, where it went there."""
    last = call.bank.find(call.shop, number=order.number)[-1] if order.number else order
    if last.facts["fallback"] == int(order.id):
        order = last
    if status_of(order) == "Declined":
        raise Refusal(None, shown(call.bank, order))
    return succeeded(shown(call.bank, order))


def _form_of_the_bank(call: Call, order: Order) -> dict[str, object]:
    """What a shop needs to lead its client to the issuer."""
    return {
        "TransactionId": int(order.id),
        "PaReq": f"pareq-{order.id}",
        "GoReq": None,
        "AcsUrl": call.here(f"acs/{order.id}"),
        "ThreeDsSessionData": None,
        "IFrameIsAllowed": True,
    }
