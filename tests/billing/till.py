"""A bank with a cash register, and a world whose acquirer it is."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateways import (
    Capability,
    Misconfigured,
    NotSent,
    OutcomeUnknown,
    Payment,
    Placed,
    PlacedOrder,
    Receipt,
    ReceiptStatus,
    Refunded,
    RefundOrder,
    SavedCardOrder,
    SentReceipt,
)
from storage.database import open_database
from tests.billing.bank import Bank, BankCredentials
from tests.billing.world import World


class Till(Bank):
    """A bank with a cash register: `standing` is what it says of every receipt."""

    capabilities = Bank.capabilities | {Capability.SEND_RECEIPT, Capability.FETCH_RECEIPT}
    standing: ReceiptStatus = "pending"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.receipts: list[Receipt | None] = []
        self.closings: list[str] = []
        self.closing_script: list[str] = []
        self.asked_about: list[str] = []  # refunds, by the number of each whose receipt was asked about

    def charge_saved_card(self, credentials: BankCredentials, order: SavedCardOrder, placed: Placed) -> Payment:
        self.receipts.append(order.receipt)
        return super().charge_saved_card(credentials, order, placed)

    def refund(self, credentials: BankCredentials, order: RefundOrder) -> Refunded:
        self.receipts.append(order.receipt)
        return super().refund(credentials, order)

    def send_receipt(
        self, credentials: BankCredentials, order: PlacedOrder, number: str, receipt: Receipt
    ) -> SentReceipt:
        word = self.closing_script.pop(0) if self.closing_script else "sent"
        if word == "refused":
            raise NotSent("till: connection refused")
        if word == "misconfigured":
            raise Misconfigured("till answered 401")
        self.closings.append(number)
        self.receipts.append(receipt)
        if word == "lost":
            raise OutcomeUnknown("till: no answer")
        return SentReceipt("" if word == "unnamed" else "closing-1", self.standing)

    def fetch_receipt(self, credentials: BankCredentials, order: PlacedOrder, receipt_id: str) -> SentReceipt:
        return SentReceipt(receipt_id, self.standing)

    def fetch_refund_receipt(self, credentials: BankCredentials, order: RefundOrder) -> ReceiptStatus:
        self.asked_about.append(order.number)
        return self.standing


@contextmanager
def till_world(folder: Path) -> Iterator[World]:
    world = World(open_database(f"sqlite:///{folder}/money.db"))
    world.bank = Till(world.clock)
    world.charging = world.new_process()
    yield world
    world.database.close()


def configure(world: World, **fiscal: str) -> Till:
    credentials = {"shop": "demo", "receipts": {"tax_system": "osn", "vat": "standard"} | fiscal}
    world.terminals().configure(world.portal_id, "bank", "main", json.dumps(credentials))
    assert isinstance(world.bank, Till)
    return world.bank
