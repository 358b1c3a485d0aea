"""The templates of this acquirer's pages."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from werkzeug.wrappers import Response

_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def html_page(template: str, **shown: object) -> Response:
    text = _environment.get_template(template).render(**shown)
    return Response(text, content_type="text/html; charset=utf-8")
