"""A house with a database for each test; the sandbox as one process for the session, with fresh portals in it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bitrix24.client import PortalClient
from bitrix24.oauth import App
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
