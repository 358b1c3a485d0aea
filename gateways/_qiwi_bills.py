"""QIWI's bills alone (Bill Payments API v1): no cards are kept; a bill that nobody has paid can be rejected."""

from urllib.parse import quote

from pydantic import Field

from gateways._errors import NotSent, OutcomeUnknown
from gateways._orders import Outcome, PageOrder, Payment, PlacedOrder, Refunded, RefundOrder, Started
from gateways._qiwi_codes import BILLS
from gateways._qiwi_line import Amount, Line, Shape, read, refund_refusal, refusal, sum_of, word
from gateways._qiwi_requests import bill_body, page_of
from gateways._qiwi_times import Moment

NOBODYS_BILL = "connection-check"


class Status(Shape):
    value: str
    changed_at: Moment = Field(default=None, alias="changedDateTime")


class Bill(Shape):
    bill_id: str = Field(alias="billId")
    amount: Amount
    status: Status
    pay_url: str = Field(default="", alias="payUrl")


class Refund(Shape):
    refund_id: str = Field(default="", alias="refundId")
    amount: Amount
    status: str


class Bills:
    def __init__(self, line: Line) -> None:
        self._line = line

    def check(self) -> None:
        self._line.find(_path(NOBODYS_BILL))

    def start(self, order: PageOrder) -> Started:
        """The number is the anchor: a bill that is there already is given out again while it can be paid."""
        reply = self._line.put(_path(order.number), bill_body(order))
        if reply.status != 200:
            raise NotSent(f"{reply.request}: refused, {refusal(reply).text}; nothing was placed")
        bill = read(Bill, reply.data)
        same = bill.bill_id == order.number and bill.amount.money == order.amount
        if not same or bill.status.value not in ("WAITING", "CREATED") or not bill.pay_url:
            raise OutcomeUnknown(f"{reply.request}: the bill is there and cannot be paid as it was asked for")
        return Started(order.number, page_url=page_of(bill.pay_url, order.return_url))

    def fetch(self, order: PlacedOrder) -> Payment | None:
        data = self._line.find(_path(order.number))
        return None if data is None else _payment(read(Bill, data))

    def void(self, order: PlacedOrder) -> Payment:
        reply = self._line.post(f"{_path(order.number)}/reject")
        if reply.status == 200:
            return _payment(read(Bill, reply.data))
        found = self.fetch(order)
        if found is None:
            raise OutcomeUnknown(f"QIWI knows no bill {order.number} that could be rejected")
        return found

    def refund(self, order: RefundOrder) -> Refunded:
        reply = self._line.put(_refund_path(order), {"amount": sum_of(order.amount)})
        if reply.status == 200:
            return _refunded(read(Refund, reply.data), order)
        return Refunded(order.number, Outcome.DECLINED, order.amount, reason=refund_refusal(reply))

    def fetch_refund(self, order: RefundOrder) -> Refunded | None:
        data = self._line.find(_refund_path(order))
        return None if data is None else _refunded(read(Refund, data), order)


def _path(number: str) -> str:
    return f"bills/{quote(number, safe='')}"


def _refund_path(order: RefundOrder) -> str:
    return f"{_path(order.order_number)}/refunds/{quote(order.number, safe='')}"


def _payment(bill: Bill) -> Payment:
    outcome = BILLS.get(bill.status.value)
    if outcome is None:
        raise OutcomeUnknown(f"bill {bill.bill_id}: QIWI's status {word(bill.status.value)} is not known")
    paid_at = bill.status.changed_at if outcome is Outcome.SUCCEEDED else None
    return Payment(bill.bill_id, bill.bill_id, outcome, bill.amount.money, paid_at=paid_at)


def _refunded(refund: Refund, order: RefundOrder) -> Refunded:
    """PARTIAL or FULL says how much of the bill is given back by now; both are done."""
    if refund.status not in ("PARTIAL", "FULL"):
        raise OutcomeUnknown(f"refund {order.number}: QIWI's status {word(refund.status)} is not known")
    return Refunded(refund.refund_id or order.number, Outcome.SUCCEEDED, refund.amount.money)
