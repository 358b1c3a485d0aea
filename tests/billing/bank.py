"""An acquirer in memory that never takes an order number twice, and loses, delays or forges answers when told to."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import ClassVar

from calculations.money import Money
from gateways import (
    Awaited,
    Capability,
    Credentials,
    Gateway,
    Http,
    Incoming,
    InvalidSignature,
    Method,
    Misconfigured,
    Notice,
    NotSent,
    Outcome,
    OutcomeUnknown,
    PageOrder,
    Payment,
    Placed,
    PlacedOrder,
    Reason,
    Refunded,
    RefundOrder,
    SavedCardOrder,
    Started,
    StoredCard,
)
from schemas.declaration import Words


class BankCredentials(Credentials):
    shop: str
    secret: str = "s"

    @property
    def account(self) -> str:
        return self.shop


@dataclass
class Late:
    """A request that was on its way when everybody gave it up."""

    order: SavedCardOrder
    arrived: bool = False


@dataclass
class Bank(Gateway[BankCredentials]):
    """`script` says what becomes of the next charges, one word each; when it is empty they are paid.

    paid, pending, action, wrong_amount, wrong_currency, wrong_order, declined:CODE; refused (no connection),
    misconfigured; lost_before, lost_after, late (arrives when `deliver_late` is called). `start_script` does the same
    for pages: started, refused, misconfigured, lost_before, lost_after. With `places_first` an order is registered
    before it is paid, as at acquirers whose protocol has two requests; `can_void`: whether such orders can be closed.
    """

    now: Callable[[], datetime]
    script: list[str] = field(default_factory=list)
    refund_script: list[str] = field(default_factory=list)
    look_up_script: list[str] = field(default_factory=list)  # lost, misconfigured
    book: dict[str, Payment] = field(default_factory=dict)
    refunds: dict[str, Refunded] = field(default_factory=dict)
    taken: list[tuple[str, Money]] = field(default_factory=list)  # every movement of money, refunds negative
    asked: list[str] = field(default_factory=list)  # every charge request that arrived or was tried
    tokens: list[str] = field(default_factory=list)
    late: list[Late] = field(default_factory=list)
    start_script: list[str] = field(default_factory=list)
    pages: dict[str, PageOrder] = field(default_factory=dict)
    void_script: list[str] = field(default_factory=list)  # lost_after
    voided: list[str] = field(default_factory=list)
    places_first: bool = False
    can_void: bool = True

    code: ClassVar[str] = "bank"
    title: ClassVar[Words] = Words("Банк", "Bank")
    one_number: ClassVar[bool] = True
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {
            Capability.START_PAYMENT,
            Capability.CHARGE_SAVED_CARD,
            Capability.VOID,
            Capability.REFUND,
            Capability.FETCH_REFUND,
            Capability.READ_WEBHOOK,
        }
    )
    methods: ClassVar[frozenset[Method]] = frozenset({"card", "sbp"})
    declines: ClassVar[Mapping[str, Reason]] = MappingProxyType(
        {
            "busy": Reason.BANK_UNAVAILABLE,
            "funds": Reason.INSUFFICIENT_FUNDS,
            "lost": Reason.CARD_LOST,
            "action": Reason.ACTION_REQUIRED,
            "absent": Reason.CLIENT_DID_NOT_CONFIRM,
            "revoked": Reason.CONSENT_REVOKED,
            "stranger": Reason.CARD_NOT_KNOWN,
            "malformed": Reason.REQUEST_NOT_ACCEPTED,
        }
    )
    credentials = BankCredentials

    def __post_init__(self) -> None:
        self.http = Http("http://127.0.0.1:9/", lambda: 0.0)
        self.lock = threading.Lock()

    def check(self, credentials: BankCredentials) -> list[Words]:
        if credentials.secret == "wrong":
            raise Misconfigured("bank answered 401")
        return []

    def charge_saved_card(self, credentials: BankCredentials, order: SavedCardOrder, placed: Placed) -> Payment:
        with self.lock:
            word = self.script.pop(0) if self.script else "paid"
            self.asked.append(order.number)
            self.tokens.append(order.token)
            if word == "refused":
                raise NotSent("bank: connection refused")
            if word == "misconfigured":
                raise Misconfigured("bank answered 401")
            if word == "lost_before":
                raise OutcomeUnknown("bank: no answer")
            if word == "late":
                self.late.append(Late(order))
                raise OutcomeUnknown("bank: no answer")
            if self.places_first:
                self._place(order.number, order.amount)
                placed(self.book[order.number].payment_id)
            payment = self._take(order, word)
            if word == "lost_after":
                raise OutcomeUnknown("bank: no answer")
            return payment

    def start_payment(self, credentials: BankCredentials, order: PageOrder) -> Started:
        with self.lock:
            word = self.start_script.pop(0) if self.start_script else "started"
            if word == "refused":
                raise NotSent("bank: connection refused")
            if word == "misconfigured":
                raise Misconfigured("bank answered 401")
            if word == "lost_before":
                raise OutcomeUnknown("bank: no answer")
            self._place(order.number, order.amount)
            self.pages[order.number] = order
            if word == "lost_after":
                raise OutcomeUnknown("bank: no answer")
            payload = f"https://qr.example/{order.number}" if order.method == "sbp" else ""
            return Started(self.book[order.number].payment_id, f"https://bank.example/{order.number}", payload)

    def void(self, credentials: BankCredentials, order: PlacedOrder) -> Payment:
        with self.lock:
            if not self.can_void:
                raise OutcomeUnknown("bank: cannot void")
            payment = self.book[order.number]
            if payment.outcome in (Outcome.REGISTERED, Outcome.ACTION_REQUIRED):
                self.voided.append(order.number)
                self.book[order.number] = replace(payment, outcome=Outcome.CANCELLED, action_url="")
            if self.void_script and self.void_script.pop(0) == "lost_after":
                raise OutcomeUnknown("bank: no answer")
            return self.book[order.number]

    def _place(self, number: str, amount: Money) -> None:
        if number in self.book:
            raise OutcomeUnknown("bank: duplicate order")
        self.book[number] = Payment(number, f"bank-{len(self.book) + 1}", Outcome.REGISTERED, amount)

    def _take(self, order: SavedCardOrder, word: str) -> Payment:
        if not self._is_free(order.number):
            raise OutcomeUnknown("bank: duplicate order")
        payment = self._payment(order, word)
        self.book[order.number] = payment
        if payment.outcome is Outcome.SUCCEEDED:
            self.taken.append((order.number, payment.amount))
        return replace(payment, order_number="another") if word == "wrong_order" else payment

    def _payment(self, order: SavedCardOrder, word: str) -> Payment:
        paid = Payment(
            order_number=order.number,
            payment_id=f"bank-{len(self.book) + 1}",
            outcome=Outcome.SUCCEEDED,
            amount=order.amount,
            paid_at=self.now(),
            receipt_status="done",
        )
        if word == "pending":
            return replace(paid, outcome=Outcome.PENDING, paid_at=None, receipt_status="pending")
        if word == "action":
            link = f"https://bank.example/{order.number}"
            waiting = replace(paid, outcome=Outcome.ACTION_REQUIRED, paid_at=None, receipt_status="pending")
            return replace(waiting, decline_code="action", action_url=link)
        if word.startswith("declined"):
            refused = replace(paid, outcome=Outcome.DECLINED, paid_at=None, receipt_status="none")
            return replace(refused, decline_code=word.partition(":")[2])
        if word == "wrong_amount":
            return replace(paid, amount=Money(order.amount.minor + 1, order.amount.currency))
        if word == "wrong_currency":
            return replace(paid, amount=Money(order.amount.minor, "USD"))
        return paid

    def deliver_late(self) -> None:
        """The requests that everybody gave up arrive now; their answers go nowhere."""
        for late in self.late:
            if not late.arrived and self._is_free(late.order.number):
                self._take(late.order, "paid")
            late.arrived = True

    def _is_free(self, number: str) -> bool:
        known = self.book.get(number)
        return known is None or (self.places_first and known.outcome is Outcome.REGISTERED)

    def becomes(self, order_number: str, word: str) -> None:
        """The bank or its client decides about an order: paid, wrong_amount, cancelled, declined:CODE, or action: the
        client is wanted."""
        payment = self.book[order_number]
        if word == "wrong_amount":
            payment = replace(payment, amount=Money(payment.amount.minor - 1, payment.amount.currency))
            word = "paid"
        if word == "paid":
            payment = replace(payment, outcome=Outcome.SUCCEEDED, paid_at=self.now(), decline_code="", action_url="")
            page = self.pages.get(order_number)
            if page and page.save_card:
                payment = replace(payment, stored_card=StoredCard(f"saved-{order_number}", "**** 7777", "2030-01"))
            self.taken.append((order_number, payment.amount))
        elif word == "cancelled":
            payment = replace(payment, outcome=Outcome.CANCELLED)
        elif word == "action":
            payment = replace(payment, outcome=Outcome.ACTION_REQUIRED, decline_code="action")
        else:
            code = word.partition(":")[2]
            payment = replace(payment, outcome=Outcome.DECLINED, decline_code=code, action_url="")
        self.book[order_number] = payment

    def pending_again(self, order_number: str) -> Payment:
        return replace(self.book[order_number], outcome=Outcome.PENDING, decline_code="")

    def fetch_payment(self, credentials: BankCredentials, order: PlacedOrder) -> Payment | None:
        word = self.look_up_script.pop(0) if self.look_up_script else ""
        if word == "lost":
            raise OutcomeUnknown("bank: no answer")
        if word == "misconfigured":
            raise Misconfigured("bank answered 401")
        return self.book.get(order.number)

    def refund(self, credentials: BankCredentials, order: RefundOrder) -> Refunded:
        word = self.refund_script.pop(0) if self.refund_script else "paid"
        if word == "refused":
            raise NotSent("bank: connection refused")
        if word == "lost_before":
            raise OutcomeUnknown("bank: no answer")
        if word == "declined":
            return Refunded(order.number, Outcome.DECLINED, order.amount, reason="too late")
        if word == "accepted":  # and shown to nobody
            return Refunded(order.number, Outcome.PENDING, order.amount)
        if order.number in self.refunds:
            raise OutcomeUnknown("bank: duplicate refund")
        self.refunds[order.number] = Refunded(order.number, Outcome.SUCCEEDED, order.amount)
        self.taken.append((order.order_number, Money(-order.amount.minor, order.amount.currency)))
        if word == "lost_after":
            raise OutcomeUnknown("bank: no answer")
        return self.refunds[order.number]

    def fetch_refund(self, credentials: BankCredentials, order: RefundOrder) -> Refunded | None:
        return self.refunds.get(order.number)

    def read_webhook(self, credentials: BankCredentials, incoming: Incoming, awaited: Awaited) -> Notice:
        if incoming.headers.get("X-Bank", "") != credentials.secret:
            raise InvalidSignature("X-Bank does not fit")
        return Notice(order_number=incoming.body.decode())
