"""Speaking to the sandbox's control door, as a person with every right would act."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlencode

TIMEOUT_SECONDS = 120.0

_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class ControlRefused(Exception):
    """The sandbox did not do what it was asked."""


class Control:
    """`url` is the outside's address; paths are those under `/control`."""

    def __init__(self, url: str) -> None:
        self.url = url

    def get(self, path: str, **wish: object) -> Any:
        query = f"?{urlencode(wish)}" if wish else ""
        return self._ask(urllib.request.Request(f"{self.url}/control{path}{query}"))

    def post(self, path: str, **wish: object) -> Any:
        body = json.dumps(wish).encode()
        headers = {"Content-Type": "application/json"}
        return self._ask(urllib.request.Request(f"{self.url}/control{path}", body, headers, method="POST"))

    def _ask(self, request: urllib.request.Request) -> Any:
        try:
            with _opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refused:
            with refused:
                text = refused.read().decode("utf-8", "replace")
            raise ControlRefused(f"{request.get_method()} {request.full_url}: {refused.code} {text[:500]}") from None


def status_of(url: str) -> int:
    """The HTTP status of an address; 0 while nobody answers."""
    try:
        with _opener.open(url, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        refused.close()
        return refused.code
    except OSError:
        return 0
