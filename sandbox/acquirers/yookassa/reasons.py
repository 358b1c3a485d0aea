"""Why a payment or a refund was cancelled, who decided it, and what the client's page says to it."""

from __future__ import annotations

MESSAGES = {
    "3d_secure_failed": "Банк не подтвердил, что платите вы.",
    "call_issuer": "Банк отклонил оплату. Позвоните в свой банк.",
    "card_expired": "Срок действия карты истёк.",
    "country_forbidden": "Карту этой страны принять нельзя.",
    "deal_expired": "Срок сделки истёк.",
    "expired_on_capture": "Магазин не успел подтвердить платёж.",
    "expired_on_confirmation": "Время на оплату истекло.",
    "canceled_by_merchant": "Магазин отменил платёж.",
    "fraud_suspected": "Платёж отклонён: подозрение на мошенничество.",
    "general_decline": "Банк отклонил оплату и не назвал причину.",
    "identification_required": "Превышен лимит кошелька: нужна идентификация.",
    "insufficient_funds": "Не хватает денег.",
    "internal_timeout": "ЮKassa не успела провести платёж.",
    "invalid_card_number": "Неверный номер карты.",
    "invalid_csc": "Неверный код с обратной стороны карты.",
    "issuer_unavailable": "Банк, выпустивший карту, недоступен.",
    "payment_method_limit_exceeded": "Превышен лимит платежей.",
    "payment_method_restricted": "Операции этой картой запрещены.",
    "permission_revoked": "Покупатель отозвал разрешение на автоплатежи.",
    "unsupported_mobile_operator": "Оператор связи не поддерживает оплату.",
}

_BY_YOO_MONEY = frozenset(
    {
        "country_forbidden",
        "deal_expired",
        "expired_on_capture",
        "expired_on_confirmation",
        "identification_required",
        "internal_timeout",
        "unsupported_mobile_operator",
    }
)
_REFUSED_BY_NETWORK = frozenset({"rejected_by_payee", "rejected_by_timeout"})


def party_of(reason: str) -> str:
    """Who cancels a payment for this reason."""
    if reason == "canceled_by_merchant":
        return "merchant"
    return "yoo_money" if reason in _BY_YOO_MONEY else "payment_network"


def party_of_refund(reason: str) -> str:
    return "refund_network" if reason in _REFUSED_BY_NETWORK else "yoo_money"


def message_of(reason: str) -> str:
    return MESSAGES.get(reason, "Оплата отклонена.")
