"""What a client reads of a decline on the page of payment: spoken to, and told what to do."""

import pytest

from billing.declines import CLIENT_WORDS
from gateways import Reason

FITS_A_PHONE = 110
OF_STAFF = ("эквайер", "клиент", "сервис", "мошен", "утер", "украд", "acquirer", "client", "service", "fraud", "stolen")
WHAT_TO_DO = ("заплатите", "попробуйте", "сообщите компании", "начните", "введите", "возьмите")
WHAT_TO_DO_EN = ("pay ", "try ", "tell the company", "start", "enter", "use another")


def test_every_reason_has_words_for_the_client() -> None:
    assert set(CLIENT_WORDS) == set(Reason)


@pytest.mark.parametrize("reason", Reason)
def test_the_words_are_the_clients_own(reason: Reason) -> None:
    words = CLIENT_WORDS[reason]
    for text in (words.ru, words.en):
        assert len(text) <= FITS_A_PHONE
        assert not [word for word in OF_STAFF if word in text.lower()]
    assert "деньги не списаны" in words.ru
    assert "nothing was taken" in words.en
    assert any(word in words.ru.lower() for word in WHAT_TO_DO)
    assert any(word in words.en.lower() for word in WHAT_TO_DO_EN)
