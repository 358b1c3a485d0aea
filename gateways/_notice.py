"""Notices of acquirers: the request as it came, and what it says once its signature was checked."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from calculations.money import Money
from gateways._orders import StoredCard


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
    reply that is expected. `stored_card` is there where a notice is the only place that tells a card's token."""

    order_number: str = ""
    payment_id: str = ""
    refund_number: str = ""
    stored_card: StoredCard | None = None
    reply: str = "OK"
    reply_type: str = "text/plain"


AwaitedSum = Callable[[str], Money | None]
"""The sum we wait for under an order number, None when no open order of this terminal has it: for acquirers that ask
before they take money."""
