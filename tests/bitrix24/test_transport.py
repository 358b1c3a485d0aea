"""What can happen to bytes on their way: every answer is a JSON object or an error that says whether to repeat."""

import json
import socket
import time
import traceback
from decimal import Decimal
from typing import Any

import pytest

from bitrix24.errors import AnswerLost, PortalUnavailable, RestError, TryLater
from bitrix24.transport import Connection, Transport
from tests.bitrix24.served import http, serving
from tests.ports import free_port

SECRET = "the-access-token"


def connect(*, local: bool = True) -> Connection:
    return Transport("payment-robots-test", time.monotonic, local=local).connect()


def ask(url: str, *, local: bool = True) -> object:
    with connect(local=local) as connection:
        return connection.post("crm.item.get", url + "crm.item.get", {"id": 1, "auth": SECRET}).data


def test_json_goes_out_and_comes_back_with_exact_numbers() -> None:
    with serving(http(b'{"result": {"opportunity": 1200.10, "id": 7}}')) as served:
        assert ask(served.url) == {"result": {"opportunity": Decimal("1200.10"), "id": 7}}
    head, _, body = served.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /rest/crm.item.get HTTP/1.1")
    assert b"User-Agent: payment-robots-test" in head
    assert json.loads(body) == {"id": 1, "auth": SECRET}


def test_a_connection_is_kept_for_the_next_request() -> None:
    with serving(http(b'{"result": 1}'), http(b'{"result": 2}')) as served, connect() as connection:
        answers = [connection.post("x", served.url + "x", {}).data["result"] for _ in range(2)]
    assert answers == [1, 2]
    assert served.connections == 1


def test_a_redirect_is_shown_and_not_followed() -> None:
    moved = http(b"<html>", "302 Found", more="Location: https://new.bitrix24.ru/rest/crm.item.get\r\n")
    with serving(moved) as served, connect() as connection:
        reply = connection.post("crm.item.get", served.url + "crm.item.get", {})
    assert (reply.status, reply.location) == (302, "https://new.bitrix24.ru/rest/crm.item.get")
    assert len(served.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        http(b"<!DOCTYPE html><html>maintenance</html>"),
        http(b"<html>", "503 Service Unavailable"),
        http(b"", "502 Bad Gateway"),
        http(b""),
        http(b"[1, 2]"),
        http(b'"text"'),
        http(b'{"result": {"id": 7'),
        http(b'{"result": 1e99999999999999999999}'),
        http(b'{"result": ' + b"[" * 100_000),
        http(b'{"result": ', declared=500),
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"no HTTP at all\r\n\r\n",
        None,
    ],
)
def test_an_answer_that_is_missing_cut_or_no_json_may_have_been_carried_out(answer: bytes | None) -> None:
    with serving(answer) as served, pytest.raises(AnswerLost):
        ask(served.url)
    assert len(served.requests) == 1


def test_an_answer_in_drops_does_not_hold_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bitrix24.transport.WHOLE_SECONDS", 0.3)
    answer = http(b'{"result": "' + b"x" * 2000 + b'"}')
    with serving(answer, drip=0.01) as served, pytest.raises(AnswerLost, match=r"not whole after 0\.3 s"):
        ask(served.url)


def test_an_endless_answer_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bitrix24.transport.LONGEST_ANSWER", 1000)
    with serving(http(b'{"result": "' + b"x" * 5000 + b'"}')) as served, pytest.raises(AnswerLost, match="longer"):
        ask(served.url)


def test_a_portal_that_is_silent_may_have_acted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bitrix24.transport.READ_SECONDS", 0.2)
    with serving(b"", b"") as served, pytest.raises(AnswerLost, match=r"did not answer \(.*[Tt]ime"):
        ask(served.url)


def test_a_refused_connection_sent_nothing() -> None:
    with pytest.raises(TryLater, match="no connection"):
        ask(f"http://127.0.0.1:{free_port()}/rest/")


def test_a_name_that_leads_nowhere_sent_nothing() -> None:
    with pytest.raises(TryLater, match="no connection"):
        ask("https://nowhere.invalid/rest/")


@pytest.mark.parametrize(
    "url",
    [
        "http://demo.bitrix24.ru/rest/",
        "http://169.254.169.254/rest/",
        "http://10.0.0.1/rest/",
        "ftp://127.0.0.1/rest/",
        "http://127.0.0.1@demo.bitrix24.ru/rest/",
        "/rest/",
    ],
)
def test_plain_http_is_for_the_loopback_only(url: str) -> None:
    with pytest.raises(PortalUnavailable, match="not https"):
        ask(url)


def test_plain_http_is_refused_to_the_loopback_too_where_the_world_is_outside() -> None:
    with serving(http(b"{}")) as served, pytest.raises(PortalUnavailable, match="not https"):
        ask(served.url, local=False)
    assert served.requests == []


def test_a_name_that_resolves_into_a_private_network_is_sent_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.getaddrinfo

    def rebound(host: str, *args: Any, **kwargs: Any) -> Any:
        return real("127.0.0.1" if host == "demo.bitrix24.ru" else host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", rebound)
    monkeypatch.setattr("urllib3.connection.HTTPSConnection.connect", _connect_without_tls)
    with serving(http(b"{}")) as served:
        with pytest.raises(PortalUnavailable, match="private network"):
            ask(f"https://demo.bitrix24.ru:{served.port}/rest/", local=False)
        assert served.requests == []


def _connect_without_tls(self: Any) -> None:
    """The bare connection that TLS would be spoken over, had the private server a certificate for the name."""
    self.sock = socket.create_connection((self.host, self.port))


@pytest.mark.parametrize("answer", [None, http(b"<html>"), http(b"{", declared=900)])
def test_no_secret_is_in_an_error_or_behind_it(answer: bytes | None) -> None:
    with serving(answer) as served, connect() as connection, pytest.raises(RestError) as caught:
        connection.get("app.info", served.url + "app.info", {"auth": SECRET, "client_secret": SECRET})
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None
    assert SECRET not in "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))
    assert SECRET in served.requests[0].decode()
