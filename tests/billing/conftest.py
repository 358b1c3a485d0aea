from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.database import open_database
from tests.billing.world import World
from tests.postgres import postgres_database


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A world on SQLite."""
    yield from _world(f"sqlite:///{tmp_path}/money.db")


@pytest.fixture(params=["sqlite", "postgresql"])
def either_world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A world on each database in turn."""
    if request.param == "sqlite":
        yield from _world(f"sqlite:///{tmp_path}/money.db")
        return
    with postgres_database() as url:
        yield from _world(url)


def _world(url: str) -> Iterator[World]:
    world = World(open_database(url))
    yield world
    world.database.close()
