"""Three portals of different habits with the app installed, each beside a service of its own."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.databases import migrated_database
from tests.foreign.bitrix import Bitrix, Manner
from tests.foreign.world import World, world_of
from tests.outside import Outside

AS_DOCUMENTED = Manner()
ODD = Manner(
    member_id="B24-BOX.77",
    rest_path="/company/rest/",
    original_names=False,
    dates_as_moments=True,
    numbers_as_text=True,
    codes_in_capitals=True,
    errors_with_200=True,
    keys_backwards=True,
    with_time=False,
    busy_every=41,
    spaced_scope=True,
)
AMERICAN = Manner(member_id="ABCDEF0123456789ABCDEF0123456789", dates_as_moments=True, keys_backwards=True)


@dataclass
class Habit:
    """A portal's manner, the database beside it, and how it writes the 31st of January 2027."""

    manner: Manner
    database: str
    by_event: bool
    language: str
    dates: str


HABITS = {
    "as documented": Habit(AS_DOCUMENTED, "sqlite", by_event=False, language="ru", dates="%d.%m.%Y"),
    "odd": Habit(ODD, "postgresql", by_event=True, language="ru", dates="%d.%m.%Y 12:00:00 [10800]"),
    "american": Habit(AMERICAN, "sqlite", by_event=False, language="en", dates="%m/%d/%Y"),
}


@pytest.fixture(scope="session")
def outside() -> Iterator[Outside]:
    with Outside() as running:
        running.set_clock(datetime(2026, 10, 1, 9, tzinfo=UTC))
        yield running


@pytest.fixture(scope="session", params=HABITS)
def world(
    request: pytest.FixtureRequest, outside: Outside, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    habit = HABITS[request.param]
    folder: Path = tmp_path_factory.mktemp("foreign")
    with (
        migrated_database(habit.database, folder) as url,
        Bitrix(habit.manner) as bitrix,
        world_of(bitrix, outside, url) as running,
    ):
        running.date_format = habit.dates
        if habit.by_event:
            assert bitrix.install_by_event(running.address)[0] == 200
        else:
            assert bitrix.install_in_frame(running.address, habit.language)[0] == 200
        running.wait_registered()
        running.use_enterprise_rate()
        yield running


@pytest.fixture(scope="module")
def plain_world(outside: Outside, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A portal as documented, for tests that count what happens in it."""
    folder: Path = tmp_path_factory.mktemp("plain")
    with (
        migrated_database("sqlite", folder) as url,
        Bitrix(AS_DOCUMENTED) as bitrix,
        world_of(bitrix, outside, url) as running,
    ):
        assert bitrix.install_in_frame(running.address)[0] == 200
        running.wait_registered()
        running.use_enterprise_rate()
        yield running
