"""HTTP to portals and the OAuth host, the one place of this room that speaks it."""

import ipaddress
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from bitrix24.errors import AnswerLost, TryLater, unavailable

CONNECT_SECONDS = 10
READ_SECONDS = 70  # a portal ends a request after 60
WHOLE_SECONDS = 90  # an answer that comes in drops ends here
LONGEST_ANSWER = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Reply:
    """`data` is the JSON object of the body, empty for a redirect; numbers with a fraction are Decimal."""

    status: int
    data: dict[str, Any]
    location: str = ""


class Connection:
    """One kept-alive session, for one thread at a time: TLS verified, no redirects, nothing from the environment."""

    def __init__(self, user_agent: str, elapsed: Callable[[], float], *, local: bool) -> None:
        self._elapsed = elapsed
        self._local = local
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers.update({"User-Agent": user_agent, "Accept": "application/json"})
        if not local:
            self._session.mount("https://", _PublicAdapter())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._session.close()

    def get(self, method: str, url: str, params: Mapping[str, str]) -> Reply:
        return self._ask(method, "GET", url, params, _Body(b""))

    def post(self, method: str, url: str, data: Mapping[str, Any]) -> Reply:
        """POST `data` as JSON. `method` is only the name that errors carry."""
        return self._ask(
            method, "POST", url, {}, _Body(json.dumps(data, ensure_ascii=False).encode("utf-8", "replace"))
        )

    def _ask(self, method: str, verb: str, url: str, params: Mapping[str, str], body: "_Body") -> Reply:
        """Raises TryLater when nothing was sent, AnswerLost when the answer is missing, cut, or no JSON object.

        The errors are raised with nothing behind them: what requests raises holds the address with its secrets.
        """
        host = self._allowed_host(method, url)
        started = self._elapsed()
        try:
            with self._session.request(
                verb,
                url,
                params=params,
                data=body if verb == "POST" else None,
                headers={"Content-Type": "application/json"} if verb == "POST" else None,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
                stream=True,
            ) as response:
                content, trouble = self._read(response, started)
                status, location = response.status_code, response.headers.get("Location", "")
        except (requests.RequestException, HTTPError) as error:
            content, status, location, trouble = b"", 0, "", _root_name(error)
            forbidden = any(isinstance(cause, _AddressForbidden) for cause in _causes(error))
            nothing_sent = not body.travelled and not isinstance(error, requests.exceptions.ReadTimeout)
        if not trouble:
            return _reply(method, host, status, content, location)
        if status:
            raise AnswerLost(method, f"the answer of {host} is incomplete: {trouble}", status=status)
        if forbidden:
            raise unavailable(method, f"{host} is an address inside a private network: we do not connect to those")
        if nothing_sent:
            raise TryLater(method, f"no connection to {host} ({trouble})")
        raise AnswerLost(method, f"{host} did not answer ({trouble})")

    def _allowed_host(self, method: str, url: str) -> str:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme == "https" or (parts.scheme == "http" and self._local and _on_loopback(host)):
            return host
        raise unavailable(method, f"the address of {host or 'the portal'} is not https: install the app again")

    def _read(self, response: requests.Response, started: float) -> tuple[bytes, str]:
        """What arrived, and why it is not whole; in pieces as they come, so that a drip cannot hold us."""
        pieces: list[bytes] = []
        length = 0
        try:
            while piece := response.raw.read1(LONGEST_ANSWER, decode_content=True):
                pieces.append(piece)
                length += len(piece)
                if length > LONGEST_ANSWER:
                    return b"", f"longer than {LONGEST_ANSWER} bytes"
                if self._elapsed() - started > WHOLE_SECONDS:
                    return b"", f"not whole after {WHOLE_SECONDS} s"
        except (HTTPError, OSError) as error:
            return b"", _root_name(error)
        return b"".join(pieces), ""


class Transport:
    """Opens connections; `local` allows plain http to the loopback, where everything outside is on this machine."""

    def __init__(self, user_agent: str, elapsed: Callable[[], float], *, local: bool) -> None:
        self._user_agent = user_agent
        self._elapsed = elapsed
        self._local = local

    def connect(self) -> Connection:
        return Connection(self._user_agent, self._elapsed, local=self._local)


class _Body:
    """A request's body that knows whether it began to travel: until then the far side cannot have acted."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._sent = 0
        self.travelled = False

    def __len__(self) -> int:
        return len(self._content)

    def __iter__(self) -> Iterator[bytes]:  # by this requests knows that the body is read piece by piece
        while piece := self.read():
            yield piece

    def read(self, size: int = -1) -> bytes:
        self.travelled = True
        piece = self._content[self._sent :] if size < 0 else self._content[self._sent : self._sent + size]
        self._sent += len(piece)
        return piece


def _on_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _reply(method: str, host: str, status: int, content: bytes, location: str) -> Reply:
    if 300 <= status < 400:
        return Reply(status, {}, location)
    try:
        data = json.loads(content, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError):
        data = None
    if not isinstance(data, dict):
        what = "a page" if content.lstrip()[:1] == b"<" else "something that is no JSON object"
        raise AnswerLost(method, f"{host} answered with {what}", status=status)
    return Reply(status, data)


class _AddressForbidden(HTTPError):
    pass


class _PublicConnection(HTTPSConnection):
    """A connection that ends before the first byte of a request when the name led into a private network."""

    def connect(self) -> None:
        super().connect()
        peer = ipaddress.ip_address(self.sock.getpeername()[0])
        if not (getattr(peer, "ipv4_mapped", None) or peer).is_global:
            self.close()
            raise _AddressForbidden("the name resolves into a private network")


class _PublicPool(HTTPSConnectionPool):
    ConnectionCls = _PublicConnection


class _PublicAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": HTTPConnectionPool, "https": _PublicPool}


def _root_name(error: BaseException) -> str:
    *_, last = _causes(error)
    return type(last).__name__


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it wraps; requests and urllib3 keep that in `args` and `reason`."""
    seen: list[BaseException] = []
    current: object = error
    while isinstance(current, BaseException) and current not in seen:
        seen.append(current)
        yield current
        inner = [part for part in current.args if isinstance(part, BaseException)]
        current = getattr(current, "reason", None) or (inner[0] if inner else None)
