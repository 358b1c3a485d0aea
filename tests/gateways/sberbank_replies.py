"""Sberbank in canned replies of its documents, and a bench that keeps what was sent to it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
import responses

from calculations.money import Money
from gateways import (
    Http,
    Outcome,
    PageOrder,
    Payment,
    PlacedOrder,
    Receipt,
    ReceiptLine,
    RefundOrder,
    SavedCardOrder,
    Settlement,
    StoredCard,
    Subject,
    TaxSystem,
    Vat,
)
from gateways._sberbank_credentials import SberbankCredentials
from gateways.sberbank import Sberbank

FLAVOURS = ("rbs", "ecom", "yookassa")
BASES = {
    "rbs": "https://securepayments.sberbank.ru/payment/rest/",
    "ecom": "https://ecommerce.sberbank.ru/ecomm/gw/partner/api/v1/",
    "yookassa": "https://3dsec-payments.yookassa.ru/payment/rest/",
}
RECEIPTS = "https://ecommerce.sberbank.ru/ecomm/gw/partner/api/ofd/v1/"
STATUS, REGISTER, PAY = "getOrderStatusExtended.do", "register.do", "paymentOrderBinding.do"

ORDER_ID = "a67b0ced-c9a4-4cfb-bce3-b9595afaafc1"
BINDING = "fdbbc879-c171-4cff-b636-ceab16fd6fce"
SUBSCRIPTION = "sbp:c9403ef2f9254736a5af837238ce05b1:100000000111"
RUB = Money(19_900, "RUB")
SENT_AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
ORDER = SavedCardOrder("A-1", BINDING, RUB, "Платёж 1 из 4", "C_5", "client@example.com", "C_5")
PLACED = PlacedOrder("A-1", ORDER_ID, RUB, SENT_AT)
PAGE = "https://ecomtest.sberbank.ru/pp/pay_ru?orderId=" + ORDER_ID

REGISTERED = {"errorCode": "0", "orderId": ORDER_ID, "formUrl": PAGE}
PAID_WELL = {"errorCode": "0", "info": "Ваш платёж обработан, происходит переадресация"}
STATUS_PAID: dict[str, Any] = {
    "errorCode": "0",
    "cardAuthInfo": {"maskedPan": "220138*******0047", "expiration": "202512", "paymentSystem": "MIR"},
    "bindingInfo": {"clientId": "C_5", "bindingId": BINDING},
    "paymentAmountInfo": {
        "approvedAmount": 19900,
        "depositedAmount": 19900,
        "refundedAmount": 0,
        "paymentState": "DEPOSITED",
    },
    "attributes": [{"name": "mdOrder", "value": ORDER_ID}],
    "orderNumber": "A-1",
    "orderStatus": 2,
    "actionCode": 0,
    "amount": 19900,
    "currency": "643",
    "depositedDate": 1675169010957,
}


def status(order_status: int, action_code: int | None, text: str = "", **more: Any) -> dict[str, Any]:
    """The word on an order that is not paid."""
    answer = {
        "errorCode": "0",
        "orderNumber": "A-1",
        "orderStatus": order_status,
        "actionCode": action_code,
        "actionCodeDescription": text,
        "amount": 19900,
        "currency": "643",
        "attributes": [{"name": "mdOrder", "value": ORDER_ID}],
    }
    return answer | more


def error(code: int | str, text: str = "") -> dict[str, Any]:
    return {"errorCode": code, "errorMessage": text}


def given_back(refunded: int, **more: Any) -> dict[str, Any]:
    amounts = STATUS_PAID["paymentAmountInfo"] | {"refundedAmount": refunded}
    return STATUS_PAID | {"orderStatus": 4 if refunded else 2, "paymentAmountInfo": amounts} | more


def credentials_of(flavour: str, **more: str) -> SberbankCredentials:
    secrets = {"user_name": "shop-api", "password": "canary-password", "callback_key": "canary-callback"}
    return SberbankCredentials.model_validate({"flavour": flavour} | secrets | more)


class Bank:
    """What the bank of one flavour answers, in turn for each verb, and what it was asked."""

    def __init__(self, mock: responses.RequestsMock, flavour: str) -> None:
        self.flavour = flavour
        self.credentials = credentials_of(flavour)
        self.gateway = Sberbank(Http(Sberbank.address, lambda: 0.0))
        self.placed: list[tuple[str, list[str]]] = []
        self._mock = mock

    def answers(self, verb: str, *bodies: Any, base: str = "") -> None:
        """A body as JSON, with 200 or in a pair with its status; a number as an empty page with that status; bytes as
        they are; an exception as a fault."""
        for body in bodies:
            url = (base or BASES[self.flavour]) + verb
            if isinstance(body, int):
                self._mock.post(url, status=body, body=b"", content_type="text/html")
            elif isinstance(body, bytes):
                self._mock.post(url, body=body, content_type="text/html")
            elif isinstance(body, Exception):
                self._mock.post(url, body=body)
            elif isinstance(body, tuple):
                self._mock.post(url, status=body[0], json=body[1])
            else:
                self._mock.post(url, json=body)

    @property
    def asked(self) -> list[str]:
        return [urlsplit(str(call.request.url)).path.rsplit("/", 1)[1] for call in self._mock.calls]

    def sent(self, place: int) -> dict[str, Any]:
        """The fields of a request: of JSON as they are, of a form as text."""
        request = self._mock.calls[place].request
        assert isinstance(request.body, bytes)
        if "json" in str(request.headers["Content-Type"]):
            found: dict[str, Any] = json.loads(request.body)
            return found
        return dict(parse_qsl(request.body.decode(), keep_blank_values=True, strict_parsing=True))

    def header(self, place: int, name: str) -> str:
        return str(self._mock.calls[place].request.headers.get(name, ""))

    def place(self, payment_id: str) -> None:
        self.placed.append((payment_id, self.asked))


@contextmanager
def bank_of(flavour: str) -> Iterator[Bank]:
    with responses.RequestsMock() as mock:
        yield Bank(mock, flavour)


CUT = requests.exceptions.ConnectionError("Connection aborted.")
UNREADABLE: list[Any] = [b"<html>busy</html>", b"", b"[" * 100_000, b"[]", b"null", b'"0"', 404, 405, 500, 502, CUT]

PAID = Payment(
    order_number="A-1",
    payment_id=ORDER_ID,
    outcome=Outcome.SUCCEEDED,
    amount=RUB,
    paid_at=datetime(2023, 1, 31, 12, 43, 30, 957000, tzinfo=UTC),
    stored_card=StoredCard(BINDING, "220138******0047", "2025-12", "C_5"),
)
OK = {"errorCode": "0", "errorMessage": "Обработка запроса прошла без системных ошибок"}
ON_PAGE = PageOrder(
    number="A-1",
    amount=RUB,
    description="Платёж 1 из 4",
    method="card",
    save_card=False,
    gateway_customer_id="C_5",
    return_url="https://our.example/pay/token",
    notice_url="https://our.example/webhooks/sberbank/k",
    valid_until=datetime(2026, 2, 1, 22, 30, tzinfo=UTC),
)
REFUND = RefundOrder("A-1", ORDER_ID, "A-1-R1", Money(5_000, "RUB"), Money(0, "RUB"), SENT_AT)
LINES = (
    ReceiptLine("Доставка", Money(9_900, "RUB"), Vat.VAT20, Settlement.FULL_PAYMENT, Subject.SERVICE),
    ReceiptLine("Аванс\n№ 1", Money(10_000, "RUB"), Vat.NONE, Settlement.ADVANCE, Subject.PAYMENT),
)
RECEIPT = Receipt(LINES, "client@example.com", "", TaxSystem.USN_INCOME)
COMPANY = {"company_email": "shop@example.com", "company_inn": "5027119066", "company_site": "https://shop.example"}
