"""YooKassa's answers: their shapes, and what they say in our words. What is not surely understood is OutcomeUnknown."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StrictStr, ValidationError

from calculations.currencies import exponent
from calculations.money import Money
from calculations.refusal import Refusal
from gateways._errors import OutcomeUnknown
from gateways._orders import Method, Outcome, Payment, Refunded, StoredCard
from gateways._receipt import ReceiptStatus
from gateways._yookassa_codes import NOBODY_REFUSED, RECEIPT_STATUSES, REFUND_REASONS

WORD = re.compile(r"[a-z0-9_.\[\]]{1,60}")
NUMBER = re.compile(r"[0-9A-Za-z_-]{1,64}")
WEB_ADDRESS = re.compile(r"https?://\S+")
AMOUNT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,4})?")

REFUND_OUTCOMES = MappingProxyType(
    {"pending": Outcome.PENDING, "succeeded": Outcome.SUCCEEDED, "canceled": Outcome.DECLINED}
)


class Shape(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, coerce_numbers_to_str=True)


class Amount(Shape):
    value: Any
    currency: StrictStr


class Cancellation(Shape):
    party: str | None = None
    reason: str | None = None

    @property
    def code(self) -> str:
        return word(self.reason)

    @property
    def text(self) -> str:
        return ": ".join(filter(None, (word(self.party), self.code)))


class Card(Shape):
    first6: str | None = Field(default=None, pattern=r"^[0-9]{6}$")
    last4: str = Field(pattern=r"^[0-9]{4}$")
    expiry_year: str = ""
    expiry_month: str = ""


class Bank(Shape):
    bank_id: str = ""


class PaymentMethod(Shape):
    id: str = Field(min_length=1)
    type: StrictStr
    saved: bool = False
    status: str | None = None
    card: Card | None = None
    payer_bank_details: Bank | None = None


def _as_address(value: object) -> object:
    return value if isinstance(value, str) and WEB_ADDRESS.fullmatch(value) else ""


def _as_moment(value: object) -> object:
    """One without a zone is none: it may be anybody's hour."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
        return at.astimezone(UTC) if at.tzinfo else None
    except (ValueError, OverflowError):
        return None


Address = Annotated[str, BeforeValidator(_as_address)]
Moment = Annotated[datetime | None, BeforeValidator(_as_moment)]


class Confirmation(Shape):
    """Where the client is sent: a page, or the link of a QR code; empty where there is none to be sent to."""

    confirmation_url: Address = ""
    confirmation_data: Address = ""


class Labelled(Shape):
    """What we wrote on a payment or refund when it was made. Other systems of the same shop write what they like."""

    metadata: Mapping[str, Any] | None = None

    def label(self, key: str) -> str:
        value = (self.metadata or {}).get(key)
        return value if isinstance(value, str) else ""


class ListedPayment(Labelled):
    created_at: AwareDatetime


class ListedRefund(Labelled):
    description: Any = None

    @property
    def number(self) -> str:
        return self.label("refund") or (self.description if isinstance(self.description, str) else "")


class PaymentObject(Labelled):
    id: str = Field(min_length=1)
    status: Literal["pending", "waiting_for_capture", "succeeded", "canceled"]
    amount: Amount
    refunded_amount: Amount | None = None
    paid: bool | None = None
    captured_at: Moment = None
    cancellation_details: Cancellation | None = None
    confirmation: Confirmation | None = None
    payment_method: dict[str, Any] | None = None
    merchant_customer_id: str | None = None
    receipt_registration: str | None = None

    @property
    def receipt_status(self) -> ReceiptStatus:
        return status_of_receipt(self.receipt_registration)


class RefundObject(ListedRefund):
    payment_id: StrictStr
    status: Literal["pending", "succeeded", "canceled"]
    amount: Amount
    cancellation_details: Cancellation | None = None
    receipt_registration: str | None = None


class SettlementObject(Shape):
    type: str
    amount: Amount


class ReceiptObject(Shape):
    id: str = Field(min_length=1)
    type: str | None = None
    status: Literal["pending", "succeeded", "canceled"]
    settlements: tuple[SettlementObject, ...] | None = None


class ListPage(Shape):
    items: tuple[dict[str, Any], ...]
    next_cursor: str | None = None


class Shop(Shape):
    status: Literal["enabled", "disabled"]
    payment_methods: frozenset[str] | None = None


class NoticeSubject(Labelled):
    id: str | None = None
    payment_id: str | None = None

    def named(self, key: str) -> str:
        return number(self.label(key))


class NoticeObject(Shape):
    type: Literal["notification"]
    event: str
    object: NoticeSubject


class ErrorObject(Shape):
    type: Literal["error"]
    code: str | None = None
    parameter: str | None = None
    description: str | None = None

    @property
    def text(self) -> str:
        return ": ".join(filter(None, (word(self.code), word(self.parameter))))

    def speaks_of(self, subject: str) -> bool:
        return subject in f"{self.parameter} {self.description}".lower()

    @property
    def is_about_method(self) -> bool:
        """The way to pay, and not a sum or a contact that does not suit it."""
        if self.parameter:
            return self.parameter.lower().startswith("payment_method")
        return self.speaks_of("payment_method") or self.speaks_of("payment method")


