"""A decline in plain words. For staff: why, what we do next and when, or why not; for the client: what to do now."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from babel.dates import format_date

from gateways import DECLINES, Reason
from schemas.declaration import Words

# the card is not to blame
DATA_FIRST = Words(
    "Повтора не будет: сначала нужно исправить данные.", "There is no further try: the data have to be corrected first."
)


# for the page of payment, where the client reads: neither of a suspicion nor of what only staff can mend
CLIENT_WORDS: Mapping[Reason, Words] = MappingProxyType(
    {
        Reason.INSUFFICIENT_FUNDS: Words(
            "На карте недостаточно средств, деньги не списаны. Пополните её или заплатите другой картой или способом.",
            "There is not enough money on the card, nothing was taken. Top it up or pay in another way.",
        ),
        Reason.LIMIT_EXCEEDED: Words(
            "Сумма больше лимита вашей карты, деньги не списаны. Поднимите лимит в банке или заплатите другой картой.",
            "The amount is above your card's limit, nothing was taken. Ask your bank or pay with another card.",
        ),
        Reason.SHOP_LIMIT_EXCEEDED: Words(
            "Компания пока не может принять такую сумму, деньги не списаны. Сообщите компании номер платежа.",
            "The company cannot take such an amount yet, nothing was taken. Tell the company the payment's number.",
        ),
        Reason.SHOP_NOT_PERMITTED: Words(
            "Компания пока не может принять такой платёж, деньги не списаны. Сообщите компании номер платежа.",
            "The company cannot take such a payment yet, nothing was taken. Tell the company the payment's number.",
        ),
        Reason.TOO_OFTEN: Words(
            "Слишком много попыток подряд, деньги не списаны. Попробуйте ещё раз через несколько минут.",
            "Too many tries in a row, nothing was taken. Try again in a few minutes.",
        ),
        Reason.TOO_OFTEN_TODAY: Words(
            "Слишком много попыток за день, деньги не списаны. Заплатите другой картой или завтра.",
            "Too many tries for one day, nothing was taken. Pay with another card, or tomorrow.",
        ),
        Reason.BANK_UNAVAILABLE: Words(
            "Ваш банк сейчас не отвечает, деньги не списаны. Попробуйте чуть позже или заплатите другой картой.",
            "Your bank does not answer now, nothing was taken. Try a little later or pay with another card.",
        ),
        Reason.REFUSED_BY_BANK: Words(
            "Ваш банк отклонил платёж без объяснений, деньги не списаны. Спросите банк или заплатите другой картой.",
            "Your bank gave no reason for its refusal, nothing was taken. Ask the bank or pay with another card.",
        ),
        Reason.CARD_RESTRICTED: Words(
            "Ваш банк ограничил операции по карте, деньги не списаны. Спросите банк или возьмите другую карту.",
            "Your bank has restricted the card, nothing was taken. Ask the bank or use another card.",
        ),
        Reason.CARD_BLOCKED: Words(
            "Ваш банк заблокировал карту, деньги не списаны. Снимите блокировку в банке или заплатите другой картой.",
            "Your bank has blocked the card, nothing was taken. Have that lifted or pay with another card.",
        ),
        Reason.WRONG_CARD_DATA: Words(
            "Данные карты введены с ошибкой, деньги не списаны. Проверьте номер, срок и код и попробуйте ещё раз.",
            "The card was entered with a mistake, nothing was taken. Check the number, date and code and try again.",
        ),
        Reason.CLIENT_DID_NOT_CONFIRM: Words(
            "Платёж не подтверждён, деньги не списаны. Попробуйте ещё раз и подтвердите его, когда попросит банк.",
            "The payment was not confirmed, nothing was taken. Try again and confirm it when your bank asks.",
        ),
        Reason.CLIENT_DID_NOT_PAY: Words(
            "Время на оплату вышло, деньги не списаны. Начните оплату заново.",
            "The time to pay ran out, nothing was taken. Start the payment anew.",
        ),
        Reason.ORDER_EXPIRED: Words(
            "Время на списание вышло, деньги не списаны. Заплатите на этой странице.",
            "The time for the charge ran out, nothing was taken. Pay on this page.",
        ),
        Reason.ACTION_REQUIRED: Words(
            "Ваш банк просит подтвердить платёж, деньги не списаны. Заплатите на этой странице и подтвердите.",
            "Your bank asks you to confirm the payment, nothing was taken. Pay on this page and confirm it.",
        ),
        Reason.CARD_LOST: Words(
            "Ваш банк не принимает эту карту, деньги не списаны. Спросите банк или заплатите другой картой.",
            "Your bank does not accept this card, nothing was taken. Ask the bank or pay with another card.",
        ),
        Reason.CARD_EXPIRED: Words(
            "Срок действия карты истёк, деньги не списаны. Заплатите другой картой или способом.",
            "The card has expired, nothing was taken. Pay with another card or in another way.",
        ),
        Reason.CARD_NOT_KNOWN: Words(
            "Сохранённая карта больше не действует, деньги не списаны. Введите карту заново или возьмите другую.",
            "The saved card is not good any more, nothing was taken. Enter the card anew or use another one.",
        ),
        Reason.CARD_NOT_VALID: Words(
            "Такой карты нет или её счёт закрыт, деньги не списаны. Проверьте номер или возьмите другую карту.",
            "There is no such card, or its account is closed, nothing was taken. Check the number or use another card.",
        ),
        Reason.CONSENT_REVOKED: Words(
            "Автоматические платежи с этой карты отменены, деньги не списаны. Заплатите на этой странице.",
            "Automatic payments from this card were cancelled, nothing was taken. Pay on this page.",
        ),
        Reason.FRAUD_SUSPECTED: Words(
            "Ваш банк остановил платёж, деньги не списаны. Позвоните в банк или заплатите другой картой.",
            "Your bank stopped the payment, nothing was taken. Call the bank or pay with another card.",
        ),
        Reason.OPERATION_FORBIDDEN: Words(
            "Ваш банк не разрешает такие платежи с этой карты, деньги не списаны. Заплатите другой картой.",
            "Your bank does not allow such payments from this card, nothing was taken. Pay with another card.",
        ),
        Reason.RECEIPT_NOT_TAKEN: Words(
            "Компания не смогла пробить чек, деньги не списаны. Попробуйте позже или сообщите компании номер платежа.",
            "The company could not make the receipt, nothing was taken. Try later or tell it the payment's number.",
        ),
        Reason.REQUEST_NOT_ACCEPTED: Words(
            "Платёж не принят, и дело не в вашей карте, деньги не списаны. Сообщите компании номер платежа.",
            "The payment was not accepted, your card is not to blame, nothing was taken. Tell the company its number.",
        ),
        Reason.UNKNOWN: Words(
            "Банк отклонил платёж, деньги не списаны. Спросите банк или заплатите другой картой.",
            "The bank declined the payment, nothing was taken. Ask the bank or pay with another card.",
        ),
    }
)


def decline_words(reason: Reason, next_attempt_date: date | None, never: Words | None) -> Words:
    """The sentences a manager reads, in both languages. `never`: why a decline that is not hard gets no further try."""
    decline = DECLINES[reason]
    follows = (
        DATA_FIRST if reason is Reason.REQUEST_NOT_ACCEPTED else _what_follows(decline.kind, next_attempt_date, never)
    )
    return Words(f"{decline.words.ru} {follows.ru}", f"{decline.words.en} {follows.en}")


def _what_follows(kind: str, next_attempt_date: date | None, never: Words | None) -> Words:
    if kind == "needs_client" and next_attempt_date is None:
        return Words(
            "Отправьте клиенту ссылку на оплату: пока она действует, карту не трогаем.",
            "Send the client the payment link: while it is good the card is left alone.",
        )
    if kind == "hard":
        return Words(
            "Эту карту больше не списываем: попросите клиента о другой.",
            "This card is not charged again: ask the client for another one.",
        )
    if next_attempt_date:
        ru = format_date(next_attempt_date, "d MMMM y", locale="ru")
        en = format_date(next_attempt_date, "d MMMM y", locale="en")
        if kind == "needs_client":
            return Words(
                f"Отправьте клиенту ссылку на оплату. Не заплатит — попробуем карту ещё раз {ru} г.",
                f"Send the client the payment link. If they do not pay, the card is tried on {en}.",
            )
        if kind == "once":
            return Words(
                f"Попробуем ещё один раз, {ru} г.: больше банк не разрешает.",
                f"One more try is made on {en}: the bank allows no further one.",
            )
        return Words(f"Попробуем ещё раз {ru} г.", f"The next try is on {en}.")
    return never or Words(
        "Повтор не запланирован: новое списание возможно через сутки.",
        "No further try is planned: a new charge is possible after 24 hours.",
    )
