"""An app's server for tests of the sandbox: remembers what it was sent and answers as it is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from werkzeug.wrappers import Request, Response

from sandbox.encoding import parse_query
from tests.sandbox.served import served

INSTALL_PAGE = "<!DOCTYPE html><script src='//api.bitrix24.com/api/v1/'></script><script>BX24.installFinish()</script>"


@dataclass
class Received:
    """One request: the address, the query and the body with PHP's keys taken apart."""

    path: str
    query: dict[str, Any]
    body: dict[str, Any]
    raw: str
    content_type: str


@dataclass
class Receiver:
    """`answer` decides what is said; by default 200 with the install page."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    answer: Callable[[Received], Response] = lambda _: Response(INSTALL_PAGE, content_type="text/html")
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def take(self, request: Request) -> Response:
        raw = request.get_data().decode()
        query = parse_query(request.query_string.decode())
        received = Received(request.path, query, parse_query(raw), raw, request.mimetype)
        with self._changed:
            self.received.append(received)
            self._changed.notify_all()
        return self.answer(received)

    def at(self, path: str) -> list[Received]:
        return [one for one in self.received if one.path == path]

    def wait(self, path: str, count: int = 1, seconds: float = 30) -> list[Received]:
        """What came to a path, once there are `count` of it."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while len(self.at(path)) < count:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"{path} received {len(self.at(path))} of {count}")
                self._changed.wait(left)
        return self.at(path)


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()
    with served(receiver.take) as url:
        receiver.url = url
        yield receiver
