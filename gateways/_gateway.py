"""What every acquirer is to us: a code and a title, what it is capable of, the words it uses, and its verbs."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Generic, Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from calculations.money import Money
from gateways._declines import Reason
from gateways._http import Http
from schemas.declaration import Words


class Capability(StrEnum):
    """A verb an acquirer may have or not; the value is the method's name."""

    CHARGE_SAVED_CARD = "charge_saved_card"
    REFUND = "refund"
    READ_WEBHOOK = "read_webhook"


class Outcome(StrEnum):
    SUCCEEDED = "succeeded"
    PENDING = "pending"
    DECLINED = "declined"
    ACTION_REQUIRED = "action_required"


ReceiptStatus = Literal["none", "pending", "done", "failed"]


class Headers(Protocol):
    """The headers of a notice, by name in any letter case."""

    def get(self, key: str, default: str, /) -> str: ...


class Credentials(BaseModel, ABC):
    """What an acquirer gave a shop; each field has a title and a description for the settings form."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, str_strip_whitespace=True)

    @property
    @abstractmethod
    def account(self) -> str:
        """Which shop this is; secrets change under it, but another shop knows nothing of this one's orders."""


C = TypeVar("C", bound=Credentials)


@dataclass(frozen=True, slots=True)
class SavedCardOrder:
    """One order to take money from a saved card, as it was written down before it is sent."""

    number: str
    token: str
    amount: Money
    description: str
    customer: str
    receipt_email: str

    def __repr__(self) -> str:
        return f"SavedCardOrder({self.number})"  # the token stays out of tracebacks


@dataclass(frozen=True, slots=True)
class Payment:
    """What an acquirer says of an order. Nothing here is believed before number, amount and currency are compared.

    `decline_code` is the acquirer's own (empty: the bank gave no reason); `decline_text` are its words.
    """

    order_number: str
    payment_id: str
    outcome: Outcome
    amount: Money
    paid_at: datetime | None = None
    decline_code: str = ""
    decline_text: str = ""
    action_url: str = ""
    receipt_status: ReceiptStatus = "none"


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """Money of a paid order to give back, under our own number of the refund."""

    order_number: str
    payment_id: str
    number: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Refunded:
    """What an acquirer says of a refund; `outcome` is never ACTION_REQUIRED, `reason` says why it was declined."""

    number: str
    outcome: Outcome
    amount: Money
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """A verified notice: which order it speaks of (a charge's or a refund's number) and the reply that is expected."""

    order_number: str = ""
    refund_number: str = ""
    reply: str = "OK"


class Gateway(ABC, Generic[C]):
    """One acquirer. A subclass says what it is in class attributes and speaks its protocol in the verbs.

    Verbs raise a Trouble when there is no usable answer; only what is listed in `capabilities` may be called.
    """

    code: ClassVar[str]
    title: ClassVar[Words]
    closed: ClassVar[Words | None] = None  # why its owner takes no more payments, if so
    address: ClassVar[str] = ""  # of the acquirer, up to the protocol's own path, with a final slash
    capabilities: ClassVar[frozenset[Capability]]
    declines: ClassVar[Mapping[str, Reason]]  # the acquirer's codes of final refusals, each with our reason
    credentials: type[C]

    def __init__(self, http: Http) -> None:
        self.http = http

    @abstractmethod
    def check(self, credentials: C) -> list[Words]:
        """Ask whether the credentials work, without moving money; what the shop lacks, in words; [] when nothing."""

    @abstractmethod
    def fetch_payment(self, credentials: C, order_number: str) -> Payment | None:
        """The acquirer's present word on an order; None only when it said that it knows no such order."""

    def charge_saved_card(self, credentials: C, order: SavedCardOrder) -> Payment:
        """Take money once; an order number the acquirer knows already is OutcomeUnknown, never a second charge."""
        raise NotImplementedError

    def refund(self, credentials: C, order: RefundOrder) -> Refunded:
        """Give money back once; a refund number the acquirer knows already is OutcomeUnknown."""
        raise NotImplementedError

    def fetch_refund(self, credentials: C, order: RefundOrder) -> Refunded | None:
        """The acquirer's present word on a refund; None only when it said that it knows no such refund."""
        raise NotImplementedError

    def read_webhook(self, credentials: C, headers: Headers, body: bytes) -> Notice:
        """Verify a notice over the bytes as they came, then read it. Raises InvalidSignature."""
        raise NotImplementedError

    def reason_of(self, decline_code: str) -> Reason:
        """Our reason for an acquirer's code; a code without a row is a refusal without a known reason."""
        return self.declines.get(decline_code, Reason.UNKNOWN)
