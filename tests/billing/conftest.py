from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.billing.world import World, sqlite_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = sqlite_world(tmp_path)
    yield world
    world.database.close()
