"""What a client reads and agrees to before their card may be charged without them; each wording has a version."""

from schemas.declaration import Words

VERSION = "2026-11-29.2"
"""Changes with every change of the words: a consent keeps the version its client saw, and the words themselves."""

SAVE_AND_CHARGE = Words(
    "Я разрешаю сохранить карту (или счёт) у платёжной системы и списывать с неё без моего участия {subject}{payee} — "
    "{limit}в сроки, о которых мы договорились. Согласие можно отозвать в любой момент на странице "
    "этой ссылки или сообщив компании: после отзыва списаний больше не будет.",
    "I allow the payment system to keep this card (or account) and {subject}{payee} to be charged to it "
    "without me, {limit}at the times agreed. I can take this back at any moment on the page of this link or "
    "by telling the company: nothing is charged after that.",
)
UNDER_SUBJECT = Words("платежи по договору «{subject}»", "payments under “{subject}”")
NAMELESS = Words("платежи этой компании", "payments to this company")
PAID_TO = Words(" (получатель: {payee})", " (paid to: {payee})")
NO_LIMIT = Words("в суммах и ", "in the sums and ")
NO_MORE = Words("не больше {amount}{period}, ", "no more than {amount}{period}, ")
PERIODS = {
    "": Words(" за раз", " at once"),
    "day": Words(" в день", " a day"),
    "week": Words(" в неделю", " a week"),
    "month": Words(" в месяц", " a month"),
    "year": Words(" в год", " a year"),
}


def consent_words(subject: str, payee: str, limit: tuple[str, str] | None, language: str) -> str:
    """The sentence beside the tick; `subject` is what is paid for, as its client knows it, or empty, `payee` who may
    charge later, or empty, `limit` an amount in words with its period."""
    paid_for = (UNDER_SUBJECT if subject else NAMELESS).in_language(language).format(subject=subject)
    paid_to = PAID_TO.in_language(language).format(payee=payee) if payee else ""
    if limit is None:
        at_most = NO_LIMIT.in_language(language)
    else:
        amount, period = limit
        at_most = NO_MORE.in_language(language).format(amount=amount, period=PERIODS[period].in_language(language))
    return SAVE_AND_CHARGE.in_language(language).format(subject=paid_for, payee=paid_to, limit=at_most)
