"""What T-Bank is given in the tests and what it answers there, in the shapes of its OpenAPI document 1.80."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import responses

from calculations.money import Money
from gateways import (
    Http,
    PageOrder,
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
from gateways.tbank import TBank, TBankCredentials

ROOT = "https://acquirer.example/"
CREDENTIALS = TBankCredentials(terminal_key="canary-terminal", password="canary-password")
RUB = Money(2_500_000, "RUB")
AT = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
PAYMENT_ID = "3093639567"
CHARGE = SavedCardOrder("A-1", "canary-145919", RUB, "Платёж 1 из 4", "C_5", "client@example.com")
ACCOUNT = SavedCardOrder("A-1", "sbp:canaryAB12", RUB, "Платёж 1 из 4", "C_5", gateway_customer_id="p-C_5")
PAGE = PageOrder(
    number="A-1",
    amount=RUB,
    description="Платёж 1 из 4",
    method="card",
    save_card=False,
    gateway_customer_id="p-C_5",
    return_url="https://robots.example/pay/x",
    notice_url="https://robots.example/webhooks/tbank/key",
    valid_until=datetime(2026, 2, 1, 9, 28, tzinfo=UTC),
)
PLACED = PlacedOrder("A-1", PAYMENT_ID, RUB, AT)
NEVER_HEARD = PlacedOrder("A-1", "", RUB, AT)
NOTHING = Money(0, "RUB")
REFUND = RefundOrder("A-1", PAYMENT_ID, "A-1-R1", Money(500_000, "RUB"), NOTHING, AT)
CARD = StoredCard("145919", "430000******0777", gateway_customer_id="p-C_5")
RECEIPT = Receipt(
    lines=(ReceiptLine("Курс", RUB, Vat.VAT22, Settlement.FULL_PAYMENT, Subject.SERVICE),),
    email="client@example.com",
    phone="+79031234567",
    tax_system=TaxSystem.USN_INCOME,
)


def state(**changes: Any) -> dict[str, Any]:
    """A payment as GetState tells it; without changes it is paid."""
    paid = {
        "TerminalKey": "canary-terminal",
        "OrderId": "A-1",
        "Success": True,
        "Status": "CONFIRMED",
        "PaymentId": PAYMENT_ID,
        "ErrorCode": "0",
        "Message": "OK",
        "Amount": 2_500_000,
    }
    return paid | changes


FEWEST_WORDS: dict[str, Any] = {
    "Success": True,
    "ErrorCode": "0",
    "Status": "NEW",
    "PaymentId": PAYMENT_ID,
    "PaymentURL": "https://securepay.tinkoff.ru/new/fU1ppgqa",
}
"""An order placed, without its number and its sum."""


def placed(**changes: Any) -> dict[str, Any]:
    page = "https://securepay.tinkoff.ru/new/fU1ppgqa"
    return state(Status="NEW", PaymentURL=page) | changes


def line(**changes: Any) -> dict[str, Any]:
    """A payment as CheckOrder lists it: a flag as a string, a code as a number."""
    listed = {
        "PaymentId": PAYMENT_ID,
        "Amount": 2_500_000,
        "Status": "CONFIRMED",
        "RRN": "12345678",
        "Success": "true",
        "ErrorCode": 0,
        "Message": "None",
    }
    return listed | changes


def order(*payments: dict[str, Any]) -> dict[str, Any]:
    return {"OrderId": "A-1", "Success": True, "ErrorCode": "0", "Message": "OK", "Payments": list(payments)}


NO_ORDER = {"Success": False, "ErrorCode": "335", "Message": "OrderId не найден", "Payments": []}


def error(code: str, **changes: Any) -> dict[str, Any]:
    return {"Success": False, "ErrorCode": code, "Message": "Ошибка", "Details": "Подробности"} | changes


class Acquirer:
    """Answers by method; each answer once, in their order. `asked` are the requests it heard."""

    def __init__(self, mock: responses.RequestsMock) -> None:
        self._mock = mock

    def answers(self, path: str, body: Any, status: int = 200) -> "Acquirer":
        self._mock.post(ROOT + path, json=body, status=status)
        return self

    def says(self, path: str, body: str | Exception, status: int = 200) -> "Acquirer":
        self._mock.post(ROOT + path, body=body, status=status)
        return self

    def tells(self, path: str, **answer: Any) -> "Acquirer":
        self._mock.get(ROOT + path, **answer)
        return self

    @property
    def asked(self) -> list[tuple[str, dict[str, Any]]]:
        requests = [call.request for call in self._mock.calls]
        return [(str(one.url).removeprefix(ROOT), json.loads(one.body or "{}")) for one in requests]

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]


@contextmanager
def acquirer() -> Iterator[tuple[Acquirer, TBank]]:
    with responses.RequestsMock() as mock:
        yield Acquirer(mock), TBank(Http(ROOT, lambda: 0.0))


def nothing(_payment_id: str) -> None:
    """Nobody listens to T-Bank's number here."""
