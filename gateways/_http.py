"""HTTP to acquirers, the one place of this room that speaks it: a failure comes out as "not sent" or "unknown"."""

import ipaddress
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.auth import HTTPBasicAuth
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from gateways._errors import Misconfigured, NotSent, OutcomeUnknown

CONNECT_SECONDS = 10
REQUEST_SECONDS = 30  # from the first byte sent to the last byte read
LONGEST_ANSWER = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer below 500 whose body is JSON; numbers with a fraction are Decimal."""

    status: int
    data: Any


class _Body:
    """A request body that remembers whether it began to travel: until then the far side cannot have acted."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._position = 0
        self.travelled = False

    def __len__(self) -> int:
        return len(self._content)

    def __iter__(self) -> Iterator[bytes]:  # by this requests knows a body that is read piece by piece
        while piece := self.read(len(self)):
            yield piece

    def read(self, size: int = -1) -> bytes:
        self.travelled = True
        end = len(self) if size < 0 else self._position + size
        piece = self._content[self._position : end]
        self._position += len(piece)
        return piece


class Http:
    """Requests to one acquirer: TLS verified, no redirects, 30 s in all, nothing taken from the environment."""

    def __init__(self, address: str, elapsed: Callable[[], float]) -> None:
        parts = urlsplit(address)
        if parts.scheme != "https" and not (parts.scheme == "http" and _on_loopback(parts.hostname or "")):
            raise Misconfigured(f"an acquirer's address must be https unless it is on the loopback: {address}")
        self.address = address if address.endswith("/") else address + "/"
        self._elapsed = elapsed

    def get(self, path: str, params: Mapping[str, str], auth: tuple[str, str]) -> Reply:
        return self._ask("GET", path, auth, params=params, body=_Body(b""))

    def post(self, path: str, data: Mapping[str, object], auth: tuple[str, str]) -> Reply:
        return self._ask("POST", path, auth, params={}, body=_Body(json.dumps(data).encode()))

    def _ask(self, method: str, path: str, auth: tuple[str, str], *, params: Mapping[str, str], body: _Body) -> Reply:
        """Raises NotSent, OutcomeUnknown. Their texts name method and address: headers and bodies hold secrets."""
        url = self.address + path
        request = f"{method} {url}"
        give_up_at = self._elapsed() + REQUEST_SECONDS
        with requests.Session() as session:
            session.trust_env = False
            session.auth = HTTPBasicAuth(auth[0].encode(), auth[1].encode())
            session.headers["Accept-Encoding"] = "identity"
            try:
                with session.request(
                    method,
                    url,
                    params=params,
                    data=body if method == "POST" else None,
                    headers={"Content-Type": "application/json; charset=utf-8"} if method == "POST" else None,
                    timeout=(CONNECT_SECONDS, REQUEST_SECONDS),
                    allow_redirects=False,
                    stream=True,
                ) as response:
                    content = self._read(response, request, give_up_at)
            except (requests.RequestException, HTTPError) as error:
                if _before_the_request(error, body):
                    raise NotSent(f"{request}: no connection ({_root_name(error)}); nothing was sent") from None
                raise OutcomeUnknown(f"{request}: the answer did not arrive ({_root_name(error)})") from None
        if response.status_code >= 500 or 300 <= response.status_code < 400:
            raise OutcomeUnknown(f"{request}: answered {response.status_code}")
        try:
            data = json.loads(content, parse_float=Decimal)
        except ValueError:
            raise OutcomeUnknown(f"{request}: answered {response.status_code} with something that is no JSON") from None
        return Reply(response.status_code, data)

    def _read(self, response: requests.Response, request: str, give_up_at: float) -> bytes:
        content = b""
        while piece := response.raw.read1(LONGEST_ANSWER):  # what has arrived: an answer in drops cannot hold us
            content += piece
            if len(content) > LONGEST_ANSWER:
                raise OutcomeUnknown(f"{request}: the answer is longer than {LONGEST_ANSWER} bytes")
            if self._elapsed() > give_up_at:
                raise OutcomeUnknown(f"{request}: the answer did not end within {REQUEST_SECONDS} s")
        return content


def _on_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _before_the_request(error: Exception, body: _Body) -> bool:
    """Refused, not resolved, not reached, or TLS not agreed: the connection was never there to send through.

    TLS may also fail in the middle of an answer, with the same error: there the body tells.
    """
    if isinstance(error, requests.exceptions.SSLError):
        return not body.travelled
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return True
    return any(isinstance(cause, NewConnectionError | ConnectTimeoutError) for cause in _causes(error))


def _root_name(error: BaseException) -> str:
    *_, last = _causes(error)
    return type(last).__name__


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it wraps; requests and urllib3 keep it in `args` and `reason`, not in `__cause__`."""
    seen: list[BaseException] = []
    current: object = error
    while isinstance(current, BaseException) and current not in seen:
        seen.append(current)
        yield current
        inner = [part for part in current.args if isinstance(part, BaseException)]
        current = getattr(current, "reason", None) or (inner[0] if inner else None)
