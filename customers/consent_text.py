"""What a client reads and agrees to before their card may be charged without them; each wording has a version."""

from schemas.declaration import Words

VERSION = "2026-11-24"
"""Changes with every change of the words: a consent keeps the version its client saw, and the words themselves."""

SAVE_AND_CHARGE = Words(
    "Я разрешаю сохранить карту (или счёт) у платёжной системы и списывать с неё без моего участия платежи по договору "
    "«{subject}» — в суммах и в сроки, о которых мы договорились. Согласие можно отозвать в любой момент на странице "
    "этой ссылки или сообщив компании: после отзыва списаний больше не будет.",
    "I allow the payment system to keep this card (or account) and payments under “{subject}” to be charged to it "
    "without me, in the sums and at the times agreed. I can take this back at any moment on the page of this link or "
    "by telling the company: nothing is charged after that.",
)


def consent_words(subject: str, language: str) -> str:
    """The sentence beside the tick; `subject` is what is paid for, as its client knows it."""
    return SAVE_AND_CHARGE.in_language(language).format(subject=subject)
