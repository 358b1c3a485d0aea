"""Pages of acquirers: each has templates of its own beside its code, and all share the frame."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

SHARED = Path(__file__).parent / "templates"


def templates_beside(module: str) -> Environment:
    """`module` is the file of the acquirer's pages."""
    return Environment(
        loader=FileSystemLoader([Path(module).parent / "templates", SHARED]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
