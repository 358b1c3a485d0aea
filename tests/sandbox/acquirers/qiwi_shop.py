"""A shop at the sandbox's QIWI: its requests written from QIWI's documents, its clock and its webhook."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import requests
from werkzeug.wrappers import Request, Response

from sandbox.acquirers import Acquirer, open_acquirer
from sandbox.acquirers.bank import Bank
from tests.sandbox.served import served

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
SITE, KEY, NOTICE_KEY = "hthi-26", "demo-api-key-of-the-sandbox", "demo-notification-key-of-the-sandbox"
BILL_SITE, BILL_KEY = "23044", "demo-secret-key-of-bills"
CUSTOMER = "demo-customer"
PAN = "2200000000000004"


@dataclass(frozen=True)
class Heard:
    """A notice that came."""

    body: dict[str, Any]
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Page:
    status: int
    text: str
    location: str


@dataclass
class Shop:
    moment: datetime = NOW
    url: str = ""
    webhook: str = ""
    heard: list[Heard] = field(default_factory=list)
    says: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.acquirer: Acquirer = open_acquirer("qiwi", lambda: self.moment)

    @property
    def bank(self) -> Bank:
        return self.acquirer.bank

    def at_acquirer(self, request: Request) -> Response:
        return self.acquirer.kind.answer(self.bank, request, request.path.removeprefix("/acquirers/qiwi/"))

    def at_webhook(self, request: Request) -> Response:
        self.heard.append(Heard(json.loads(request.get_data()), dict(request.headers)))
        return Response("OK", status=self.says.pop(0) if self.says else 200)

    def set(self, **settings: Any) -> None:
        self.bank.settings |= settings

    def plan(self, verb: str, *turns: dict[str, Any]) -> None:
        self.bank.turns.plan({verb: list(turns)})

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None, key: str = KEY) -> tuple[int, Any]:
        """One request; what comes without JSON is told as `{"text": ...}`."""
        answer = requests.request(
            method,
            f"{self.url}/acquirers/qiwi/partner/{path}",
            json=body,
            headers={"Authorization": f"Bearer {key}", "Accept": "application/json"},
            timeout=30,
        )
        try:
            return answer.status_code, answer.json()
        except ValueError:
            return answer.status_code, {"text": answer.text}

    def payin(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
        return self.ask(method, f"payin/v1/sites/{SITE}/{path}", body)

    def old(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
        return self.ask(method, f"bill/v1/bills/{path}", body, BILL_KEY)

    def token(self, mask: str = "220000******0004") -> str:
        return next(card.token for card in self.bank.cards if card.mask == mask)

    def charge(self, number: str = "P-1", mask: str = "220000******0004", **changes: Any) -> tuple[int, Any]:
        body = {
            "amount": {"currency": "RUB", "value": "2000.00"},
            "paymentMethod": {"type": "TOKEN", "paymentToken": self.token(mask)},
            "customer": {"account": CUSTOMER},
        }
        return self.payin("PUT", f"payments/{number}", body | changes)

    def bill(self, number: str = "B-1", **changes: Any) -> dict[str, Any]:
        """A Payin bill that saves the card of C-9."""
        body = bill_body() | {"flags": ["SALE", "BIND_PAYMENT_TOKEN"], "customer": {"account": "C-9"}}
        status, bill = self.payin("PUT", f"bills/{number}", body | changes)
        assert status == 200, bill
        made: dict[str, Any] = bill
        return made

    def visit(self, url: str, **form: str) -> Page:
        answer = requests.request("POST" if form else "GET", url, data=form or None, allow_redirects=False, timeout=30)
        return Page(answer.status_code, unescape(answer.text), answer.headers.get("Location", ""))

    def pay(self, bill: dict[str, Any], expiry: str = "12/30", cvc: str = "123") -> Page:
        return self.visit(str(bill["payUrl"]), do="pay", pan=PAN, expiry=expiry, cvc=cvc)

    def later(self, **by: float) -> None:
        self.moment += timedelta(**by)
        for order in self.bank.due():
            self.acquirer.kind.settle(self.bank, order)
        self.bank.notices.wait()

    def notices(self) -> list[dict[str, Any]]:
        self.bank.notices.wait()
        return [one.body for one in self.heard]

    def money(self) -> list[int]:
        return [one.amount if one.kind == "charge" else -one.amount for one in self.bank.operations]


def bill_body(**changes: Any) -> dict[str, Any]:
    return {
        "amount": {"currency": "RUB", "value": 100.50},
        "expirationDateTime": "2026-01-31T16:00:00+03:00",
        "comment": "Договор № 9",
        "customer": {},
        "customFields": {},
        **changes,
    }


@contextmanager
def open_shop() -> Iterator[Shop]:
    shop = Shop()
    with served(shop.at_acquirer) as url, served(shop.at_webhook) as webhook:
        shop.url, shop.webhook = url, f"{webhook}/notices"
        shop.bank.webhooks |= {SITE: shop.webhook, BILL_SITE: shop.webhook}
        yield shop
        shop.bank.notices.wait()
