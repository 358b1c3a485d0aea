"""SBP: the link of an order, in ECOM made with it, at RBS asked for afterwards, there as a picture too."""

from __future__ import annotations

import base64
import hashlib
import io
from binascii import crc_hqx

import segno

from sandbox.acquirers.bank import Order
from sandbox.acquirers.sberbank.bindings import MEMBER
from sandbox.acquirers.sberbank.call import Answer, Call, accepted
from sandbox.acquirers.sberbank.orders import asked_order
from sandbox.acquirers.sberbank.refusals import BAD_VALUE, FORBIDDEN, MISSING, WRONG_STATE, Refusal, planned

QR_TYPES = frozenset({"DYNAMIC_QR_SBP", "SUBSCRIPTION_SBP", "SBERPAY_DYNAMIC_QR"})
SCENARIOS = frozenset({"C2B", "C2B_CASH_REGISTER", "C2B_SUBSCRIPTION", "C2B_SUBSCRIPTION_WITH_PAYMENT"})
SHORT_STATUS, DYNAMIC_STATUS = "sbp/c2b/qr/status.do", "sbp/c2b/qr/dynamic/status.do"


def read_scenario(call: Call) -> str:
    """The SBP scenario of an order to ECOM; empty for one that is none of SBP's. Raises Refusal."""
    params = call.fields.get("jsonParams", {})
    if not call.is_ecom or "qrType" not in params:
        return ""
    scenario = params.get("sbp.scenario", "C2B_SUBSCRIPTION" if params["qrType"] == "SUBSCRIPTION_SBP" else "C2B")
    if params["qrType"] not in QR_TYPES or scenario not in SCENARIOS:
        raise Refusal(*BAD_VALUE)
    if scenario.startswith("C2B_SUBSCRIPTION") and not params.get("sbp.subscriptionPurpose"):
        raise Refusal(*MISSING)
    return "" if params["qrType"] == "SBERPAY_DYNAMIC_QR" else str(scenario)


def show_qr(root: str, order: Order) -> dict[str, str]:
    """The order's link; asked again it is the same one."""
    order.facts["qr"] = _qr_id(order)
    return {"qrcId": order.facts["qr"], "sbpPayload": payload_of(root, order)}


def get_qr(call: Call) -> Answer:
    order = _order(call)
    if call.turn.end in ("declined", "nothing"):
        raise planned(call.turn.code)
    if order.state != "new" or order.facts["two_stage"]:
        raise Refusal(*WRONG_STATE)
    shown = show_qr(call.root, order)
    answer = accepted(qrId=shown["qrcId"], payload=shown["sbpPayload"], qrType="DYNAMIC", qrStatus=_status(order))
    code = segno.make(shown["sbpPayload"], error="m")
    match call.text("qrFormat"):
        case "image":
            if not (call.fields.get("qrHeight") and call.fields.get("qrWidth")):
                raise Refusal(*MISSING)
            drawn = io.BytesIO()
            side, _ = code.symbol_size()
            code.save(drawn, kind="png", scale=max(call.fields["qrWidth"] // side, 1))
            answer["renderedQr"] = base64.b64encode(drawn.getvalue()).decode()
        case "matrix":
            answer["renderedQr"] = "\n".join("".join("1" if dark else "0" for dark in row) for row in code.matrix)
    return answer


def qr_status(call: Call) -> Answer:
    """What became of the QR: never the word on the payment."""
    order = _order(call)
    if order.facts["qr"] != call.text("qrId"):
        raise Refusal(*WRONG_STATE)
    return accepted(qrStatus=_status(order), qrType="DYNAMIC", transactionState=_transaction(order))


def reject_qr(call: Call) -> Answer:
    order = _order(call)
    if order.facts["qr"] != call.text("qrId") or order.state != "new":
        raise Refusal(*WRONG_STATE)
    order.facts["qr_rejected"] = True
    return accepted(rejected=True)


def payload_of(root: str, order: Order) -> str:
    """In the form of NSPK's links; the address is the sandbox's own page of a payer's bank."""
    kind = "" if order.facts["scenario"] == "C2B_SUBSCRIPTION" else f"&sum={order.amount}&cur=RUB"
    link = f"{root}acquirers/sberbank/qr/{order.facts['qr']}?type=02&bank={MEMBER}{kind}"
    return f"{link}&crc={crc_hqx(link.encode(), 0xFFFF):04X}"


def is_open_qr(order: Order) -> bool:
    return order.state == "new" and not order.facts.get("qr_rejected")


def _order(call: Call) -> Order:
    if call.flavour == "yookassa" and not call.bank.settings["facade_sbp"]:
        raise Refusal(*FORBIDDEN)
    return asked_order(call)


def _status(order: Order) -> str:
    if order.facts.get("qr_rejected"):
        return "REJECTED"
    return {"new": "STARTED", "pending": "CONFIRMED", "paid": "ACCEPTED"}.get(order.state, "REJECTED_BY_USER")


def _transaction(order: Order) -> str:
    return {"new": "CREATED", "pending": "CREATED", "paid": "DEPOSITED"}.get(order.state, "DECLINED")


def _qr_id(order: Order) -> str:
    return "AD" + hashlib.sha256(f"qr {order.shop} {order.id}".encode()).hexdigest()[:30].upper()
