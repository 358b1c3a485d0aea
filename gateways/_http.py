"""HTTP to acquirers, the one place of this room that speaks it: a failure comes out as "not sent" or "unknown"."""

import ipaddress
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError
from urllib3.util.ssl_ import create_urllib3_context

from gateways._errors import Misconfigured, NotSent, OutcomeUnknown

CONNECT_SECONDS = 10
REQUEST_SECONDS = 30  # from the first byte sent to the last byte read
LONGEST_ANSWER = 1024 * 1024
JSON = MappingProxyType({"Content-Type": "application/json; charset=utf-8"})
FORM = MappingProxyType({"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"})
XML = MappingProxyType({"Content-Type": "text/xml; charset=utf-8"})
NOT_STORED = re.compile(r"[\x00\ud800-\udfff]")
NO_HEADERS: Mapping[str, str] = MappingProxyType({})


Auth = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer below 500 that is no redirect and no 429."""

    request: str
    status: int
    content: bytes

    @property
    def data(self) -> Any:
        """The body as JSON, numbers with a fraction as Decimal. Raises OutcomeUnknown when it is none.

        Texts are such as a database keeps: halves of characters and NUL are replaced.
        """
        try:
            return _storable(json.loads(self.content, parse_float=Decimal))
        except (ValueError, ArithmeticError, RecursionError):
            text = f"{self.request}: answered {self.status} with something that is no JSON"
            raise OutcomeUnknown(text) from None


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


class _MoreRoots(HTTPAdapter):
    """Trusts a file of further authorities; requests adds the usual ones to the same context."""

    def __init__(self, roots: Path) -> None:
        self._roots = roots
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        context = create_urllib3_context()
        context.load_verify_locations(cafile=str(self._roots))
        super().init_poolmanager(*args, **kwargs, ssl_context=context)


class Http:
    """Requests to one acquirer: TLS verified, no redirects, 30 s in all, nothing taken from the environment.

    `elapsed` is a clock of seconds that never jumps. `roots` is a PEM file of authorities trusted besides the usual
    ones. `fixed`: the address came from the settings and stands for every address of this acquirer.
    """

    def __init__(
        self, address: str, elapsed: Callable[[], float], *, fixed: bool = False, roots: Path | None = None
    ) -> None:
        parts = urlsplit(address)
        if parts.scheme != "https" and not (parts.scheme == "http" and _on_loopback(parts.hostname or "")):
            raise Misconfigured(f"an acquirer's address must be https unless it is on the loopback: {address}")
        self.address = address if address.endswith("/") else address + "/"
        self._elapsed = elapsed
        self._fixed = fixed
        self._roots = roots

    def at(self, address: str) -> "Http":
        """The same at another address of the acquirer: a flavour, a test stand. Raises Misconfigured."""
        return self if self._fixed else Http(address, self._elapsed, roots=self._roots)

    def fresh_key(self) -> str:
        """For an acquirer that tells requests apart by a key, one that no request of the last days has borne."""
        return f"{self._elapsed():.9f}"

    def get(
        self, path: str, params: Mapping[str, str], *, auth: Auth | None = None, headers: Mapping[str, str] = NO_HEADERS
    ) -> Reply:
        return self._ask("GET", path, _Body(b""), headers, auth=auth, params=params)

    def post(
        self,
        path: str,
        data: Mapping[str, object],
        *,
        auth: Auth | None = None,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> Reply:
        return self._ask("POST", path, _Body(json_text(data).encode()), {**JSON, **headers}, auth=auth)

    def put(
        self,
        path: str,
        data: Mapping[str, object],
        *,
        auth: Auth | None = None,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> Reply:
        return self._ask("PUT", path, _Body(json_text(data).encode()), {**JSON, **headers}, auth=auth)

    def delete(self, path: str, data: Mapping[str, object], *, headers: Mapping[str, str] = NO_HEADERS) -> Reply:
        return self._ask("DELETE", path, _Body(json_text(data).encode()), {**JSON, **headers})

    def post_form(self, path: str, fields: Mapping[str, str]) -> Reply:
        return self._ask("POST", path, _Body(urlencode(fields).encode()), FORM)

    def post_xml(self, path: str, document: str) -> Reply:
        return self._ask("POST", path, _Body(document.encode()), XML)

    def _ask(
        self,
        method: str,
        path: str,
        body: _Body,
        headers: Mapping[str, str],
        *,
        auth: Auth | None = None,
        params: Mapping[str, str] = NO_HEADERS,
    ) -> Reply:
        """Raises NotSent, OutcomeUnknown. Their texts name method and address: headers and bodies hold secrets."""
        url = self.address + path
        request = f"{method} {url}"
        give_up_at = self._elapsed() + REQUEST_SECONDS
        with requests.Session() as session:
            session.trust_env = False
            session.headers["Accept-Encoding"] = "identity"
            if auth:
                session.auth = HTTPBasicAuth(auth[0].encode(), auth[1].encode())
            if self._roots:
                session.mount("https://", _MoreRoots(self._roots))
            try:
                with session.request(
                    method,
                    url,
                    params=params,
                    data=None if method == "GET" else body,
                    headers=dict(headers),
                    timeout=(CONNECT_SECONDS, REQUEST_SECONDS),
                    allow_redirects=False,
                    stream=True,
                ) as response:
                    content = self._read(response, request, give_up_at)
            except (requests.RequestException, HTTPError) as error:
                if _before_the_request(error, body):
                    raise NotSent(f"{request}: no connection ({_root_name(error)}); nothing was sent") from None
                raise OutcomeUnknown(f"{request}: the answer did not arrive ({_root_name(error)})") from None
        if response.status_code == 429:
            raise NotSent(f"{request}: answered 429, too many requests; nothing was done")
        if response.status_code >= 500 or 300 <= response.status_code < 400:
            raise OutcomeUnknown(f"{request}: answered {response.status_code}")
        return Reply(request, response.status_code, content)

    def _read(self, response: requests.Response, request: str, give_up_at: float) -> bytes:
        content = b""
        while piece := response.raw.read1(LONGEST_ANSWER):  # what has arrived: an answer in drops cannot hold us
            content += piece
            if len(content) > LONGEST_ANSWER:
                raise OutcomeUnknown(f"{request}: the answer is longer than {LONGEST_ANSWER} bytes")
            if self._elapsed() > give_up_at:
                raise OutcomeUnknown(f"{request}: the answer did not end within {REQUEST_SECONDS} s")
        return content


def json_text(value: object) -> str:
    """JSON in which a Decimal is a number of exactly its digits; numbers in roubles go out so."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(name)}: {json_text(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(json_text(one) for one in value) + "]"
    return json.dumps(value)


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return NOT_STORED.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_storable(name): _storable(one) for name, one in value.items()}
    return [_storable(one) for one in value] if isinstance(value, list) else value


def _on_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _before_the_request(error: Exception, body: _Body) -> bool:
    """Refused, not resolved, not reached, or TLS not agreed: the connection was never there to send through.

    Most of these errors may also come in the middle of an answer: there the body tells, where there is one.
    """
    broken_tls = isinstance(error, requests.exceptions.SSLError)
    if not body.travelled and (broken_tls or len(body)):
        return True
    if broken_tls:
        return False
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