def word(text: str | None) -> str:
    """A code or the name of a parameter; nothing else of theirs, which may echo a token or a key, enters our texts."""
    return text if text and WORD.fullmatch(text) else ""


def number(text: str | None) -> str:
    """A number of ours or theirs, from where nobody vouches for what is written; empty when it is none."""
    return text if text and NUMBER.fullmatch(text) else ""


S = TypeVar("S", bound=Shape)


def read(shape: type[S], data: object) -> S:
    try:
        return shape.model_validate(data)
    except ValidationError as error:
        wrong = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
        raise OutcomeUnknown(f"YooKassa's answer is not of its documented shape: {wrong or 'not an object'}") from None


def money_of(amount: Amount) -> Money:
    """The sum to the kopeck. YooKassa writes it as text; a number is understood as well, a rounded one is not."""
    text = str(amount.value)
    try:
        minor = Decimal(text).scaleb(exponent(amount.currency)) if AMOUNT.fullmatch(text) else Decimal("NaN")
        if minor == minor.to_integral_value():
            return Money(int(minor), amount.currency)
    except (InvalidOperation, Refusal):
        pass
    raise OutcomeUnknown("YooKassa answered with a sum or a currency that cannot be read")


def payment_of(found: PaymentObject) -> Payment:
    if found.status == "succeeded" and found.paid is False:
        raise OutcomeUnknown(f"YooKassa says of payment {found.id} both succeeded and not paid")
    outcome = _outcome(found)
    cancellation = (found.status == "canceled" and found.cancellation_details) or Cancellation()
    waiting = found.confirmation if found.status == "pending" else None
    return Payment(
        order_number=found.label("order"),
        payment_id=found.id,
        outcome=outcome,
        amount=money_of(found.amount),
        paid_at=found.captured_at if outcome is Outcome.SUCCEEDED else None,
        decline_code=cancellation.code,
        decline_text=cancellation.text,
        action_url=waiting.confirmation_url if waiting else "",
        qr_payload=waiting.confirmation_data if waiting else "",
        receipt_status=found.receipt_status,
        stored_card=_stored_card(found) if outcome is Outcome.SUCCEEDED else None,
        given_back=(found.refunded_amount and money_of(found.refunded_amount)) or None,
    )


def _outcome(found: PaymentObject) -> Outcome:
    """A page is registered until its client has chosen how to pay; a saved card has a method from the beginning."""
    if found.status == "succeeded":
        return Outcome.SUCCEEDED
    if found.status == "canceled":
        code = found.cancellation_details.code if found.cancellation_details else ""
        return Outcome.CANCELLED if code in NOBODY_REFUSED else Outcome.DECLINED
    untouched = found.status == "pending" and found.confirmation is not None and found.payment_method is None
    return Outcome.REGISTERED if untouched else Outcome.PENDING


def _stored_card(found: PaymentObject) -> StoredCard | None:
    """The method that this payment saved: only where we asked for it, since a charge of a saved card names it too.

    A method of another shape is no reason to doubt the money.
    """
    try:
        method = PaymentMethod.model_validate(found.payment_method)
    except ValidationError:
        return None
    if not method.saved or method.status not in (None, "active") or found.label("save") != "yes":
        return None
    kind: Method = "sbp" if method.type == "sbp" else "card"
    return StoredCard(
        token=method.id,
        mask=_mask(method),
        expires=_expires(method.card) if method.card else "",
        gateway_customer_id=found.merchant_customer_id or "",
        method=kind,
    )


def _mask(method: PaymentMethod) -> str:
    """What has no card number is shown by the SBP's number of its bank, else by digits of the method's own id."""
    if method.card:
        return f"{method.card.first6 or '**'}******{method.card.last4}"
    bank = method.payer_bank_details.bank_id if method.payer_bank_details else ""
    digits = re.sub(r"\D", "", bank) or re.sub(r"\D", "", method.id)
    title = "СБП" if method.type == "sbp" else method.type
    return f"{title} **** {digits[-4:].rjust(4, '0')}"


def _expires(card: Card) -> str:
    expires = f"{card.expiry_year}-{card.expiry_month.rjust(2, '0')}"
    return expires if re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", expires) else ""


def status_of_receipt(registration: str | None) -> ReceiptStatus:
    return RECEIPT_STATUSES.get(registration, "pending") if registration else "none"


def refunded_of(found: RefundObject) -> Refunded:
    outcome = REFUND_OUTCOMES[found.status]
    if outcome is not Outcome.DECLINED:
        return Refunded(found.number, outcome, money_of(found.amount))
    cancellation = found.cancellation_details or Cancellation()
    why = ": ".join(filter(None, (cancellation.text, REFUND_REASONS.get(cancellation.code))))
    return Refunded(found.number, outcome, money_of(found.amount), why or "YooKassa gave no reason")
