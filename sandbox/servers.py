"""HTTP servers of the sandbox: threaded, connections kept alive, able to cut an answer anywhere."""

from __future__ import annotations

import contextlib
import io
import socket
import ssl
import struct
import threading
import traceback
from collections.abc import Callable
from typing import Any

from werkzeug.exceptions import HTTPException
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

Answer = Callable[[Request], Response]

SECONDS_TO_NOTICE_A_STOP = 0.05


class ConnectionCut(Exception):
    """Raised instead of answering: `sent` goes out as it stands, then the connection ends, politely or with a reset."""

    def __init__(self, sent: bytes = b"", reset: bool = False) -> None:
        super().__init__("the connection is cut on purpose")
        self.sent = sent
        self.reset = reset


class Handler(WSGIRequestHandler):
    """Reads the whole request, writes the whole answer at once and waits for the next request on the connection.

    werkzeug's own handler closes every connection, while clients of a portal keep theirs.
    """

    disable_nagle_algorithm = True
    timeout = 75
    answer: Answer
    open_connections: set[socket.socket]

    def setup(self) -> None:
        super().setup()
        self.open_connections.add(self.connection)

    def finish(self) -> None:
        self.open_connections.discard(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    def run_wsgi(self) -> None:
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        environ = self.make_environ()
        chunked = "wsgi.input_terminated" in environ
        length = -1 if chunked else int(self.headers.get("Content-Length") or 0)
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(length))
        try:
            response = self._respond(Request(environ))
        except ConnectionCut as cut:
            self._cut(cut)
        except (ConnectionError, TimeoutError):
            self.close_connection = True
        else:
            self._write(response, environ)

    def _respond(self, request: Request) -> Response:
        try:
            return self.answer(request)
        except HTTPException as refused:
            return Response(refused.description, status=refused.code or 400)
        except (ConnectionCut, ConnectionError):
            raise
        except Exception:
            traceback.print_exc()
            return Response("The sandbox itself failed; its log says where", status=500)

    def _write(self, response: Response, environ: dict[str, Any]) -> None:
        parts, status, headers = response.get_wsgi_response(environ)
        body = b"".join(parts)
        lines = [f"HTTP/1.1 {status}", f"Date: {self.date_time_string()}"]
        lines += [f"{name}: {value}" for name, value in headers if name.lower() != "content-length"]
        lines += [f"Content-Length: {len(body)}", "", ""]
        self.wfile.write("\r\n".join(lines).encode("latin-1") + body)

    def log(self, type: str, message: str, *args: Any) -> None:
        """Broken and idle connections are part of the play; requests are kept in histories."""

    def _cut(self, cut: ConnectionCut) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            if cut.sent:
                self.wfile.write(cut.sent)
            if cut.reset:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
            else:
                self.connection.shutdown(socket.SHUT_RDWR)


class Server:
    """One listening address; `stop` closes it with its connections, `start` opens it again on the same port."""

    def __init__(self, answer: Answer, host: str, port: int, tls: ssl.SSLContext | None = None) -> None:
        self._answer = answer
        self._tls = tls
        self._running: tuple[BaseWSGIServer, threading.Thread] | None = None
        self._open: set[socket.socket] = set()
        self.host = host
        self.port = port

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self.host}:{self.port}"

    def start(self) -> None:
        if self._running:
            return
        own = {"answer": staticmethod(self._answer), "open_connections": self._open}
        handler = type("ServingHandler", (Handler,), own)
        server = make_server(
            self.host,
            self.port,
            Request.application(self._answer),
            threaded=True,
            request_handler=handler,
            ssl_context=self._tls,
        )
        self.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(SECONDS_TO_NOTICE_A_STOP,), daemon=True)
        thread.start()
        self._running = server, thread

    def stop(self) -> None:
        if not self._running:
            return
        server, thread = self._running
        self._running = None
        server.shutdown()
        server.server_close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        thread.join()
