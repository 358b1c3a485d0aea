"""The sandbox's acquirer (docs/gateways/sandbox.md): saved cards whose tokens say what will happen to them."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError

from calculations.money import Money
from calculations.refusal import Refusal
from gateways._declines import Reason
from gateways._errors import InvalidSignature, Misconfigured, OutcomeUnknown
from gateways._gateway import Capability, Credentials, Gateway
from gateways._http import Reply
from gateways._notice import Awaited, Incoming, Notice
from gateways._orders import (
    Outcome,
    Payment,
    Placed,
    PlacedOrder,
    Refunded,
    RefundOrder,
    SavedCardOrder,
    StoredCard,
)
from gateways._receipt import ReceiptStatus
from schemas.declaration import Words

LONGEST_DESCRIPTION = 255
WORD = r"^[A-Za-z0-9_.]{1,60}$"  # so that no text of theirs, which may echo a secret, enters ours
OUTCOMES = MappingProxyType(
    {
        "paid": Outcome.SUCCEEDED,
        "declined": Outcome.DECLINED,
        "pending": Outcome.PENDING,
        "action_required": Outcome.ACTION_REQUIRED,
    }
)

REFUND_OUTCOMES = MappingProxyType(
    {"done": Outcome.SUCCEEDED, "pending": Outcome.PENDING, "declined": Outcome.DECLINED}
)


class SandboxCredentials(Credentials):
    shop: str = Field(min_length=1, title="Магазин / Shop", description="demo")
    secret: str = Field(min_length=1, repr=False, title="Секрет / Secret", description="Demo secret of the sandbox")

    @property
    def account(self) -> str:
        return self.shop


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class _Charge(_Shape):
    id: StrictStr
    order: StrictStr
    status: Literal["paid", "declined", "pending", "action_required"]
    amount: StrictInt
    currency: StrictStr
    paid_at: AwareDatetime | None = None
    decline_code: StrictStr | None = None
    decline_text: StrictStr | None = None
    action_url: StrictStr | None = None
    receipt_status: ReceiptStatus = "none"


class _Refund(_Shape):
    refund: StrictStr
    order: StrictStr
    status: Literal["done", "pending", "declined"]
    amount: StrictInt
    currency: StrictStr


class _Refusal(_Shape):
    error: str = Field(pattern=WORD)
    field: str | None = Field(default=None, pattern=WORD)


class _Check(_Shape):
    ok: Literal[True]
    permissions: list[StrictStr]


class _Event(_Shape):
    event: Literal["charge", "refund"]
    order: StrictStr
    refund: StrictStr = ""


class Sandbox(Gateway[SandboxCredentials]):
    code: ClassVar[str] = "sandbox"
    title: ClassVar[Words] = Words("Песочница", "Sandbox")
    one_number = True
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {
            Capability.CHARGE_SAVED_CARD,
            Capability.REFUND,
            Capability.FETCH_REFUND,
            Capability.FORGET_CARD,
            Capability.READ_WEBHOOK,
        }
    )
    declines: ClassVar[Mapping[str, Reason]] = MappingProxyType(
        {
            "insufficient_funds": Reason.INSUFFICIENT_FUNDS,
            "limit": Reason.LIMIT_EXCEEDED,
            "do_not_honor": Reason.REFUSED_BY_BANK,
            "client_absent": Reason.CLIENT_DID_NOT_CONFIRM,
            "client_refused": Reason.CLIENT_DID_NOT_CONFIRM,
            "action_required": Reason.ACTION_REQUIRED,
            "lost_card": Reason.CARD_LOST,
            "expired_card": Reason.CARD_EXPIRED,
            "card_forgotten": Reason.CARD_NOT_KNOWN,
            "unknown_token": Reason.CARD_NOT_KNOWN,
            "bad_request": Reason.REQUEST_NOT_ACCEPTED,
        }
    )
    credentials = SandboxCredentials

    def check(self, credentials: SandboxCredentials) -> list[Words]:
        reply = self.http.get("check", {}, auth=_auth(credentials))
        if reply.status != 200:
            raise self._trouble(reply)
        if "recurring" in _read(_Check, reply.data).permissions:
            return []
        return [Words("магазину не разрешены автоплатежи", "the shop is not permitted to charge saved cards")]

    def charge_saved_card(self, credentials: SandboxCredentials, order: SavedCardOrder, placed: Placed) -> Payment:
        reply = self.http.post(
            "charges",
            {
                "order": order.number,
                "token": order.token,
                "amount": order.amount.minor,
                "currency": order.amount.currency,
                "description": order.description[:LONGEST_DESCRIPTION] or order.number,
                "customer": order.customer,
                "email": order.receipt_email or None,
            },
            auth=_auth(credentials),
        )
        if reply.status == 200:
            return _payment(_read(_Charge, reply.data))
        refusal = _read(_Refusal, reply.data)
        if reply.status == 400 and refusal.error in ("unknown_token", "bad_request"):
            text = f"{refusal.error}: {refusal.field}" if refusal.field else refusal.error
            return Payment(
                order.number, "", Outcome.DECLINED, order.amount, decline_code=refusal.error, decline_text=text
            )
        raise self._trouble(reply)

    def fetch_payment(self, credentials: SandboxCredentials, order: PlacedOrder) -> Payment | None:
        reply = self.http.get("charges", {"order": order.number}, auth=_auth(credentials))
        if reply.status == 200:
            return _payment(_read(_Charge, reply.data))
        if reply.status == 404 and _read(_Refusal, reply.data).error == "no_such_order":
            return None
        raise self._trouble(reply)

    def refund(self, credentials: SandboxCredentials, order: RefundOrder) -> Refunded:
        reply = self.http.post(
            "refunds",
            {"order": order.order_number, "refund": order.number, "amount": order.amount.minor},
            auth=_auth(credentials),
        )
        if reply.status == 200:
            return _refunded(_read(_Refund, reply.data))
        refusal = _read(_Refusal, reply.data)
        if refusal.error in ("amount_exceeds_payment", "not_paid", "no_such_order", "bad_request"):
            return Refunded(order.number, Outcome.DECLINED, order.amount, reason=refusal.error)
        raise self._trouble(reply)

    def fetch_refund(self, credentials: SandboxCredentials, order: RefundOrder) -> Refunded | None:
        reply = self.http.get("refunds", {"refund": order.number}, auth=_auth(credentials))
        if reply.status == 200:
            return _refunded(_read(_Refund, reply.data))
        if reply.status == 404 and _read(_Refusal, reply.data).error == "no_such_refund":
            return None
        raise self._trouble(reply)

    def forget_card(self, credentials: SandboxCredentials, card: StoredCard) -> None:
        reply = self.http.post("cards/forget", {"token": card.token}, auth=_auth(credentials))
        if reply.status != 200 and _read(_Refusal, reply.data).error != "unknown_token":
            raise self._trouble(reply)

    def read_webhook(self, credentials: SandboxCredentials, incoming: Incoming, awaited: Awaited) -> Notice:
        body = incoming.body
        expected = hmac.new(credentials.secret.encode(), body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected.encode(), incoming.headers.get("X-Sandbox-Signature", "").encode()):
            raise InvalidSignature("X-Sandbox-Signature does not fit the body")
        try:
            event = _Event.model_validate(json.loads(body))
        except ValueError:  # signed all the same: an event of a kind we do not know
            return Notice()
        if event.event == "refund":
            return Notice(refund_number=event.refund)
        return Notice(order_number=event.order)

    def _trouble(self, reply: Reply) -> Exception:
        """What an answer outside the verb's own means: a person's mistake, or nothing that can be relied on."""
        error = _read(_Refusal, reply.data).error
        text = f"{self.http.address} answered {reply.status} {error}"
        if reply.status in (401, 403) or error == "no_such_address":
            return Misconfigured(f"{text}: check the shop's credentials and SANDBOX_API_URL")
        return OutcomeUnknown(text)


def _auth(credentials: SandboxCredentials) -> tuple[str, str]:
    return credentials.shop, credentials.secret


S = TypeVar("S", bound=_Shape)


def _read(shape: type[S], data: object) -> S:
    try:
        return shape.model_validate(data)
    except ValidationError as error:
        wrong = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
        raise OutcomeUnknown(f"the sandbox's answer is not of the shape agreed: {wrong or 'not an object'}") from None


def _payment(charge: _Charge) -> Payment:
    waiting = charge.status == "action_required"
    return Payment(
        order_number=charge.order,
        payment_id=charge.id,
        outcome=OUTCOMES[charge.status],
        amount=_money(charge.amount, charge.currency),
        paid_at=charge.paid_at,
        decline_code="action_required" if waiting else charge.decline_code or "",
        decline_text=charge.decline_text or "",
        action_url=charge.action_url or "",
        receipt_status=charge.receipt_status,
    )


def _refunded(refund: _Refund) -> Refunded:
    return Refunded(refund.refund, REFUND_OUTCOMES[refund.status], _money(refund.amount, refund.currency))


def _money(minor: int, currency: str) -> Money:
    try:
        return Money(minor, currency)
    except Refusal:
        raise OutcomeUnknown("the sandbox answered with a currency that nobody knows") from None
