"""Sberbank acquiring in its three flavours (docs/gateways/sberbank.md): RBS, ECOM, and the one kept up by YooKassa.

An order is placed under our number, which the bank takes once; it is paid in a second request, and what became of it is
only ever read from its status. Flavours differ in address, in encoding and in a few names.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from calculations.money import Money
from gateways._declines import Reason
from gateways._errors import Misconfigured, NotSent, OutcomeUnknown, Trouble
from gateways._gateway import Capability, Gateway, Unchecked
from gateways._notice import Awaited, Incoming, Notice
from gateways._orders import (
    Method,
    Outcome,
    PageOrder,
    Payment,
    Placed,
    PlacedOrder,
    Refunded,
    RefundOrder,
    SavedCardOrder,
    Started,
    StoredCard,
)
from gateways._receipt import Receipt, SentReceipt
from gateways._register import Register
from gateways._sberbank_answers import Answer, Paid, Qr, Receipts, ReceiptTaken, Status, payment_of, read
from gateways._sberbank_codes import (
    ASKED_TOO_EARLY,
    CLIENT_WANTED,
    DECLINES,
    IN_PROGRESS,
    SHOP_CODES,
    SYSTEM_ERROR,
    is_about_the_request,
    is_about_the_shop,
    is_no_refund,
    refusal_of_card,
)
from gateways._sberbank_credentials import SberbankCredentials
from gateways._sberbank_line import Line, NotAccepted, order_key, shop_refused
from gateways._sberbank_notices import public_key, read_notice
from gateways._sberbank_orders import CURRENCY_CODES, SBP_TOKEN, email_field, page_fields, saved_card_fields
from gateways._sberbank_receipts import ecom_bundle, status_of_receipts
from gateways._sberbank_register import read_register
from schemas.declaration import Words

NOBODYS_ADDRESS = "127.0.0.1"  # paying a saved card names the client's address; nobody sits there
NO_SUCH_NUMBER = NOBODY = "check"
NO_INFORMATION = 2  # errorCode of a client without bindings
NO_SUCH_ORDER = "00000000-0000-0000-0000-000000000000"
NO_BINDINGS = Words(
    "банк не разрешил магазину связки: карты не сохранить и не списать",
    "the bank does not allow the shop bindings: cards can be neither saved nor charged",
)
BINDINGS_UNCHECKED = Unchecked(
    "связки (сохранённые карты): банк не ответил ничего определённого; спросите его, разрешены ли они магазину",
    "bindings (saved cards): the bank said nothing definite; ask it whether the shop may have them",
)
AUTO_PAYMENT_UNCHECKED = Unchecked(
    "списание сохранённых карт: спросите банк, разрешены ли магазину платежи без CVC и 3-D Secure (AUTO_PAYMENT)",
    "charging saved cards: ask the bank whether the shop may take payments without CVC and 3-D Secure (AUTO_PAYMENT)",
)
NO_SBP = Words("банк не разрешил магазину СБП", "the bank does not allow the shop SBP payments")
SBP_UNCHECKED = Unchecked(
    "СБП: спросите банк, разрешены ли магазину платежи по СБП и подписки на счёт",
    "SBP: ask the bank whether the shop may take SBP payments and subscribe to accounts",
)


class Sberbank(Gateway[SberbankCredentials]):
    code: ClassVar[str] = "sberbank"
    title: ClassVar[Words] = Words("Сбербанк", "Sberbank")
    address: ClassVar[str] = "https://securepayments.sberbank.ru/"
    one_number = True
    capabilities: ClassVar[frozenset[Capability]] = frozenset(Capability) - {Capability.FETCH_REFUND_RECEIPT}
    methods: ClassVar[frozenset[Method]] = frozenset({"card", "sbp"})
    currencies: ClassVar[frozenset[str] | None] = frozenset(CURRENCY_CODES)
    declines: ClassVar[Mapping[str, Reason]] = DECLINES
    credentials = SberbankCredentials

    def check(self, credentials: SberbankCredentials) -> list[Words]:
        if credentials.callback_public_key:
            public_key(credentials)
        line = self._line(credentials)
        answer = line.ask("getOrderStatusExtended.do", {"orderNumber": NO_SUCH_NUMBER}, Status)
        if answer.order_status is None and answer.error_code in (None, SYSTEM_ERROR):
            raise OutcomeUnknown(f"errorCode {answer.error_code}: the bank said nothing of the credentials; try again")
        lacking = [*_about_bindings(line), *_about_sbp(line, credentials), AUTO_PAYMENT_UNCHECKED]
        if not (credentials.is_ecom or credentials.callback_key or credentials.callback_public_key):
            lacking.append(
                Words(
                    "нет ключа для проверки подписи уведомлений", "there is no key to verify the signature of notices"
                )
            )
        return lacking

    def start_payment(self, credentials: SberbankCredentials, order: PageOrder) -> Started:
        line = self._line(credentials)
        try:
            placed = line.register(order.number, order.amount, page_fields(credentials, order))
        except NotAccepted as refusal:
            raise NotSent(f"order {order.number} was not placed: {refusal}") from None
        if not re.match(r"https?://", placed.form_url):
            raise OutcomeUnknown(f"order {order.number} was placed, and its page's address is missing")
        if order.method == "card":
            return Started(placed.order_id, placed.form_url)
        if credentials.is_ecom:
            return Started(placed.order_id, placed.form_url, placed.external.sbp_payload if placed.external else "")
        return Started(placed.order_id, placed.form_url, _qr_payload(line, credentials, placed.order_id))

    def charge_saved_card(self, credentials: SberbankCredentials, order: SavedCardOrder, placed: Placed) -> Payment:
        line = Line(self.http, credentials, order.token)
        payment_id = order.payment_id
        if not payment_id:
            try:
                fields = saved_card_fields(credentials, order, line.address)
                payment_id = line.register(order.number, order.amount, fields).order_id
            except NotAccepted as refusal:
                return _declined(order, "", refusal.decline_code)
            placed(payment_id)
        return _after_paying(line, order, payment_id, _pay(line, order, payment_id))

    def fetch_payment(self, credentials: SberbankCredentials, order: PlacedOrder) -> Payment | None:
        status = self._line(credentials).status(order.number, order.payment_id)
        return payment_of(status, order.number, order.payment_id, order.amount) if status else None

    def void(self, credentials: SberbankCredentials, order: PlacedOrder) -> Payment:
        """An order whose last try to pay was refused stays a refusal when it is closed."""
        line = self._line(credentials)
        status = line.known_status(order.number, order.payment_id)
        before = payment_of(status, order.number, order.payment_id, order.amount)
        if before.outcome not in (Outcome.REGISTERED, Outcome.PENDING):
            return before
        verb = "reverse.do" if status.is_held else "decline.do"
        answer = line.answer(verb, order_key(order.number, before.payment_id), Answer)
        closed = line.known_status(order.number, before.payment_id)
        after = payment_of(closed, order.number, before.payment_id, order.amount)
        if status.was_refused and after.outcome in (Outcome.DECLINED, Outcome.CANCELLED):
            code, text = str(status.action_code), status.action_text
            return replace(after, outcome=Outcome.DECLINED, decline_code=code, decline_text=text)
        if after.outcome is Outcome.DECLINED and not answer.error_code:
            return replace(after, outcome=Outcome.CANCELLED, decline_code="", decline_text="")
        return after

    def refund(self, credentials: SberbankCredentials, order: RefundOrder) -> Refunded:
        """ECOM takes our number once. The form flavours know none: there the total given back is compared before and
        after, and nothing is sent when it is not the one we know."""
        line = self._line(credentials)
        try:
            before = line.known_status(order.order_number, order.payment_id)
        except OutcomeUnknown as trouble:
            raise NotSent(f"refund {order.number} was not asked for: {trouble}") from None
        sent: dict[str, object] = {
            "orderId": order.payment_id or before.attribute("mdOrder"),
            "amount": order.amount.minor,
        }
        if credentials.is_ecom:
            sent["jsonParams"] = {"externalRefundId": order.number}
            if order.receipt:
                sent["orderBundle"] = ecom_bundle(credentials, order.receipt, "sell_refund")
        elif known := _refund_in(before, order):
            return known
        elif before.refunded != order.refunded_before.minor:
            raise NotSent(f"refund {order.number} was not asked for: {_other_total(before, order)}")
        order.sending()
        return _after_refunding(line, order, line.ask("refund.do", sent, Answer, key=order.number))

    def fetch_refund(self, credentials: SberbankCredentials, order: RefundOrder) -> Refunded | None:
        status = self._line(credentials).known_status(order.order_number, order.payment_id)
        known = _refund_in(status, order)
        if known or status.refunded == order.refunded_before.minor:
            return known
        raise OutcomeUnknown(f"refund {order.number}: {_other_total(status, order)}")

    def forget_card(self, credentials: SberbankCredentials, card: StoredCard) -> None:
        """A bound SBP account is forgotten by us alone: only its owner can unbind it, in their bank's app."""
        if SBP_TOKEN.fullmatch(card.token):
            return
        verb = "unbindCard.do" if credentials.is_ecom else "unBindCard.do"
        answer = self._line(credentials).ask(verb, {"bindingId": card.token}, Answer)
        if answer.error_code not in (None, 0) and not refusal_of_card(answer.error_code, answer.error_text):
            raise OutcomeUnknown(f"{verb}: errorCode {answer.error_code}; the card may still be bound")

    def send_receipt(
        self, credentials: SberbankCredentials, order: PlacedOrder, number: str, receipt: Receipt
    ) -> SentReceipt:
        if not credentials.is_ecom:
            return SentReceipt("", "failed")  # the protocol has no request for it: the cash desk has to
        contact = {"email": receipt.email} if receipt.email else {"phone": receipt.phone}
        bundle = {"orderBundle": ecom_bundle(credentials, receipt, "sell")}
        reply = self._line(credentials).ask_receipts(
            "doReceipt", {**order_key(order.number, order.payment_id), **contact, **bundle}
        )
        if reply.status in (400, 404, 451):
            return SentReceipt("", "failed")
        if reply.status == 200 and (taken := read(ReceiptTaken, reply)).order_id:
            return SentReceipt(taken.receipt_id, "pending")
        raise OutcomeUnknown(f"{reply.request}: answered {reply.status}; receipt {number} may have been made")

    def fetch_receipt(self, credentials: SberbankCredentials, order: PlacedOrder, receipt_id: str) -> SentReceipt:
        if not credentials.is_ecom:
            return SentReceipt(receipt_id, "none")  # the protocol says nothing of receipts
        key = {"receiptId": receipt_id} if receipt_id else order_key(order.number, order.payment_id)
        reply = self._line(credentials).ask_receipts("getReceiptStatus", key)
        if reply.status == 404:
            return SentReceipt(receipt_id, "none")
        if reply.status != 200:
            raise OutcomeUnknown(f"{reply.request}: answered {reply.status}")
        return SentReceipt(receipt_id, status_of_receipts(read(Receipts, reply), receipt_id))

    def read_register(self, content: bytes) -> Register:
        return read_register(content)

    def read_webhook(self, credentials: SberbankCredentials, incoming: Incoming, awaited: Awaited) -> Notice:
        return read_notice(credentials, incoming)

    def _line(self, credentials: SberbankCredentials) -> Line:
        return Line(self.http, credentials)


