"""How Alembic meets the database: over the connection it is handed, against the one page of the model."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from storage.model import Base, Moment


def render(kind: str, thing: Any, _context: AutogenContext) -> str | Literal[False]:
    """A migration keeps working when the model's own column types are gone: it names SQLAlchemy's."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(thing, Moment) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    render_item=render,
)
context.run_migrations()
