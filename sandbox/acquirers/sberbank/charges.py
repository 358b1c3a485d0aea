"""`paymentOrderBinding.do` and `paymentOrderBySubscription`: an order is paid by what the shop has on file."""

from __future__ import annotations

from sandbox.acquirers.bank import Card, Order
from sandbox.acquirers.sberbank.bindings import is_card, usable_card
from sandbox.acquirers.sberbank.call import Answer, Call
from sandbox.acquirers.sberbank.life import USUAL_REFUSAL, challenge, move, pay, refuse, wait
from sandbox.acquirers.sberbank.orders import EXHAUSTED, TRIES, asked_order
from sandbox.acquirers.sberbank.refusals import (
    DONE,
    EXPIRED,
    FAILED,
    LOCKED,
    MISSING,
    NO_TRIES,
    WRONG_BINDING,
    WRONG_STATE,
    Refusal,
    planned,
)

INFO = "Ваш платёж обработан, происходит переадресация"
NO_SUBSCRIPTION = -5031
CONFIRMATION_WANTED = 1


def pay_by_binding(call: Call) -> Answer:
    """errorCode 0 says that the request was worked on; whether money moved is in the order's status."""
    order = payable(call)
    card = usable_card(call)
    if card.customer != order.customer:
        raise Refusal(*WRONG_BINDING)
    unattended = "AUTO_PAYMENT" in order.facts["features"]
    follow(call, order, card, asks=not unattended and not call.text("cvc"))
    return _said(call, order)


def pay_by_subscription(call: Call) -> Answer:
    order = payable(call)
    if order.facts["scenario"] != "C2B":
        raise Refusal(*WRONG_STATE)
    if not order.description:
        raise Refusal(*MISSING)
    order.facts["by_account"] = True
    account = call.bank.card(call.shop, call.text("subscriptionId"))
    if account is None or is_card(account) or account.facts["member"] != call.text("memberId") or not account.active:
        refuse(call.bank, order, NO_SUBSCRIPTION)
        return {"errorCode": "0"}
    follow(call, order, account, asks=False)
    return {"errorCode": call.turn.code or "0"} if order.state == "paid" else {"errorCode": "0"}


def payable(call: Call) -> Order:
    """The order a request wants to pay. Raises Refusal where it cannot be paid any more or just now."""
    order = asked_order(call)
    if call.turn.end == "nothing":
        raise planned(call.turn.code)
    if order.state == "new":
        return order
    if order.state in ("pending", "needs_client"):
        raise Refusal(*LOCKED)
    if order.facts["tries"] >= TRIES:
        move(order, order.facts["status"], EXHAUSTED)
        raise Refusal(*NO_TRIES)
    raise Refusal(*(EXPIRED if order.facts["until"] <= call.bank.now() and not order.taken else WRONG_STATE))


def follow(call: Call, order: Order, card: Card, asks: bool) -> None:
    """What becomes of the order: as the turn says, else as the card does. `asks`: the bank wants its client."""
    bank, turn = call.bank, call.turn
    permitted = bank.shops[call.shop].get("auto_payment") == "yes"
    if "AUTO_PAYMENT" in order.facts["features"] and not permitted:
        refuse(bank, order, int(bank.settings["auto_payment_code"]))
        return
    order.card = card
    if turn.end == "declined":
        refuse(bank, order, int(turn.code or USUAL_REFUSAL))
    elif card.facts.get("code"):
        refuse(bank, order, int(card.facts["code"]))
    elif card.expires < bank.now().strftime("%Y-%m"):
        refuse(bank, order, 101)
    elif turn.end == "needs_client" and order.facts["by_account"]:
        refuse(bank, order, int(turn.code or CONFIRMATION_WANTED))
    elif turn.end == "needs_client" or asks:
        challenge(order)
    elif turn.end in ("pending_paid", "pending_declined"):
        wait(bank, order, turn)
    else:
        pay(bank, order, turn.extra)


def _said(call: Call, order: Order) -> Answer:
    if order.state == "needs_client":
        return _challenged(call, order)
    if order.state == "paid" and call.turn.code:
        raise planned(call.turn.code)
    if order.facts["tries"] and call.bank.settings["refused_answer"] != "0" and order.state in ("new", "declined"):
        raise Refusal(*FAILED)
    url = f"{order.facts['return_url']}?orderId={order.id}&lang=ru"
    return {"errorCode": "0", "error": DONE, "info": INFO, "redirect": url}


def _challenged(call: Call, order: Order) -> Answer:
    """3-D Secure, in one of the shapes an answer asks for it in."""
    page = f"{call.root}acquirers/sberbank/pp/pay_ru?orderId={order.id}"
    shapes: dict[str, dict[str, str]] = {
        "form": {"formUrl": page, "info": INFO, "redirect": order.facts["return_url"]},
        "method": {"threeDSMethodURL": page, "threeDSMethodData": "e30", "threeDSServerTransId": order.id},
        "creq": {"acsUrl": page, "cReq": "e30", "termUrl": order.facts["return_url"]},
        "pareq": {"acsUrl": page, "paReq": "e30", "termUrl": order.facts["return_url"]},
    }
    return {"errorCode": "0", "error": DONE} | shapes[call.bank.settings["challenge"]]
