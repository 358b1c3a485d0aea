"""T-Bank on the grid."""

from collections.abc import Mapping
from typing import ClassVar

from sandbox.acquirers.bank import Bank, Card
from sandbox.acquirers.tbank.demo import CUSTOMER, PASSWORD, TERMINAL
from sandbox.acquirers.tbank.known_cards import CARDS
from tests.grid.stage import Stage
from tests.grid.table import Class


class TBank(Stage):
    code = "tbank"
    credentials: ClassVar[Mapping[str, str]] = {"terminal_key": TERMINAL, "password": PASSWORD}
    token = "9007199254741999"
    gateway_customer_id = CUSTOMER
    told_by_notice: ClassVar[frozenset[str]] = frozenset({"sbp"})
    verbs = frozenset({"start", "charge", "fetch", "void"})
    declines: ClassVar[Mapping[Class, str]] = {"soft": "1051", "hard": "1041", "no_reason": "1005", "unlisted": "7777"}

    def put_card(self, bank: Bank) -> None:
        facts = {"kind": "card", "card_id": "881000099", "code": ""}
        bank.cards.append(Card(TERMINAL, self.token, CUSTOMER, "220077******4242", "2030-12", facts=facts))

    def pay(self, bank: Bank, page_url: str) -> None:
        good = next(pan for pan, card in CARDS.items() if not card.code and not card.asks)
        self.press(bank, page_url, do="pay", pan=good, expiry="12/30", cvc="123")
