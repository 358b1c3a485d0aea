"""A portal for the edges of one client: it answers each request as a test says and remembers what it was asked."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import responses
from requests import PreparedRequest

from tests.bitrix24.wiring import ENDPOINT, OAUTH

Answer = tuple[int, dict[str, str], str] | Exception
Do = Callable[[str, str], Any]


def said(status: int = 200, **body: object) -> Answer:
    return status, {}, json.dumps(body)


def refusal(status: int, code: str, description: str = "") -> Answer:
    return said(status, error=code, error_description=description)


PAGE: Answer = (200, {"Content-Type": "text/html"}, "<!DOCTYPE html><html>maintenance</html>")


@dataclass
class Scripted:
    """`script` answers the next requests as a whole; without it every command is carried out by `do`.

    `do` gets the method and its query and returns a result, or a map with `error` in it.
    """

    do: Do = lambda method, query: f"{method}?{query}"
    script: list[Answer] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    seconds: float = 0.01
    arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def __post_init__(self) -> None:
        self.gate.set()

    @property
    def batches(self) -> list[list[str]]:
        """The commands of each request, without their keys."""
        return [
            list(body["cmd"].values()) if "cmd" in body else [url]
            for url, body in zip(self.urls, self.requests, strict=True)
        ]

    def answer(self, request: PreparedRequest) -> Any:
        body = json.loads(request.body or b"{}")
        self.urls.append(str(request.url))
        self.requests.append(body)
        self.arrived.release()
        assert self.gate.wait(10)
        if self.script:
            return self.script.pop(0)
        if "cmd" in body:
            return said(result=self._batch(body["cmd"]))
        result = self.do(str(request.url).rpartition("/")[2], "")
        failed = isinstance(result, dict) and "error" in result
        return said(**result) if failed else said(result=result, time={"duration": self.seconds})

    def _batch(self, commands: dict[str, str]) -> dict[str, Any]:
        results: dict[str, Any] = {}
        errors: dict[str, Any] = {}
        for key, text in commands.items():
            method, _, query = text.partition("?")
            result = self.do(method, query)
            (errors if isinstance(result, dict) and "error" in result else results)[key] = result
        return {
            "result": results or [],
            "result_error": errors or [],
            "result_total": [],
            "result_next": [],
            "result_time": {key: {"duration": self.seconds} for key in results} or [],
        }


@contextmanager
def scripted_portal(endpoint: str = ENDPOINT) -> Iterator[tuple[Scripted, responses.RequestsMock]]:
    portal = Scripted()
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add_callback(responses.POST, re.compile(re.escape(endpoint)), portal.answer)
        yield portal, mock


def renewals(mock: responses.RequestsMock) -> int:
    return sum(str(call.request.url).startswith(f"{OAUTH}/oauth/token/") for call in mock.calls)


def give_new_pairs(mock: responses.RequestsMock) -> None:
    """The OAuth host turns `refresh-N` into the pair N + 1."""

    def renew(request: PreparedRequest) -> Any:
        used = parse_qs(urlsplit(str(request.url)).query)["refresh_token"][0]
        number = int(used.rpartition("-")[2]) + 1
        return said(access_token=f"access-{number}", refresh_token=f"refresh-{number}", expires_in=3600)

    mock.add_callback(responses.GET, f"{OAUTH}/oauth/token/", renew)
