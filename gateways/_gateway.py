"""What every acquirer is to us: a code and a title, what it is capable of, the words it uses, and its verbs."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from gateways._declines import Reason
from gateways._http import Http
from gateways._notice import Awaited, Incoming, Notice
from gateways._orders import (
    Method,
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
from gateways._receipt import Receipt, ReceiptStatus, SentReceipt
from gateways._register import Register
from schemas.declaration import Words

SBP_CURRENCIES = frozenset({"RUB"})  # whichever acquirer it goes through


class Capability(StrEnum):
    """A verb an acquirer may have or not; the value is the method's name. `fetch_payment` and `check` all have."""

    START_PAYMENT = "start_payment"
    CHARGE_SAVED_CARD = "charge_saved_card"
    VOID = "void"
    REFUND = "refund"
    FETCH_REFUND = "fetch_refund"
    FORGET_CARD = "forget_card"
    SEND_RECEIPT = "send_receipt"
    FETCH_RECEIPT = "fetch_receipt"
    FETCH_REFUND_RECEIPT = "fetch_refund_receipt"
    READ_REGISTER = "read_register"
    READ_WEBHOOK = "read_webhook"


class Credentials(BaseModel, ABC):
    """What an acquirer gave a shop; each field has a title and a description for the settings form."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, str_strip_whitespace=True)

    @property
    @abstractmethod
    def account(self) -> str:
        """Which shop this is; secrets change under it, but another shop knows nothing of this one's orders."""


@dataclass(frozen=True, slots=True)
class Unchecked(Words):
    """What the acquirer tells nobody who moves no money: what it is, and whom to ask about it."""


@dataclass(frozen=True, slots=True)
class WithoutSbp(Words):
    """The acquirer said that the shop takes no payments by SBP: clients are not offered them."""


C = TypeVar("C", bound=Credentials)


class Gateway(ABC, Generic[C]):
    """One acquirer. A subclass says what it is in class attributes and speaks its protocol in the verbs.

    Verbs raise a Trouble when there is no usable answer; only what is listed in `capabilities` may be called.
    """

    code: ClassVar[str]
    title: ClassVar[Words]
    closed: ClassVar[Words | None] = None  # why its owner takes no more payments, if so
    address: ClassVar[str] = ""  # of the acquirer, up to the protocol's own path, with a final slash
    capabilities: ClassVar[frozenset[Capability]]
    methods: ClassVar[frozenset[Method]] = frozenset({"card"})  # by which a client can pay in person
    currencies: ClassVar[frozenset[str] | None] = None  # of cards; None: the shop's contract says, the acquirer knows
    page_words: ClassVar[Words] = Words("Оплатить картой", "Pay by card")  # on the button that leads to its page
    longest_work: ClassVar[timedelta] = timedelta(seconds=30)  # on a request that nobody listens to any more
    one_number: ClassVar[bool] = False
    """Whether a charge that arrives late is refused for its number alone, once a page was placed under it."""
    finds_receipts: ClassVar[bool] = False  # before it sends one: send_receipt may be called again after a lost answer
    declines: ClassVar[Mapping[str, Reason]]  # the acquirer's codes of final refusals, each with our reason
    credentials: type[C]

    def __init__(self, http: Http) -> None:
        self.http = http

    @abstractmethod
    def check(self, credentials: C) -> list[Words]:
        """Ask whether the credentials work, and for what the shop may do, only by what can move no money whatever the
        answer, and leaves no order that could be paid.

        What the shop lacks, in words, WithoutSbp among them, and as Unchecked what could not be found out. Raises
        Misconfigured when the acquirer refuses the credentials.
        """

    @abstractmethod
    def fetch_payment(self, credentials: C, order: PlacedOrder) -> Payment | None:
        """The acquirer's present word on an order; None only when it said that it knows no such order."""

    def start_payment(self, credentials: C, order: PageOrder) -> Started:
        """Place an order that the client pays in person; a number the acquirer knows already is OutcomeUnknown."""
        raise NotImplementedError

    def charge_saved_card(self, credentials: C, order: SavedCardOrder, placed: Placed) -> Payment:
        """Take money once; an order number the acquirer knows already is OutcomeUnknown, never a second charge.

        Where an order is placed before it is paid, `placed` is told its number in between.
        """
        raise NotImplementedError

    def void(self, credentials: C, order: PlacedOrder) -> Payment:
        """Close an order that nobody has paid, for good; its word afterwards, which may be that it was paid after
        all."""
        raise NotImplementedError

    def refund(self, credentials: C, order: RefundOrder) -> Refunded:
        """Give money back once; a refund number the acquirer knows already is OutcomeUnknown or its present word."""
        raise NotImplementedError

    def fetch_refund(self, credentials: C, order: RefundOrder) -> Refunded | None:
        """The acquirer's present word on a refund; None only when it said that it knows no such refund."""
        raise NotImplementedError

    def forget_card(self, credentials: C, card: StoredCard) -> None:
        """Let the acquirer drop a saved card; a card it does not know any more is fine."""
        raise NotImplementedError

    def send_receipt(self, credentials: C, order: PlacedOrder, number: str, receipt: Receipt) -> SentReceipt:
        """A receipt after the payment's own, under our `number`: the closing one, when the thing is given."""
        raise NotImplementedError

    def fetch_receipt(self, credentials: C, order: PlacedOrder, receipt_id: str) -> SentReceipt:
        """How a receipt stands; an empty `receipt_id` asks for the one that went with the payment."""
        raise NotImplementedError

    def fetch_refund_receipt(self, credentials: C, order: RefundOrder) -> ReceiptStatus:
        """How the receipt of a refund that was given stands; nothing moves."""
        raise NotImplementedError

    def read_register(self, content: bytes) -> Register:
        """The lines of the acquirer's file of a day. Raises RegisterUnreadable."""
        raise NotImplementedError

    def read_webhook(self, credentials: C, incoming: Incoming, awaited: Awaited) -> Notice:
        """Verify a notice over the bytes as they came, then read it. Raises InvalidSignature."""
        raise NotImplementedError

    def currencies_by(self, method: Method) -> frozenset[str] | None:
        """In which it can be paid this way at all; None: any, as far as we know."""
        return SBP_CURRENCIES if method == "sbp" else self.currencies

    def reason_of(self, decline_code: str) -> Reason:
        """Our reason for an acquirer's code; a code without a row is a refusal without a known reason."""
        return self.declines.get(decline_code, Reason.UNKNOWN)
