"""What CloudPayments answers, by the examples of its documentation, and the orders that its tests send."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
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
    Subject,
    TaxSystem,
    Vat,
)
from gateways.cloudpayments import CloudPayments, CloudPaymentsCredentials

ROOT = "https://api.cloudpayments.example/"
CHARGE_URL = f"{ROOT}payments/tokens/charge"
FIND = f"{ROOT}payments/find"
FIND_ALL = f"{ROOT}v2/payments/find"
GET = f"{ROOT}payments/get"
LIST = f"{ROOT}v2/payments/list"
CREATE = f"{ROOT}orders/create"
CANCEL = f"{ROOT}orders/cancel"
LINK = f"{ROOT}payments/qr/sbp/link"
VOID = f"{ROOT}payments/void"
REFUND_URL = f"{ROOT}payments/refund"
RECEIPT_URL = f"{ROOT}kkt/receipt"
RECEIPT_STATUS = f"{ROOT}kkt/receipt/status/get"
TEST = f"{ROOT}test"

CREDENTIALS = CloudPaymentsCredentials(public_id="pk_test", api_secret="canary_api_secret", inn="7708806062")
AT = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
RUB = Money(2_500_050, "RUB")
PAYMENT_ID = "897728064"
REFUND_ID = "897728065"
TOKEN = "canary-token-9000"
PAGE_ID = "order-gASGZVgUN21hcpPF"
RECEIPT = Receipt(
    (ReceiptLine("Обучение", RUB, Vat.VAT122, Settlement.PREPAYMENT, Subject.SERVICE),),
    "client@example.com",
    "+79000000000",
    TaxSystem.USN_INCOME,
)
CHARGE = SavedCardOrder("A-1", TOKEN, RUB, "Платёж 1 из 4", "C_5", gateway_customer_id="p1-C_5")
PAGE = PageOrder(
    number="A-1",
    amount=RUB,
    description="Платёж 1 из 4",
    method="card",
    save_card=False,
    gateway_customer_id="p1-C_5",
    return_url="https://robots.example/pay/1",
    notice_url="https://robots.example/webhooks/cloudpayments/1",
    valid_until=AT + timedelta(hours=1),
)
REFUND = RefundOrder("A-1", PAYMENT_ID, "A-1-R1", Money(500_000, "RUB"), Money(0, "RUB"), AT)
NOT_FOUND = {"Success": False, "Message": "Not found"}


def gateway(address: str = ROOT) -> CloudPayments:
    return CloudPayments(Http(address, lambda: 0.0))


def placed(payment_id: str = "") -> PlacedOrder:
    return PlacedOrder("A-1", payment_id, RUB, AT)


def transaction(**changes: Any) -> dict[str, Any]:
    return {
        "ReasonCode": 0,
        "PublicId": "pk_test",
        "TransactionId": int(PAYMENT_ID),
        "Amount": 25000.5,
        "Currency": "RUB",
        "CurrencyCode": 0,
        "PaymentAmount": 25000.5,
        "PaymentCurrency": "RUB",
        "InvoiceId": "A-1",
        "AccountId": "p1-C_5",
        "Email": None,
        "Description": "Платёж 1 из 4",
        "JsonData": None,
        "CreatedDate": "/Date(1769860800000)/",
        "CreatedDateIso": "2026-01-31T12:00:00",
        "AuthDateIso": "2026-01-31T12:00:03",
        "ConfirmDateIso": "2026-01-31T12:00:05",
        "AuthCode": "A1B2C3",
        "TestMode": True,
        "Rrn": None,
        "OriginalTransactionId": None,
        "FallBackScenarioDeclinedTransactionId": None,
        "CardFirstSix": "424242",
        "CardLastFour": "4242",
        "CardExpDate": "12/28",
        "CardType": "Visa",
        "Status": "Completed",
        "StatusCode": 3,
        "Reason": "Approved",
        "CardHolderMessage": "Оплата успешно проведена",
        "Type": 0,
        "Refunded": False,
        "Name": "SER",
        "Token": "tk_255c42192323f2e09ea17635302c3",
        "SubscriptionId": None,
        "GatewayName": "Test",
        "TotalFee": 0,
        **changes,
    }


def answer(model: Any = None, *, success: bool = True, message: str | None = None) -> dict[str, Any]:
    return {"Model": model, "Success": success, "Message": message}


def paid(**changes: Any) -> dict[str, Any]:
    return answer(transaction(**changes))


def declined(code: int = 5051, reason: str = "InsufficientFunds", **changes: Any) -> dict[str, Any]:
    undone = {"AuthDateIso": None, "ConfirmDateIso": None, "AuthCode": None}
    refused = {"ReasonCode": code, "Reason": reason, "Status": "Declined", "StatusCode": 5}
    return answer(transaction(**{**undone, **refused, **changes}), success=False)


def refunded(**changes: Any) -> dict[str, Any]:
    """The operation of a refund, as a list or a search shows it."""
    label = json.dumps({"refund": "A-1-R1"})
    own = {"TransactionId": int(REFUND_ID), "OriginalTransactionId": int(PAYMENT_ID), "Type": 1, "Amount": 5000}
    return transaction(**{**own, "JsonData": label, "Token": None, **changes})


def page(**changes: Any) -> dict[str, Any]:
    return answer(
        {
            "Id": "gASGZVgUN21hcpPF",
            "Number": 2130,
            "Amount": 25000.5,
            "Currency": "RUB",
            "Url": "https://orders.cloudpayments.example/d/gASGZVgUN21hcpPF",
            "Status": "Created",
            **changes,
        }
    )


def link(**changes: Any) -> dict[str, Any]:
    return answer(
        {
            "QrUrl": "https://qr.nspk.example/AS10000JFUJ0E4?type=02&sum=2500050&cur=RUB&crc=1D35",
            "QrImage": None,
            "TransactionId": int(PAYMENT_ID),
            "MerchantOrderId": "A-1",
            "ProviderQrId": "BB1S004HCK9PFD0F996RJI3208UE",
            "Amount": 25000.5,
            "Message": "Created",
            "IsTest": False,
            **changes,
        }
    )


def asked(acquirer: responses.RequestsMock, at: int = -1) -> Any:
    """The body of a request that was sent, sums by their digits."""
    return json.loads(acquirer.calls[at].request.body or "", parse_float=Decimal)


def paths(acquirer: responses.RequestsMock) -> list[str]:
    return [str(call.request.url).removeprefix(ROOT) for call in acquirer.calls]
