"""A shop at the sandbox's T-Bank: its requests written from the bank's description, its clock and its webhook."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from itertools import count
from typing import Any

import requests
from werkzeug.wrappers import Request, Response

from sandbox.acquirers import Acquirer, open_acquirer
from sandbox.acquirers.bank import Bank
from tests.sandbox.served import served

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
TERMINAL, LOAN_TERMINAL, TWO_STAGE_TERMINAL = (f"170000000000{number}DEMO" for number in (1, 2, 3))
PASSWORD = "demo-password-of-the-sandbox"
CUSTOMER = "demo-customer"
PAN = "2200770239097761"
RECEIPT: dict[str, Any] = {
    "Email": "client@example.com",
    "Taxation": "usn_income",
    "Items": [
        {
            "Name": "Обучение",
            "Price": 1500,
            "Quantity": 2.5,
            "Amount": 3750,
            "Tax": "vat22",
            "PaymentMethod": "prepayment",
            "PaymentObject": "payment",
        }
    ],
}


@dataclass(frozen=True)
class Page:
    """What a browser got; `location` is where it is led next."""

    status: int
    text: str
    location: str


@dataclass
class Shop:
    """`heard` are the notices that came to `webhook`, `says` what it answers next, `OK` when used up."""

    terminal: str = TERMINAL
    password: str = PASSWORD
    moment: datetime = NOW
    url: str = ""
    webhook: str = ""
    heard: list[dict[str, Any]] = field(default_factory=list)
    says: list[tuple[int, str]] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.acquirer: Acquirer = open_acquirer("tbank", lambda: self.moment)

    @property
    def bank(self) -> Bank:
        return self.acquirer.bank

    def at_acquirer(self, request: Request) -> Response:
        return self.acquirer.kind.answer(self.bank, request, request.path.removeprefix("/acquirers/tbank/"))

    def at_webhook(self, request: Request) -> Response:
        self.heard.append(json.loads(request.get_data()))
        status, text = self.says.pop(0) if self.says else (200, "OK")
        return Response(text, status=status)

    def plan(self, verb: str, **turn: Any) -> None:
        self.bank.turns.plan({verb: [turn]})

    def settings(self, **changes: Any) -> None:
        self.bank.settings |= changes

    def forward(self, **by: float) -> None:
        """Move the clock; what falls due is settled as the sandbox's own thread does it."""
        self.moment += timedelta(**by)
        for order in self.bank.due():
            self.acquirer.kind.settle(self.bank, order)

    def ask(self, method: str, **fields: Any) -> Any:
        """One signed request; the answer's JSON."""
        answer = self.post(method, {"TerminalKey": self.terminal, **fields})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, method: str, fields: dict[str, Any]) -> requests.Response:
        path = method if "/" in method else f"v2/{method}"
        body = {**fields, "Token": token(fields, self.password)}
        return requests.post(f"{self.url}/acquirers/tbank/{path}", json=body, timeout=10)

    def init(self, amount: int = 10_000, **more: Any) -> dict[str, Any]:
        fields = {"Amount": amount, "OrderId": f"order-{next(self.numbers)}", **more}
        answer: dict[str, Any] = self.ask("Init", **fields)
        return answer

    def new(self, amount: int = 10_000, **more: Any) -> str:
        """The PaymentId of a new payment."""
        answer = self.init(amount, **more)
        assert answer["Success"], answer
        return str(answer["PaymentId"])

    def charged(self, amount: int = 10_000, **more: Any) -> str:
        """The PaymentId of a payment from the demo customer's good card."""
        payment = self.new(amount, **more)
        assert self.ask("Charge", PaymentId=payment, RebillId=self.rebill())["Status"] == "CONFIRMED"
        return payment

    def rebill(self, ending: str = "7761") -> str:
        return next(card.token for card in self.bank.cards if card.mask.endswith(ending) and card.shop == self.terminal)

    def status(self, payment: str) -> str:
        return str(self.ask("GetState", PaymentId=payment)["Status"])

    def pay(self, page: str, pan: str = PAN, **more: str) -> Page:
        """Fill in the payment form and press its button."""
        return press(page, do="pay", pan=pan, **{"expiry": "12/30", "cvc": "123"} | more)

    def money(self) -> list[int]:
        return [one.amount if one.kind == "charge" else -one.amount for one in self.bank.operations]

    def notices(self) -> list[dict[str, Any]]:
        """Everything the webhook was sent, once all of it is there; each properly signed."""
        self.bank.notices.wait()
        for one in self.heard:
            assert one["Token"] == token(one, self.password), one
        return self.heard

    def told(self) -> list[str]:
        return [str(one["Status"]) for one in self.notices()]


def token(fields: dict[str, Any], password: str) -> str:
    """Values of the root's plain fields with the password, by the order of the names."""
    plain = {name: value for name, value in fields.items() if name != "Token" and not isinstance(value, dict | list)}
    texts = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in plain.items()}
    texts["Password"] = password
    return hashlib.sha256("".join(texts[name] for name in sorted(texts)).encode()).hexdigest()


def press(url: str, **form: str) -> Page:
    """Open a page, or press a button of it when there is a form; nothing is followed."""
    answer = requests.request("POST" if form else "GET", url, data=form or None, allow_redirects=False, timeout=10)
    return Page(answer.status_code, unescape(answer.text), answer.headers.get("Location", ""))


@contextmanager
def open_shop(terminal: str = TERMINAL) -> Iterator[Shop]:
    shop = Shop(terminal)
    with served(shop.at_acquirer) as url, served(shop.at_webhook) as webhook:
        shop.url, shop.webhook = url, f"{webhook}/notices"
        try:
            yield shop
        finally:
            shop.bank.notices.wait()
