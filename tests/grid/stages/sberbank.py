"""Sberbank on the grid: the protocol in forms, and the one in JSON."""

from collections.abc import Mapping
from typing import ClassVar

from sandbox.acquirers.bank import Bank, Card
from sandbox.acquirers.sberbank.demo import CALLBACK_KEY, CUSTOMER, ECOM_SHOP, PASSWORD, RBS_SHOP
from sandbox.acquirers.sberbank.known_cards import CARDS
from tests.grid.stage import Stage
from tests.grid.table import Class


class Rbs(Stage):
    code = "sberbank"
    shop = RBS_SHOP
    credentials: ClassVar[Mapping[str, str]] = {
        "flavour": "rbs",
        "user_name": RBS_SHOP,
        "password": PASSWORD,
        "callback_key": CALLBACK_KEY,
    }
    token = "fdbbc879-c171-4cff-b636-ceab16fd4242"
    gateway_customer_id = CUSTOMER
    keeps: ClassVar[frozenset[str]] = frozenset({"card"})
    verbs = frozenset({"start", "charge", "fetch", "void"})
    declines: ClassVar[Mapping[Class, str]] = {"soft": "116", "hard": "41", "no_reason": "5", "unlisted": "7777"}

    def put_card(self, bank: Bank) -> None:
        facts = {"kind": "card", "system": "MIR", "code": ""}
        bank.cards.append(Card(self.shop, self.token, CUSTOMER, "220220******4242", "2030-12", facts=facts))

    def pay(self, bank: Bank, page_url: str) -> None:
        good = next(pan for pan, card in CARDS.items() if not card.asks and not card.code and card.most is None)
        self.press(bank, page_url, do="pay", pan=good, expiry="12/30", cvc=CARDS[good].cvc)


class Ecom(Rbs):
    shop = ECOM_SHOP
    keeps: ClassVar[frozenset[str]] = frozenset({"card", "sbp"})
    credentials: ClassVar[Mapping[str, str]] = {
        "flavour": "ecom",
        "user_name": ECOM_SHOP,
        "password": PASSWORD,
        "company_email": "shop@example.com",
        "company_inn": "7707083893",
        "company_site": "https://shop.example",
    }
