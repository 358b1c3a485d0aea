"""A shop at the sandbox's YooKassa: its requests written from the API's specification, its clock and its webhook."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import requests
from werkzeug.wrappers import Request, Response

from sandbox.acquirers import yookassa
from sandbox.acquirers.bank import Bank
from sandbox.acquirers.notices import Notices
from sandbox.acquirers.turns import Turns
from sandbox.acquirers.yookassa.demo import SECRET, SHOP
from tests.sandbox.served import served

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
RECEIPT: dict[str, Any] = {
    "customer": {"email": "client@example.com"},
    "items": [
        {
            "description": "Обучение",
            "quantity": 1,
            "amount": {"value": "2.00", "currency": "RUB"},
            "vat_code": 12,
            "payment_mode": "partial_prepayment",
            "payment_subject": "service",
        }
    ],
}
REDIRECT = {"type": "redirect", "return_url": "https://shop.example/back"}
GOOD, POOR, STOLEN, EXPIRED = (f"2c000000-000f-5000-9000-{place:012x}" for place in range(1, 5))


@dataclass
class Store:
    """`heard` are the notices that came, `statuses` the webhook's next answers, 200 when used up."""

    url: str = ""
    moment: datetime = NOW
    shop: str = SHOP
    secret: str = SECRET
    heard: list[dict[str, Any]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    keys: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.bank = Bank(lambda: self.moment, Turns(), Notices(yookassa.accepts))
        yookassa.open_shop(self.bank)

    def plan(self, verb: str, *turns: dict[str, Any]) -> None:
        self.bank.turns.plan({verb: list(turns)})

    def forward(self, **by: float) -> None:
        """Move the clock; what falls due is settled as the sandbox's own thread does it."""
        self.moment += timedelta(**by)
        for order in self.bank.due():
            yookassa.settle(self.bank, order)

    def ask(self, method: str, path: str, body: object = None, key: str = "", **more: Any) -> requests.Response:
        headers = {"Idempotence-Key": key or f"key-{next(self.keys)}"} if method == "POST" else {}
        return requests.request(
            method,
            f"{self.url}/acquirers/yookassa/v3/{path}",
            json=body,
            headers={**headers, **more.pop("headers", {})},
            auth=more.pop("auth", (self.shop, self.secret)),
            timeout=10,
            **more,
        )

    def get(self, path: str, **query: str) -> Any:
        answer = self.ask("GET", path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: object = None, key: str = "") -> Any:
        answer = self.ask("POST", path, body, key)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def charge(self, token: str = GOOD, value: str = "2.00", key: str = "", **more: Any) -> Any:
        return self.post("payments", charge_of(token, value, **more), key)

    def page(self, value: str = "2.00", **more: Any) -> Any:
        """A payment that waits for its client."""
        return self.post("payments", page_of(value, **more))

    def refused(self, path: str, body: object, status: int = 400) -> tuple[str, str]:
        """The code and the parameter of the error."""
        answer = self.ask("POST", path, body)
        assert answer.status_code == status, answer.text
        error = answer.json()
        assert error["type"] == "error"
        assert error["id"]
        return error["code"], error.get("parameter", "")

    def money(self) -> list[int]:
        return [one.amount if one.kind == "charge" else -one.amount for one in self.bank.operations]

    def press(self, url: str, **form: str) -> requests.Response:
        """A button of a client's page; the way back to the shop is not followed."""
        return requests.post(url, data=form, timeout=10, allow_redirects=False)

    def pay(self, page: dict[str, Any], pan: str = "5555555555554444") -> requests.Response:
        """Fill in the card form and pay."""
        form = {"pan": pan, "expiry": "12/30", "cvc": "123", "do": "pay"}
        return self.press(page["confirmation"]["confirmation_url"], **form)

    def told(self, number: int) -> list[dict[str, Any]]:
        """The notices, once there are so many."""
        self.bank.notices.wait()
        deadline = time.monotonic() + 10
        while len(self.heard) < number and time.monotonic() < deadline:
            time.sleep(0.02)
        return self.heard


def charge_of(token: str = GOOD, value: str = "2.00", **more: Any) -> dict[str, Any]:
    return {
        "amount": {"value": value, "currency": "RUB"},
        "capture": True,
        "payment_method_id": token,
        "description": "Платёж 1 из 4",
        "metadata": {"order": "A-1"},
        **more,
    }


def page_of(value: str = "2.00", **more: Any) -> dict[str, Any]:
    return {
        "amount": {"value": value, "currency": "RUB"},
        "capture": True,
        "payment_method_data": {"type": "bank_card"},
        "confirmation": REDIRECT,
        "description": "Платёж 1 из 4",
        "metadata": {"order": "A-1"},
        **more,
    }


def words_of(page: requests.Response) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.text).split())


@contextmanager
def open_store() -> Iterator[Store]:
    """A fresh bank behind real HTTP whose notices come back to the store.

    It closes once they have come: one that is late would be heard by whoever has this port next.
    """

    def listen(request: Request) -> Response:
        store.heard.append(json.loads(request.get_data()))
        return Response(status=store.statuses.pop(0) if store.statuses else 200)

    def answer(request: Request) -> Response:
        return yookassa.answer(store.bank, request, request.path.removeprefix("/acquirers/yookassa/"))

    store = Store()
    with served(answer) as store.url, served(listen) as webhook:
        store.bank.webhooks[SHOP] = f"{webhook}/webhooks/yookassa/key"
        try:
            yield store
        finally:
            store.bank.notices.wait()
