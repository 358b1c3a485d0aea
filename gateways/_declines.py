"""Why banks refuse: one table of reasons with plain words and what follows; each gateway maps its codes to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from schemas.declaration import Words

# soft: another try later may work; once: so may one, and the bank wants no more; technical: another try within the day
# may; hard: never again with this card; needs_client: the bank wants its client present
DeclineKind = Literal["soft", "once", "technical", "hard", "needs_client"]


class Reason(StrEnum):
    """What a final refusal means, whatever the acquirer calls it."""

    INSUFFICIENT_FUNDS = "insufficient_funds"
    LIMIT_EXCEEDED = "limit_exceeded"
    SHOP_LIMIT_EXCEEDED = "shop_limit_exceeded"
    SHOP_NOT_PERMITTED = "shop_not_permitted"
    TOO_OFTEN = "too_often"
    TOO_OFTEN_TODAY = "too_often_today"
    BANK_UNAVAILABLE = "bank_unavailable"
    REFUSED_BY_BANK = "refused_by_bank"
    CARD_RESTRICTED = "card_restricted"
    CARD_BLOCKED = "card_blocked"
    WRONG_CARD_DATA = "wrong_card_data"
    CLIENT_DID_NOT_CONFIRM = "client_did_not_confirm"
    CLIENT_DID_NOT_PAY = "client_did_not_pay"
    ORDER_EXPIRED = "order_expired"
    ACTION_REQUIRED = "action_required"
    CARD_LOST = "card_lost"
    CARD_EXPIRED = "card_expired"
    CARD_NOT_KNOWN = "card_not_known"
    CARD_NOT_VALID = "card_not_valid"
    CONSENT_REVOKED = "consent_revoked"
    FRAUD_SUSPECTED = "fraud_suspected"
    OPERATION_FORBIDDEN = "operation_forbidden"
    RECEIPT_NOT_TAKEN = "receipt_not_taken"
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
        Reason.SHOP_LIMIT_EXCEEDED: Decline(
            "soft",
            Words(
                "Превышен лимит, который эквайер установил для магазина.",
                "The limit that the acquirer has set for the shop is exceeded.",
            ),
        ),
        Reason.SHOP_NOT_PERMITTED: Decline(
            "soft",
            Words(
                "Эквайер не разрешил магазину такие операции: сообщите тому, кто обслуживает сервис.",
                "The acquirer does not permit the shop such operations: tell whoever runs the service.",
            ),
        ),
        Reason.TOO_OFTEN: Decline(
            "technical",
            Words("Слишком частые попытки: банк просит подождать.", "Too many tries: the bank asks to wait."),
        ),
        Reason.TOO_OFTEN_TODAY: Decline(
            "soft",
            Words(
                "Слишком много попыток за день: сегодня банк их больше не примет.",
                "Too many tries for one day: the bank takes no more of them today.",
            ),
        ),
        Reason.BANK_UNAVAILABLE: Decline(
            "technical",
            Words(
                "Банк клиента временно недоступен или не смог провести операцию.",
                "The client's bank is unavailable for now or could not carry the operation out.",
            ),
        ),
        Reason.REFUSED_BY_BANK: Decline(
            "soft",
            Words(
                "Банк клиента отклонил операцию, не объяснив причину.",
                "The client's bank declined the operation and did not say why.",
            ),
        ),
        Reason.CARD_RESTRICTED: Decline(
            "soft",
            Words(
                "Банк ограничил операции по этой карте: клиент может снять ограничение у себя в банке.",
                "The bank has restricted this card: the client can have that lifted at their bank.",
            ),
        ),
        Reason.CARD_BLOCKED: Decline(
            "once",
            Words(
                "Банк заблокировал карту, например после неверных ПИН-кодов: снять блокировку может клиент.",
                "The bank has blocked this card, after wrong PINs for example: the client can have that lifted.",
            ),
        ),
        Reason.WRONG_CARD_DATA: Decline(
            "needs_client",
            Words("Данные карты введены с ошибкой.", "The card's data were entered with a mistake."),
        ),
        Reason.CLIENT_DID_NOT_PAY: Decline(
            "needs_client",
            Words("Клиент не оплатил вовремя: страница оплаты закрылась.", "The client did not pay in time."),
        ),
        Reason.CLIENT_DID_NOT_CONFIRM: Decline(
            "soft",
            Words(
                "Банк попросил подтверждения, а клиент его не дал.",
                "The bank asked for a confirmation and the client did not give it.",
            ),
        ),
        Reason.ORDER_EXPIRED: Decline(
            "soft",
            Words(
                "Время заказа у эквайера вышло, и ответа банка на списание он не сообщил.",
                "The order ran out of time at the acquirer, which does not tell what the bank answered.",
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
        Reason.CARD_NOT_VALID: Decline(
            "hard",
            Words(
                "Такой карты нет или её счёт закрыт.",
                "There is no such card, or its account is closed.",
            ),
        ),
        Reason.CONSENT_REVOKED: Decline(
            "hard",
            Words(
                "Клиент или его банк отменил автоматические платежи с этой карты.",
                "The client or their bank has cancelled automatic payments from this card.",
            ),
        ),
        Reason.FRAUD_SUSPECTED: Decline(
            "hard",
            Words("Банк заподозрил мошенничество.", "The bank suspects fraud."),
        ),
        Reason.OPERATION_FORBIDDEN: Decline(
            "hard",
            Words(
                "Банк не разрешает такие операции с этой картой.", "The bank forbids such operations with this card."
            ),
        ),
        Reason.RECEIPT_NOT_TAKEN: Decline(
            "soft",
            Words(
                "Касса эквайера не приняла чек платежа: проверьте почту для чека и название, а если так у всех "
                "платежей, кассу в кабинете эквайера.",
                "The acquirer's till did not take the payment's receipt: check the e-mail and the name on it or, where "
                "every payment meets this, the till in the acquirer's cabinet.",
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

ENDS_CARD = frozenset(reason for reason, decline in DECLINES.items() if decline.kind == "hard") - {
    Reason.REQUEST_NOT_ACCEPTED
}
"""Refusals of the card itself, whatever it is charged for; a request that was not accepted says nothing of the card."""
