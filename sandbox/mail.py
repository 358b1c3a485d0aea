"""A mail catcher: an SMTP server that delivers nothing and keeps every letter for people and tests to read."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.wrappers import Request, Response

from sandbox.clock import iso
from sandbox.json_answer import json_answer

LARGEST_LETTER_BYTES = 10_000_000


@dataclass(frozen=True)
class Mail:
    """One letter as it was received; `text` and `html` are the bodies in words, empty where the letter has none."""

    id: int
    received_at: datetime
    envelope_from: str
    recipients: tuple[str, ...]
    subject: str
    text: str
    html: str
    headers: tuple[tuple[str, str], ...]
    attachments: tuple[str, ...]


class Mailbox:
    """Every letter caught, oldest first."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._mails: list[Mail] = []
        self._received = 0

    def mails(self) -> list[Mail]:
        with self._lock:
            return list(self._mails)

    def mail(self, number: int) -> Mail | None:
        return next((mail for mail in self.mails() if mail.id == number), None)

    def clear(self) -> None:
        with self._lock:
            self._mails.clear()

    def receive(self, sender: str, recipients: list[str], raw: bytes) -> None:
        letter = message_from_bytes(raw, policy=policy.default)
        with self._lock:
            self._received += 1
            self._mails.append(
                Mail(
                    id=self._received,
                    received_at=self._now(),
                    envelope_from=sender,
                    recipients=tuple(recipients),
                    subject=str(letter.get("Subject", "")),
                    text=_body(letter, "plain"),
                    html=_body(letter, "html"),
                    headers=tuple((name, str(value)) for name, value in letter.items()),
                    attachments=tuple(part.get_filename() or "" for part in letter.iter_attachments()),
                )
            )


class MailCatcher:
    """The SMTP side of a mailbox, in a thread of its own; port 0 takes a free one."""

    def __init__(self, mailbox: Mailbox, host: str, port: int) -> None:
        self._mailbox = mailbox
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mail", daemon=True)
        self._server: asyncio.Server | None = None
        self.host = host
        self.port = port

    def start(self) -> None:
        self._server = self._loop.run_until_complete(self._loop.create_server(self._connection, self.host, self.port))
        self.port = self._server.sockets[0].getsockname()[1]
        self._thread.start()

    def stop(self) -> None:
        if self._server is None:
            return
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _connection(self) -> SMTP:
        return SMTP(self, data_size_limit=LARGEST_LETTER_BYTES, enable_SMTPUTF8=True, loop=self._loop)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        """aiosmtpd hands over a finished letter here."""
        self._mailbox.receive(envelope.mail_from, envelope.rcpt_tos, envelope.content)
        return "250 Caught"


def mail_control(mailbox: Mailbox, request: Request) -> Response:
    """`/control/mails`: GET lists letters (`to` narrows to a recipient, `id` to one), DELETE forgets them all."""
    if request.method == "DELETE":
        mailbox.clear()
        return json_answer({"ok": True})
    if request.method != "GET":
        raise MethodNotAllowed(["GET", "DELETE"])
    if number := request.args.get("id", type=int):
        mail = mailbox.mail(number)
        if mail is None:
            raise NotFound(f"No letter {number}")
        return json_answer(mail_shape(mail))
    recipient = request.args.get("to")
    chosen = [mail for mail in mailbox.mails() if recipient is None or recipient in mail.recipients]
    return json_answer([mail_shape(mail) for mail in chosen])


def mail_shape(mail: Mail) -> dict[str, object]:
    """A letter as JSON values."""
    return asdict(mail) | {"received_at": iso(mail.received_at), "headers": [list(pair) for pair in mail.headers]}


def _body(letter: EmailMessage, kind: str) -> str:
    part = letter.get_body(preferencelist=(kind,))
    if part is None:
        return ""
    try:
        return str(part.get_content())
    except LookupError:  # a charset Python does not know
        return bytes(part.get_payload(decode=True)).decode("utf-8", "replace")
