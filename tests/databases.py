"""Migrated databases for tests: each one a copy of one that was migrated once a run."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from storage.migrate import upgrade
from tests.postgres import new_postgres_template, postgres_database

KINDS = ("sqlite", "postgresql")


@contextmanager
def migrated_database(kind: str, folder: Path) -> Iterator[str]:
    """The address of a database with every table and no rows."""
    if kind == "sqlite":
        file = folder / "test.db"
        file.write_bytes(_sqlite_file())
        yield f"sqlite:///{file}"
        return
    with postgres_database(_postgres_template()) as url:
        yield url


@cache
def _sqlite_file() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "template.db"
        upgrade(f"sqlite:///{file}")
        return file.read_bytes()


@cache
def _postgres_template() -> str:
    name, url = new_postgres_template()
    upgrade(url)
    return name
