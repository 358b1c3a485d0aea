"""A server of one test's own: it reads requests off the socket and says the bytes it was given."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Served:
    port: int
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/rest/"


@contextmanager
def serving(*answers: bytes | None, drip: float = 0.0) -> Iterator[Served]:
    """Each answer is for one request, None hangs up without any; a connection stays open until the answers end.

    `drip`: the answer goes out byte for byte with this pause.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    served = Served(listener.getsockname()[1])
    stopping = threading.Event()
    left = list(answers)

    def run() -> None:
        while left and not stopping.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            served.connections += 1
            with connection:
                connection.settimeout(20)
                while left and (request := _request(connection)):
                    served.requests.append(request)
                    answer = left.pop(0)
                    if answer is None:
                        break
                    for piece in [answer] if not drip else [answer[at : at + 1] for at in range(len(answer))]:
                        if stopping.wait(drip) if drip else False:
                            return
                        try:
                            connection.sendall(piece)
                        except OSError:
                            return

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        stopping.set()
        listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for a connection
        listener.close()
        thread.join(10)


def http(body: bytes, status: str = "200 OK", *, declared: int | None = None, more: str = "") -> bytes:
    length = len(body) if declared is None else declared
    return f"HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{more}\r\n".encode() + body


def _request(connection: socket.socket) -> bytes:
    received = b""
    try:
        while b"\r\n\r\n" not in received:
            piece = connection.recv(65536)
            if not piece:
                return b""
            received += piece
        head, _, body = received.partition(b"\r\n\r\n")
        length = next(
            (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        while len(body) < length:
            body += connection.recv(65536)
        return head + b"\r\n\r\n" + body
    except OSError:
        return b""
