"""A house with a database for each test, portals that answer as scripted, and fresh portals of one sandbox process."""

from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import responses

from bitrix24.client import PortalClient
from bitrix24.oauth import App
from tests.bitrix24.scripted import Scripted, scripted_portal
from tests.bitrix24.wiring import House
from tests.outside import Outside, Portal
from tests.postgres import postgres_database


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house on SQLite."""
    made = House(f"sqlite:///{tmp_path}/house.db")
    yield made
    made.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def either_house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """A house on each database in turn."""
    if request.param == "sqlite":
        made = House(f"sqlite:///{tmp_path}/house.db")
        yield made
        made.close()
        return
    with postgres_database() as url:
        made = House(url)
        yield made
        made.close()


@pytest.fixture(scope="session")
def outside() -> Iterator[Outside]:
    with Outside() as running:
        yield running


@dataclass
class Site:
    """A portal of the sandbox with our app in it, and our side of it."""

    house: House
    outside: Outside
    portal: Portal
    portal_id: int

    @property
    def client(self) -> PortalClient:
        return self.house.opened[0].open(self.portal_id)


@pytest.fixture
def site(house: House, outside: Outside) -> Site:
    return _site(house, outside)


@pytest.fixture
def either_site(either_house: House, outside: Outside) -> Site:
    return _site(either_house, outside)


def _site(house: House, outside: Outside) -> Site:
    portal = outside.create_portal()
    app = outside.register_app("http://127.0.0.1:9", with_pages=False)
    portal.install(app)
    house.app, house.local = App(app["client_id"], app["client_secret"], outside.oauth_url), True
    pair = portal.tokens()
    kept = house.pair(pair["access_token"], pair["refresh_token"])
    portal_id = house.add_portal(kept, member_id=portal.member_id, endpoint=portal.client_endpoint)
    house.portals()
    return Site(house, outside, portal, portal_id)


class World:
    """One portal that answers as scripted, and our client of it."""

    def __init__(self, house: House, portal: Scripted, mock: responses.RequestsMock) -> None:
        self.house = house
        self.portal = portal
        self.mock = mock
        self.portal_id = house.add_portal(house.pair(), rate=1000, burst=1000)
        self.client = self.open()

    def open(self, **more: object) -> PortalClient:
        """A client whose pauses after a failure have no length."""
        return self.house.portals(**({"random": lambda: 0.0} | more)).open(self.portal_id)

    def together(self, *commands: tuple[str, dict[str, Any]], **more: Any) -> list[Future[Any]]:
        """Submit while another request is under way, so that these wait together."""
        self.portal.gate.clear()
        first = self.client.submit("first", **more)
        assert self.portal.arrived.acquire(timeout=5)
        futures = [self.client.submit(method, params, **more) for method, params in commands]
        self.portal.gate.set()
        first.exception(10)
        return futures


@pytest.fixture
def world(house: House) -> Iterator[World]:
    with scripted_portal() as (portal, mock):
        yield World(house, portal, mock)
        portal.gate.set()
        house.close()


def errors(futures: list[Future[Any]]) -> list[BaseException | None]:
    return [future.exception(10) for future in futures]