def _about_bindings(line: Line) -> list[Words]:
    """By the bank's word on the cards of a client that nobody is."""
    try:
        answer = line.answer("getBindings.do", {"clientId": NOBODY}, Answer)
    except Trouble:
        return [BINDINGS_UNCHECKED]
    if is_about_the_shop(answer.error_code, answer.error_text):
        return [NO_BINDINGS]
    return [] if answer.error_code in (None, 0, NO_INFORMATION) else [BINDINGS_UNCHECKED]


def _about_sbp(line: Line, credentials: SberbankCredentials) -> list[Words]:
    """ECOM gives a link with an order only. The form flavours are asked for the link of an order that nobody has, which
    a bank that looks at the permission first refuses."""
    if credentials.is_ecom:
        return [SBP_UNCHECKED]
    try:
        answer = line.answer(_qr_path(credentials), {"mdOrder": NO_SUCH_ORDER}, Answer)
    except Trouble:
        return [SBP_UNCHECKED]
    return [NO_SBP] if is_about_the_shop(answer.error_code, answer.error_text) else [SBP_UNCHECKED]


def _qr_path(credentials: SberbankCredentials) -> str:
    return f"{credentials.sbp_prefix.strip('/')}/get.do"


def _qr_payload(line: Line, credentials: SberbankCredentials, payment_id: str) -> str:
    """The link of SBP; empty when there is none to be had: the page offers every way to pay."""
    try:
        return line.ask(_qr_path(credentials), {"mdOrder": payment_id}, Qr).payload
    except Trouble:
        return ""


