"""QIWI, closed with its bank on 2024-02-21: bills by their own number, and payments by the token of a saved card.

Every number of ours is the anchor of a PUT, so that a repeat is the same bill, payment or refund.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from gateways._declines import Reason
from gateways._errors import Misconfigured
from gateways._gateway import Capability, Credentials, Gateway, Unchecked
from gateways._notice import Awaited, Incoming, Notice
from gateways._orders import (
    PageOrder,
    Payment,
    Placed,
    PlacedOrder,
    Refunded,
    RefundOrder,
    SavedCardOrder,
    Started,
    StoredCard,
)
from gateways._qiwi_bills import Bills
from gateways._qiwi_codes import DECLINES
from gateways._qiwi_line import Line
from gateways._qiwi_notices import read_notice
from gateways._qiwi_payin import Payin
from gateways._qiwi_register import read_register
from gateways._receipt import Receipt
from gateways._register import Register
from schemas.declaration import Words

BILL_ADDRESS = "https://api.qiwi.com/"
TOKENS_UNCHECKED = Unchecked(
    "сохранение и списание карт: спросите QIWI, включены ли сайту платёжные токены",
    "keeping and charging cards: ask QIWI whether payment tokens are switched on for the site",
)
BILL_ROOT, PAYIN_ROOT = "partner/bill/v1/", "partner/payin/v1/"


class QiwiCredentials(Credentials):
    site_id: str = Field(min_length=1, title="Идентификатор сайта / siteId", description="Кабинет QIWI — Настройки")
    secret_key: str = Field(
        min_length=1, repr=False, title="Секретный ключ / API key", description="Кабинет QIWI — Настройки — Ключи"
    )
    protocol: Literal["payin", "bill"] = Field(
        default="payin",
        title="Протокол / Protocol",
        description="payin: карты сохраняются; bill: только счета (kassa.qiwi.com, p2p.qiwi.com)",
    )
    notification_key: str = Field(
        default="",
        repr=False,
        title="Ключ уведомлений / Server notification key",
        description="payin: отдельный ключ в настройках; пусто — тот же секретный ключ",
    )

    @property
    def account(self) -> str:
        return self.site_id


class Qiwi(Gateway[QiwiCredentials]):
    code: ClassVar[str] = "qiwi"
    title: ClassVar[Words] = Words("QIWI Касса", "QIWI Kassa")
    closed: ClassVar[Words | None] = Words(
        "Банк России отозвал лицензию у КИВИ Банка 21.02.2024: платежи через QIWI не принимаются.",
        "QIWI Bank's licence was revoked on 2024-02-21: no payments are taken through QIWI.",
    )
    address: ClassVar[str] = "https://b2b-api.qiwi.com/"
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {
            Capability.START_PAYMENT,
            Capability.CHARGE_SAVED_CARD,
            Capability.VOID,
            Capability.REFUND,
            Capability.FETCH_REFUND,
            Capability.FORGET_CARD,
            Capability.READ_REGISTER,
            Capability.READ_WEBHOOK,
        }
    )
    declines: ClassVar[Mapping[str, Reason]] = DECLINES
    credentials = QiwiCredentials

    def check(self, credentials: QiwiCredentials) -> list[Words]:
        """Whether tokens are switched on for the site cannot be asked without charging one; bills alone have none."""
        self._api(credentials).check()
        return [TOKENS_UNCHECKED] if credentials.protocol == "payin" else []

    def start_payment(self, credentials: QiwiCredentials, order: PageOrder) -> Started:
        _no_receipts(order.receipt)
        return self._api(credentials).start(order)

    def charge_saved_card(self, credentials: QiwiCredentials, order: SavedCardOrder, placed: Placed) -> Payment:
        _no_receipts(order.receipt)
        return self._payin(credentials).charge(order)

    def fetch_payment(self, credentials: QiwiCredentials, order: PlacedOrder) -> Payment | None:
        return self._api(credentials).fetch(order)

    def void(self, credentials: QiwiCredentials, order: PlacedOrder) -> Payment:
        return self._api(credentials).void(order)

    def refund(self, credentials: QiwiCredentials, order: RefundOrder) -> Refunded:
        return self._api(credentials).refund(order)

    def fetch_refund(self, credentials: QiwiCredentials, order: RefundOrder) -> Refunded | None:
        return self._api(credentials).fetch_refund(order)

    def forget_card(self, credentials: QiwiCredentials, card: StoredCard) -> None:
        self._payin(credentials).forget(card)

    def read_register(self, content: bytes) -> Register:
        return read_register(content)

    def read_webhook(self, credentials: QiwiCredentials, incoming: Incoming, awaited: Awaited) -> Notice:
        return read_notice(incoming, credentials.notification_key or credentials.secret_key)

    def _api(self, credentials: QiwiCredentials) -> Bills | Payin:
        if credentials.protocol == "payin":
            return self._payin(credentials)
        return Bills(Line(self.http.at(BILL_ADDRESS), BILL_ROOT, credentials.secret_key))

    def _payin(self, credentials: QiwiCredentials) -> Payin:
        if credentials.protocol != "payin":
            raise Misconfigured("QIWI's bills keep no cards: set protocol of the credentials to payin")
        return Payin(Line(self.http, PAYIN_ROOT, credentials.secret_key), credentials.site_id)


def _no_receipts(receipt: Receipt | None) -> None:
    if receipt is not None:
        raise Misconfigured("no receipts are made through QIWI here: configure it without `receipts`")
