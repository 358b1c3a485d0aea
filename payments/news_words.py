"""What people read in a document's timeline of the money of its charges; each text is told from all others by its
numbers."""

from sqlalchemy.orm import Session

from billing.charges import Charging
from billing.pay_links import PayLinks
from calculations.money import Money
from payments.words import date_words, money_words
from schemas.declaration import Words
from storage.model import BankTransfer, Charge, ChargeAttempt, News, Refund, SavedCard

RECEIVED = Words(
    "Оплата получена: {sum} за «{description}», {how} (списание {charge}).",
    "Payment received: {sum} for “{description}”, {how} (charge {charge}).",
)
FAILED = Words(
    "Оплата не прошла: {sum} за «{description}» (списание {charge}, попытка {number}). {why}",
    "Payment failed: {sum} for “{description}” (charge {charge}, attempt {number}). {why}",
)
GIVEN_UP = Words(
    "Оплата не прошла: {sum} за «{description}» (списание {charge}). Деньги не взяты, попыток больше не будет.",
    "Payment failed: {sum} for “{description}” (charge {charge}). Nothing was taken, there will be no further attempt.",
)
NOT_OWED = Words(
    "Повторного списания не будет: {sum} за «{description}». {why}",
    "The card is not tried again: {sum} for “{description}”. {why}",
)
CANCELLED = Words(
    "Платёж отменён сотрудником: {sum} за «{description}» (списание {charge}). Ни по ссылке, ни с карты его больше не "
    "возьмут.",
    "Payment cancelled by a person: {sum} for “{description}” (charge {charge}). It is taken neither by link nor card.",
)
REFUNDED = Words(
    "Возврат клиенту: {back} из {sum} за «{description}» (списание {charge}, возврат {number}).",
    "Refunded: {back} of {sum} for “{description}” (charge {charge}, refund {number}).",
)
TAKEN_BACK = Words(
    "Оплата не засчитана: {sum} за «{description}» {how} (списание {charge}) — запись о переводе снята сотрудником.",
    "Payment taken back: {sum} for “{description}” {how} (charge {charge}): its booking was undone by a person.",
)
LINKED = {
    "card": Words(
        "Клиент сохранил карту {mask} и согласился на списания с неё (платёж {charge}).",
        "The client saved card {mask} and agreed to charges of it (payment {charge}).",
    ),
    "sbp": Words(
        "Клиент сохранил счёт СБП {mask} и согласился на списания с него (платёж {charge}).",
        "The client saved SBP account {mask} and agreed to charges of it (payment {charge}).",
    ),
}
LINK = Words("Ссылка для клиента: {link}", "Link for the client: {link}")
HOW = {
    "saved_card": Words("с карты {mask}", "from card {mask}"),
    "card": Words("клиент заплатил картой", "the client paid by card"),
    "sbp": Words("клиент заплатил через СБП", "the client paid by SBP"),
    "transfer": Words("переводом {number} от {day}", "by bank transfer {number} of {day}"),
}


def text_of(
    session: Session,
    news: News,
    charge: Charge,
    charging: Charging,
    pay_links: PayLinks,
    language: str,
) -> str:
    attempt = session.get(ChargeAttempt, news.attempt_id) if news.attempt_id else None
    said = {
        "sum": money_words(Money(charge.amount, charge.currency), language),
        "description": charge.description or charge.document,
        "charge": charge.id,
    }
    if news.what == "payment_received":
        return RECEIVED.in_language(language).format(**said, how=_how(session, news, attempt, language))
    if news.what == "payment_refunded":
        refund = session.get_one(Refund, news.refund_id)
        back = money_words(Money(refund.amount, refund.currency), language)
        return REFUNDED.in_language(language).format(**said, back=back, number=refund.number)
    if news.what == "payment_taken_back":
        return TAKEN_BACK.in_language(language).format(**said, how=_how(session, news, None, language))
    if news.what == "card_linked":
        card = session.get_one(SavedCard, news.saved_card_id)
        return LINKED[card.method].in_language(language).format(**said, mask=card.mask)
    if news.what == "payment_cancelled":
        return CANCELLED.in_language(language).format(**said)
    if news.what == "payment_not_owed":
        return NOT_OWED.in_language(language).format(**said, why=Words(**news.said).in_language(language))
    if news.what == "payment_given_up" or attempt is None:
        given_up = GIVEN_UP.in_language(language).format(**said)
        return f"{given_up} {Words(**news.said).in_language(language)}" if news.said else given_up
    why = charging.why_declined(session, charge, attempt).in_language(language)
    if attempt.decline_kind == "needs_client":
        why = f"{why} {LINK.in_language(language).format(link=pay_links.of(charge.id))}"
    return FAILED.in_language(language).format(**said, number=attempt.number, why=why)


def _how(session: Session, news: News, attempt: ChargeAttempt | None, language: str) -> str:
    if attempt is not None:
        mask = session.get_one(SavedCard, attempt.saved_card_id).mask if attempt.saved_card_id else ""
        return HOW[attempt.method].in_language(language).format(mask=mask)
    transfer = session.get_one(BankTransfer, news.transfer_id)
    day = date_words(transfer.booked_on, language)
    return HOW["transfer"].in_language(language).format(number=transfer.number, day=day)