def _pay(line: Line, order: SavedCardOrder, payment_id: str) -> Paid:
    key = f"{order.number}-pay"
    if account := SBP_TOKEN.fullmatch(order.token):
        bound = {"orderId": payment_id, "subscriptionId": account[1], "memberId": account[2]}
        return line.answer("paymentOrderBySubscription", bound, Paid, key)
    saved = {"mdOrder": payment_id, "bindingId": order.token, "ip": NOBODYS_ADDRESS, **email_field(order)}
    return line.answer("paymentOrderBinding.do", saved, Paid, key)


def _after_paying(line: Line, order: SavedCardOrder, payment_id: str, answer: Paid) -> Payment:
    """What became of the money: by the order's status; the paying request's own answer only says why nothing began."""
    try:
        status = line.known_status(order.number, payment_id)
    except Trouble as trouble:
        raise OutcomeUnknown(f"order {order.number} was sent to be paid: {trouble}") from None
    payment = payment_of(status, order.number, payment_id, order.amount)
    if payment.outcome in (Outcome.SUCCEEDED, Outcome.CANCELLED):
        return payment
    if payment.outcome is Outcome.DECLINED:
        return _final_decline(status, payment)
    if answer.wants_client or status.is_at_acs:
        return replace(payment, outcome=Outcome.ACTION_REQUIRED, decline_code=CLIENT_WANTED)
    if status.is_open_after_refusal:
        return _give_up(line, order, payment, status)
    if payment.outcome is Outcome.PENDING or not answer.error_code:
        return replace(payment, outcome=Outcome.PENDING)
    if is_about_the_shop(answer.error_code, answer.error_text):
        raise shop_refused(f"to let order {order.number} be paid", answer.error_code)
    if refusal := refusal_of_card(answer.error_code, answer.error_text):
        return _declined(order, payment_id, refusal)
    if is_about_the_request(answer.error_code, answer.error_text):
        return _declined(order, payment_id, f"errorCode {answer.error_code}")
    raise OutcomeUnknown(f"order {order.number}: paying it was answered with errorCode {answer.error_code}")


