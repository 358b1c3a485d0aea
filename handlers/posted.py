"""The form in the body of the request under way."""

from typing import Any

from flask import request

from handlers.php_form import parse_form


def posted_form() -> dict[str, Any]:
    """Raises FormRefused, and what werkzeug raises for a body that is too long or breaks off: 413, 400."""
    return parse_form(request.get_data(cache=False), request.content_type or "")
