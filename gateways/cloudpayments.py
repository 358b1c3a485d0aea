"""CloudPayments (developers.cloudpayments.ru): cards by token, pages by order, SBP by link, found by our InvoiceId.

An InvoiceId may be used as often as one likes and a request's X-Request-ID is forgotten after an hour, so every new
order is preceded by the question whether its number is known.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from pydantic import Field

from gateways import _cloudpayments_answers as answers
from gateways._cloudpayments_answers import Answer, Transaction, payment_of, read
from gateways._cloudpayments_codes import (
    CARD_REFUSED,
    CLOSED_BEFORE,
    DECLINES,
    RECEIPT_STATUSES,
    REQUEST_REFUSED,
    WANTS_CLIENT,
)
from gateways._cloudpayments_notices import read_notice
from gateways._cloudpayments_requests import charge_body, link_body, page_body, receipt_body, refund_body
from gateways._declines import Reason
from gateways._errors import Misconfigured, NotSent, OutcomeUnknown
from gateways._gateway import Capability, Credentials, Gateway, Unchecked
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
from gateways._receipt import Receipt, SentReceipt
from schemas.declaration import Words

PAGE = "order-"  # before the id of a page, to tell it from the number of a payment
WAITING = "3ds-"  # before the number of a payment that waits for an authentication which nobody was shown
TOKENS_UNCHECKED = Unchecked(
    "сохранение и списание карт: посмотрите, включено ли «Сохранение токена карты» в настройках сайта, и спросите "
    "менеджера CloudPayments, разрешены ли платежи по токену",
    "keeping and charging cards: look whether «Сохранение токена карты» is on in the site's settings, and ask "
    "CloudPayments' manager whether payments by token are permitted",
)
SBP_UNCHECKED = Unchecked(
    "СБП: спросите менеджера CloudPayments, подключена ли она сайту",
    "SBP: ask CloudPayments' manager whether the site takes it",
)
NOTHING_TAKEN = frozenset({Outcome.DECLINED, Outcome.CANCELLED})
WEB_ADDRESS = re.compile(r"https?://\S+")
ON_A_PAGE = 100  # operations in a list at once
MOST_PAGES = 100
BEFORE, AFTER = timedelta(hours=1), timedelta(days=3)  # around the moment of an order, where its payments may be


class CloudPaymentsCredentials(Credentials):
    public_id: str = Field(min_length=1, title="Public ID", description="Личный кабинет — Сайты — Настройки: pk_...")
    api_secret: str = Field(
        min_length=1, repr=False, title="Пароль для API / API Secret", description="Там же, рядом с Public ID"
    )
    inn: str = Field(
        default="",
        title="ИНН владельца кассы / Taxpayer number of the till's owner",
        description="Нужен только для закрывающих чеков через CloudKassir",
    )

    @property
    def account(self) -> str:
        return self.public_id


class CloudPayments(Gateway[CloudPaymentsCredentials]):
    code: ClassVar[str] = "cloudpayments"
    title: ClassVar[Words] = Words("CloudPayments (Клауд Пэйментс)", "CloudPayments")
    address: ClassVar[str] = "https://api.cloudpayments.ru/"
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {
            Capability.START_PAYMENT,
            Capability.CHARGE_SAVED_CARD,
            Capability.VOID,
            Capability.REFUND,
            Capability.FETCH_REFUND,
            Capability.SEND_RECEIPT,
            Capability.FETCH_RECEIPT,
            Capability.READ_WEBHOOK,
        }
    )
    methods: ClassVar[frozenset[Method]] = frozenset({"card", "sbp"})
    longest_work: ClassVar[timedelta] = timedelta(minutes=5)  # their documentation: wait so long for an answer
    declines: ClassVar[Mapping[str, Reason]] = DECLINES
    credentials = CloudPaymentsCredentials

    def check(self, credentials: CloudPaymentsCredentials) -> list[Words]:
        """A link of SBP is a payment already, and of tokens nothing is told but by charging one."""
        answer = self._ask(credentials, "test", {})
        if not answer.success:
            raise OutcomeUnknown(f"{_asked('test')}: refused, which tells nothing definite")
        return [TOKENS_UNCHECKED, SBP_UNCHECKED]

    def start_payment(self, credentials: CloudPaymentsCredentials, order: PageOrder) -> Started:
        self._must_be_new(credentials, order.number)
        return self._link(credentials, order) if order.method == "sbp" else self._page(credentials, order)

    def charge_saved_card(
        self, credentials: CloudPaymentsCredentials, order: SavedCardOrder, placed: Placed
    ) -> Payment:
        self._must_be_new(credentials, order.number)
        path = "payments/tokens/charge"
        answer = self._ask(credentials, path, charge_body(order), order.number)
        if answer.refused:
            code = CARD_REFUSED if answer.about_token else REQUEST_REFUSED
            text = answer.words or code
            return Payment(order.number, "", Outcome.DECLINED, order.amount, decline_code=code, decline_text=text)
        found = _transaction(path, answer)
        if found.acs_url and not answer.success:
            return Payment(
                found.invoice_id or order.number,
                f"{WAITING}{found.transaction_id}",
                Outcome.ACTION_REQUIRED,
                order.amount,
                decline_code=WANTS_CLIENT,
                decline_text="3-D Secure",
            )
        payment = payment_of(found)
        if answer.success is (payment.outcome is Outcome.DECLINED):
            raise OutcomeUnknown(f"{_asked(path)}: answered both yes and no about order {order.number}")
        if "invoice_id" not in found.model_fields_set and payment.amount == order.amount:
            payment = replace(payment, order_number=order.number)
        return replace(payment, stored_card=None)

    def fetch_payment(self, credentials: CloudPaymentsCredentials, order: PlacedOrder) -> Payment | None:
        """A client may try again on a page whose last try was refused: until it is closed nothing there is final."""
        found = self._word(credentials, order)
        payment = payment_of(found) if found else None
        if order.payment_id.startswith(PAGE) and (payment is None or payment.outcome in NOTHING_TAKEN):
            return Payment(order.number, order.payment_id, Outcome.REGISTERED, order.amount)
        if payment and payment.outcome is Outcome.PENDING and order.payment_id:
            return replace(payment, payment_id=order.payment_id)
        return payment

    def void(self, credentials: CloudPaymentsCredentials, order: PlacedOrder) -> Payment:
        """A page is closed, a hold let go; a payment that asked for 3-D Secure is over, since nobody but us could go on
        with it. What was paid meanwhile stays paid."""
        if order.payment_id.startswith(PAGE):
            return self._close_page(credentials, order)
        found = self._word(credentials, order)
        if found is None:
            raise OutcomeUnknown(f"CloudPayments knows no order {order.number} that could be closed")
        if found.status == "Authorized":
            self._ask(
                credentials, "payments/void", {"TransactionId": int(found.transaction_id)}, f"{order.number}-void"
            )
            found = self._payment(credentials, found.transaction_id) or found
        if found.status == "AwaitingAuthentication" and order.payment_id.startswith(WAITING):
            return Payment(order.number, order.payment_id, Outcome.CANCELLED, order.amount)
        return payment_of(found)

    def refund(self, credentials: CloudPaymentsCredentials, order: RefundOrder) -> Refunded:
        """Its number is a label on the refund: earlier ones are looked through first."""
        try:
            paid = self._paid(credentials, order)
            before = self._refund_of(credentials, order, paid)
        except OutcomeUnknown as trouble:
            raise NotSent(f"{trouble}; refund {order.number} was not asked for") from None
        if before:
            return answers.refunded_of(before, order.number)
        path = "payments/refund"
        order.sending()
        answer = self._ask(credentials, path, refund_body(order, paid.transaction_id), order.number)
        if answer.refused:
            why = answer.words or "CloudPayments did not accept it"
            return Refunded(order.number, Outcome.DECLINED, order.amount, reason=why)
        if not answer.success:
            raise OutcomeUnknown(f"{_asked(path)}: refused refund {order.number} without a reason that is known")
        placed = read(answers.PlacedRefund, answer.model)
        return self._refund_placed(credentials, order, placed.transaction_id)

    def fetch_refund(self, credentials: CloudPaymentsCredentials, order: RefundOrder) -> Refunded | None:
        found = self._refund_of(credentials, order, self._paid(credentials, order))
        return answers.refunded_of(found, order.number) if found else None

    def send_receipt(
        self, credentials: CloudPaymentsCredentials, order: PlacedOrder, number: str, receipt: Receipt
    ) -> SentReceipt:
        if not credentials.inn:
            raise NotSent("closing receipts need inn in CloudPayments' credentials: nothing was sent")
        body = {
            "Inn": credentials.inn,
            "Type": "Income",
            "InvoiceId": order.number,
            "CustomerReceipt": receipt_body(receipt),
        }
        answer = self._ask(credentials, "kkt/receipt", body, number)
        if not answer.success:
            return SentReceipt("", "failed")
        return SentReceipt(read(answers.PlacedReceipt, answer.model).id, "pending")

    def fetch_receipt(self, credentials: CloudPaymentsCredentials, order: PlacedOrder, receipt_id: str) -> SentReceipt:
        """The receipt that went with a payment has a number that only a Receipt notice tells, once it is made."""
        if not receipt_id:
            return SentReceipt("", "pending")
        path = "kkt/receipt/status/get"
        answer = self._ask(credentials, path, {"Id": receipt_id})
        status = RECEIPT_STATUSES.get(answer.model) if isinstance(answer.model, str) else None
        if status is None:
            raise OutcomeUnknown(f"{_asked(path)}: answered with a status that is not known")
        return SentReceipt(receipt_id, status)

    def read_webhook(self, credentials: CloudPaymentsCredentials, incoming: Incoming, awaited: Awaited) -> Notice:
        return read_notice(incoming, credentials.api_secret, awaited)

    def _page(self, credentials: CloudPaymentsCredentials, order: PageOrder) -> Started:
        path = "orders/create"
        answer = self._ask(credentials, path, page_body(order), order.number)
        self._must_be_placed(path, answer, order)
        page = read(answers.PlacedPage, answer.model)
        if not WEB_ADDRESS.fullmatch(page.url) or answers.money_of(page.amount, page.currency) != order.amount:
            raise OutcomeUnknown(f"{_asked(path)}: order {order.number} is placed and cannot be paid on its page")
        return Started(f"{PAGE}{page.id}", page_url=page.url)

    def _link(self, credentials: CloudPaymentsCredentials, order: PageOrder) -> Started:
        if order.amount.currency != "RUB":
            raise NotSent(f"order {order.number}: SBP takes roubles only, not {order.amount.currency}")
        path = "payments/qr/sbp/link"
        answer = self._ask(credentials, path, link_body(order, credentials.public_id), f"{order.number}-sbp")
        self._must_be_placed(path, answer, order)
        link = read(answers.Link, answer.model)
        if not WEB_ADDRESS.fullmatch(link.qr_url) or link.merchant_order_id not in ("", order.number):
            raise OutcomeUnknown(f"{_asked(path)}: order {order.number} is placed and cannot be paid by its link")
        return Started(link.transaction_id, qr_payload=link.qr_url)

    def _must_be_placed(self, path: str, answer: Answer, order: PageOrder) -> None:
        if answer.refused:
            why = f" ({answer.words})" if answer.words else ""
            raise NotSent(f"{_asked(path)}: order {order.number} was not accepted{why}; nothing was placed")
        if not answer.success:
            raise OutcomeUnknown(f"{_asked(path)}: order {order.number} was refused without a reason that is known")

    def _close_page(self, credentials: CloudPaymentsCredentials, order: PlacedOrder) -> Payment:
        path = "orders/cancel"
        body = {"Id": order.payment_id.removeprefix(PAGE)}
        answer = self._ask(credentials, path, body, f"{order.number}-cancel")
        found = self._word(credentials, order)
        payment = payment_of(found) if found else None
        if payment and payment.outcome not in NOTHING_TAKEN:
            return payment
        if not answer.success and not CLOSED_BEFORE.search(answer.message):
            raise OutcomeUnknown(f"{_asked(path)}: the page of order {order.number} was not closed")
        return payment or Payment(order.number, order.payment_id, Outcome.CANCELLED, order.amount)

    def _must_be_new(self, credentials: CloudPaymentsCredentials, number: str) -> None:
        """Raises OutcomeUnknown for a number that is known already, NotSent when that cannot be learnt now."""
        try:
            known = self._found(credentials, number)
        except OutcomeUnknown as trouble:
            raise NotSent(f"{trouble}; order {number} was not sent") from None
        if known:
            raise OutcomeUnknown(f"order {number} is known to CloudPayments already; nothing was sent under it now")

    def _word(self, credentials: CloudPaymentsCredentials, order: PlacedOrder) -> Transaction | None:
        """The present word on an order. A refusal is believed when no other payment of the number was made: the last
        is found first, and a client, or the acquirer at its second bank, may have paid by an earlier or a later one."""
        found = self._at(credentials, order.payment_id, order.number)
        if found is None or not (found.declined or found.outcome is Outcome.CANCELLED):
            return found
        paid = [
            one
            for one in self._listed(credentials, order.placed_at - BEFORE, order.placed_at + AFTER)
            if one.invoice_id == order.number and one.is_payment
        ]
        if len(paid) > 1:
            numbers = ", ".join(one.transaction_id for one in paid)
            raise OutcomeUnknown(
                f"order {order.number} was paid more than once at CloudPayments (payments {numbers}): compare with its "
                "cabinet and give back what is too much"
            )
        return paid[0] if paid else found

    def _paid(self, credentials: CloudPaymentsCredentials, order: RefundOrder) -> Transaction:
        found = self._at(credentials, order.payment_id, order.order_number)
        if found is None or found.status != "Completed" or found.invoice_id != order.order_number:
            raise OutcomeUnknown(f"refund {order.number}: CloudPayments knows no paid order {order.order_number}")
        return found

    def _refund_of(
        self, credentials: CloudPaymentsCredentials, order: RefundOrder, paid: Transaction
    ) -> Transaction | None:
        """The newer search finds the last operation of a number, refunds too: while that is the payment itself, there
        is none. Else everything since the payment is looked through."""
        last = self._found(credentials, order.order_number, path="v2/payments/find")
        if last and last.transaction_id == paid.transaction_id and not order.refunded_before:
            return None
        since = (paid.created_date_iso or order.placed_at) - BEFORE
        listed = self._listed(credentials, since, order.placed_at + AFTER, "Declined", "Cancelled")
        same = [one for one in listed if one.original_transaction_id == paid.transaction_id]
        mine = [one for one in same if one.refund_number == order.number]
        others = [one for one in same if one.outcome is Outcome.SUCCEEDED and one not in mine]
        if len(mine) > 1 or (not mine and sum(abs(one.money.minor) for one in others) != order.refunded_before.minor):
            raise OutcomeUnknown(f"refund {order.number}: cannot be told from others: look at CloudPayments' cabinet")
        return mine[0] if mine else None

    def _refund_placed(self, credentials: CloudPaymentsCredentials, order: RefundOrder, refund_id: str) -> Refunded:
        """A refund that was accepted may still be on its way, by SBP it always is."""
        try:
            found = self._payment(credentials, refund_id)
        except (OutcomeUnknown, NotSent):
            found = None
        if found is None or not found.status:
            return Refunded(order.number, Outcome.PENDING, order.amount)
        return answers.refunded_of(found, order.number)

    def _at(self, credentials: CloudPaymentsCredentials, payment_id: str, number: str) -> Transaction | None:
        """By CloudPayments' number where it is known, else by ours."""
        by_id = payment_id.removeprefix(WAITING)
        return self._payment(credentials, by_id) if by_id.isdecimal() else self._found(credentials, number)

    def _payment(self, credentials: CloudPaymentsCredentials, transaction_id: str) -> Transaction | None:
        path = "payments/get"
        answer = self._ask(credentials, path, {"TransactionId": int(transaction_id)})
        if answer.found_nothing:
            return None
        found = _transaction(path, answer)
        if found.transaction_id != transaction_id:
            raise OutcomeUnknown(f"{_asked(path)}: answered about another payment than {transaction_id}")
        return found

    def _found(
        self, credentials: CloudPaymentsCredentials, number: str, path: str = "payments/find"
    ) -> Transaction | None:
        answer = self._ask(credentials, path, {"InvoiceId": number})
        return None if answer.found_nothing else _transaction(path, answer)

    def _listed(
        self, credentials: CloudPaymentsCredentials, since: datetime, until: datetime, *more: str
    ) -> Iterator[Transaction]:
        """What was taken, held or given back in a stretch of time, and operations of `more` statuses. Raises
        OutcomeUnknown when there is too much of it."""
        path = "v2/payments/list"
        body: dict[str, object] = {
            "CreatedDateGte": since.astimezone(UTC).isoformat(timespec="seconds"),
            "CreatedDateLte": until.astimezone(UTC).isoformat(timespec="seconds"),
            "TimeZone": "UTC",
            "Statuses": ["Authorized", "Completed", *more],
        }
        for page in range(1, MOST_PAGES + 1):
            answer = self._ask(credentials, path, {**body, "PageNumber": page})
            if not answer.success or not isinstance(answer.model, list):
                raise OutcomeUnknown(f"{_asked(path)}: answered without a list")
            yield from (read(Transaction, one) for one in answer.model)
            if len(answer.model) < ON_A_PAGE:
                return
        raise OutcomeUnknown(f"{_asked(path)}: more than {MOST_PAGES * ON_A_PAGE} operations to look through")

    def _ask(
        self, credentials: CloudPaymentsCredentials, path: str, body: Mapping[str, object], key: str = ""
    ) -> Answer:
        reply = self.http.post(
            path,
            body,
            auth=(credentials.public_id, credentials.api_secret),
            headers={"X-Request-ID": key} if key else {},
        )
        if reply.status == 401:
            raise Misconfigured(
                f"{reply.request}: answered 401: compare public_id and api_secret with the site's settings in "
                "CloudPayments' cabinet (Сайты - Настройки)"
            )
        if reply.status != 200:
            raise OutcomeUnknown(f"{reply.request}: answered {reply.status}")
        return read(Answer, reply.data)


def _transaction(path: str, answer: Answer) -> Transaction:
    if answer.model is None:
        raise OutcomeUnknown(f"{_asked(path)}: answered without a payment, which tells nothing definite")
    return read(Transaction, answer.model)


def _asked(path: str) -> str:
    return f"CloudPayments, {path}"
