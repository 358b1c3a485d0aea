"""Notices of an acquirer brought to the service in this thread, when the test says so."""

from collections import deque
from collections.abc import Callable
from urllib.parse import urlsplit

from werkzeug.datastructures import Headers

from billing.notices import Notices as Door
from billing.notices import UnknownTerminal
from gateways import Incoming, InvalidSignature
from sandbox.acquirers.notices import TRIES, Delivery, Letter, Notices

PUBLIC_URL = "http://127.0.0.1:9"


class Letterbox(Notices):
    """What an acquirer sends is kept until `bring`; what it wants told before it answers is brought at once."""

    def __init__(self, accepts: Callable[[int, str], bool]) -> None:
        super().__init__(accepts)
        self.waiting: deque[Letter] = deque()
        self.door: Door | None = None

    def send(self, *letters: Letter, at_once: bool = False) -> None:
        self.waiting += letters
        if at_once:
            self.bring()

    def wait(self) -> None:
        self.bring()

    def bring(self) -> None:
        while self.waiting:
            self.bring_one()

    def bring_one(self) -> None:
        letter = self.waiting.popleft()
        text = letter.body.decode("utf-8", "replace") if letter.body is not None else ""
        for number in range(1, TRIES + 1):
            status, said = self._answer(letter)
            self.deliveries.append(Delivery(letter.url, text, number, status, said))
            if 400 <= status < 500 or self._accepts(status, said):
                return

    def _answer(self, letter: Letter) -> tuple[int, str]:
        """As `/webhooks/<gateway>/<key>` answers."""
        assert self.door is not None
        address = urlsplit(letter.url)
        _, _, gateway, key = address.path.split("/")
        method = "GET" if letter.body is None else "POST"
        incoming = Incoming(Headers(dict(letter.headers)), letter.body or b"", address.query.encode(), method)
        try:
            return 200, self.door.take(gateway, key, incoming).reply
        except UnknownTerminal:
            return 404, ""
        except InvalidSignature:
            return 403, ""
