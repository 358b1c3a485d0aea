"""A server for one test that answers each request with exactly the bytes given, or hangs up."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Heard:
    """Where the server is, and the requests it has read, whole."""

    address: str
    requests: list[bytes] = field(default_factory=list)


@contextmanager
def answering(*answers: bytes) -> Iterator[Heard]:
    """Serve one connection an answer, each read to the end of its body; an empty answer hangs up without a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        heard = Heard(f"http://127.0.0.1:{server.getsockname()[1]}/")
        thread = threading.Thread(target=_serve, args=(server, answers, heard), daemon=True)
        thread.start()
        yield heard
    thread.join(timeout=10)


def _serve(server: socket.socket, answers: tuple[bytes, ...], heard: Heard) -> None:
    for answer in answers:
        connection, _ = server.accept()
        with connection:
            heard.requests.append(_read_request(connection))
            connection.sendall(answer)


def _read_request(connection: socket.socket) -> bytes:
    request = b""
    while b"\r\n\r\n" not in request:
        request += connection.recv(65536)
    head, _, body = request.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def reply(status: str, body: str, *, content_type: str = "application/json") -> bytes:
    content = body.encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content
