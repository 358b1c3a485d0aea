"""Requests of gateways carried to an acquirer of the sandbox in this thread: no socket, no waiting, the same failures.

`requests` prepares the request and reads the answer as ever; only what lies between is played.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import RemoteDisconnected
from io import BytesIO
from typing import Any
from unittest.mock import patch

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse
from urllib3.exceptions import ProtocolError
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request, Response

from sandbox.servers import Answer, ConnectionCut


@contextmanager
def wired(answer: Callable[[], Answer]) -> Iterator[None]:
    """Until the end of the block every request of this process is answered by what `answer` gives at that moment."""

    def send(adapter: HTTPAdapter, request: requests.PreparedRequest, *_args: Any, **_more: Any) -> requests.Response:
        return adapter.build_response(request, _carried(request, answer()))

    with patch.object(HTTPAdapter, "send", send):
        yield


def _carried(request: requests.PreparedRequest, answer: Answer) -> HTTPResponse:
    try:
        response = answer(_arrived(request))
    except ConnectionCut:
        cut = ProtocolError("Connection aborted.", RemoteDisconnected("Remote end closed connection without response"))
        raise requests.ConnectionError(cut, request=request) from None
    content = response.get_data()
    return HTTPResponse(BytesIO(content), dict(response.headers), response.status_code, preload_content=False)


def _arrived(request: requests.PreparedRequest) -> Request:
    assert request.url is not None
    body: Any = request.body
    content = b"" if body is None else body.read() if hasattr(body, "read") else body
    builder = EnvironBuilder(
        path=request.url, method=request.method or "GET", headers=list(request.headers.items()), data=content
    )
    return builder.get_request()


def not_found(_request: Request) -> Response:
    return Response("Not found", status=404)
