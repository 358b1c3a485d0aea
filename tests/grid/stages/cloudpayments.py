"""CloudPayments on the grid."""

from collections.abc import Mapping
from typing import ClassVar

from sandbox.acquirers.bank import Bank, Card
from sandbox.acquirers.cloudpayments.demo import CUSTOMER, INN, SECRET, SITE
from sandbox.acquirers.cloudpayments.known_cards import CARDS
from tests.grid.stage import Stage
from tests.grid.table import Class


class CloudPayments(Stage):
    code = "cloudpayments"
    credentials: ClassVar[Mapping[str, str]] = {"public_id": SITE, "api_secret": SECRET, "inn": INN}
    token = "tk_of_the_grid_4242"
    gateway_customer_id = CUSTOMER
    look_ups = ("fetch", "list")
    declines: ClassVar[Mapping[Class, str]] = {"soft": "5051", "hard": "5041", "no_reason": "0", "unlisted": "5999"}

    def put_card(self, bank: Bank) -> None:
        facts = {"kind": "card", "code": "", "brand": "Visa"}
        bank.cards.append(Card(SITE, self.token, CUSTOMER, "400000******4242", "2030-12", facts=facts))

    def pay(self, bank: Bank, page_url: str) -> None:
        good = next(pan for pan, card in CARDS.items() if not card.code and not card.asks)
        self.press(bank, page_url, do="pay", pan=good, expiry="12/30", cvc="123")
