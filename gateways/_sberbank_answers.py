"""Sberbank's answers as frozen shapes: tolerant of types that drift and keys that are missing, strict about figures."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, TypeVar

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from calculations.money import Money
from gateways._errors import OutcomeUnknown
from gateways._http import Reply
from gateways._orders import Outcome, Payment, StoredCard
from gateways._sberbank_codes import CLOSED_UNPAID, EXPIRED, IN_PROGRESS, NO_REFUSALS, NOT_BEGUN, TRIES_USED_UP

CURRENCIES: Mapping[int, str] = MappingProxyType(
    {643: "RUB", 810: "RUB", 156: "CNY", 398: "KZT", 840: "USD", 933: "BYN", 978: "EUR"}
)

REGISTERED, HELD, REVERSED, AT_ACS = 0, 1, 3, 5


def _whole(value: object) -> object:
    """Whole numbers come as numbers, also as `224.0`, or as text; one with a fraction is none."""
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value):
        return int(value)
    if (
        isinstance(value, Decimal)
        and value.is_finite()
        and value.adjusted() < 18
        and value == value.to_integral_value()
    ):
        return int(value)
    if isinstance(value, str | Decimal | bool):
        raise ValueError("not a whole number")
    return value


def _text(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""


def _moment(value: object) -> object:
    """Milliseconds of 1970; a moment that cannot be read undoes no payment."""
    try:
        milliseconds = _whole(value)
        return (
            datetime.fromtimestamp(milliseconds / 1000, UTC) if isinstance(milliseconds, int) and milliseconds else None
        )
    except (ValueError, OverflowError, OSError):
        return None


def _pairs(value: object) -> object:
    """A list of names with values, or one object of them (specification 1.0.7 has both); anything else is none."""
    if isinstance(value, dict):
        return [{"name": name, "value": one} for name, one in value.items()]
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _bonus(value: object) -> object:
    """Bonuses in minor units of money; what is no sum of them is none."""
    try:
        sum_of_bonuses = _whole(value)
    except ValueError:
        return 0
    return sum_of_bonuses if isinstance(sum_of_bonuses, int) and sum_of_bonuses > 0 else 0


def _object(value: object) -> object:
    return value if isinstance(value, dict) else {}


def _currency(value: object) -> object:
    return None if value == "" else value


Whole = Annotated[int, BeforeValidator(_whole)]
Bonus = Annotated[int, BeforeValidator(_bonus)]
Moment = Annotated[datetime | None, BeforeValidator(_moment)]
Text = Annotated[str, BeforeValidator(_text)]


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class Answer(_Shape):
    error_code: Whole | None = Field(default=None, alias="errorCode")
    error_text: Text = Field(default="", validation_alias=AliasChoices("errorMessage", "error"))


class _External(_Shape):
    sbp_payload: Text = Field(default="", alias="sbpPayload")


class Registered(Answer):
    order_id: Text = Field(default="", alias="orderId")
    form_url: Text = Field(default="", alias="formUrl")
    external: _External | None = Field(default=None, alias="externalParams")


class Qr(Answer):
    payload: Text = ""


class Paid(Answer):
    """Of a paying request: that it was worked on, and whether the bank wants its client; never that money moved."""

    acs_url: Text = Field(default="", alias="acsUrl")
    pa_req: Text = Field(default="", alias="paReq")
    c_req: Text = Field(default="", alias="cReq")
    method_url: Text = Field(default="", validation_alias=AliasChoices("threeDSMethodURL", "threeDSMethodUrl"))
    form_url: Text = Field(default="", alias="formUrl")

    @property
    def wants_client(self) -> bool:
        return any((self.acs_url, self.pa_req, self.c_req, self.method_url, self.form_url))


class _Amounts(_Shape):
    deposited: Whole | None = Field(default=None, alias="depositedAmount")
    refunded: Whole | None = Field(default=None, alias="refundedAmount")


class _Bonuses(_Shape):
    deposited: Bonus = Field(default=0, alias="depositedAmountBonus")
    refunded: Bonus = Field(default=0, alias="refundedAmountBonus")


class _Loyalty(_Shape):
    paid: Annotated[_Bonuses, BeforeValidator(_object)] = Field(default=_Bonuses(), alias="paymentBonus")


class _Binding(_Shape):
    client_id: Text = Field(default="", alias="clientId")
    binding_id: Text = Field(default="", alias="bindingId")


class _Card(_Shape):
    masked_pan: Text = Field(default="", validation_alias=AliasChoices("maskedPan", "pan"))
    expiration: Text = ""


class _Attribute(_Shape):
    name: Text = ""
    value: Text = ""


class _Operation(_Shape):
    action_code: Whole | None = Field(default=None, alias="actionCode")
    refund_number: Text = Field(default="", alias="externalRefundId")
    amount: Whole | None = None


class Status(Answer):
    order_number: Text = Field(default="", alias="orderNumber")
    order_status: Whole | None = Field(default=None, alias="orderStatus")
    action_code: Whole | None = Field(default=None, alias="actionCode")
    action_text: Text = Field(default="", alias="actionCodeDescription")
    amount: Whole | None = None
    currency: Annotated[Whole | None, BeforeValidator(_currency)] = None
    deposited_at: Moment = Field(default=None, alias="depositedDate")
    authorized_at: Moment = Field(default=None, alias="authDateTime")
    amounts: _Amounts | None = Field(default=None, alias="paymentAmountInfo")
    loyalty: Annotated[_Loyalty, BeforeValidator(_object)] = Field(default=_Loyalty(), alias="loyaltyInfo")
    binding: _Binding | None = Field(default=None, alias="bindingInfo")
    card: _Card | None = Field(default=None, alias="cardAuthInfo")
    attributes: Annotated[tuple[_Attribute, ...], BeforeValidator(_pairs)] = ()
    operations: tuple[_Operation, ...] | None = None

    def attribute(self, name: str) -> str:
        return next((one.value for one in self.attributes if one.name == name), "")

    def without_words_of(self, *secrets: str) -> "Status":
        """The same; the bank's words on a refusal are left out where they repeat a secret or the card's token."""
        hidden = (*secrets, self.binding.binding_id if self.binding else "")
        repeats = any(secret in self.action_text for secret in hidden if secret)
        return self.model_copy(update={"action_text": ""}) if repeats else self

    @property
    def is_held(self) -> bool:
        return self.order_status == HELD

    @property
    def is_at_acs(self) -> bool:
        return self.order_status == AT_ACS

    @property
    def was_refused(self) -> bool:
        """The last try to pay was refused, by whatever code; the order may be open for more, or closed since."""
        return self.action_code is not None and self.action_code not in NO_REFUSALS

    @property
    def is_open_after_refusal(self) -> bool:
        """A try to pay was refused and the order has tries left."""
        return self.order_status == REGISTERED and self.was_refused

    @property
    def deposited(self) -> int | None:
        """Money and the client's bonuses; None when the bank does not tell the money."""
        money = self.amounts.deposited if self.amounts else None
        return None if money is None else money + self.loyalty.paid.deposited

    @property
    def refunded(self) -> int:
        """Money and the client's bonuses."""
        return ((self.amounts and self.amounts.refunded) or 0) + self.loyalty.paid.refunded


