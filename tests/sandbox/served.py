"""Serve one part of the sandbox over real HTTP for the length of a test."""

from collections.abc import Iterator
from contextlib import contextmanager

from sandbox.servers import Answer, Server


@contextmanager
def served(answer: Answer) -> Iterator[str]:
    """Serve a function from request to response; gives the address without a final slash."""
    server = Server(answer, "127.0.0.1", 0)
    server.start()
    try:
        yield server.url
    finally:
        server.stop()
