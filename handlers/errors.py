"""What a sender reads when it is refused or something broke: a reason or a reference, never a traceback.

A program reads the reason as it is; a client at a page of payment reads a page in their own words.
"""

import itertools
import os
from collections.abc import Callable
from datetime import datetime

import structlog
from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, SecurityError

from handlers.guards import NotProven
from handlers.inbox import NotStored
from handlers.pay_refused import is_for_clients, pay_refused
from handlers.php_form import LONGEST_BODY, FormRefused

LONGEST_READ_AWAY = 16 * LONGEST_BODY

log = structlog.get_logger(__name__)


def attach_error_handlers(app: Flask, now: Callable[[], datetime]) -> None:
    counter = itertools.count(1)

    def reference() -> str:
        return f"{now():%y%m%dT%H%M%S}p{os.getpid()}n{next(counter)}"

    def refuse(status: int, reason: str) -> Response:
        """The route's rule is logged, not the address: an address may carry a signed token."""
        if status == 413:
            _read_away()
        named = reference()
        door = request.url_rule.rule if request.url_rule else "no such door"
        log.warning("door.refused", door=door, method=request.method, status=status, reason=reason, reference=named)
        return _answer(status, reason, named)

    @app.errorhandler(FormRefused)
    def _form_refused(error: FormRefused) -> Response:
        return refuse(error.status, error.reason)

    @app.errorhandler(NotProven)
    def _not_proven(error: NotProven) -> Response:
        return refuse(403, error.reason)

    @app.errorhandler(NotStored)
    def _not_stored(error: NotStored) -> Response:
        response = refuse(503, str(error))
        response.headers["Retry-After"] = "5"
        return response

    @app.errorhandler(RequestEntityTooLarge)
    def _too_long(_error: RequestEntityTooLarge) -> Response:
        return refuse(413, f"the body is longer than {LONGEST_BODY} bytes")

    @app.errorhandler(SecurityError)
    def _other_host(_error: SecurityError) -> Response:
        return refuse(400, "the Host header is not that of PUBLIC_URL: a proxy must pass it on as it came")

    @app.errorhandler(HTTPException)
    def _http_error(error: HTTPException) -> Response:
        response = refuse(error.code or 500, error.description or error.name)
        for name, value in error.get_headers():
            if name in ("Allow", "Retry-After"):
                response.headers[name] = value
        return response

    @app.errorhandler(Exception)
    def _broken(_error: Exception) -> Response:
        named = reference()
        log.exception("door.broken", door=request.url_rule.rule if request.url_rule else "", reference=named)
        return _answer(500, "something went wrong here; tell the operator the reference", named)


def _read_away() -> None:
    """A sender that is still sending would never read why it was refused; beyond a few lengths we hang up on it."""
    left = LONGEST_READ_AWAY
    if not request.environ.get("wsgi.input_terminated"):
        left = min(left, request.content_length or 0)
    while left > 0 and (piece := request.environ["wsgi.input"].read(min(left, 64 * 1024))):
        left -= len(piece)


def _answer(status: int, reason: str, reference: str) -> Response:
    # under a foreign Host no address of ours can be made, and whoever asks so is no client
    if is_for_clients() and not isinstance(request.routing_exception, SecurityError):
        return pay_refused(status, reference)
    if request.accept_mimetypes.best_match(("text/plain", "application/json")) == "application/json":
        response = jsonify(error=reason, reference=reference)
    else:
        response = Response(f"{reason}\nreference: {reference}\n", mimetype="text/plain")
    response.status_code = status
    return response
