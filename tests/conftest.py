"""Options of the whole suite."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full-chaos", action="store_true", help="500 calls under kill -9 instead of a short round")
