import smtplib
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
import requests

from sandbox.mail import Mailbox, MailCatcher, mail_control
from tests.sandbox.served import served

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox(lambda: NOW)


@pytest.fixture
def smtp_port(mailbox: Mailbox) -> Iterator[int]:
    catcher = MailCatcher(mailbox, "127.0.0.1", 0)
    catcher.start()
    yield catcher.port
    catcher.stop()


@pytest.fixture
def address(mailbox: Mailbox) -> Iterator[str]:
    with served(lambda request: mail_control(mailbox, request)) as address:
        yield f"{address}/control/mails"


def send(port: int, to: str, subject: str) -> None:
    letter = EmailMessage()
    letter["From"] = "Оплата <pay@example.com>"
    letter["To"] = to
    letter["Subject"] = subject
    letter.set_content("Спишем 25 000,00 ₽ завтра\n")
    letter.add_alternative("<p>Спишем <b>25 000,00 ₽</b> завтра</p>", subtype="html")
    letter.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="счёт.pdf")
    with smtplib.SMTP("127.0.0.1", port) as connection:
        connection.send_message(letter)


def test_a_letter_sent_by_smtp_is_read_in_words(smtp_port: int, address: str) -> None:
    send(smtp_port, "client@example.com", "Завтра спишем платёж")
    (mail,) = requests.get(address, timeout=5).json()
    assert mail["subject"] == "Завтра спишем платёж"
    assert mail["recipients"] == ["client@example.com"]
    assert mail["text"].strip() == "Спишем 25 000,00 ₽ завтра"
    assert "<b>25 000,00 ₽</b>" in mail["html"]
    assert mail["attachments"] == ["счёт.pdf"]
    assert mail["received_at"] == "2026-01-31T12:00:00Z"
    assert ["To", "client@example.com"] in mail["headers"]


def test_letters_are_found_by_recipient_and_by_number(smtp_port: int, address: str) -> None:
    send(smtp_port, "first@example.com", "1")
    send(smtp_port, "second@example.com", "2")
    (mail,) = requests.get(address, params={"to": "second@example.com"}, timeout=5).json()
    assert mail["subject"] == "2"
    assert requests.get(address, params={"id": mail["id"]}, timeout=5).json() == mail
    assert requests.get(address, params={"id": 99}, timeout=5).status_code == 404


def test_forgotten_letters_are_gone_and_numbers_go_on(smtp_port: int, address: str) -> None:
    send(smtp_port, "client@example.com", "before")
    requests.delete(address, timeout=5)
    assert requests.get(address, timeout=5).json() == []
    send(smtp_port, "client@example.com", "after")
    (mail,) = requests.get(address, timeout=5).json()
    assert (mail["id"], mail["subject"]) == (2, "after")


def test_a_letter_without_subject_or_known_charset_is_still_kept(mailbox: Mailbox) -> None:
    mailbox.receive("a@example.com", ["b@example.com"], b"Content-Type: text/plain; charset=nonsense\r\n\r\nhi \xff")
    (mail,) = mailbox.mails()
    assert mail.subject == ""
    assert mail.text.startswith("hi")
