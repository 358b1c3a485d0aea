"""SBP: the QR of a payment, the binding of an account, and the test session of a DEMO terminal."""

from __future__ import annotations

import hashlib
from binascii import crc_hqx

import segno

from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.tbank.call import Call
from sandbox.acquirers.tbank.cards import BANK_MEMBER
from sandbox.acquirers.tbank.init import read_due_date
from sandbox.acquirers.tbank.orders import OPEN, identity, new_order, payment_of, status_of, succeeded
from sandbox.acquirers.tbank.payments import fail_attempt, move, pay
from sandbox.acquirers.tbank.refusals import Refusal

FIRST_REQUEST_KEY = 211_258
SMALLEST = 1_000


def get_qr(call: Call) -> dict[str, object]:
    """The QR of a payment; asked again it is the same one."""
    order = payment_of(call.bank, call.shop, call.fields.number_or_text("PaymentId"))
    kind = call.fields.one_of("DataType", ("PAYLOAD", "IMAGE"))
    _want_sbp(call)
    if call.turn.end in ("declined", "nothing"):
        raise Refusal(call.turn.code or "3016")
    if status_of(order) not in OPEN or order.state == "pending":
        raise Refusal("8", f"Статус {status_of(order)}", **identity(order))
    show_qr(call.bank, order)
    answer = succeeded(
        TerminalKey=call.shop,
        OrderId=order.number,
        PaymentId=int(order.id),
        Data=_drawn(payload_of(call.root, order), kind),
    )
    return answer | ({"RequestKey": order.facts["link"]["key"]} if order.facts["link"] else {})


def show_qr(bank: Bank, order: Order) -> None:
    """A payment gets its QR: sums below 10 roubles are refused, a binding goes with it when Init asked for both."""
    if order.amount < SMALLEST:
        raise Refusal("3016", "Сумма операции СБП от 10 рублей", **identity(order))
    if order.facts["recurrent"] and order.facts["data"].get("QR") == "true" and not order.facts["link"]:
        order.facts["link"] = _new_link(bank)
    order.facts["qr"] = _qr_id(order)
    if status_of(order) == "NEW":
        move(bank, order, "FORM_SHOWED")


def add_account_qr(call: Call) -> dict[str, object]:
    """A QR that only binds an account."""
    description = call.fields.text("Description", 140, "213")
    kind = call.fields.one_of("DataType", ("PAYLOAD", "IMAGE"))
    call.fields.mapping("Data")
    until = read_due_date(call.fields, call.bank)
    _want_sbp(call)
    if call.turn.end in ("declined", "nothing"):
        raise Refusal(call.turn.code or "3016")
    link = _new_link(call.bank)
    order = new_order(call.bank, call.shop, "", 0, until, description, binds=True, by_account=True, link=link)
    order.facts["qr"] = _qr_id(order)
    return succeeded(TerminalKey=call.shop, RequestKey=link["key"], Data=_drawn(payload_of(call.root, order), kind))


def get_add_account_qr_state(call: Call) -> dict[str, object]:
    key = call.fields.number_or_text("RequestKey")
    order = next((one for one in _links(call) if str(one.facts["link"]["key"]) == key), None)
    if order is None:
        raise Refusal("3012", f"RequestKey {key}", TerminalKey=call.shop)
    return succeeded(TerminalKey=call.shop, **_shown_link(order))


def get_account_qr_list(call: Call) -> dict[str, object]:
    shown = [_shown_link(order) for order in _links(call)]
    return succeeded(
        TerminalKey=call.shop, AccountTokens=[one | {"RequestKey": str(one["RequestKey"])} for one in shown]
    )


def sbp_pay_test(call: Call) -> dict[str, object]:
    """A payer of a DEMO terminal who pays, is refused, or comes too late."""
    order = payment_of(call.bank, call.shop, call.fields.text("PaymentId", 20))
    late, rejected = call.fields.flag("IsDeadlineExpired"), call.fields.flag("IsRejected")
    if late and rejected:
        raise Refusal("1", "IsDeadlineExpired и IsRejected вместе не передаются")
    if "qr" not in order.facts or status_of(order) not in OPEN:
        raise Refusal("8", f"Статус {status_of(order)}", **identity(order))
    order.facts["by_account"] = True
    if late:
        order.settles_at = None
        move(call.bank, order, "DEADLINE_EXPIRED")
    elif rejected:
        order.facts["attempts"] = 2
        fail_attempt(call.bank, order, "3009")
    else:
        order.settles_at = None
        pay(call.bank, order)
    return succeeded(Details="0")


def payload_of(root: str, order: Order) -> str:
    """What the QR says, in the form of NSPK's links; the address is the sandbox's own page of a payer's bank."""
    kind = "" if order.facts["binds"] else f"&sum={order.amount}&cur=RUB"
    link = f"{root}acquirers/tbank/qr/{order.facts['qr']}?type=02&bank=100000000004{kind}"
    return f"{link}&crc={crc_hqx(link.encode(), 0xFFFF):04X}"


def _qr_id(order: Order) -> str:
    return "AD" + hashlib.sha256(f"qr {order.shop} {order.id}".encode()).hexdigest()[:30].upper()


def _drawn(payload: str, kind: str) -> str:
    if kind == "PAYLOAD":
        return payload
    return segno.make(payload, error="m").svg_inline(scale=4)


def _new_link(bank: Bank) -> dict[str, object]:
    taken = sum(order.facts["link"] is not None for order in bank.orders)
    return {"key": FIRST_REQUEST_KEY + taken, "status": "NEW", "token": ""}


def _links(call: Call) -> list[Order]:
    return [order for order in call.bank.orders if order.shop == call.shop and order.facts["link"]]


def _shown_link(order: Order) -> dict[str, object]:
    link = order.facts["link"]
    shown: dict[str, object] = {"RequestKey": link["key"], "Status": link["status"]}
    return shown | (BANK_MEMBER | {"AccountToken": link["token"]} if link["token"] else {})


def _want_sbp(call: Call) -> None:
    if not call.bank.settings["sbp_enabled"]:
        raise Refusal("3001")
