"""A sandbox for the run, and for each test a service in no portal yet."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.installs.wire import Trap
from tests.outside import Outside
from tests.service import RunningService, running_service


@pytest.fixture(scope="session")
def outside() -> Iterator[Outside]:
    with Outside() as running:
        running.set_clock(datetime(2026, 10, 1, 9, tzinfo=UTC))
        yield running


@pytest.fixture
def service(outside: Outside, tmp_path: Path) -> Iterator[RunningService]:
    outside.delete("/oauth/faults")
    with running_service(outside, f"sqlite:///{tmp_path}/service.db", enterprise=True) as running:
        yield running


@pytest.fixture
def installed(service: RunningService) -> RunningService:
    service.install()
    service.wait_registered()
    return service


@pytest.fixture
def trap() -> Iterator[Trap]:
    with Trap() as set_up:
        yield set_up
