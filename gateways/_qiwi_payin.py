"""QIWI's Payin protocol: bills whose payment may save a card, and payments by the token of a saved one."""

import re
from typing import Any
from urllib.parse import quote

from pydantic import Field

from calculations.money import Money
from gateways._errors import NotSent, OutcomeUnknown
from gateways._orders import (
    Outcome,
    PageOrder,
    Payment,
    PlacedOrder,
    Refunded,
    RefundOrder,
    SavedCardOrder,
    Started,
    StoredCard,
)
from gateways._qiwi_codes import BILLS, COMPLETED, DECLINED, DECLINES, NEEDS_CLIENT
from gateways._qiwi_line import Amount, Error, Line, Shape, read, refund_refusal, refusal, sum_of, trouble, word
from gateways._qiwi_requests import page_of, payin_bill_body, saved_card_body
from gateways._qiwi_times import Moment, read_moment

NOBODYS_BILL = "connection-check"
MASK = re.compile(r"\d{0,6}[*Xx]+\d{4}")


class Status(Shape):
    value: str
    changed_at: Moment = Field(default=None, alias="changedDateTime")
    reason: str | None = None
    reason_message: str | None = Field(default=None, alias="reasonMessage")
    detail: str | None = Field(default=None, alias="psErrorCode")

    @property
    def decline_code(self) -> str:
        reason = word(self.reason)
        both = f"{reason} {word(self.detail)}".strip()
        return both if both in DECLINES else reason


class Method(Shape):
    masked_pan: str | None = Field(default=None, alias="maskedPan")


class Token(Shape):
    """`createdToken` of answers has `token` and `name`, `tokenData` of notices `paymentToken`."""

    token: str = ""
    payment_token: str = Field(default="", alias="paymentToken")
    name: str | None = None
    expires: str | None = Field(default=None, alias="expiredDate")


class Customer(Shape):
    account: str | None = None


class PaymentObject(Shape):
    payment_id: str = Field(default="", alias="paymentId")
    bill_id: str = Field(default="", alias="billId")
    amount: Amount
    captured: Amount | None = Field(default=None, alias="capturedAmount")
    status: Status
    method: Method | None = Field(default=None, alias="paymentMethod")
    requirements: dict[str, Any] | None = None
    created_token: Token | None = Field(default=None, alias="createdToken")
    token_data: Token | None = Field(default=None, alias="tokenData")
    customer: Customer | None = None

    @property
    def stored_card(self) -> StoredCard | None:
        made = self.created_token or self.token_data
        token = made and (made.token or made.payment_token)
        if not made or not token:
            return None
        mask = (self.method and self.method.masked_pan) or made.name or ""
        at = read_moment(made.expires)
        return StoredCard(
            token=token,
            mask=mask if MASK.fullmatch(mask) else "",
            expires=f"{at:%Y-%m}" if at else "",
            gateway_customer_id=(self.customer and self.customer.account) or "",
        )


class BillObject(Shape):
    bill_id: str = Field(alias="billId")
    invoice_uid: str = Field(default="", alias="invoiceUid")
    amount: Amount
    status: Status
    pay_url: str = Field(default="", alias="payUrl")
    payments: tuple[PaymentObject, ...] | None = None


class RefundObject(Shape):
    refund_id: str = Field(default="", alias="refundId")
    amount: Amount
    status: Status


class Payin:
    def __init__(self, line: Line, site_id: str) -> None:
        self._line = line
        self._site = f"sites/{quote(site_id, safe='')}/"

    def check(self) -> None:
        self._line.find(self._bill_path(NOBODYS_BILL))

    def start(self, order: PageOrder) -> Started:
        """The number is the anchor: a bill that is there already is given out again while it can be paid."""
        reply = self._line.put(self._path("bills", order.number), payin_bill_body(order))
        if reply.status != 200:
            raise NotSent(f"{reply.request}: refused, {refusal(reply).text}; nothing was placed")
        bill = read(BillObject, reply.data)
        same = bill.bill_id == order.number and bill.amount.money == order.amount
        if not same or bill.status.value not in ("CREATED", "WAITING") or not bill.pay_url:
            raise OutcomeUnknown(f"{reply.request}: the bill is there and cannot be paid as it was asked for")
        return Started(bill.invoice_uid, page_url=page_of(bill.pay_url, order.return_url))

    def charge(self, order: SavedCardOrder) -> Payment:
        reply = self._line.put(self._path("payments", order.number), saved_card_body(order))
        if reply.status == 200:
            return _payment(read(PaymentObject, reply.data), order.number)
        error = refusal(reply)
        return Payment(
            order.number,
            "",
            Outcome.DECLINED,
            order.amount,
            decline_code=_refused_as(error),
            decline_text=error.text,
        )

    def fetch(self, order: PlacedOrder) -> Payment | None:
        """A charge is a payment under our number, a page a bill under it; a lost answer leaves both open."""
        if order.payment_id == order.number:
            return self._payment_of(order.number)
        if order.payment_id:
            return self._bill_of(order.number)
        return self._payment_of(order.number) or self._bill_of(order.number)

    def void(self, order: PlacedOrder) -> Payment:
        """Payin rejects nothing: a bill stays open until its moment comes."""
        found = self.fetch(order)
        if found is None:
            raise OutcomeUnknown(f"QIWI knows no order {order.number} that could be closed")
        return found

    def refund(self, order: RefundOrder) -> Refunded:
        reply = self._line.put(self._refund_path(order), {"amount": sum_of(order.amount)})
        if reply.status == 200:
            return _refunded(read(RefundObject, reply.data), order)
        return Refunded(order.number, Outcome.DECLINED, order.amount, reason=refund_refusal(reply))

    def fetch_refund(self, order: RefundOrder) -> Refunded | None:
        data = self._line.find(self._refund_path(order))
        return None if data is None else _refunded(read(RefundObject, data), order)

    def forget(self, card: StoredCard) -> None:
        body = {"customerAccountId": card.gateway_customer_id, "token": card.token}
        reply = self._line.delete(f"{self._site}tokens", body)
        if reply.status in (200, 204):
            return
        error = read(Error, reply.data)
        gone = error.no_such_thing if reply.status == 404 else "token" in error.text.casefold()
        if reply.status not in (400, 404) or not gone:
            raise trouble(reply)

    def _payment_of(self, number: str) -> Payment | None:
        data = self._line.find(self._path("payments", number))
        return None if data is None else _payment(read(PaymentObject, data), number)

    def _bill_of(self, number: str) -> Payment | None:
        data = self._line.find(self._bill_path(number))
        return None if data is None else _bill(read(BillObject, data))

    def _path(self, kind: str, number: str) -> str:
        return f"{self._site}{kind}/{quote(number, safe='')}"

    def _bill_path(self, number: str) -> str:
        return f"{self._path('bills', number)}/details"

    def _refund_path(self, order: RefundOrder) -> str:
        if not order.payment_id:
            raise OutcomeUnknown(f"refund {order.number}: QIWI's number of the payment is not known")
        return f"{self._path('payments', order.payment_id)}/refunds/{quote(order.number, safe='')}"


