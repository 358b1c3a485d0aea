"""A load generator of one thread: keep-alive connections that each send the next request when the last is answered."""

import selectors
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Load:
    """What came back: seconds of the whole, seconds of each request, and answers by status."""

    seconds: float
    latencies: list[float] = field(repr=False)
    statuses: dict[int, int]

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile(self, percent: float) -> float:
        """In seconds, by nearest rank."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


class _Connection:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""
        self.sent_at = 0.0


def drive(port: int, requests: Iterator[bytes], connections: int) -> Load:
    """Send every request once over so many connections. Raises ConnectionError when the far side hangs up."""
    statuses: dict[int, int] = {}
    latencies: list[float] = []
    with selectors.DefaultSelector() as selector:
        for _ in range(connections):
            connection = _Connection(port)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        started = time.perf_counter()
        busy = sum(_send_next(key.data, requests) for key in list(selector.get_map().values()))
        while busy:
            for key, _ in selector.select():
                connection = key.data
                status = _receive(connection)
                if not status:
                    continue
                latencies.append(time.perf_counter() - connection.sent_at)
                statuses[status] = statuses.get(status, 0) + 1
                busy -= not _send_next(connection, requests)
        seconds = time.perf_counter() - started
        for key in list(selector.get_map().values()):
            key.data.socket.close()
    return Load(seconds, latencies, statuses)


def _send_next(connection: _Connection, requests: Iterator[bytes]) -> bool:
    request = next(requests, None)
    if request is None:
        return False
    connection.sent_at = time.perf_counter()
    connection.socket.sendall(request)
    return True


def _receive(connection: _Connection) -> int:
    """The status once the answer is complete, else 0."""
    piece = connection.socket.recv(65536)
    if not piece:
        raise ConnectionError("the server closed a connection that was to be kept")
    connection.received += piece
    head, gap, body = connection.received.partition(b"\r\n\r\n")
    if not gap:
        return 0
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
    if len(body) < length:
        return 0
    connection.received = b""
    return int(head.split(b" ", 2)[1])
