"""A sandbox with its own clock and an installed service a module of robots' tests; each test brings its own items."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.outside import Outside
from tests.service import RunningService, running_service


@pytest.fixture(scope="module")
def outside() -> Iterator[Outside]:
    with Outside() as running:
        running.set_clock(datetime(2026, 10, 1, 9, tzinfo=UTC))
        yield running


@pytest.fixture(scope="module")
def service(outside: Outside, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    folder: Path = tmp_path_factory.mktemp("service")
    with running_service(outside, f"sqlite:///{folder}/service.db", enterprise=True) as running:
        running.install()
        running.wait_registered()
        running.use_enterprise_rate()
        yield running
