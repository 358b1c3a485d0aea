"""JSON in and out of the sandbox's doors."""

from __future__ import annotations

import json

from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Request, Response


def json_answer(body: object, status: int = 200) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status=status, content_type="application/json")


def read_object(request: Request) -> dict[str, object]:
    """The JSON object in a request's body; an empty body is an empty object, anything else is a 400."""
    raw = request.get_data()
    if not raw:
        return {}
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise BadRequest("The body is not JSON") from error
    if not isinstance(body, dict):
        raise BadRequest("The body must be a JSON object")
    return body
