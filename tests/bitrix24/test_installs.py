"""Two installations of one portal at the same moment, and which language and order of dates an installation brings."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from bitrix24.installs import Grant, install, uninstall
from bitrix24.proof import Proved
from storage.model import News, Portal, PortalToken
from tests.bitrix24.wiring import ENDPOINT, MEMBER, House
from tests.factories import make_portal


def grant(language: str = "ru", *, portals: bool = False, number: int = 1) -> Grant:
    return Grant(f"access-{number}", f"refresh-{number}", 3600, "application-token", language, portals)


def put_in(house: House, given: Grant) -> int:
    proved = Proved(MEMBER, ENDPOINT, user_id=1)
    return install(house.another_database(), house.vault, house.app.client_id, proved, given, house.now())


def test_the_page_and_the_event_of_one_installation_at_the_same_moment_make_one_portal(either_house: House) -> None:
    made: list[int] = []
    with either_house.database.write() as first:
        make_portal(first, client_id=either_house.app.client_id, member_id=MEMBER)
        second = threading.Thread(target=lambda: made.append(put_in(either_house, grant())))
        second.start()
        second.join(0.5)  # by now it waits for us, on either database
        assert second.is_alive()
    second.join(20)
    with either_house.database.read() as session:
        assert session.scalars(select(Portal.id)).all() == made
        assert session.scalars(select(PortalToken.user_id)).all() == [1]


@pytest.mark.parametrize(
    ("installed_by", "then", "language", "order"),
    [
        (grant("en"), grant("ru", portals=True), "ru", "dmy"),  # an admin who reads English, in a Russian portal
        (grant("ru"), grant("en"), "ru", "dmy"),  # another admin opens the page
        (grant("ru"), grant("", portals=True), "ru", "dmy"),
        (grant("en"), grant("en", portals=True), "en", "mdy"),
        (grant("de"), grant("de", portals=True), "de", "dmy"),
    ],
)
def test_the_portals_own_language_counts_more_than_a_readers(
    house: House, installed_by: Grant, then: Grant, language: str, order: str
) -> None:
    put_in(house, installed_by)
    row = house.row(put_in(house, then))
    assert (row.language, row.date_order) == (language, order)


def test_after_a_removal_everything_is_learned_anew(house: House) -> None:
    portal_id = put_in(house, grant("ru"))
    uninstall(house.database, portal_id, house.now() + timedelta(days=1))
    assert put_in(house, grant("en")) == portal_id
    row = house.row(portal_id)
    assert (row.state, row.language, row.date_order) == ("active", "en", "mdy")


@pytest.mark.parametrize("state", ["uninstalled", "needs_reauthorisation"])
def test_news_of_before_a_removal_move_nothing_after_it_and_those_of_a_trouble_are_told(
    house: House, state: str
) -> None:
    portal_id = put_in(house, grant("ru"))
    with house.database.write() as session:
        news = News(
            portal_id=portal_id, document="D_5", what="debt_cleared", due_at=house.now(), created_at=house.now()
        )
        session.add(news)
        session.get_one(Portal, portal_id).state = state
    put_in(house, grant("ru"))
    with house.database.read() as session:
        assert (session.scalars(select(News.due_at)).one() is None) == (state == "uninstalled")


def test_a_pair_that_cannot_be_renewed_replaces_none_that_can(house: House) -> None:
    portal_id = put_in(house, grant(number=1))
    put_in(house, Grant("access-2", "", 3600, "application-token", "ru"))
    assert refresh_token(house, portal_id) == "refresh-1"
    put_in(house, grant(number=3))
    assert refresh_token(house, portal_id) == "refresh-3"


def test_a_first_pair_is_kept_even_if_it_cannot_be_renewed(house: House) -> None:
    portal_id = put_in(house, Grant("access-1", "", 3600, "application-token", "ru"))
    assert refresh_token(house, portal_id) == ""


def refresh_token(house: House, portal_id: int) -> str:
    row = house.token_row(portal_id)
    assert row is not None
    return house.vault.open(portal_id, "refresh_token", row.refresh_token)