class _ReceiptAnswer(_Shape):
    receipt_id: Text = Field(default="", alias="receiptId")
    operation: Text = Field(default="", alias="operationType")
    status: Whole | None = Field(default=None, alias="receiptStatus")


class Receipts(_Shape):
    receipts: tuple[_ReceiptAnswer, ...] | None = None


class ReceiptTaken(_Shape):
    order_id: Text = Field(default="", alias="orderId")
    receipt_id: Text = Field(default="", alias="receiptId")


S = TypeVar("S", bound=_Shape)


def read(shape: type[S], reply: Reply) -> S:
    """Raises OutcomeUnknown that names the field and nothing of what stood there."""
    try:
        return shape.model_validate(reply.data)
    except ValidationError as error:
        wrong = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
        raise OutcomeUnknown(f"{reply.request}: the answer's shape is another one: {wrong or 'no object'}") from None


def payment_of(status: Status, number: str, payment_id: str, asked: Money) -> Payment:
    """The bank's word on an order of ours. Raises OutcomeUnknown for one that cannot be relied on.

    `payment_id` and `asked` stand for what the word leaves out; a sum that was taken is never left out.
    """
    if not status.order_number:
        raise OutcomeUnknown(f"the acquirer's word on order {number} does not say which order it is about")
    outcome = _outcome(status, number, asked)
    paid = outcome is Outcome.SUCCEEDED
    refused = outcome is Outcome.DECLINED or (not paid and (status.was_refused or status.action_code == EXPIRED))
    return Payment(
        order_number=status.order_number,
        payment_id=status.attribute("mdOrder") or payment_id,
        outcome=outcome,
        amount=_taken(status, number, asked) if paid else asked,
        paid_at=(status.deposited_at or status.authorized_at) if paid else None,
        decline_code=str(status.action_code) if refused and status.action_code is not None else "",
        decline_text=status.action_text if refused else "",
        stored_card=_stored_card(status) if paid else None,
        given_back=Money(status.refunded, asked.currency) if paid and status.refunded else None,
    )


