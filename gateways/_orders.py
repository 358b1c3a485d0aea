"""Orders as they go to an acquirer, and its words on them as they come back."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from calculations.money import Money
from gateways._receipt import Receipt, ReceiptStatus

Method = Literal["card", "sbp"]


class Outcome(StrEnum):
    """How an order stands.

    `registered`: known, and nobody is paying it. `pending`: on its way. `cancelled`: closed without money and
    nobody can pay it any more, though no bank refused. The rest is what it says; only money in hand is `succeeded`,
    also when some of it was given back since.
    """

    REGISTERED = "registered"
    PENDING = "pending"
    ACTION_REQUIRED = "action_required"
    SUCCEEDED = "succeeded"
    DECLINED = "declined"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class SavedCardOrder:
    """One order to take money from a saved card, as it was written down before it is sent.

    `customer` is the CRM's binding, `gateway_customer_id` the name under which the acquirer keeps the card.
    `payment_id` is the acquirer's number when the order was placed before and is only to be paid now.
    """

    number: str
    token: str = field(repr=False)
    amount: Money
    description: str
    customer: str
    receipt_email: str = ""
    gateway_customer_id: str = ""
    payment_id: str = ""
    receipt: Receipt | None = None
    notice_url: str = ""


@dataclass(frozen=True, slots=True)
class PageOrder:
    """One order that the client pays in person: on the acquirer's page, or by SBP.

    `save_card` only with the client's consent; the card is then kept under `gateway_customer_id`. `return_url` is where
    the client comes back to, whatever happened.
    """

    number: str
    amount: Money
    description: str
    method: Method
    save_card: bool
    gateway_customer_id: str
    return_url: str
    notice_url: str
    valid_until: datetime
    receipt_email: str = ""
    receipt: Receipt | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """Where the client pays: `page_url` of the acquirer, and for SBP `qr_payload`, the link a bank's app opens."""

    payment_id: str
    page_url: str = ""
    qr_payload: str = ""


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """An order we have sent. `payment_id` is the acquirer's own number, empty when we never heard it.

    `saves_card_for` is the `gateway_customer_id` under which the payer's card was to be kept, empty where none was.
    `unattended`: it charges a saved card, and nobody is there whom the bank could ask.
    """

    number: str
    payment_id: str
    amount: Money
    placed_at: datetime
    saves_card_for: str = ""
    unattended: bool = False


@dataclass(frozen=True, slots=True)
class StoredCard:
    """A card or account that an acquirer keeps for us. `expires` is YYYY-MM or empty; `mask` ends in four digits.

    `from_list`: nobody told that this payment saved it, it is the only one there; one that was known before is not it.
    """

    token: str = field(repr=False)
    mask: str
    expires: str = ""
    gateway_customer_id: str = ""
    method: Method = "card"
    from_list: bool = False


@dataclass(frozen=True, slots=True)
class Payment:
    """What an acquirer says of an order. Nothing here is believed before number, amount and currency are compared.

    `decline_code` is the acquirer's own (empty: the bank gave no reason); `decline_text` are its words. `action_url`
    and `qr_payload` are where its client may still pay it. `stored_card` is there when this payment saved a card.
    `given_back`: all that went back of a paid order, by whomever; None where the acquirer's word does not tell.
    """

    order_number: str
    payment_id: str
    outcome: Outcome
    amount: Money
    paid_at: datetime | None = None
    decline_code: str = ""
    decline_text: str = ""
    action_url: str = ""
    qr_payload: str = ""
    receipt_status: ReceiptStatus = "none"
    stored_card: StoredCard | None = None
    given_back: Money | None = None


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """Money of a paid order to give back, under our own number of the refund.

    `refunded_before` is what was given back of this order before, by all its earlier refunds: where an acquirer knows
    no numbers of refunds, its own total tells whether this one was done. `sending` is called before the request that
    moves money where others come before it; it raises OutcomeUnknown when others have closed the refund meanwhile.
    """

    order_number: str
    payment_id: str
    number: str
    amount: Money
    refunded_before: Money
    placed_at: datetime
    receipt: Receipt | None = None
    sending: Callable[[], None] = field(default=lambda: None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Refunded:
    """What an acquirer says of a refund: succeeded, pending or declined; `reason` says why it was declined."""

    number: str
    outcome: Outcome
    amount: Money
    reason: str = ""


Placed = Callable[[str], None]
"""Told the acquirer's number of an order as soon as it is known; returns when it is written down for good."""
