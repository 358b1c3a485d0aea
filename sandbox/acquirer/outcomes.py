"""What a card's token makes of a charge: the money, the acquirer's words and the way the answer travels."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Status = Literal["paid", "declined", "pending", "action_required"]
Manner = Literal["answer", "slow", "dropped", "error_500", "html"]

DECLINES = {
    "insufficient_funds": "Недостаточно средств на карте",
    "lost_card": "Карта заявлена утерянной",
    "expired_card": "Срок действия карты истёк",
    "limit": "Превышен лимит операций по карте",
    "do_not_honor": "Банк отклонил операцию без объяснения",
    "client_absent": "Клиент не подтвердил операцию за 24 часа",
    "client_refused": "Клиент отказался от операции на странице банка",
    "card_forgotten": "Карта удалена и больше не обслуживается",
}


@dataclass(frozen=True)
class Outcome:
    """One ending of a token.

    `status` None: the charge never came into being. `later` is what a pending charge settles as; `extra` is how many
    minor units the acquirer takes beyond what was asked; `manner` is how the answer to the request travels.
    """

    status: Status | None
    decline_code: str | None = None
    later: Literal["paid", "declined"] | None = None
    extra: int = 0
    manner: Manner = "answer"


OUTCOMES = {
    "paid": Outcome("paid"),
    "insufficient_funds": Outcome("declined", "insufficient_funds"),
    "lost_card": Outcome("declined", "lost_card"),
    "expired_card": Outcome("declined", "expired_card"),
    "limit": Outcome("declined", "limit"),
    "do_not_honor": Outcome("declined", "do_not_honor"),
    "no_reason": Outcome("declined"),
    "needs_client": Outcome("action_required"),
    "pending": Outcome("pending", later="paid"),
    "pending_declined": Outcome("pending", "do_not_honor", later="declined"),
    "slow": Outcome("paid", manner="slow"),
    "lost_answer": Outcome("paid", manner="dropped"),
    "lost_request": Outcome(None, manner="dropped"),
    "error_500_paid": Outcome("paid", manner="error_500"),
    "error_500_nothing": Outcome(None, manner="error_500"),
    "wrong_amount": Outcome("paid", extra=1),
    "html": Outcome(None, manner="html"),
}

FORGOTTEN = Outcome("declined", "card_forgotten")

_TOKEN = re.compile(r"card_(?P<mask>\d{4})_(?P<endings>[a-z0-9_]+)")


class UnknownToken(ValueError):
    """A token that is no card of this acquirer."""


def read_token(token: str) -> tuple[str, list[Outcome]]:
    """The card's mask and its outcomes: one, or several joined by `_then_` for the first, second ... charge."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise UnknownToken(token)
    endings = match["endings"].split("_then_")
    if unknown := [ending for ending in endings if ending not in OUTCOMES]:
        raise UnknownToken(f"{token}: no such ending {unknown[0]}")
    return f"**** {match['mask']}", [OUTCOMES[ending] for ending in endings]
