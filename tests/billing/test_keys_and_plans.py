"""Keys, order numbers and words of declines: pure rules."""

from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from billing.declines import decline_words
from billing.key import charge_key, order_number
from calculations.money import Money
from gateways import Reason
from schemas.declaration import Words

SUM = Money(100, "RUB")
BEGAN = datetime(2026, 1, 31, 9, tzinfo=UTC)
DUE = date(2026, 1, 31)
NEVER = Words("Всё испробовано.", "Everything was tried.")


def test_a_key_is_the_one_given_else_the_document_with_its_date_else_with_its_sum() -> None:
    def key(payment_key: str = "", due_date: date | None = None) -> str:
        return charge_key(payment_key=payment_key, document="D_5", due_date=due_date, amount=SUM)

    assert key("invoice 7", DUE) == key("invoice 7") != key(due_date=DUE)
    assert key(due_date=DUE) != key(due_date=date(2026, 2, 28))
    assert key() == charge_key(payment_key="", document="D_5", due_date=None, amount=Money(100, "RUB"))
    assert key() != charge_key(payment_key="", document="D_5", due_date=None, amount=Money(100, "USD"))


def test_a_given_key_never_meets_one_made_from_a_document() -> None:
    made = charge_key(payment_key="", document="D_5", due_date=DUE, amount=SUM)
    assert charge_key(payment_key=made, document="D_5", due_date=DUE, amount=SUM) != made


@given(st.text(), st.text(), st.integers(1, 99))
def test_an_order_number_fits_the_narrowest_protocol_and_follows_from_portal_and_key(
    member_id: str, key: str, number: int
) -> None:
    told = order_number(member_id.replace("\n", ""), key, number)
    assert len(told) <= 32
    assert told.isascii()
    assert told == order_number(member_id.replace("\n", ""), key, number)
    assert told != order_number(member_id.replace("\n", "") + "x", key, number)


def test_words_say_why_and_what_follows() -> None:
    planned = decline_words(Reason.INSUFFICIENT_FUNDS, date(2026, 2, 1), None)
    assert planned.ru == "На карте недостаточно средств. Попробуем ещё раз 1 февраля 2026 г."
    assert planned.en == "There is not enough money on the card. The next try is on 1 February 2026."
    assert "через сутки" in decline_words(Reason.INSUFFICIENT_FUNDS, None, None).ru
    assert decline_words(Reason.INSUFFICIENT_FUNDS, None, NEVER).ru.endswith("средств. Всё испробовано.")
    assert "попросите клиента о другой" in decline_words(Reason.CARD_LOST, None, NEVER).ru
    assert "карт" not in decline_words(Reason.REQUEST_NOT_ACCEPTED, None, NEVER).ru
    assert "corrected first" in decline_words(Reason.REQUEST_NOT_ACCEPTED, None, NEVER).en
    wanted = decline_words(Reason.ACTION_REQUIRED, date(2026, 2, 1), None)
    assert wanted.ru.endswith(
        "Отправьте клиенту ссылку на оплату. Не заплатит — попробуем карту ещё раз 1 февраля 2026 г."
    )
    assert wanted.en.endswith(
        "Send the client the payment link. If they do not pay, the card is tried on 1 February 2026."
    )
    assert decline_words(Reason.ACTION_REQUIRED, None, None).ru.endswith("пока она действует, карту не трогаем.")