def _give_up(line: Line, order: SavedCardOrder, payment: Payment, status: Status) -> Payment:
    """The bank refused this try and keeps the order open for more: closed, so that the refusal is final."""
    try:
        line.answer("decline.do", order_key(order.number, payment.payment_id), Answer)
        after = payment_of(
            line.known_status(order.number, payment.payment_id), order.number, payment.payment_id, order.amount
        )
    except Trouble:
        return replace(payment, outcome=Outcome.PENDING)
    if after.outcome is Outcome.SUCCEEDED:
        return after
    if after.outcome not in (Outcome.DECLINED, Outcome.CANCELLED):
        return replace(payment, outcome=Outcome.PENDING)
    code, text = str(status.action_code), status.action_text
    return _final_decline(status, replace(payment, outcome=Outcome.DECLINED, decline_code=code, decline_text=text))


def _final_decline(status: Status, payment: Payment) -> Payment:
    """A decline of a charge as it is told at once. Raises Misconfigured where no other charge would pass either."""
    code = status.action_code
    if code is not None and code in SHOP_CODES:
        text = f"order {payment.order_number} was not paid, actionCode {code}: {SHOP_CODES[code]}"
        raise Misconfigured(f"{text}; the bank has to change that")
    if code == ASKED_TOO_EARLY:
        return replace(payment, outcome=Outcome.PENDING, decline_code="", decline_text="")
    return payment


def _declined(order: SavedCardOrder, payment_id: str, code: str) -> Payment:
    return Payment(order.number, payment_id, Outcome.DECLINED, order.amount, decline_code=code)


def _after_refunding(line: Line, order: RefundOrder, answer: Answer) -> Refunded:
    try:
        status = line.known_status(order.order_number, order.payment_id)
    except Trouble as trouble:
        raise OutcomeUnknown(f"refund {order.number} was asked for: {trouble}") from None
    known = _refund_in(status, order)
    if known:
        return known
    if answer.error_code in (None, 0):
        return Refunded(order.number, Outcome.PENDING, order.amount)
    if status.refunded == order.refunded_before.minor and is_no_refund(answer.error_code, answer.error_text):
        reason = f"errorCode {answer.error_code}: there is not so much to give back, or nothing was paid"
        return Refunded(order.number, Outcome.DECLINED, order.amount, reason=reason)
    raise OutcomeUnknown(f"refund {order.number}: refund.do answered errorCode {answer.error_code}")


def _refund_in(status: Status, order: RefundOrder) -> Refunded | None:
    """The refund as the order's status tells it: by its number, else by the total given back."""
    mine = [one for one in status.operations or () if one.refund_number == order.number]
    for operation in mine:
        if operation.action_code == 0:
            amount = order.amount if operation.amount is None else Money(operation.amount, order.amount.currency)
            return Refunded(order.number, Outcome.SUCCEEDED, amount)
    if mine and not any(one.action_code is None or one.action_code in IN_PROGRESS for one in mine):
        reason = f"actionCode {mine[-1].action_code}"
        return Refunded(order.number, Outcome.DECLINED, order.amount, reason=reason)
    if status.refunded == order.refunded_before.minor + order.amount.minor:
        return Refunded(order.number, Outcome.SUCCEEDED, order.amount)
    if mine or (status.refunded == order.refunded_before.minor and status.action_code in IN_PROGRESS):
        return Refunded(order.number, Outcome.PENDING, order.amount)
    return None


def _other_total(status: Status, order: RefundOrder) -> str:
    return (
        f"the acquirer has given back {status.refunded} of the order in all, we know of {order.refunded_before.minor} "
        f"(minor units): compare with its cabinet"
    )
