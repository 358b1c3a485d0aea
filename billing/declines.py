"""A decline in plain words: why, what we do next and when, or why not."""

from datetime import date

from babel.dates import format_date

from gateways import DECLINES, Reason
from schemas.declaration import Words

# the card is not to blame
DATA_FIRST = Words(
    "Повтора не будет: сначала нужно исправить данные.", "There is no further try: the data have to be corrected first."
)


def decline_words(reason: Reason, next_attempt_date: date | None, never: Words | None) -> Words:
    """The sentences a manager reads, in both languages. `never`: why a decline that is not hard gets no further try."""
    decline = DECLINES[reason]
    follows = (
        DATA_FIRST if reason is Reason.REQUEST_NOT_ACCEPTED else _what_follows(decline.kind, next_attempt_date, never)
    )
    return Words(f"{decline.words.ru} {follows.ru}", f"{decline.words.en} {follows.en}")


def _what_follows(kind: str, next_attempt_date: date | None, never: Words | None) -> Words:
    if kind == "needs_client":
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
        return Words(f"Попробуем ещё раз {ru} г.", f"The next try is on {en}.")
    return never or Words(
        "Повтор не запланирован: новое списание возможно через сутки.",
        "No further try is planned: a new charge is possible after 24 hours.",
    )
