"""T-Bank's answers as shapes: figures are taken strictly, everything else as its types drift between methods."""

import re
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, RootModel, ValidationError
from pydantic.alias_generators import to_pascal

from calculations.money import Money
from gateways._declines import Reason
from gateways._errors import Misconfigured, OutcomeUnknown, Trouble
from gateways._orders import Outcome, Payment
from gateways._tbank_codes import ASK, CONFIGURATION, DECLINES, OUTCOMES, STATUSES, TOOK_MONEY, UNSURE

CURRENCY = "RUB"  # the only one of this protocol
LONGEST_TEXT = 300
_CODE = re.compile(r"[A-Z]?[0-9]{1,8}")  # what of theirs may enter a text of ours


def _as_text(value: object) -> object:
    """Numbers of payments come as JSON numbers in one method and as strings in another."""
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.strip() if isinstance(value, str) else value


def _as_status(value: object) -> object:
    text = _as_text(value)
    if not isinstance(text, str):
        return text
    status = text.upper().replace(" ", "_")
    return {"FORMSHOWED": "FORM_SHOWED", "CANCELLED": "CANCELED"}.get(status, status)


def _as_flag(value: object) -> object:
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().casefold(), value)
    return False if value is None else value


def _as_kopecks(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,15}", value):
        return int(value)
    if (
        isinstance(value, Decimal)
        and value.is_finite()
        and value.adjusted() < 18
        and value == value.to_integral_value()
    ):
        return int(value)
    return value


def _as_words(value: object) -> object:
    return value if isinstance(value, str) else ""


def _as_params(value: object) -> object:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


Text = Annotated[str, BeforeValidator(_as_text)]
Number = Annotated[str, BeforeValidator(_as_text), Field(pattern=r"^[0-9]{0,20}$")]
Status = Annotated[str, BeforeValidator(_as_status)]
Flag = Annotated[bool, BeforeValidator(_as_flag), Field(strict=True)]
Wording = Annotated[str, BeforeValidator(_as_words)]  # nothing depends on it, so its absence breaks nothing
Kopecks = Annotated[int, BeforeValidator(_as_kopecks), Field(strict=True, ge=0)]


class Shape(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, alias_generator=to_pascal)


class Answer(Shape):
    """What every answer has; `ok` is the acquirer's own "this request was carried out", no word on money."""

    success: Flag = False
    error_code: Text = ""
    message: Wording = ""
    details: Wording = ""

    @property
    def ok(self) -> bool:
        return self.success and self.error_code in ("", "0")

    @property
    def refused(self) -> bool:
        """Surely nothing was done, and the code says why."""
        no_refusals = UNSURE | ASK | CONFIGURATION.keys()
        return not self.success and self.error_code in DECLINES and self.error_code not in no_refusals

    def words(self, *secrets: str) -> str:
        """The acquirer's words, unless they repeat a secret."""
        said = ". ".join(one.rstrip(".") for one in (self.message, self.details) if one and one not in ("None", "OK"))
        return "" if any(secret in said for secret in secrets if secret) else said[:LONGEST_TEXT]


class Param(Shape):
    key: Wording = ""
    value: Wording = ""


class State(Answer):
    """A payment, as Init, Charge, GetState and a line of CheckOrder tell it."""

    order_id: Text = ""
    payment_id: Number = ""
    status: Status = ""
    amount: Kopecks | None = None
    rrn: Wording = Field(default="", alias="RRN")
    sbp_payment_id: Wording = ""
    payment_url: Text = Field(default="", alias="PaymentURL")
    params: Annotated[list[Param], BeforeValidator(_as_params)] = Field(default_factory=list)

    @property
    def outcome(self) -> Outcome:
        return OUTCOMES.get(self.status, Outcome.PENDING)

    @property
    def source(self) -> str:
        """By what it was paid: `cards` or another word of theirs; empty where it is not told."""
        return next((param.value.casefold() for param in self.params if param.key == "Source"), "")


class Order(Answer):
    """The payments of an order number: it is not unique there, two requests make two payments."""

    order_id: Text = ""
    payments: list[State] | None = None


class Qr(Answer):
    data: Text = ""


