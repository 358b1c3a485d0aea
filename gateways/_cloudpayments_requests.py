"""Bodies of requests to CloudPayments; sums are numbers in the currency's own units, to the last digit."""

from decimal import Decimal

from calculations.money import Money
from gateways._cloudpayments_codes import METHODS, OBJECTS, TAX_SYSTEMS, VAT_RATES
from gateways._notice import AwaitedOrder
from gateways._orders import PageOrder, RefundOrder, SavedCardOrder
from gateways._receipt import Receipt

BY_SHOP, BY_PLAN = 0, 1
REFUND_LABEL = "refund"
LONGEST_NAME = 128
LINK_MINUTES = 60  # as long as our own pages live


def sum_of(amount: Money) -> Decimal:
    return Decimal(amount.text)


def charge_body(order: SavedCardOrder) -> dict[str, object]:
    return _body(order) | {
        "Token": order.token,
        "AccountId": account_of(order),
        "TrInitiatorCode": BY_SHOP,
        "PaymentScheduled": BY_PLAN,
    }


def account_of(order: SavedCardOrder | AwaitedOrder) -> str:
    return order.gateway_customer_id or order.customer


def page_body(order: PageOrder) -> dict[str, object]:
    """A card is kept for an AccountId only, so there is none where no card is to be kept."""
    account = {"AccountId": order.gateway_customer_id} if order.save_card else {}
    return (
        _body(order)
        | account
        | {
            "RequireConfirmation": False,
            "SendEmail": False,
            "SuccessRedirectUrl": order.return_url,
            "FailRedirectUrl": order.return_url,
        }
    )


def link_body(order: PageOrder, public_id: str) -> dict[str, object]:
    account = {"AccountId": order.gateway_customer_id} if order.save_card else {}
    return (
        _body(order)
        | account
        | {
            "PublicId": public_id,
            "Scheme": "charge",
            "SaveCard": order.save_card,
            "SuccessRedirectUrl": order.return_url,
            "TtlMinutes": LINK_MINUTES,
        }
    )


def _body(order: PageOrder | SavedCardOrder) -> dict[str, object]:
    body: dict[str, object] = {
        "Amount": sum_of(order.amount),
        "Currency": order.amount.currency,
        "InvoiceId": order.number,
        "Description": order.description or order.number,
    }
    if order.receipt_email:
        body["Email"] = order.receipt_email
    if order.receipt:
        body["JsonData"] = _with_receipt(order.receipt)
    return body


def refund_body(order: RefundOrder, payment_id: str) -> dict[str, object]:
    receipt = _with_receipt(order.receipt) if order.receipt else {}
    return {
        "TransactionId": int(payment_id),
        "Amount": sum_of(order.amount),
        "JsonData": {REFUND_LABEL: order.number, **receipt},
    }


def _with_receipt(receipt: Receipt) -> dict[str, object]:
    return {"cloudPayments": {"CustomerReceipt": receipt_body(receipt)}}


def receipt_body(receipt: Receipt) -> dict[str, object]:
    contacts = {"email": receipt.email, "phone": receipt.phone}
    paid_by = "advancePayment" if receipt.offset else "electronic"
    return {
        "Items": [
            {
                "label": line.name[:LONGEST_NAME],
                "price": sum_of(line.amount),
                "quantity": 1,
                "amount": sum_of(line.amount),
                "vat": VAT_RATES[line.vat],
                "method": METHODS[line.settlement],
                "object": OBJECTS[line.subject],
            }
            for line in receipt.lines
        ],
        "taxationSystem": TAX_SYSTEMS[receipt.tax_system],
        **{name: value for name, value in contacts.items() if value},
        "amounts": {paid_by: sum_of(receipt.total)},
    }
