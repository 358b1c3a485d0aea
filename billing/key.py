"""Keys: what makes two charges the same one, and the numbers an acquirer knows them by."""

import base64
import hashlib
from datetime import date

from calculations.money import Money

OF_SUBSCRIPTION = "subscription:"


def charge_key(*, payment_key: str, document: str, due_date: date | None, amount: Money) -> str:
    """The key of a charge in its portal: what was given, else the document with its date, else with its sum.

    The three kinds never meet: a given key that looks like a document's is another key.
    """
    if payment_key:
        return f"given:{payment_key}"
    if due_date:
        return f"due:{document}:{due_date.isoformat()}"
    return f"sum:{document}:{amount.minor}:{amount.currency}"


def subscription_charge_key(subscription_key: str, day: date) -> str:
    """The key of a subscription's charge for the period that falls due on a day."""
    return f"{OF_SUBSCRIPTION}{subscription_key}:{day.isoformat()}"


def subscription_of(key: str) -> tuple[str, str] | None:
    """The key of the subscription for which a charge is made, and the day; None for a charge of its own."""
    if not key.startswith(OF_SUBSCRIPTION):
        return None
    subscription_key, _, day = key.removeprefix(OF_SUBSCRIPTION).rpartition(":")
    return subscription_key, day


def order_number(member_id: str, key: str, number: int) -> str:
    """The acquirer's order number of the try that follows `number - 1` refused ones; at most 32 characters.

    It follows from the portal and the key alone: a database restored from yesterday sends the same number again and is
    told that the order exists, instead of charging twice. 32 is what the narrowest protocol allows (legacy RBS).
    """
    return f"{order_stem(member_id, key)}-{number}"


def order_stem(member_id: str, key: str) -> str:
    """What all order numbers of one charge begin with; it names the charge also before anything was tried."""
    digest = hashlib.sha256(f"{member_id}\n{key}".encode()).digest()
    return base64.b32encode(digest).decode()[:26]


def gateway_customer_id(member_id: str, customer: str) -> str:
    """The name under which an acquirer knows a client who pays in person."""
    return f"{member_id[:16]}-{customer}"


def refund_number(order: str, number: int) -> str:
    return f"{order}-R{number}"
