"""Bills, of both interfaces: made and made again under the shop's number, shown, rejected."""

from __future__ import annotations

from sandbox.acquirers.bank import Order
from sandbox.acquirers.qiwi.call import Answer, Call
from sandbox.acquirers.qiwi.fields import LONGEST_COMMENT
from sandbox.acquirers.qiwi.life import close
from sandbox.acquirers.qiwi.orders import OPEN, Facts, facts_of, found, new_order, peek
from sandbox.acquirers.qiwi.refusals import Refusal, wrong
from sandbox.acquirers.qiwi.shown import bill_shown, payment_shown

LONGEST_NUMBER = 200
INVOICING = "invoicing-api"


def put_old_bill(call: Call) -> Answer:
    return _put(call, old=True)


def put_bill(call: Call) -> Answer:
    return _put(call, old=False)


def get_old_bill(call: Call) -> Answer:
    return bill_shown(call.bank, _old(call), call.root)


def get_details(call: Call) -> Answer:
    order = found(call.bank, call.shop, "bill", call.names[0])
    return bill_shown(call.bank, order, call.root) | {"payments": _payments(call, order)}


def get_payments(call: Call) -> Answer:
    return _payments(call, found(call.bank, call.shop, "bill", call.names[0]))


def reject(call: Call) -> Answer:
    """Only a bill that nobody has paid, nor begun to."""
    order = _old(call)
    if call.turn.end in ("declined", "nothing"):
        raise Refusal("internal.invoicing.api.error", 500, INVOICING)
    if facts_of(order).status not in OPEN or order.state != "new":
        raise Refusal("invoice.already.final", 400, INVOICING)
    close(call.bank, order, "REJECTED")
    return bill_shown(call.bank, order, call.root)


def _put(call: Call, *, old: bool) -> Answer:
    """A number that is there already answers with what it has made the first time."""
    bank, fields, number = call.bank, call.fields, call.names[0]
    amount, until = fields.amount(), fields.moment("expirationDateTime")
    comment = fields.text("comment", LONGEST_COMMENT)
    account = fields.inner("customer").text("account")
    binds = "BIND_PAYMENT_TOKEN" in fields.flags() and not old
    if len(number) > LONGEST_NUMBER:
        raise wrong("billId", "Invalid length")
    if binds and not account:
        raise wrong("customer.account", "Account is required for a payment token")
    order = peek(bank, call.shop, "bill", number)
    if order is None:
        if call.turn.end in ("declined", "nothing"):
            raise Refusal(call.turn.code or "validation.error", 400)
        callback = fields.inner("customFields").text("invoice_callback_url")
        facts = Facts(
            "bill",
            "WAITING" if old else "CREATED",
            until,
            old=old,
            account=account,
            binds=binds,
            callback="" if old else callback,
        )
        order = new_order(bank, call.shop, number, amount, facts, comment)
    return bill_shown(bank, order, call.root, first=True)


def _payments(call: Call, order: Order) -> list[dict[str, object]]:
    return [payment_shown(call.bank, order, one) for one in reversed(facts_of(order).tries)]


def _old(call: Call) -> Order:
    order = peek(call.bank, call.shop, "bill", call.names[0])
    if order is None:
        raise Refusal("api.invoice.not.found", 404, INVOICING)
    return order
