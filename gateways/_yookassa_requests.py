"""Bodies of requests to YooKassa. They follow from the order alone: the same key goes with the same body."""

from calculations.money import Money
from gateways._orders import PageOrder, SavedCardOrder
from gateways._receipt import Receipt
from gateways._yookassa_codes import PAYMENT_MODES, TAX_SYSTEMS, VAT_CODES

LONGEST_DESCRIPTION = 128  # of a payment and of a line of a receipt


def payment_body(order: PageOrder | SavedCardOrder) -> dict[str, object]:
    body: dict[str, object] = {
        "amount": sum_of(order.amount),
        "capture": True,
        "description": order.description[:LONGEST_DESCRIPTION] or order.number,
        "metadata": {"order": order.number},
    }
    if order.receipt:
        body["receipt"] = receipt_body(order.receipt)
    return body


def sum_of(amount: Money) -> dict[str, str]:
    return {"value": amount.text, "currency": amount.currency}


def receipt_body(receipt: Receipt) -> dict[str, object]:
    contacts = {"email": receipt.email, "phone": receipt.phone.removeprefix("+")}
    return {
        "customer": {name: value for name, value in contacts.items() if value},
        "tax_system_code": TAX_SYSTEMS[receipt.tax_system],
        "items": [
            {
                "description": line.name[:LONGEST_DESCRIPTION],
                "quantity": "1.00",
                "measure": "piece",
                "amount": sum_of(line.amount),
                "vat_code": VAT_CODES[line.vat],
                "payment_mode": PAYMENT_MODES[line.settlement],
                "payment_subject": line.subject.value,
            }
            for line in receipt.lines
        ],
    }
