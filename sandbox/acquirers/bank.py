"""What stands behind every acquirer's door: shops, saved cards, orders, and each movement of money, in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sandbox.acquirers.notices import Notices
from sandbox.acquirers.turns import Turns

State = Literal["new", "pending", "needs_client", "held", "paid", "declined", "cancelled"]


@dataclass
class Card:
    """A card or account kept for a shop's customer. `token` is what the shop charges it by."""

    shop: str
    token: str
    customer: str
    mask: str
    expires: str  # YYYY-MM
    active: bool = True
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass
class Order:
    """One order of a shop. Amounts in minor units; `code` is the acquirer's own reason of the last refusal.

    `facts` is what only this protocol knows: the client's page, receipts, tries, extra fields of the request.
    """

    shop: str
    number: str
    id: str
    amount: int
    currency: str
    made_at: datetime
    state: State = "new"
    customer: str = ""
    description: str = ""
    taken: int = 0
    refunded: int = 0
    code: str = ""
    card: Card | None = None
    paid_at: datetime | None = None
    settles_at: datetime | None = None
    settles_as: Literal["paid", "declined"] = "paid"
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Operation:
    """Money that moved: the only thing that counts when charges are counted."""

    shop: str
    number: str
    order_id: str
    kind: Literal["charge", "refund"]
    amount: int
    currency: str
    token: str
    at: datetime


@dataclass
class Bank:
    """`shops`: a shop's name to its secrets; `webhooks`: a shop's name to the address of its notices.

    `settings` switch what the protocol leaves open; each acquirer names its own. `facts` is what only this protocol
    keeps beside cards and orders. Everything is changed under `lock`.
    """

    now: Callable[[], datetime]
    turns: Turns
    notices: Notices
    shops: dict[str, dict[str, str]] = field(default_factory=dict)
    webhooks: dict[str, str] = field(default_factory=dict)
    cards: list[Card] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    pending_seconds: float = 60.0
    lock: threading.RLock = field(default_factory=threading.RLock)

    def take(self, order: Order, amount: int) -> None:
        """Money moves from the client: the order is paid."""
        with self.lock:
            order.state, order.paid_at, order.settles_at, order.code = "paid", self.now(), None, ""
            order.taken += amount
            self._moved(order, "charge", amount)

    def give_back(self, order: Order, amount: int) -> None:
        """Money moves back to the client; never more than was taken."""
        with self.lock:
            if amount <= 0 or order.refunded + amount > order.taken:
                raise ValueError(f"{amount} cannot be given back of order {order.number}")
            order.refunded += amount
            self._moved(order, "refund", amount)

    def find(self, shop: str, *, number: str = "", order_id: str = "") -> list[Order]:
        """The shop's orders of this number or id, oldest first."""
        with self.lock:
            return [
                order
                for order in self.orders
                if order.shop == shop and (order.number == number if number else order.id == order_id)
            ]

    def card(self, shop: str, token: str) -> Card | None:
        with self.lock:
            return next((card for card in self.cards if (card.shop, card.token) == (shop, token)), None)

    def due(self) -> list[Order]:
        """Pending orders whose moment has come; the acquirer settles each as its `settles_as` says."""
        with self.lock:
            now = self.now()
            return [order for order in self.orders if order.settles_at and order.settles_at <= now]

    def _moved(self, order: Order, kind: Literal["charge", "refund"], amount: int) -> None:
        token = order.card.token if order.card else ""
        self.operations.append(
            Operation(order.shop, order.number, order.id, kind, amount, order.currency, token, self.now())
        )