def _outcome(status: Status, number: str, asked: Money) -> Outcome:
    code = status.action_code
    match status.order_status:
        case 2 | 4:
            return Outcome.SUCCEEDED
        case 3:  # an order of nothing, placed to save a card, ends so when it went well
            saved = not asked and status.binding and status.binding.binding_id
            ended = Outcome.DECLINED if status.was_refused else Outcome.CANCELLED
            return Outcome.SUCCEEDED if saved else ended
        case 1 | 5:
            return Outcome.PENDING
        case 0 if code == EXPIRED:
            outcome = Outcome.CANCELLED
        case 0 if code == TRIES_USED_UP:
            outcome = Outcome.DECLINED
        case 0:
            nobody_pays = code == NOT_BEGUN or status.is_open_after_refusal
            outcome = Outcome.REGISTERED if nobody_pays else Outcome.PENDING
        case 6 if code in IN_PROGRESS:
            outcome = Outcome.PENDING
        case 6:
            outcome = Outcome.CANCELLED if code in CLOSED_UNPAID else Outcome.DECLINED
        case other:
            raise OutcomeUnknown(f"order {number}: the acquirer's orderStatus {other} is not known")
    if (status.deposited or status.loyalty.paid.deposited) > status.refunded:
        raise OutcomeUnknown(f"order {number}: not paid by its status, and yet money was deposited")
    return outcome


def _taken(status: Status, number: str, asked: Money) -> Money:
    """What was taken, also after refunds: banks differ in whether they take those off the deposited sum.

    A word without a currency means the one the order was placed in: it is always sent, and a number is taken once.
    """
    currency = asked.currency if status.currency is None else CURRENCIES.get(status.currency)
    taken = status.deposited
    if taken is None or (status.refunded and taken + status.refunded == status.amount):
        taken = status.amount
    if status.order_status == REVERSED:
        taken = 0
    if taken is None or currency is None:
        raise OutcomeUnknown(f"order {number}: paid, and the sum is missing or its currency is not known")
    return Money(taken, currency)


def _stored_card(status: Status) -> StoredCard | None:
    """The card or account that the order saved, or was paid with."""
    mask = _mask(status.card.masked_pan) if status.card else ""
    subscription, member = status.attribute("subscriptionId"), status.attribute("memberId")
    if subscription and member:
        return StoredCard(f"sbp:{subscription}:{member}", mask or f"СБП {member}", method="sbp")
    if not status.binding or not status.binding.binding_id:
        return None
    return StoredCard(
        token=status.binding.binding_id,
        mask=mask,
        expires=_month(status.card.expiration) if status.card else "",
        gateway_customer_id=status.binding.client_id,
    )


def _mask(masked: str) -> str:
    """As the bank masked it, with the first digits, which tell the card's scheme; never more than those and four."""
    found = re.fullmatch(r"(\d{0,6})\d{0,2}[*Xx]+(\d{4})", masked)
    return f"{found[1]}******{found[2]}" if found else ""


def _month(expiration: str) -> str:
    """`202512` as `2025-12`; anything else is no month."""
    found = re.fullmatch(r"(20\d\d)(0[1-9]|1[0-2])", expiration)
    return f"{found[1]}-{found[2]}" if found else ""
