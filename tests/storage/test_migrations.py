"""Migrations bring an empty database to exactly the model, on both databases, once however often they are started."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from storage.database import open_database
from storage.migrate import is_current, upgrade
from storage.model import Base
from tests.factories import make_call, make_portal
from tests.postgres import postgres_database


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/deep/er/x.db"
    else:
        with postgres_database() as address:
            yield address


def differences(url: str) -> list[Any]:
    database = open_database(url)
    with database.engine.connect() as connection:
        found: list[Any] = compare_metadata(MigrationContext.configure(connection), Base.metadata)
    database.close()
    return found


def current(url: str) -> bool:
    database = open_database(url)
    answer = is_current(database)
    database.close()
    return answer


def test_an_empty_database_becomes_the_model(url: str) -> None:
    assert current(url) is False
    upgrade(url)
    assert current(url) is True
    assert differences(url) == [], "the model has moved on: python -m storage 'what has changed'"


def test_the_migrated_tables_keep_the_models_guards(url: str) -> None:
    upgrade(url)
    database = open_database(url)
    seen = inspect(database.engine)
    for table in Base.metadata.sorted_tables:
        named = {str(c.name) for c in table.constraints if type(c).__name__ == "CheckConstraint"}
        assert named <= {str(check["name"]) for check in seen.get_check_constraints(table.name)}, table.name
    database.close()


def test_a_second_upgrade_finds_nothing_to_do_and_rows_stay(url: str) -> None:
    upgrade(url)
    database = open_database(url)
    with database.write() as session:
        make_call(session, make_portal(session).id)
    upgrade(url)
    with database.read() as session:
        assert session.scalar(text("SELECT count(*) FROM calls")) == 1
    database.close()


def test_upgrades_started_at_the_same_moment_do_not_hurt_each_other(url: str) -> None:
    open_database(url).close()
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(upgrade, [url] * 3))
    assert current(url) is True


def test_a_database_of_another_version_is_not_current(url: str) -> None:
    upgrade(url)
    database = open_database(url)
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = 'of_tomorrow'"))
    assert is_current(database) is False
    database.close()
