"""The body of the request under way: whole, or not at all."""

from typing import Any

from flask import abort, request
from werkzeug.exceptions import HTTPException

from handlers.php_form import LONGEST_BODY, parse_form

# One byte more than is taken: what comes in chunks is silently cut here, and must be seen to be too long.
READ_AT_MOST = LONGEST_BODY + 1


def posted_body() -> bytes:
    """Ends the request with 413 or 400 when it is too long, broken, or shorter than was announced."""
    try:
        body = request.get_data(cache=False)
    except HTTPException:
        raise
    except Exception:  # each web server has errors of its own for chunks that are none
        abort(400, "the body cannot be read")
    if len(body) > LONGEST_BODY:
        abort(413)
    if request.content_length is not None and len(body) < request.content_length:
        abort(400, "the body broke off")  # werkzeug takes what came before the cut for the whole
    return body


def posted_form() -> dict[str, Any]:
    """The same as a form. Raises FormRefused."""
    return parse_form(posted_body(), request.content_type or "")
