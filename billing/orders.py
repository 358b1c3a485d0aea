"""What a robot asks of a charge, and what it is told."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from calculations.money import Money
from schemas.declaration import Words

Retry = Literal["portal", "none"]
ChargeStatus = Literal["succeeded", "declined", "pending", "unknown", "skipped"]


@dataclass(frozen=True, slots=True)
class Limit:
    """The most that may be taken in one `period` (day, week, month, year), or at once when that is empty."""

    amount: Money
    period: str = ""


@dataclass(frozen=True, slots=True)
class ChargeOrder:
    """Money to be taken once under `key`. `document` and `customer` are CRM bindings (`D_5`, `C_5`).

    `saved_card` is our id or the card's last four digits, empty for the client's only consented one; `saved_card_id` is
    that card or none. An empty `description` is made up from the document. `gateway` is a gateway's code, or
    `code/terminal` where a portal has several terminals there. Nothing is sent from `deadline_at` on. `later` is the
    limit of later automatic charges that a client who pays in person is asked to agree to.
    """

    portal_id: int
    key: str
    call_id: int | None
    document: str
    customer: str
    amount: Money
    description: str
    saved_card: str = ""
    saved_card_id: int | None = None
    gateway: str = ""
    receipt_email: str = ""
    receipt_kind: str = ""
    retry: Retry = "portal"
    deadline_at: datetime | None = None
    later: Limit | None = None


@dataclass(frozen=True, slots=True)
class ChargeResult:
    """How a charge stands for the call that asked.

    `skipped`: another call's charge under this key, with its id, sum and date, or its decline and `next_attempt_date`.
    `declined` with `payment_link`: the bank wants the client, who may still pay there. `pending` and `unknown`: open,
    ask again at `wait_until`, or when the outbox tells `charge_settled` of this charge. `decline_words`: why, and what
    happens next. `known_before`: the try that is told of was another call's.
    """

    status: ChargeStatus
    charge_id: int
    amount: Money
    card_mask: str
    gateway_payment_id: str = ""
    charged_at: datetime | None = None
    decline_code: str = ""
    decline_kind: str = ""
    decline_words: Words | None = None
    next_attempt_date: date | None = None
    receipt_status: str = "none"
    payment_link: str = ""
    known_before: bool = False
    wait_until: datetime | None = None

    @property
    def decline_ru(self) -> str:
        return self.decline_words.ru if self.decline_words else ""

    @property
    def decline_en(self) -> str:
        return self.decline_words.en if self.decline_words else ""
