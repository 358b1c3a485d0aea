"""YooKassa, API v3 (yookassa.ru/developers/api): payments found by our own number, which they carry as metadata."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from types import MappingProxyType
from typing import Any, ClassVar
from urllib.parse import quote

from pydantic import Field, ValidationError

from gateways import _yookassa_answers as answers
from gateways._declines import Reason
from gateways._errors import InvalidSignature, Misconfigured, NotSent, OutcomeUnknown, Trouble
from gateways._gateway import Capability, Credentials, Gateway, Unchecked, WithoutSbp
from gateways._http import Reply
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
)
from gateways._receipt import Receipt, ReceiptStatus, SentReceipt
from gateways._register import Register
from gateways._yookassa_codes import DECLINES, METHOD_NOT_KNOWN, RECEIPT_STATUSES, WANTS_CLIENT
from gateways._yookassa_register import read_register
from gateways._yookassa_requests import payment_body, receipt_body, sum_of
from schemas.declaration import Words

PAYMENTS = "v3/payments"
REFUNDS = "v3/refunds"
RECEIPTS = "v3/receipts"
LONGEST_CUSTOMER = 200
# behind the key of a page: refused, the number is used again for the same in another way, which is another body
BY_SBP, SAVING = "-sbp", "-save"
ON_A_PAGE = 100  # the most that a list gives at once
MOST_PAGES = 100
PLACED_BEFORE = timedelta(days=3)  # a database restored from a backup may place an order again after this long
PAGES_BEFORE = 5  # of the newest payments are looked through before another one is made
AROUND = (
    (timedelta(hours=1), timedelta(hours=1)),
    (PLACED_BEFORE, timedelta(days=2)),
)
REFUSED = frozenset({400, 404, 405, 410, 415})
NO_FILTER: Mapping[str, str] = MappingProxyType({})
NOBODYS_METHOD = "00000000-0000-5000-8000-000000000000"  # YooKassa's own begin with the moment they were made at
NO_RECURRING = Words(
    "магазину не разрешены автоплатежи: карты и счета не сохранить и не списать",
    "the shop may make no recurring payments (автоплатежи): cards and accounts can be neither saved nor charged",
)
NO_SBP = WithoutSbp("магазину не подключена СБП", "the shop does not take SBP payments")
RECURRING_UNCHECKED = Unchecked(
    "автоплатежи: спросите менеджера магазина в ЮKassa, включены ли они",
    "recurring payments (автоплатежи): ask the shop's YooKassa manager whether they are enabled",
)
WAYS_UNCHECKED = Unchecked(
    "карты и СБП: посмотрите в кабинете ЮKassa, подключены ли они",
    "cards and SBP: look in YooKassa's cabinet whether they are switched on",
)


class YooKassaCredentials(Credentials):
    shop_id: str = Field(min_length=1, title="Идентификатор магазина / shopId", description="Настройки — Магазин")
    secret_key: str = Field(
        min_length=1,
        repr=False,
        title="Секретный ключ / Secret key",
        description="Интеграция — Ключи API: live_... или test_...",
    )

    @property
    def account(self) -> str:
        return self.shop_id


class YooKassa(Gateway[YooKassaCredentials]):
    code: ClassVar[str] = "yookassa"
    title: ClassVar[Words] = Words("ЮКасса", "YooKassa")
    address: ClassVar[str] = "https://api.yookassa.ru/"
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {
            Capability.START_PAYMENT,
            Capability.CHARGE_SAVED_CARD,
            Capability.REFUND,
            Capability.FETCH_REFUND,
            Capability.SEND_RECEIPT,
            Capability.FETCH_RECEIPT,
            Capability.FETCH_REFUND_RECEIPT,
            Capability.READ_REGISTER,
            Capability.READ_WEBHOOK,
        }
    )
    methods: ClassVar[frozenset[Method]] = frozenset({"card", "sbp"})
    finds_receipts: ClassVar[bool] = True
    declines: ClassVar[Mapping[str, Reason]] = DECLINES
    credentials = YooKassaCredentials

    def check(self, credentials: YooKassaCredentials) -> list[Words]:
        """Settings are promised to some kinds of shops only; a shop that may not read them shows a list instead."""
        reply = self.http.get("v3/me", {}, auth=_auth(credentials))
        if reply.status in (403, 404):
            self._get(credentials, PAYMENTS, {"limit": "1"})
            return [WAYS_UNCHECKED, *self._recurring(credentials)]
        if reply.status != 200:
            raise self._trouble(reply)
        shop = answers.read(answers.Shop, reply.data)
        lacking = []
        if shop.status == "disabled":
            lacking.append(Words("магазин отключён в ЮKassa", "the shop is disabled at YooKassa"))
        if shop.payment_methods is None:
            lacking.append(WAYS_UNCHECKED)
        if shop.payment_methods is not None and "bank_card" not in shop.payment_methods:
            lacking.append(Words("магазину не подключены карты", "the shop does not take cards"))
        if shop.payment_methods is not None and "sbp" not in shop.payment_methods:
            lacking.append(NO_SBP)
        return [*lacking, *self._recurring(credentials)]

    def start_payment(self, credentials: YooKassaCredentials, order: PageOrder) -> Started:
        if self._placed_before(credentials, order.number):
            raise OutcomeUnknown(f"{self.http.address}: order {order.number} was placed before; nothing was placed now")
        body: dict[str, object] = {
            **payment_body(order),
            "payment_method_data": {"type": "sbp" if order.method == "sbp" else "bank_card"},
            "confirmation": {
                "type": "qr" if order.method == "sbp" else "redirect",
                "return_url": order.return_url,
            },
        }
        key = order.number + (BY_SBP if order.method == "sbp" else "")
        if order.save_card:
            body["save_payment_method"] = True
            body["merchant_customer_id"] = order.gateway_customer_id[:LONGEST_CUSTOMER]
            body["metadata"] = {"order": order.number, "save": "yes"}
            key += SAVING
        reply = self._post(credentials, PAYMENTS, body, key)
        if reply.status != 200:
            refusal = self._refusal(reply)
            if order.method == "sbp" and refusal.is_about_method:
                raise Misconfigured(f"{reply.request}: {refusal.text}: {NO_SBP.en}; ask its YooKassa manager for SBP")
            raise NotSent(f"{reply.request}: refused order {order.number}, {refusal.text}; nothing was placed")
        placed = answers.read(answers.PaymentObject, reply.data)
        opened = placed.confirmation or answers.Confirmation()
        place = opened.confirmation_data if order.method == "sbp" else opened.confirmation_url
        if placed.status != "pending" or placed.label("order") != order.number or not place:
            raise OutcomeUnknown(f"{reply.request}: order {order.number} is there and cannot be paid on a new page")
        return Started(placed.id, qr_payload=place) if order.method == "sbp" else Started(placed.id, page_url=place)

    def charge_saved_card(self, credentials: YooKassaCredentials, order: SavedCardOrder, placed: Placed) -> Payment:
        before = self._placed_before(credentials, order.number)
        if before:
            return _charged(_only_payment(before, order.number))
        body: dict[str, object] = {
            **payment_body(order),
            "payment_method_id": order.token,
        }
        reply = self._post(credentials, PAYMENTS, body, order.number)
        if reply.status == 200:
            return _charged(answers.payment_of(answers.read(answers.PaymentObject, reply.data)))
        refusal = self._refusal(reply)
        code = answers.word(refusal.code) or f"http_{reply.status}"
        if code in ("invalid_request", "not_found") and refusal.speaks_of("payment_method"):
            code = f"{code}:{METHOD_NOT_KNOWN}"
        return Payment(
            order.number, "", Outcome.DECLINED, order.amount, decline_code=code, decline_text=refusal.text or code
        )

    def fetch_payment(self, credentials: YooKassaCredentials, order: PlacedOrder) -> Payment | None:
        if order.payment_id:
            found = self._payment(credentials, order.payment_id)
            return answers.payment_of(found) if found else None
        for before, after in AROUND:
            params = {
                "created_at.gte": _moment(order.placed_at - before),
                "created_at.lte": _moment(order.placed_at + after),
            }
            listed = self._listed(credentials, PAYMENTS, params)
            same = [one for one in listed if answers.read(answers.ListedPayment, one).label("order") == order.number]
            if same:
                return _only_payment(same, order.number)
        return None

    def refund(self, credentials: YooKassaCredentials, order: RefundOrder) -> Refunded:
        try:
            before = self._refunds(credentials, order)
        except OutcomeUnknown as trouble:
            raise NotSent(f"{trouble}; refund {order.number} was not asked for") from None
        if before:
            return _only_refund(before, order.number)
        body: dict[str, object] = {
            "payment_id": order.payment_id,
            "amount": sum_of(order.amount),
            "description": order.number,
            "metadata": {"order": order.order_number, "refund": order.number},
        }
        if order.receipt:
            body["receipt"] = receipt_body(order.receipt)
        order.sending()
        reply = self._post(credentials, REFUNDS, body, order.number)
        if reply.status == 200:
            return answers.refunded_of(answers.read(answers.RefundObject, reply.data))
        refusal = self._refusal(reply)
        return Refunded(order.number, Outcome.DECLINED, order.amount, reason=refusal.text or f"http_{reply.status}")

    def fetch_refund(self, credentials: YooKassaCredentials, order: RefundOrder) -> Refunded | None:
        same = self._refunds(credentials, order)
        return _only_refund(same, order.number) if same else None

    def send_receipt(
        self, credentials: YooKassaCredentials, order: PlacedOrder, number: str, receipt: Receipt
    ) -> SentReceipt:
        """A receipt bears no number of ours: after a day, when the key is forgotten, its kind and sum tell it."""
        kind = "prepayment" if receipt.offset else "cashless"
        before = self._receipt_before(credentials, order, kind, receipt)
        if before:
            return before
        body = {
            **receipt_body(receipt),
            "type": "payment",
            "payment_id": order.payment_id,
            "send": True,
            "settlements": [{"type": kind, "amount": sum_of(receipt.total)}],
        }
        reply = self._post(credentials, RECEIPTS, body, number)
        if reply.status == 200:
            return _sent(answers.read(answers.ReceiptObject, reply.data))
        self._refusal(reply)
        return SentReceipt("", "failed")

    def fetch_receipt(self, credentials: YooKassaCredentials, order: PlacedOrder, receipt_id: str) -> SentReceipt:
        if receipt_id:
            data = self._get(credentials, f"{RECEIPTS}/{quote(receipt_id, safe='')}", NO_FILTER)
            return _sent(answers.read(answers.ReceiptObject, data))
        found = self._payment(credentials, order.payment_id) if order.payment_id else None
        if found is None:
            raise OutcomeUnknown(f"{self.http.address}: the payment of order {order.number} is not known there")
        return SentReceipt("", found.receipt_status)

    def fetch_refund_receipt(self, credentials: YooKassaCredentials, order: RefundOrder) -> ReceiptStatus:
        same = self._refunds(credentials, order)
        if not same:
            raise OutcomeUnknown(f"{self.http.address}: refund {order.number} is not known there")
        found = answers.read(answers.RefundObject, _only(same, f"refunds {order.number}"))
        return answers.status_of_receipt(found.receipt_registration)

    def read_register(self, content: bytes) -> Register:
        return read_register(content)

    def read_webhook(self, credentials: YooKassaCredentials, incoming: Incoming, awaited: Awaited) -> Notice:
        """YooKassa signs nothing: a notice is a reason to ask about what it names, and nothing else in it is read."""
        try:
            notice = answers.NoticeObject.model_validate(json.loads(incoming.body))
        except (ValueError, ValidationError, RecursionError):
            raise InvalidSignature("not a notification of YooKassa") from None
        subject = notice.object
        if notice.event.startswith("refund."):
            return Notice(
                payment_id=answers.number(subject.payment_id), refund_number=subject.named("refund"), of_refund=True
            )
        if notice.event.startswith("payment."):
            return Notice(order_number=subject.named("order"), payment_id=answers.number(subject.id))
        return Notice()

    def _recurring(self, credentials: YooKassaCredentials) -> list[Words]:
        """What a charge of a saved method that nobody has is answered: there is nothing to take money from."""
        body: dict[str, object] = {
            "amount": {"value": "1.00", "currency": "RUB"},
            "capture": False,
            "description": "connection check",
            "payment_method_id": NOBODYS_METHOD,
        }
        try:
            reply = self._post(credentials, PAYMENTS, body, self.http.fresh_key())
            if reply.status == 200:
                answers.read(answers.PaymentObject, reply.data)  # made, only to be cancelled at once
                return []
            error = answers.read(answers.ErrorObject, reply.data)
        except Trouble:
            return [RECURRING_UNCHECKED]
        if reply.status == 403 and error.speaks_of("recurring"):
            return [NO_RECURRING]
        return [] if reply.status in REFUSED and error.speaks_of("payment_method") else [RECURRING_UNCHECKED]

    def _placed_before(self, credentials: YooKassaCredentials, number: str) -> list[dict[str, Any]]:
        """Payments of the last days under this number (docs/decisions/yookassa-order-numbers.md).

        Days are counted from the shop's newest payment; a page that is there is read to its end. Until this is
        answered nothing is sent.
        """
        same: list[dict[str, Any]] = []
        newest: datetime | None = None
        try:
            for page in islice(self._pages(credentials, PAYMENTS, NO_FILTER), PAGES_BEFORE):
                listed = [answers.read(answers.ListedPayment, one) for one in page]
                same += [one for one, payment in zip(page, listed, strict=True) if payment.label("order") == number]
                newest = newest or (listed[0].created_at if listed else None)
                if newest and listed and listed[-1].created_at < newest - PLACED_BEFORE:
                    break
        except OutcomeUnknown as trouble:
            raise NotSent(f"{trouble}; order {number} was not sent") from None
        return same

    def _refunds(self, credentials: YooKassaCredentials, order: RefundOrder) -> list[dict[str, Any]]:
        if not order.payment_id:
            raise OutcomeUnknown(f"{self.http.address}: the payment of order {order.order_number} is not known there")
        listed = self._listed(credentials, REFUNDS, {"payment_id": order.payment_id})
        return [one for one in listed if answers.read(answers.ListedRefund, one).number == order.number]

    def _receipt_before(
        self, credentials: YooKassaCredentials, order: PlacedOrder, kind: str, receipt: Receipt
    ) -> SentReceipt | None:
        if not order.payment_id:
            raise NotSent(f"{self.http.address}: the payment of order {order.number} is not known there")
        try:
            for one in self._listed(credentials, RECEIPTS, {"payment_id": order.payment_id}):
                found = answers.read(answers.ReceiptObject, one)
                settled = [(part.type, answers.money_of(part.amount)) for part in found.settlements or ()]
                if found.type != "refund" and settled == [(kind, receipt.total)] and found.status != "canceled":
                    return _sent(found)
        except OutcomeUnknown as trouble:
            raise NotSent(f"{trouble}; the receipt of order {order.number} was not sent") from None
        return None

    def _payment(self, credentials: YooKassaCredentials, payment_id: str) -> answers.PaymentObject | None:
        reply = self.http.get(f"{PAYMENTS}/{quote(payment_id, safe='')}", {}, auth=_auth(credentials))
        if reply.status == 404 and answers.read(answers.ErrorObject, reply.data).code == "not_found":
            return None
        if reply.status != 200:
            raise self._trouble(reply)
        return answers.read(answers.PaymentObject, reply.data)

    def _listed(
        self, credentials: YooKassaCredentials, path: str, params: Mapping[str, str]
    ) -> Iterator[dict[str, Any]]:
        return chain.from_iterable(self._pages(credentials, path, params))

    def _pages(
        self, credentials: YooKassaCredentials, path: str, params: Mapping[str, str]
    ) -> Iterator[tuple[dict[str, Any], ...]]:
        """Everything that fits, newest first. Raises OutcomeUnknown when there is too much of it."""
        cursor = ""
        for _ in range(MOST_PAGES):
            more = {"cursor": cursor} if cursor else {}
            data = self._get(credentials, path, {**params, "limit": str(ON_A_PAGE), **more})
            page = answers.read(answers.ListPage, data)
            yield page.items
            if not page.next_cursor:
                return
            cursor = page.next_cursor
        raise OutcomeUnknown(f"{self.http.address}{path}: more than {MOST_PAGES * ON_A_PAGE} to look through")

    def _get(self, credentials: YooKassaCredentials, path: str, params: Mapping[str, str]) -> object:
        reply = self.http.get(path, params, auth=_auth(credentials))
        if reply.status != 200:
            raise self._trouble(reply)
        return reply.data

    def _post(self, credentials: YooKassaCredentials, path: str, body: Mapping[str, object], key: str) -> Reply:
        return self.http.post(path, body, auth=_auth(credentials), headers={"Idempotence-Key": key})

    def _refusal(self, reply: Reply) -> answers.ErrorObject:
        """Why YooKassa made nothing of a request. Raises where that is not sure, or a person has to act.

        A key that was used with another body is refused as well, and then there is something under it.
        """
        error = answers.read(answers.ErrorObject, reply.data) if reply.status in REFUSED else None
        if error is None or error.speaks_of("idempotence"):
            raise self._trouble(reply)
        return error

    def _trouble(self, reply: Reply) -> Trouble:
        """That the shop is not let in is said by the status of an answer in JSON, whatever is in it; HTML is a wall's
        before YooKassa, which stops nothing for good."""
        if reply.status == 202:
            return OutcomeUnknown(f"{reply.request}: answered 202, YooKassa is still working on it")
        error = _error(reply)
        text = ", ".join(filter(None, (f"{reply.request}: answered {reply.status}", error.text)))
        if reply.status == 401:
            return Misconfigured(
                f"{text}: compare shop_id and secret_key with YooKassa's cabinet (Интеграция - Ключи API); a key that "
                "was reissued has to be configured again"
            )
        if reply.status == 403 and error.speaks_of("recurring"):
            return Misconfigured(
                f"{text}: the shop may not save cards or charge saved ones; ask its YooKassa manager to enable "
                "recurring payments (автоплатежи)"
            )
        if reply.status == 403:
            return Misconfigured(f"{text}: the key lacks the right to do this; ask the shop's YooKassa manager for it")
        return OutcomeUnknown(text)


def _error(reply: Reply) -> answers.ErrorObject:
    """Empty where the body is JSON of another shape. Raises OutcomeUnknown where it is none."""
    data = reply.data
    try:
        return answers.read(answers.ErrorObject, data)
    except OutcomeUnknown:
        return answers.ErrorObject(type="error")


def _auth(credentials: YooKassaCredentials) -> tuple[str, str]:
    return credentials.shop_id, credentials.secret_key


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _charged(payment: Payment) -> Payment:
    """A charge of a saved card that comes with a page to confirm it on: the client has to, and nobody is there."""
    if not payment.action_url:
        return payment
    return replace(payment, outcome=Outcome.ACTION_REQUIRED, decline_code=WANTS_CLIENT, decline_text="3-D Secure")


def _only_payment(same: list[dict[str, Any]], number: str) -> Payment:
    return answers.payment_of(answers.read(answers.PaymentObject, _only(same, f"payments of order {number}")))


def _only_refund(same: list[dict[str, Any]], number: str) -> Refunded:
    return answers.refunded_of(answers.read(answers.RefundObject, _only(same, f"refunds {number}")))


def _only(same: list[dict[str, Any]], what: str) -> dict[str, Any]:
    """Two under one number are for a person to look at; one that moved to the next page meanwhile is listed twice."""
    found = {str(one.get("id")): one for one in same}
    if len(found) > 1:
        raise OutcomeUnknown(f"YooKassa knows {len(found)} {what}: compare with its cabinet")
    return same[0]


def _sent(receipt: answers.ReceiptObject) -> SentReceipt:
    return SentReceipt(receipt.id, RECEIPT_STATUSES[receipt.status])
