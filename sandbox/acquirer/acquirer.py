"""The acquirer as a whole: its book, the shops it knows and what it was told to do out of the ordinary."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.acquirer.book import Book, Charge, Refund
from sandbox.acquirer.notices import Notices
from sandbox.acquirer.outcomes import Outcome

DEMO_SHOP = "demo"
DEMO_SECRET = "demo-secret-of-the-sandbox"

SETTLE_EVERY_SECONDS = 0.2


@dataclass
class Acquirer:
    """`refund_outcomes` is used up by the next refunds, one each; when it is empty refunds are simply done."""

    book: Book
    notices: Notices
    shops: dict[str, str]
    slow_seconds: float = 5.0
    refund_outcomes: list[Outcome] = field(default_factory=list)


def new_acquirer(now: Callable[[], datetime]) -> Acquirer:
    """An acquirer with the demo shop and an empty book, living by the given clock."""
    notices = Notices()

    def tell(event: Charge | Refund) -> None:
        notices.tell(event.shop, notice_shape(event))

    return Acquirer(Book(now, tell), notices, {DEMO_SHOP: DEMO_SECRET})


def notice_shape(event: Charge | Refund) -> dict[str, object]:
    """What a notice says: enough to know what to ask about."""
    if isinstance(event, Refund):
        return {
            "event": "refund",
            "refund": event.refund,
            "order": event.order,
            "id": event.charge_id,
            "status": "done",
            "amount": event.amount,
            "currency": event.currency,
        }
    return {
        "event": "charge",
        "order": event.wish.order,
        "id": event.id,
        "status": event.status,
        "amount": event.amount,
        "currency": event.wish.currency,
    }


def settle_in_background(acquirer: Acquirer) -> None:
    """Let pending charges settle, and their notices go out, also while nobody asks."""

    def settle_for_ever() -> None:
        while True:
            acquirer.book.settle()
            time.sleep(SETTLE_EVERY_SECONDS)

    threading.Thread(target=settle_for_ever, name="acquirer-settling", daemon=True).start()
