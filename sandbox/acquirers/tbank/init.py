"""`Init`: a payment is made, not paid; the same OrderId twice makes two payments."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime, timedelta

from sandbox.acquirers.bank import Bank
from sandbox.acquirers.tbank.call import Call
from sandbox.acquirers.tbank.customers import know_customer
from sandbox.acquirers.tbank.fields import Fields, read_data
from sandbox.acquirers.tbank.orders import new_order, succeeded
from sandbox.acquirers.tbank.receipts import read_receipt
from sandbox.acquirers.tbank.refusals import Refusal

LINK_LIFE = timedelta(hours=24)
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=90)
NAMES_OF_ADDRESSES = ("NotificationURL", "SuccessURL", "FailURL")

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")


def init(call: Call) -> dict[str, object]:
    fields, bank = call.fields, call.bank
    amount = fields.amount()
    number = fields.text("OrderId", 36, "212")
    description = fields.optional_text("Description", 140, "213")
    customer = fields.optional_text("CustomerKey", 36, "216")
    recurrent = fields.one_of("Recurrent", ("N", "Y")) == "Y"
    pay_type = fields.one_of("PayType", ("T" if call.two_stage else "O", "O", "T"))
    fields.one_of("Language", ("ru", "en"))
    data = read_data(fields)
    by_account = data.get("QR") == "true"
    until = read_due_date(fields, bank)
    notification, success, fail = (fields.optional_text(name) for name in NAMES_OF_ADDRESSES)
    if recurrent and not customer and not by_account:
        raise Refusal("2", "CustomerKey обязателен, если передан Recurrent")
    _check_initiator(data.get("OperationInitiatorType"), recurrent, call.terminal_type)
    receipt = read_receipt(call, amount)
    if call.turn.end in ("declined", "nothing"):
        raise Refusal(call.turn.code or "9999")
    if customer:
        know_customer(bank, call.shop, customer, data)
    order = new_order(
        bank,
        call.shop,
        number,
        amount,
        until,
        description,
        recurrent=recurrent,
        pay_type=pay_type,
        data=data,
        receipt=receipt,
        notification_url=notification,
        success_url=success,
        fail_url=fail,
    )
    order.customer = customer
    order.facts["page"] = hashlib.sha256(f"page {call.shop} {order.id}".encode()).hexdigest()[:8]
    return succeeded(
        TerminalKey=call.shop,
        Status="NEW",
        PaymentId=order.id,
        OrderId=number,
        Amount=amount,
        PaymentURL=f"{call.root}acquirers/tbank/new/{order.facts['page']}",
    )


def read_due_date(fields: Fields, bank: Bank) -> datetime:
    """`RedirectDueDate`, a moment with its offset, one minute to 90 days from now; a day from now when left out."""
    text = fields.optional_text("RedirectDueDate")
    if not text:
        return bank.now() + LINK_LIFE
    if not _MOMENT.fullmatch(text):
        raise Refusal("12", "Формат: 2016-08-31T12:28:00+03:00")
    try:
        until = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal("12", text) from None
    if not SHORTEST <= until - bank.now() <= LONGEST:
        raise Refusal("3017", "От 1 минуты до 90 дней")
    return until


def _check_initiator(initiator: str | None, recurrent: bool, terminal_type: str) -> None:
    """`OperationInitiatorType` against `Recurrent` and the terminal; the other half of the table is in Charge."""
    if initiator is None:
        return
    if initiator not in ("0", "1", "2", "R", "I"):
        raise Refusal("1125")
    if recurrent != (initiator == "1"):
        raise Refusal("1126", f"OperationInitiatorType {initiator}, Recurrent {'Y' if recurrent else 'N'}")
    if (initiator in ("2", "R") and terminal_type == "AFT") or (initiator == "I" and terminal_type == "ECOM"):
        raise Refusal("1126", f"OperationInitiatorType {initiator} запрещён на терминале {terminal_type}")
