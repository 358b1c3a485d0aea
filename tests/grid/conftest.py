import gc
from collections.abc import Iterator

import pytest

from tests.grid.memory import Memory


@pytest.fixture(scope="session")
def memory() -> Memory:
    return Memory()


@pytest.fixture(scope="package", autouse=True)
def rarely_swept() -> Iterator[None]:
    """Thousands of short lives in one process: the garbage of each is small, looking for it over and over is not."""
    known = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
    yield
    gc.set_threshold(*known)
    gc.unfreeze()


@pytest.fixture
def whole(request: pytest.FixtureRequest) -> bool:
    """Whether the process is killed at each pass of each step, or at a share of the steps."""
    return bool(request.config.getoption("--full-chaos"))
