"""What a client reads where a link of payment leads nowhere: their own words, never the operator's."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.handlers.doors import FORM, Doors

RU = {"Accept-Language": "ru"}


def words(answer: TestResponse) -> str:
    assert answer.mimetype == "text/html"
    assert 'name="viewport"' in answer.text
    return " ".join(answer.text.split())


@pytest.mark.parametrize("address", ["/pay/MQ.forged", "/pay/", "/pay", "/pay/x/y/z", "/pay//", "/pay/%00"])
def test_a_link_that_leads_nowhere_is_told_to_the_client_and_not_to_an_operator(doors: Doors, address: str) -> None:
    answer = doors.client.get(address, headers=RU)
    assert answer.status_code == 404
    assert "Ссылка не найдена: возможно, скопирована не целиком" in words(answer)
    in_english = doors.client.get(address, headers={"Accept-Language": "en"})
    assert "Ask the company to send it again" in words(in_english)


@pytest.mark.parametrize(
    ("how", "address", "status"),
    [
        ({"method": "PUT"}, "/pay/MQ.forged", 405),
        ({"method": "GET"}, "/pay/MQ.forged/withdraw", 405),
        ({"method": "POST", "data": b"x" * 20, "content_type": FORM}, "/pay/MQ.forged", 404),
    ],
)
def test_a_request_that_no_button_makes_is_answered_in_words_too(
    doors: Doors, how: dict[str, Any], address: str, status: int
) -> None:
    answer = doors.client.open(address, headers=RU, **how)
    assert answer.status_code == status
    assert ("Ссылка не найдена" if status == 404 else "Запрос не понят, деньги не списаны") in words(answer)
    assert status == 404 or answer.headers["Allow"]


def test_what_broke_here_is_no_reason_to_pay_twice(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> int:
        raise RuntimeError("a secret")

    monkeypatch.setattr(type(doors.services.pay_links), "charge_of", broken)
    answer = doors.client.get("/pay/x", headers=RU)
    assert answer.status_code == 500
    text = words(answer)
    assert "не платите второй раз" in text
    assert "сообщите компании номер 2" in text
    assert "secret" not in text


def test_the_other_doors_still_speak_to_programs(doors: Doors) -> None:
    client: FlaskClient = doors.client
    assert client.get("/payments").mimetype == "text/plain"
    assert client.get("/pay/x", base_url="https://elsewhere.example").mimetype == "text/plain"
