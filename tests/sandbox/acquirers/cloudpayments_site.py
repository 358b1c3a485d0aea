"""A site at the sandbox's CloudPayments: requests written from the documentation, its clock and its webhook."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

import requests
from werkzeug.wrappers import Request, Response

from sandbox.acquirers import Acquirer, open_acquirer
from sandbox.acquirers.bank import Bank
from tests.sandbox.served import served

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
SITE, SECRET, INN = "pk_demo_of_the_sandbox", "demo-secret-of-the-sandbox", "7708806062"
ACCOUNT, TOKEN = "demo-customer", "tk_demo_good"
GOOD, SECURE, POOR = "4000000000003055", "4242424242424242", "4000056655665556"
RECEIPT = {
    "Items": [{"label": "Обучение", "price": 100.5, "quantity": 1, "amount": 100.5, "vat": 122, "method": 2}],
    "taxationSystem": 1,
    "email": "client@example.com",
    "amounts": {"electronic": 100.5},
}


@dataclass(frozen=True)
class Page:
    """What a browser got; `location` is where it is led next."""

    status: int
    text: str
    location: str


@dataclass
class Site:
    """`heard` are the notices that came, `says` what the webhook answers next, code zero when used up."""

    moment: datetime = NOW
    url: str = ""
    heard: list[dict[str, str]] = field(default_factory=list)
    says: list[tuple[int, str]] = field(default_factory=list)
    forged: int = 0
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.acquirer: Acquirer = open_acquirer("cloudpayments", lambda: self.moment)

    @property
    def bank(self) -> Bank:
        return self.acquirer.bank

    def at_acquirer(self, request: Request) -> Response:
        return self.acquirer.kind.answer(self.bank, request, request.path.removeprefix("/acquirers/cloudpayments/"))

    def at_webhook(self, request: Request) -> Response:
        """Both signatures are checked as the documentation tells; a forged notice is counted and refused."""
        text = (request.query_string if request.method == "GET" else request.get_data()).decode()
        form = request.mimetype != "application/json"
        plain = unquote_plus(text) if form else text
        if (request.headers["Content-HMAC"], request.headers["X-Content-HMAC"]) != (hmac_of(text), hmac_of(plain)):
            self.forged += 1
            return Response(status=403)
        self.heard.append(dict(parse_qsl(text, keep_blank_values=True)) if form else json.loads(text))
        status, said = self.says.pop(0) if self.says else (200, '{"code":0}')
        return Response(said, status=status, content_type="application/json")

    def plan(self, verb: str, **turn: Any) -> None:
        self.bank.turns.plan({verb: [turn]})

    def settings(self, **changes: Any) -> None:
        assert changes.keys() <= self.bank.settings.keys()
        self.bank.settings |= changes

    def forward(self, **by: float) -> None:
        """Move the clock; what falls due is settled as the sandbox's own thread does it."""
        self.moment += timedelta(**by)
        for order in self.bank.due():
            self.acquirer.kind.settle(self.bank, order)

    def post(self, path: str, key: str = "", **fields: Any) -> requests.Response:
        headers = {"X-Request-ID": key} if key else {}
        address = f"{self.url}/acquirers/cloudpayments/{path}"
        return requests.post(address, json=fields, auth=(SITE, SECRET), headers=headers, timeout=10)

    def ask(self, path: str, key: str = "", **fields: Any) -> Any:
        answer = self.post(path, key, **fields)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def model(self, path: str, **fields: Any) -> Any:
        answer = self.ask(path, **fields)
        assert answer["Success"], answer
        return answer["Model"]

    def charge(self, amount: object = 100.5, key: str = "", **more: Any) -> Any:
        fields = {
            "Amount": amount,
            "Currency": "RUB",
            "AccountId": ACCOUNT,
            "Token": TOKEN,
            "TrInitiatorCode": 0,
            "PaymentScheduled": 1,
            "InvoiceId": f"A-{next(self.numbers)}",
        }
        return self.ask("payments/tokens/charge", key, **fields | more)

    def charged(self, amount: object = 100.5, **more: Any) -> int:
        """The TransactionId of a payment from the demo customer's good card."""
        answer = self.charge(amount, **more)
        assert answer["Model"]["Status"] == "Completed", answer
        return int(answer["Model"]["TransactionId"])

    def page(self, amount: object = 100.5, **more: Any) -> Any:
        fields = {
            "Amount": amount,
            "Currency": "RUB",
            "Description": "Платёж 1 из 4",
            "InvoiceId": "P-1",
            "SuccessRedirectUrl": "https://shop.example/ok",
            "FailRedirectUrl": "https://shop.example/fail",
        }
        return self.model("orders/create", **fields | more)

    def link(self, amount: object = 100.5, **more: Any) -> Any:
        fields = {"PublicId": SITE, "Amount": amount, "Currency": "RUB", "Scheme": "charge", "InvoiceId": "S-1"}
        return self.model("payments/qr/sbp/link", **fields | more)

    def status(self, transaction_id: int) -> str:
        return str(self.ask("payments/get", TransactionId=transaction_id)["Model"]["Status"])

    def found(self, number: str, path: str = "payments/find") -> Any:
        return self.ask(path, InvoiceId=number)

    def pay(self, url: str, pan: str = GOOD, **more: str) -> Page:
        """Fill in the payment form and press its button."""
        return press(url, do="pay", pan=pan, **{"expiry": "12/30", "cvc": "123"} | more)

    def money(self) -> list[int]:
        return [one.amount if one.kind == "charge" else -one.amount for one in self.bank.operations]

    def notices(self) -> list[dict[str, str]]:
        """Everything the webhook was told, once all of it is there."""
        self.bank.notices.wait()
        return self.heard


def hmac_of(text: str) -> str:
    return base64.b64encode(hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).digest()).decode()


def press(url: str, **form: str) -> Page:
    """Open a page, or press a button of it when there is a form; nothing is followed."""
    answer = requests.request("POST" if form else "GET", url, data=form or None, allow_redirects=False, timeout=10)
    return Page(answer.status_code, unescape(answer.text), answer.headers.get("Location", ""))


@contextmanager
def open_site() -> Iterator[Site]:
    site = Site()
    with served(site.at_acquirer) as url, served(site.at_webhook) as webhook:
        site.url, site.bank.webhooks[SITE] = url, f"{webhook}/notices"
        try:
            yield site
        finally:
            site.bank.notices.wait()
