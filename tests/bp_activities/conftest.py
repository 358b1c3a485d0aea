"""A road of calls on each of the two databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.database import open_database
from tests.bp_activities.road import Road
from tests.databases import KINDS, migrated_database


@pytest.fixture(params=KINDS)
def road(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Road]:
    with migrated_database(request.param, tmp_path) as url:
        database = open_database(url)
        yield Road(database)
        database.close()
