"""The templates of this acquirer's pages."""

from __future__ import annotations

from werkzeug.wrappers import Response

from sandbox.acquirers.templating import templates_beside

_environment = templates_beside(__file__)


def html_page(template: str, **shown: object) -> Response:
    text = _environment.get_template(template).render(**shown)
    return Response(text, content_type="text/html; charset=utf-8")
