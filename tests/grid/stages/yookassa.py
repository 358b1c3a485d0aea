"""YooKassa on the grid."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from sandbox.acquirers.bank import Bank, Card, Operation
from sandbox.acquirers.yookassa.demo import CUSTOMER, SECRET, SHOP
from sandbox.acquirers.yookassa.known_cards import CARDS
from tests.grid.stage import Stage
from tests.grid.table import Class


class YooKassa(Stage):
    code = "yookassa"
    credentials: ClassVar[Mapping[str, str]] = {"shop_id": SHOP, "secret_key": SECRET}
    token = "2c000000-000f-5000-9000-000000004242"
    look_ups = ("fetch", "list")
    declines: ClassVar[Mapping[Class, str]] = {
        "soft": "insufficient_funds",
        "hard": "card_expired",
        "no_reason": "general_decline",
        "unlisted": "a_new_reason",
    }

    def put_card(self, bank: Bank) -> None:
        facts = {"type": "bank_card", "kind": "Mir", "code": ""}
        bank.cards.append(Card(SHOP, self.token, CUSTOMER, "220000******4242", "2030-12", facts=facts))

    def pay(self, bank: Bank, page_url: str) -> None:
        good = next(pan for pan, card in CARDS.items() if not card.reason and not card.asks)
        self.press(bank, page_url, do="pay", pan=good, expiry="12/30", cvc="123")

    def operations(self, bank: Bank) -> Sequence[Operation]:
        """YooKassa has no order numbers but the keys of requests: pages by SBP and those that save have their own."""
        return [replace(one, number=one.number.removesuffix("-save").removesuffix("-sbp")) for one in bank.operations]

    def receipts(self, bank: Bank) -> int:
        return len(bank.facts["receipts"])
