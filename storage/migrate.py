"""Migrations: a database brought up to date, and whether it is; Alembic without a file of settings of its own."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from storage.database import Database, open_database

FOLDER = Path(__file__).parent / "migrations"
LOCK = 7_262_061  # any number, the same in all our processes


def upgrade(database_url: str) -> None:
    """Apply what is missing, in one transaction; of two that start at once the second finds nothing to do."""
    database = open_database(database_url)
    try:
        with database.engine.execution_options(begin="IMMEDIATE").connect() as connection:
            if database.is_sqlite:  # a table is changed by making it anew: its rows must not cascade away meanwhile
                connection.connection.cursor().execute("PRAGMA foreign_keys = OFF")
            with connection.begin():
                if not database.is_sqlite:
                    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
                command.upgrade(_config(connection), "head")
                _refuse_orphans(database, connection)
    finally:
        database.close()


def is_current(database: Database) -> bool:
    """Whether the database has exactly the migrations of this version of the code."""
    with database.engine.connect() as connection:
        return set(MigrationContext.configure(connection).get_current_heads()) == heads()


def write_migration(database_url: str, message: str) -> None:
    """Write the step from the database, which must be current, to `storage/model.py` into the folder of versions."""
    database = open_database(database_url)
    try:
        with database.engine.connect() as connection:
            number = f"{len(list((FOLDER / 'versions').glob('*.py'))) + 1:04}"
            command.revision(_config(connection), message, autogenerate=True, rev_id=number)
    finally:
        database.close()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    return config


@cache
def heads() -> frozenset[str]:
    """The last migration of this version of the code; more than one after a merge that forgot to join them."""
    return frozenset(ScriptDirectory(str(FOLDER)).get_heads())


def _refuse_orphans(database: Database, connection: Connection) -> None:
    if database.is_sqlite and (orphans := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()):
        raise RuntimeError(f"the migration would leave {len(orphans)} rows that refer to nothing: it was undone")