def _payment(found: PaymentObject, number: str) -> Payment:
    """A charge by a token: it bears our number as its own."""
    outcome = _outcome(found)
    declined = outcome in (Outcome.DECLINED, Outcome.ACTION_REQUIRED)
    code = NEEDS_CLIENT if outcome is Outcome.ACTION_REQUIRED else found.status.decline_code
    return Payment(
        order_number=found.payment_id or number,
        payment_id=found.payment_id or number,
        outcome=outcome,
        amount=_taken(found) if outcome is Outcome.SUCCEEDED else found.amount.money,
        paid_at=found.status.changed_at if outcome is Outcome.SUCCEEDED else None,
        decline_code=code if declined else "",
        decline_text=code if declined else "",
    )


def _bill(bill: BillObject) -> Payment:
    """A page: its client may try to pay it many times; only the bill's own status is final."""
    outcome = BILLS.get(bill.status.value)
    if outcome is None:
        raise OutcomeUnknown(f"bill {bill.bill_id}: QIWI's status {word(bill.status.value)} is not known")
    payments = bill.payments or ()
    taken = [one for one in payments if one.status.value in COMPLETED]
    if outcome is Outcome.CANCELLED and taken:
        raise OutcomeUnknown(f"bill {bill.bill_id}: closed, and yet it has a payment: compare with QIWI's cabinet")
    if outcome is not Outcome.SUCCEEDED:
        begun = outcome is Outcome.REGISTERED and payments
        return Payment(
            order_number=bill.bill_id,
            payment_id=bill.invoice_uid,
            outcome=Outcome.PENDING if begun else outcome,
            amount=bill.amount.money,
            action_url=bill.pay_url if outcome is Outcome.REGISTERED else "",
        )
    if len(taken) != 1:
        raise OutcomeUnknown(f"bill {bill.bill_id}: paid by {len(taken)} payments: compare with QIWI's cabinet")
    return Payment(
        order_number=bill.bill_id,
        payment_id=taken[0].payment_id,
        outcome=Outcome.SUCCEEDED if _taken(taken[0]) else Outcome.PENDING,
        amount=_taken(taken[0]) or bill.amount.money,
        paid_at=taken[0].status.changed_at or bill.status.changed_at,
        stored_card=taken[0].stored_card,
    )


def _outcome(found: PaymentObject) -> Outcome:
    status = found.status.value
    if status in DECLINED:
        return Outcome.DECLINED
    if status in COMPLETED:
        return Outcome.SUCCEEDED if _taken(found) else Outcome.PENDING
    if status == "WAITING":
        return Outcome.ACTION_REQUIRED if found.requirements else Outcome.PENDING
    raise OutcomeUnknown(f"QIWI's status of a payment {word(status)} is not known")


def _taken(found: PaymentObject) -> Money:
    """What is in hand: nothing yet of a sum that is only held."""
    return (found.captured or found.amount).money


def _refused_as(error: Error) -> str:
    """The code of a refusal, with the field it is about where that is the saved card."""
    about_token = "paymenttoken" in error.text.casefold()
    return f"{error.code} paymentToken" if about_token else error.code


def _refunded(refund: RefundObject, order: RefundOrder) -> Refunded:
    number, amount = refund.refund_id or order.number, refund.amount.money
    if refund.status.value in COMPLETED:
        return Refunded(number, Outcome.SUCCEEDED, amount)
    if refund.status.value in DECLINED:
        return Refunded(number, Outcome.DECLINED, amount, reason=refund.status.decline_code or "QIWI gave no reason")
    if refund.status.value in ("WAITING", "CREATED"):
        return Refunded(number, Outcome.PENDING, amount)
    raise OutcomeUnknown(f"refund {order.number}: QIWI's status {word(refund.status.value)} is not known")
