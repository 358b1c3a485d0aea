"""A house with a database for each test; the sandbox as one process for the session, with fresh portals in it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bitrix24.client import PortalClient
from bitrix24.oauth import App
from tests.bitrix24.wiring import House
from tests.outside import Outside, Portal


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "house.db")
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
def site(tmp_path: Path, outside: Outside) -> Iterator[Site]:
    portal = outside.create_portal()
    app = outside.register_app("http://127.0.0.1:9", with_pages=False)
    portal.install(app)
    house = House(tmp_path / "house.db", App(app["client_id"], app["client_secret"], outside.oauth_url), local=True)
    pair = portal.tokens()
    kept = house.pair(pair["access_token"], pair["refresh_token"])
    portal_id = house.add_portal(kept, member_id=portal.member_id, endpoint=portal.client_endpoint)
    house.portals()
    yield Site(house, outside, portal, portal_id)
    house.close()
