"""Why banks refuse: one table of reasons with plain words and what follows; each gateway maps its codes to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from schemas.declaration import Words

# soft: another try later may work; hard: never again with this card; needs_client: the bank wants its client present
DeclineKind = Literal["soft", "hard", "needs_client"]


class Reason(StrEnum):
    """What a final refusal means, whatever the acquirer calls it."""

    INSUFFICIENT_FUNDS = "insufficient_funds"
    LIMIT_EXCEEDED = "limit_exceeded"
    REFUSED_BY_BANK = "refused_by_bank"
    CLIENT_DID_NOT_CONFIRM = "client_did_not_confirm"
    ACTION_REQUIRED = "action_required"
    CARD_LOST = "card_lost"
    CARD_EXPIRED = "card_expired"
    CARD_NOT_KNOWN = "card_not_known"
    REQUEST_NOT_ACCEPTED = "request_not_accepted"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Decline:
    kind: DeclineKind
    words: Words


DECLINES: Mapping[Reason, Decline] = MappingProxyType(
    {
        Reason.INSUFFICIENT_FUNDS: Decline(
            "soft", Words("На карте недостаточно средств.", "There is not enough money on the card.")
        ),
        Reason.LIMIT_EXCEEDED: Decline(
            "soft",
            Words("Сумма превышает лимит, установленный для карты.", "The amount is above the limit set for the card."),
        ),
        Reason.REFUSED_BY_BANK: Decline(
            "soft",
            Words(
                "Банк клиента отклонил операцию, не объяснив причину.",
                "The client's bank declined the operation and did not say why.",
            ),
        ),
        Reason.CLIENT_DID_NOT_CONFIRM: Decline(
            "soft",
            Words(
                "Банк попросил подтверждения, а клиент его не дал.",
                "The bank asked for a confirmation and the client did not give it.",
            ),
        ),
        Reason.ACTION_REQUIRED: Decline(
            "needs_client",
            Words(
                "Банк хочет, чтобы клиент подтвердил платёж сам.",
                "The bank wants the client to confirm the payment in person.",
            ),
        ),
        Reason.CARD_LOST: Decline(
            "hard", Words("Карта заявлена утерянной или украденной.", "The card is reported lost or stolen.")
        ),
        Reason.CARD_EXPIRED: Decline("hard", Words("Срок действия карты истёк.", "The card has expired.")),
        Reason.CARD_NOT_KNOWN: Decline(
            "hard",
            Words(
                "Эквайер не знает этой карты: привязка удалена или чужая.",
                "The acquirer does not know this card: its binding was removed or belongs to another shop.",
            ),
        ),
        Reason.REQUEST_NOT_ACCEPTED: Decline(
            "hard",
            Words(
                "Эквайер не принял данные платежа: сообщите тому, кто обслуживает сервис.",
                "The acquirer did not accept the payment's data: tell whoever runs the service.",
            ),
        ),
        Reason.UNKNOWN: Decline(
            "soft", Words("Банк отказал и не назвал известной причины.", "The bank refused and gave no known reason.")
        ),
    }
)
