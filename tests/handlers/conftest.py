"""Doors on SQLite, and on each database in turn."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.handlers.doors import Doors, doors_on
from tests.postgres import postgres_database


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[Any]]:
    """What the doors log, as it is before anything is taken out of it."""
    with capture_logs() as entries:
        yield entries


@pytest.fixture
def doors(tmp_path: Path) -> Iterator[Doors]:
    with doors_on(f"sqlite:///{tmp_path}/doors.db") as made:
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def either_doors(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Doors]:
    if request.param == "sqlite":
        with doors_on(f"sqlite:///{tmp_path}/doors.db") as made:
            yield made
        return
    yield from _on_postgresql()


@pytest.fixture
def postgresql_doors() -> Iterator[Doors]:
    yield from _on_postgresql()


def _on_postgresql() -> Iterator[Doors]:
    with postgres_database() as url, doors_on(url) as made:
        yield made
