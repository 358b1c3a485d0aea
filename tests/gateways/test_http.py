"""HTTP to acquirers: what failed before the request travelled is not sent, everything else is not known."""

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import requests
import responses
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateways import Http, Misconfigured, NotSent, OutcomeUnknown, Trouble
from tests.gateways.answering import answering, reply

AUTH = ("demo", "canary-secret")
URL = "https://acquirer.example/"


def client(address: str) -> Http:
    return Http(address, lambda: 0.0)


def post(address: str) -> object:
    return client(address).post("charges", {"token": "canary-token"}, auth=AUTH).data


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def hanging_up(words: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A server that hears whatever comes first, says its words and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        heard: list[bytes] = []

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                heard.append(connection.recv(65536))
                connection.sendall(words)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/", heard
    thread.join(timeout=10)


@contextmanager
def self_signed(folder: Path) -> Iterator[str]:
    """A TLS server that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, today - timedelta(days=1), today + timedelta(days=1))
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "both.pem").write_bytes(private + certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "both.pem")
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection, suppress(ssl.SSLError), context.wrap_socket(connection, server_side=True):
                pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{server.getsockname()[1]}/"
    thread.join(timeout=10)


def test_json_is_read_with_exact_numbers_and_the_shop_is_named_by_basic_credentials() -> None:
    with answering(reply("200 OK", '{"amount": 0.1}')) as heard:
        assert str(client(heard.address).post("charges", {"a": "б"}, auth=("магазин", "s")).data["amount"]) == "0.1"
    head, _, body = heard.requests[0].partition(b"\r\n\r\n")
    assert body == b'{"a": "\\u0431"}'
    assert b"Authorization: Basic 0LzQsNCz0LDQt9C40L06cw==" in head
    assert b"Content-Type: application/json; charset=utf-8" in head


def test_texts_that_no_database_keeps_are_mended() -> None:
    body = r'{"a": "x\u0000\ud800y", "b": [{"c": "\udfff"}, 1, null], "\u0000": "\ud83d\ude00"}'
    with answering(reply("200 OK", body)) as heard:
        answer = client(heard.address).get("x", {})
    mended = {"a": "x\ufffd\ufffdy", "b": [{"c": "\ufffd"}, 1, None], "\ufffd": "\U0001f600"}
    assert answer.data == mended


def test_a_refused_connection_is_not_sent() -> None:
    with pytest.raises(NotSent):
        post(f"http://127.0.0.1:{closed_port()}/")


def test_an_acquirer_whose_certificate_is_not_to_be_trusted_is_not_sent_anything(tmp_path: Path) -> None:
    with self_signed(tmp_path) as address, pytest.raises(NotSent, match="SSLCertVerificationError"):
        post(address)


def test_an_acquirer_that_does_not_speak_tls_is_not_sent_anything() -> None:
    with hanging_up(b"plain words\r\n") as (address, heard), pytest.raises(NotSent):
        post(address.replace("http:", "https:"))
    assert b"canary" not in b"".join(heard)


def test_an_acquirer_that_falls_silent_while_tls_is_agreed_is_not_sent_anything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gateways._http.CONNECT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(NotSent):
        post(f"https://127.0.0.1:{silent.getsockname()[1]}/")


def test_an_acquirer_that_hangs_up_while_tls_is_agreed_is_not_sent_anything() -> None:
    with hanging_up(b"") as (address, heard), pytest.raises(NotSent):
        post(address.replace("http:", "https:"))
    assert b"canary" not in b"".join(heard)


def test_tls_that_breaks_after_the_request_has_travelled_leaves_the_outcome_unknown() -> None:
    with responses.RequestsMock() as mock:
        mock.post(f"{URL}charges", body=requests.exceptions.SSLError("decryption failed"))  # the mock reads the body
        with pytest.raises(OutcomeUnknown):
            post(URL)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"id": "1"',
        b"no http at all\r\n\r\n",
        reply("500 Oops", "{}"),
        reply("503 Busy", '{"error": "busy"}'),
        reply("200 OK", "<html>paid</html>", content_type="text/html"),
        reply("302 Found", ""),
        reply("200 OK", ""),
        reply("200 OK", '{"id": "1"'),
        reply("200 OK", '{"amount": 1e99999999999999999999}'),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
    ],
    ids=lambda answer: answer[:40].decode().replace("\r\n", " "),
)
def test_whatever_came_after_the_request_had_travelled_leaves_the_outcome_unknown(answer: bytes) -> None:
    with answering(answer) as heard, pytest.raises(OutcomeUnknown):
        post(heard.address)
    assert heard.requests


def test_too_many_requests_is_said_before_anything_is_done() -> None:
    page = reply("429 Too Many", "<html></html>", content_type="text/html")
    with answering(page) as heard, pytest.raises(NotSent, match="429"):
        post(heard.address)


def test_an_answer_in_pieces_is_put_together() -> None:
    pieces = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n4\r\n 12}\r\n0\r\n\r\n'
    with answering(pieces) as heard:
        assert post(heard.address) == {"a": 12}


def test_an_answer_that_does_not_end_in_time_leaves_the_outcome_unknown() -> None:
    ticks: Iterator[float] = iter([0.0, 31.0, 62.0])
    with answering(reply("200 OK", "{}")) as heard, pytest.raises(OutcomeUnknown, match="within 30 s"):
        Http(heard.address, lambda: next(ticks)).post("charges", {}, auth=AUTH)


def test_an_answer_without_an_end_is_not_read_for_ever() -> None:
    with answering(reply("200 OK", " " * (3 * 1024 * 1024))) as heard, pytest.raises(OutcomeUnknown, match="longer"):
        post(heard.address)


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (requests.exceptions.ConnectTimeout(), NotSent),
        (requests.exceptions.ReadTimeout(), OutcomeUnknown),
        (requests.exceptions.ConnectionError("Connection aborted"), OutcomeUnknown),
        (requests.exceptions.ChunkedEncodingError(), OutcomeUnknown),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
@responses.activate
def test_each_failure_of_the_network_says_what_to_do_next(failure: Exception, kind: type[Trouble]) -> None:
    responses.post(f"{URL}charges", body=failure)
    with pytest.raises(kind):
        post(URL)


def test_redirects_are_not_followed() -> None:
    elsewhere = b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 2\r\n\r\n{}"
    with answering(elsewhere) as heard, pytest.raises(OutcomeUnknown, match="answered 302"):
        post(heard.address)
    assert len(heard.requests) == 1


@pytest.mark.parametrize("failing", [reply("500 Oops", "canary-secret canary-token"), b"", reply("200 OK", "canary")])
def test_no_secret_enters_the_text_of_a_failure(failing: bytes) -> None:
    with answering(failing) as heard, pytest.raises(OutcomeUnknown) as caught:
        post(heard.address)
    assert "canary" not in f"{caught.value}{caught.value!r}"


@pytest.mark.parametrize("address", ["http://acquirer.example/", "http://10.0.0.1/", "ftp://127.0.0.1/", "127.0.0.1"])
def test_only_https_or_the_loopback_is_an_address(address: str) -> None:
    with pytest.raises(Misconfigured, match="https"):
        client(address)


def test_the_environments_proxies_and_passwords_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port()}")
    with answering(reply("200 OK", "{}")) as heard:
        assert post(heard.address) == {}


def test_a_decimal_goes_out_as_a_number_of_exactly_its_digits() -> None:
    sums = {"Amount": Decimal("1234.50"), "Items": [{"price": Decimal("0.10")}, None, True, 7], "Имя": "ё"}
    with answering(reply("200 OK", "{}")) as heard:
        client(heard.address).post("charges", sums)
    body = heard.requests[0].partition(b"\r\n\r\n")[2].decode()
    assert '"Amount": 1234.50, "Items": [{"price": 0.10}, null, true, 7]' in body
    assert json.loads(body, parse_float=Decimal) == sums
