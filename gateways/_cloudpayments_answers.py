"""CloudPayments' answers: their shapes, and what they say in our words. What is not surely understood is
OutcomeUnknown."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_pascal

from calculations.currencies import exponent
from calculations.money import Money
from calculations.refusal import Refusal
from gateways._cloudpayments_codes import ABOUT_TOKEN, DEFINITE, NOT_FOUND, OUTCOMES, PLAIN_WORDS, TROUBLE
from gateways._cloudpayments_requests import REFUND_LABEL
from gateways._errors import OutcomeUnknown
from gateways._orders import Outcome, Payment, Refunded, StoredCard

NUMBER = re.compile(r"[0-9A-Za-z_-]{1,64}")
AMOUNT = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,10})?")
REASON = re.compile(r"[A-Za-z0-9 ]{1,60}")
EXPIRES = re.compile(r"(0[1-9]|1[0-2])/([0-9]{2})")
PAYMENT_TYPES = ("", "0", "payment")


def _as_text(value: object) -> object:
    """Numbers of ours and theirs come as JSON numbers in one answer and as text in another."""
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.strip() if isinstance(value, str) else value


def _as_flag(value: object) -> object:
    return {"true": True, "false": False}.get(value.strip().casefold(), value) if isinstance(value, str) else value


def _as_words(value: object) -> object:
    return value if isinstance(value, str) else ""


def _as_moment(value: object) -> object:
    """Moments are in UTC and do not say so."""
    if not isinstance(value, str) or not value:
        return None
    try:
        at = datetime.fromisoformat(value)
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


Text = Annotated[str, BeforeValidator(_as_text)]
Id = Annotated[str, BeforeValidator(_as_text), Field(pattern=r"^[0-9]{0,20}$")]
Flag = Annotated[bool, BeforeValidator(_as_flag), Field(strict=True)]
Words = Annotated[str, BeforeValidator(_as_words)]  # nothing depends on it, so its absence breaks nothing
Moment = Annotated[datetime | None, BeforeValidator(_as_moment)]


class Shape(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, alias_generator=to_pascal)


class Answer(Shape):
    """`success` speaks of the request; how a payment stands is in the model."""

    success: Flag
    message: Words = ""
    model: Any = None

    @property
    def found_nothing(self) -> bool:
        return not self.success and self.model is None and NOT_FOUND.search(self.message) is not None

    @property
    def refused(self) -> bool:
        """Surely nothing was made of the request."""
        is_definite = DEFINITE.search(self.message) is not None and TROUBLE.search(self.message) is None
        return not self.success and self.model is None and is_definite

    @property
    def about_token(self) -> bool:
        return ABOUT_TOKEN.search(self.message) is not None

    @property
    def words(self) -> str:
        return self.message if PLAIN_WORDS.fullmatch(self.message) else ""


class Transaction(Shape):
    transaction_id: Id = Field(min_length=1)
    invoice_id: Text = ""
    account_id: Text = ""
    amount: Any = None
    currency: Text = ""
    status: Text = ""
    reason_code: Text = ""
    reason: Words = ""
    type: Text = ""
    original_transaction_id: Id = ""
    refunded: bool | None = None
    acs_url: Words = ""
    token: Words = ""
    card_first_six: Text = ""
    card_last_four: Text = ""
    card_exp_date: Words = ""
    payment_method: Words = ""
    json_data: Any = None
    created_date_iso: Moment = None
    auth_date_iso: Moment = None
    confirm_date_iso: Moment = None

    @property
    def money(self) -> Money:
        return money_of(self.amount, self.currency)

    @property
    def is_payment(self) -> bool:
        return self.type.casefold() in PAYMENT_TYPES and not self.original_transaction_id

    @property
    def outcome(self) -> Outcome:
        return OUTCOMES.get(self.status, Outcome.PENDING)

    @property
    def declined(self) -> bool:
        return self.status == "Declined" or (not self.status and self.reason_code not in ("", "0"))

    @property
    def refund_number(self) -> str:
        return label(self.json_data, REFUND_LABEL)


class PlacedPage(Shape):
    id: Words = Field(pattern=r"^[0-9A-Za-z_-]{1,64}$")
    url: Words = ""
    amount: Any = None
    currency: Text = ""


class Link(Shape):
    transaction_id: Id = Field(min_length=1)
    qr_url: Words = ""
    merchant_order_id: Text = ""


class PlacedRefund(Shape):
    transaction_id: Id = Field(min_length=1)


class PlacedReceipt(Shape):
    id: Text = Field(pattern=r"^[0-9A-Za-z_-]{1,64}$")


S = TypeVar("S", bound=Shape)


def read(shape: type[S], data: object) -> S:
    try:
        return shape.model_validate(data)
    except ValidationError as error:
        wrong = ".".join(str(part) for part in error.errors(include_input=False, include_url=False)[0]["loc"])
        raise OutcomeUnknown(
            f"CloudPayments' answer is not of its documented shape: {wrong or 'not an object'}"
        ) from None


def label(data: object, name: str) -> str:
    """What we wrote on an operation as JsonData; it comes back as an object or as text."""
    if isinstance(data, str):
        try:
            data = json.loads(data)
        except (ValueError, RecursionError):
            return ""
    value = data.get(name) if isinstance(data, Mapping) else None
    return value if isinstance(value, str) and NUMBER.fullmatch(value) else ""


def money_of(amount: object, currency: str) -> Money:
    """The sum to the kopeck: a number (its digits, never a float) or text; a rounded one is not understood."""
    text = str(amount) if isinstance(amount, int | Decimal | str) and not isinstance(amount, bool) else ""
    try:
        minor = Decimal(text).scaleb(exponent(currency)) if AMOUNT.fullmatch(text) else Decimal("NaN")
        if minor == minor.to_integral_value():
            return Money(int(minor), currency)
    except (InvalidOperation, Refusal):
        pass
    raise OutcomeUnknown("CloudPayments answered with a sum or a currency that cannot be read")


def payment_of(found: Transaction) -> Payment:
    """Raises OutcomeUnknown for a payment that cannot be told from what is not one, or that somebody gave back."""
    paid = found.status == "Completed"
    if not found.is_payment:
        raise OutcomeUnknown(f"CloudPayments speaks of operation {found.transaction_id}, which is no payment")
    if not found.status and not found.declined:
        raise OutcomeUnknown(f"CloudPayments does not say how payment {found.transaction_id} stands")
    if paid and found.reason_code not in ("", "0"):
        raise OutcomeUnknown(f"CloudPayments says of payment {found.transaction_id} both completed and refused")
    if paid and found.refunded:
        raise OutcomeUnknown(
            f"payment {found.transaction_id} was made and given back at CloudPayments: look at its cabinet and settle "
            "the charge by hand"
        )
    return Payment(
        order_number=found.invoice_id,
        payment_id=found.transaction_id,
        outcome=Outcome.DECLINED if found.declined else found.outcome,
        amount=found.money,
        paid_at=(found.confirm_date_iso or found.auth_date_iso) if paid else None,
        decline_code=found.reason_code if found.declined and found.reason_code != "0" else "",
        decline_text=_why(found) if found.declined else "",
        stored_card=stored_card(found) if paid else None,
    )


def _why(found: Transaction) -> str:
    said = (found.reason_code, found.reason if REASON.fullmatch(found.reason) else "")
    return ": ".join(part for part in said if part and part != "0")


def stored_card(found: Transaction) -> StoredCard | None:
    """The card or account that CloudPayments keeps for an AccountId; what has no number is shown by its token's end."""
    if not (found.token and found.account_id):
        return None
    expires = EXPIRES.fullmatch(found.card_exp_date)
    by_card = found.payment_method.casefold() != "sbp" and re.fullmatch(r"[0-9]{4}", found.card_last_four) is not None
    first = found.card_first_six if re.fullmatch(r"[0-9]{6}", found.card_first_six) else "**"
    digits = re.sub(r"\D", "", found.token)[-4:].rjust(4, "0")
    return StoredCard(
        token=found.token,
        mask=f"{first}******{found.card_last_four}" if by_card else f"СБП **** {digits}",
        expires=f"20{expires[2]}-{expires[1]}" if by_card and expires else "",
        gateway_customer_id=found.account_id,
        method="card" if by_card else "sbp",
    )


def refunded_of(found: Transaction, number: str) -> Refunded:
    outcome = found.outcome
    if outcome is Outcome.CANCELLED:
        outcome = Outcome.DECLINED
    reason = (_why(found) or "CloudPayments gave no reason") if outcome is Outcome.DECLINED else ""
    return Refunded(number, outcome, Money(abs(found.money.minor), found.money.currency), reason)
