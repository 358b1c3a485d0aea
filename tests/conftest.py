"""Options and fixtures of the whole suite."""

from collections.abc import Iterator

import hypothesis
import pytest
from playwright.sync_api import Browser

from tests.chromium import chromium
from tests.rethrown import nothing_passed_over

# How long one example takes says more of the machine than of us.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full-chaos", action="store_true", help="every round of chaos whole, instead of a short one")


@pytest.fixture(autouse=True)
def rows_with_faults_end_the_test(request: pytest.FixtureRequest) -> Iterator[None]:
    if request.node.get_closest_marker("passes_over"):
        yield
        return
    with nothing_passed_over():
        yield


# Not for longer: while it is there this thread has a running event loop, which other tests need for themselves.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running
