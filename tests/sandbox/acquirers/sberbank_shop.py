"""Shops of Sberbank's sandbox over real HTTP: plain requests as its documents write them, in each flavour."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from werkzeug.wrappers import Request, Response

from sandbox.acquirers import Acquirer, open_acquirer
from sandbox.acquirers.bank import Bank, Order
from sandbox.acquirers.sberbank.demo import CUSTOMER, ECOM_SHOP, FACADE_SHOP, PASSWORD, RBS_SHOP
from tests.sandbox.served import served

FORM, ECOM, RECEIPTS = "payment/rest/", "ecomm/gw/partner/api/v1/", "ecomm/gw/partner/api/ofd/v1/"
SHOPS = {"rbs": RBS_SHOP, "ecom": ECOM_SHOP, "yookassa": FACADE_SHOP}
RETURN = "https://shop.example/return"
GOOD, POOR, LOST, OLD = "1", "2", "3", "4"


@dataclass
class Shop:
    """One shop of the sandbox; `flavour` says how it speaks."""

    address: str
    acquirer: Acquirer
    flavour: str
    clock: list[datetime]
    session: requests.Session = field(default_factory=requests.Session)

    @property
    def bank(self) -> Bank:
        return self.acquirer.bank

    @property
    def name(self) -> str:
        return SHOPS[self.flavour]

    @property
    def is_ecom(self) -> bool:
        return self.flavour == "ecom"

    def ask(self, path: str, **fields: Any) -> dict[str, Any]:
        """A request as this flavour writes it; the answer must be JSON with HTTP 200."""
        answer = self.send(path, {"userName": self.name, "password": PASSWORD, **fields})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def send(self, path: str, fields: dict[str, Any]) -> requests.Response:
        if self.is_ecom:
            return self.session.post(f"{self.address}/{ECOM}{path}", json=fields, timeout=20)
        form = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in fields.items()}
        return self.session.post(f"{self.address}/{FORM}{path}", data=form, timeout=20)

    def receipts(self, path: str, **fields: Any) -> requests.Response:
        login = {"userName": self.name, "password": PASSWORD}
        return self.session.post(f"{self.address}/{RECEIPTS}{path}", json=login | fields, timeout=20)

    def register(self, number: str = "A-1", amount: int = 19_900, path: str = "register.do", **more: Any) -> str:
        """Place an order; gives the bank's id of it."""
        answer = self.ask(path, orderNumber=number, amount=amount, returnUrl=RETURN, **more)
        return str(answer["orderId"])

    def status(self, order_id: str) -> dict[str, Any]:
        return self.ask("getOrderStatusExtended.do", orderId=order_id)

    def card(self, kind: str = GOOD) -> str:
        """The bindingId of a card the demo shop starts with."""
        place = {"rbs": "1", "ecom": "2", "yookassa": "3"}[self.flavour]
        return f"fdbbc879-c171-4cff-b636-ceab16fd0f{place}{kind}"

    def charge(self, number: str = "A-1", kind: str = GOOD, **more: Any) -> tuple[str, dict[str, Any]]:
        """Way B: an order, then its payment by a card on file; gives the order's id and the second answer."""
        order_id = self.register(number, clientId=CUSTOMER, features="AUTO_PAYMENT", **more)
        return order_id, self.pay(order_id, self.card(kind))

    def pay(self, order_id: str, binding: str) -> dict[str, Any]:
        return self.ask("paymentOrderBinding.do", mdOrder=order_id, bindingId=binding, ip="127.0.0.1")

    def plan(self, **turns: Any) -> None:
        self.bank.turns.plan({verb: [turn] if isinstance(turn, dict) else turn for verb, turn in turns.items()})

    def money(self) -> list[int]:
        return [one.amount if one.kind == "charge" else -one.amount for one in self.bank.operations]

    def order(self, order_id: str) -> Order:
        return self.bank.find(self.name, order_id=order_id)[0]

    def page(self, order_id: str) -> str:
        if self.is_ecom:
            return f"{self.address}/pp/pay_ru?orderId={order_id}"
        return f"{self.address}/payment/merchants/sbersafe/payment_ru.html?mdOrder={order_id}"

    def press(self, address: str, **form: str) -> requests.Response:
        return self.session.post(address, data=form, timeout=20, allow_redirects=False)

    def pass_time(self, **by: float) -> None:
        """The clock goes on, and what falls due happens."""
        self.clock[0] += timedelta(**by)
        for order in self.bank.due():
            self.acquirer.kind.settle(self.bank, order)


@contextmanager
def open_shop(flavour: str) -> Iterator[Shop]:
    clock = [datetime(2026, 1, 31, 9, 0, tzinfo=UTC)]
    acquirer = open_acquirer("sberbank", lambda: clock[0])
    prefix = "/acquirers/sberbank/"

    def answer(request: Request) -> Response:
        return acquirer.kind.answer(acquirer.bank, request, request.path.removeprefix(prefix))

    with served(answer) as address:
        try:
            yield Shop(f"{address}/acquirers/sberbank", acquirer, flavour, clock)
        finally:
            acquirer.bank.notices.wait()
