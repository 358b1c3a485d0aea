"""QIWI on the grid: its Payin protocol."""

from collections.abc import Mapping
from typing import ClassVar

from sandbox.acquirers.bank import Bank, Card
from sandbox.acquirers.qiwi.demo import CUSTOMER, KEY, NOTICE_KEY, SITE
from sandbox.acquirers.qiwi.known_cards import CARDS
from tests.grid.stage import Stage
from tests.grid.table import Class


class Qiwi(Stage):
    code = "qiwi"
    credentials: ClassVar[Mapping[str, str]] = {"site_id": SITE, "secret_key": KEY, "notification_key": NOTICE_KEY}
    token = "66aebf5f-098e-4e36-922a-000000004242"
    gateway_customer_id = CUSTOMER
    declines: ClassVar[Mapping[Class, str]] = {
        "soft": "ACQUIRING_INSUFFICIENT_FUNDS 51",
        "hard": "REATTEMPT_NOT_PERMITTED_BY_PS 41",
        "no_reason": "ACQUIRING_UNKNOWN",
        "unlisted": "A_NEW_REASON",
    }

    def put_card(self, bank: Bank) -> None:
        bank.cards.append(Card(SITE, self.token, CUSTOMER, "220000******4242", "2030-12", facts={"code": ""}))

    def pay(self, bank: Bank, page_url: str) -> None:
        self.press(bank, page_url, do="pay", pan=next(iter(CARDS)), expiry="12/30", cvc="123")
