"""Notices of acquirers: the request as it came, and what it says once its signature was checked."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from calculations.money import Money
from gateways._orders import StoredCard
from gateways._receipt import Settlement


class Headers(Protocol):
    """The headers of a notice, by name in any letter case."""

    def get(self, key: str, default: str, /) -> str: ...


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request to a webhook address: `query` and `body` are the bytes as they travelled."""

    headers: Headers
    body: bytes
    query: bytes = b""
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Notice:
    """A verified notice: which order it speaks of (a charge's or a refund's number, or the acquirer's own) and the
    reply that is expected. `stored_card` is there where a notice is the only place that tells a card's token.
    `of_refund`: money of a paid order went back, by us or by somebody else; not said of a refund that its number tells
    to be ours where the order itself would tell nothing more."""

    order_number: str = ""
    payment_id: str = ""
    refund_number: str = ""
    stored_card: StoredCard | None = None
    of_refund: bool = False
    reply: str = "OK"
    reply_type: str = "text/plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptNotice(Notice):
    """The till's word on a receipt of this order, which is to be told from the order's others by what it says.

    `returned`: of money given back. `settlements` are those of its lines, empty when they are not all told; no
    signature covers them. `receipt_id`: the numbers of fiscal drive, document and sign (ФН-ФД-ФПД).
    """

    status: Literal["done", "failed"]
    returned: bool
    amount: Money
    settlements: frozenset[Settlement]
    receipt_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class AwaitedOrder:
    """What we wait for under an order number: the sum, and its client by both of their names (see SavedCardOrder)."""

    amount: Money
    customer: str
    gateway_customer_id: str


Awaited = Callable[[str, str], AwaitedOrder | None]
"""By our order number, where that is empty by the acquirer's; None when no open order of this terminal has it. For
acquirers that ask before they take money."""