class Cancelled(Answer):
    order_id: Text = ""
    status: Status = ""
    original_amount: Kopecks | None = None
    new_amount: Kopecks | None = None


class QrRefund(Answer):
    status: Status = ""
    amount: Kopecks | None = None
    qr_cancel_code: Wording = ""


class Card(Shape):
    card_id: Text = ""
    rebill_id: Text = ""
    status: Text = ""
    pan: Wording = ""
    exp_date: Wording = ""


class Cards(RootModel[list[Card]]):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class PayMethod(Shape):
    pay_method: Wording = ""


class TerminalInfo(Shape):
    methods: list[PayMethod] | None = Field(default=None, alias="Paymethods")
    keeps_cards: Flag = Field(default=True, alias="AddCardScheme")


class Terminal(Answer):
    """What a terminal may do, as far as T-Bank says; whether Charge is switched on it does not."""

    terminal_info: TerminalInfo = TerminalInfo()

    @property
    def takes_sbp(self) -> bool:
        methods = self.terminal_info.methods
        return methods is None or any(one.pay_method.upper() == "SBP" for one in methods)


S = TypeVar("S", bound=BaseModel)


def read(shape: type[S], data: Any) -> S:
    try:
        return shape.model_validate(data)
    except ValidationError as error:
        wrong = ".".join(str(part) for part in error.errors(include_input=False, include_url=False)[0]["loc"])
        raise OutcomeUnknown(f"T-Bank's answer is not of the shape agreed: {wrong or 'not an object'}") from None


def seen(word: str) -> str:
    """A code or status of theirs for a text of ours, when it surely is one."""
    return word if _CODE.fullmatch(word) or word in STATUSES else "that has no name"


def trouble(request: str, answer: Answer) -> Trouble:
    """What an answer outside the verb's own means: a person's matter, or nothing that can be relied on."""
    if answer.ok:
        return OutcomeUnknown(f"{request}: answered with something else than was asked for")
    code = seen(answer.error_code)
    if answer.error_code in CONFIGURATION and not answer.success:
        return Misconfigured(f"{request}: error {code}: {CONFIGURATION[answer.error_code]}")
    return OutcomeUnknown(f"{request}: error {code}, which tells nothing definite")


def payment_of(state: State, number: str, expected: Money, words: str) -> Payment:
    """Raises OutcomeUnknown when a payment is told to be paid without the figures.

    Of one given back as a whole the sum that stands beside it is not read: it was the expected one, which `Init` fixed.
    """
    if state.status == "REFUNDED":
        return Payment(state.order_id or number, state.payment_id, Outcome.SUCCEEDED, expected, given_back=expected)
    if state.outcome is Outcome.SUCCEEDED and not (state.ok and state.amount is not None and state.order_id):
        raise OutcomeUnknown(f"order {number}: T-Bank says {state.status} without the figures or with an error")
    declined = state.outcome is Outcome.DECLINED
    return Payment(
        order_number=state.order_id or number,
        payment_id=state.payment_id,
        outcome=state.outcome,
        amount=expected if state.amount is None else Money(state.amount, CURRENCY),
        decline_code=_refusal(state),
        decline_text=words if declined or state.outcome is Outcome.CANCELLED else "",
    )


def _refusal(state: State) -> str:
    if DECLINES.get(state.status) is Reason.ORDER_EXPIRED:
        return state.status
    return state.error_code if state.outcome is Outcome.DECLINED and state.error_code != "0" else ""


def chosen(payments: list[State], number: str) -> State:
    """Of the payments of one order number the one that took money, else one on its way, else the newest.

    Raises OutcomeUnknown when more than one took money.
    """
    paid = [one.payment_id for one in payments if one.status in TOOK_MONEY]
    if len(paid) > 1:
        raise OutcomeUnknown(
            f"order {number} was paid more than once at T-Bank (payments {', '.join(paid)}): compare with its cabinet "
            "and give back what is too much"
        )
    return max(payments, key=_weight)


def _weight(state: State) -> tuple[bool, bool, bool, int]:
    return (
        state.status in TOOK_MONEY,
        state.outcome is Outcome.PENDING,
        state.outcome is Outcome.REGISTERED,
        int(state.payment_id or 0),
    )
