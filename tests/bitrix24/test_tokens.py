"""A pair of tokens is renewed once however many wait, stored before use, and never asked for in vain."""

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses
from requests import PreparedRequest
from sqlalchemy import delete, update

from bitrix24.errors import PortalUnavailable, RestError, TryLater
from bitrix24.oauth import OAuthHost
from bitrix24.tokens import Pair, Tokens, store_pair
from bitrix24.transport import Transport
from storage.model import Portal, PortalToken
from storage.vault import Vault
from tests.bitrix24.wiring import OAUTH, House, Steps

RENEW = f"{OAUTH}/oauth/token/"
Answer = tuple[int, dict[str, str], str]


@pytest.fixture
def oauth() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def tokens_of(house: House, portal_id: int, *, owner: str = "one", other_process: bool = False) -> Tokens:
    transport = Transport("payment-robots-test", house.elapsed, local=house.local)
    return Tokens(
        house.another_database() if other_process else house.database,
        house.vault,
        OAuthHost(house.app, transport),
        portal_id,
        now=house.now,
        elapsed=house.elapsed,
        owner=owner,
    )


def answer(status: int = 200, **body: object) -> Answer:
    return status, {}, json.dumps(body)


def new_pair(number: int = 2) -> Answer:
    return answer(access_token=f"access-{number}", refresh_token=f"refresh-{number}", expires_in=3600)


def on_renewal(mock: responses.RequestsMock, act: Callable[[dict[str, list[str]]], Answer]) -> None:
    def callback(request: PreparedRequest) -> Any:
        return act(parse_qs(urlsplit(str(request.url)).query))

    mock.add_callback(responses.GET, RENEW, callback)


def together(count: int, work: Callable[[int], object]) -> list[object]:
    """Every result or RestError of so many threads that begin at the same moment."""
    start = threading.Barrier(count)

    def one(number: int) -> object:
        start.wait()
        try:
            return work(number)
        except RestError as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_a_token_that_lasts_is_used_as_it_is(house: House, oauth: responses.RequestsMock) -> None:
    access = tokens_of(house, house.add_portal(house.pair())).current()
    assert (access.token, access.endpoint, access.user_id) == ("access-1", "https://demo.bitrix24.ru/rest/", 1)
    assert len(oauth.calls) == 0


def test_a_token_is_renewed_before_it_ends_and_stored_before_use(
    either_house: House, oauth: responses.RequestsMock
) -> None:
    house = either_house
    portal_id = house.add_portal(house.pair(seconds=299))
    asked: dict[str, list[str]] = {}

    def act(query: dict[str, list[str]]) -> Answer:
        asked.update(query)
        return new_pair()

    on_renewal(oauth, act)
    access = tokens_of(house, portal_id).current()
    assert access.token == "access-2"
    assert asked == {
        "grant_type": ["refresh_token"],
        "client_id": [house.app.client_id],
        "client_secret": [house.app.client_secret],
        "refresh_token": ["refresh-1"],
    }
    row = house.token_row(portal_id)
    assert row is not None
    assert house.vault.open(portal_id, "access_token", row.access_token) == "access-2"
    assert house.vault.open(portal_id, "refresh_token", row.refresh_token) == "refresh-2"
    assert (row.generation, row.renewing_by, row.renewing_until) == (2, "", None)


def test_twenty_threads_that_saw_the_token_expire_make_one_renewal(house: House, oauth: responses.RequestsMock) -> None:
    tokens = tokens_of(house, house.add_portal(house.pair()))
    stale = tokens.current()

    def act(_query: dict[str, list[str]]) -> Answer:
        time.sleep(0.1)
        return new_pair()

    on_renewal(oauth, act)
    found = together(20, lambda _: tokens.renew(stale).token)
    assert found == ["access-2"] * 20
    assert len(oauth.calls) == 1


def test_two_processes_make_one_renewal(either_house: House, oauth: responses.RequestsMock) -> None:
    house = either_house
    portal_id = house.add_portal(house.pair())
    processes = [
        tokens_of(house, portal_id, owner="one"),
        tokens_of(house, portal_id, owner="two", other_process=True),
    ]
    stale = processes[0].current()

    def act(query: dict[str, list[str]]) -> Answer:
        time.sleep(0.3)
        return new_pair() if query["refresh_token"] == ["refresh-1"] else answer(400, error="invalid_grant")

    on_renewal(oauth, act)
    found = together(16, lambda number: processes[number % 2].renew(stale).token)
    assert found == ["access-2"] * 16
    assert len(oauth.calls) == 1


def test_a_dead_process_s_lease_is_taken_over_when_it_ends(either_house: House, oauth: responses.RequestsMock) -> None:
    house = either_house
    portal_id = house.add_portal(house.pair())
    tokens = tokens_of(house, portal_id)
    stale = tokens.current()
    with house.database.write() as session:
        session.execute(
            update(PortalToken).values(renewing_by="dead", renewing_until=house.now() - timedelta(seconds=1))
        )
    on_renewal(oauth, lambda _query: new_pair())
    assert tokens.renew(stale).token == "access-2"


def test_who_waits_for_another_process_uses_what_that_one_stored(house: House, oauth: responses.RequestsMock) -> None:
    portal_id = house.add_portal(house.pair())
    tokens = tokens_of(house, portal_id)
    stale = tokens.current()
    with house.database.write() as session:
        session.execute(
            update(PortalToken).values(renewing_by="other", renewing_until=house.now() + timedelta(seconds=60))
        )

    def other_process() -> None:
        time.sleep(0.3)
        with house.database.write() as session:
            store_pair(session, house.vault, portal_id, 1, house.pair("access-9", "refresh-9"))

    other = threading.Thread(target=other_process)
    other.start()
    assert tokens.renew(stale).token == "access-9"
    other.join()
    assert len(oauth.calls) == 0


@pytest.mark.parametrize("code", ["invalid_grant", "INVALID_GRANT"])
def test_a_refused_refresh_token_stops_the_portal_without_a_storm(
    either_house: House, oauth: responses.RequestsMock, code: str
) -> None:
    house = either_house
    portal_id = house.add_portal(house.pair())
    processes = [tokens_of(house, portal_id), tokens_of(house, portal_id, owner="two", other_process=True)]
    stale = processes[0].current()
    on_renewal(oauth, lambda _query: answer(400, error=code))
    found = together(20, lambda number: processes[number % 2].renew(stale))
    assert {type(error) for error in found} == {PortalUnavailable}
    for tokens in processes:
        with pytest.raises(PortalUnavailable, match="needs_reauthorisation"):
            tokens.current()
    assert len(oauth.calls) == 1
    row = house.row(portal_id)
    assert row.state == "needs_reauthorisation"
    assert "an administrator has to open the app" in row.state_reason


def test_a_refusal_is_no_refusal_when_somebody_else_has_renewed(house: House, oauth: responses.RequestsMock) -> None:
    """Our lease had lapsed while we slept, and another process renewed: only our refresh token is used up."""
    portal_id = house.add_portal(house.pair())
    tokens = tokens_of(house, portal_id)
    stale = tokens.current()

    def act(_query: dict[str, list[str]]) -> Answer:
        with house.database.write() as session:
            store_pair(session, house.vault, portal_id, 1, house.pair("access-9", "refresh-9"))
        return answer(400, error="invalid_grant")

    on_renewal(oauth, act)
    assert tokens.renew(stale).token == "access-9"
    assert house.row(portal_id).state == "active"


def test_a_renewal_that_ends_late_heals_what_its_rival_broke(
    either_house: House, oauth: responses.RequestsMock
) -> None:
    house = either_house
    portal_id = house.add_portal(house.pair())
    tokens = tokens_of(house, portal_id)
    stale = tokens.current()

    def act(_query: dict[str, list[str]]) -> Answer:
        with house.database.write() as session:
            session.execute(update(Portal).values(state="needs_reauthorisation", state_reason="a rival was refused"))
        return new_pair()

    on_renewal(oauth, act)
    assert tokens.renew(stale).token == "access-2"
    assert house.row(portal_id).state == "active"


def test_a_refused_pair_of_another_user_does_not_stop_the_portal(house: House, oauth: responses.RequestsMock) -> None:
    portal_id = house.add_portal(house.pair())
    with house.database.write() as session:
        store_pair(session, house.vault, portal_id, 15, house.pair("access-15", "refresh-15", seconds=-10))
    on_renewal(oauth, lambda _query: answer(400, error="invalid_grant"))
    tokens = tokens_of(house, portal_id)
    for _ in range(3):
        with pytest.raises(PortalUnavailable):
            tokens.current(15)
    assert tokens.current().token == "access-1"
    assert len(oauth.calls) == 1


@pytest.mark.parametrize(("status", "code"), [(200, "wrong_client"), (400, "invalid_client"), (400, "invalid_request")])
def test_a_mistake_in_our_settings_is_no_fault_of_the_portal(
    tmp_path: Any, oauth: responses.RequestsMock, status: int, code: str
) -> None:
    steps = Steps()
    house = House(f"sqlite:///{tmp_path}/steps.db", now=steps.now, elapsed=steps.elapsed)
    portal_id = house.add_portal(house.pair(seconds=-10))
    tokens = tokens_of(house, portal_id)
    on_renewal(oauth, lambda _query: answer(status, error=code, error_description="who are you"))
    for _ in range(5):
        with pytest.raises(PortalUnavailable):
            tokens.current()
    assert len(oauth.calls) == 1
    assert house.row(portal_id).state == "active"
    steps.move(61)
    with pytest.raises(PortalUnavailable):
        tokens.current()
    assert len(oauth.calls) == 2
    house.close()


@pytest.mark.parametrize(
    ("status", "code", "state"),
    [(401, "NOT_INSTALLED", "needs_reauthorisation"), (401, "PAYMENT_REQUIRED", "suspended")],
)
def test_the_portal_s_row_says_why_its_tokens_end(
    house: House, oauth: responses.RequestsMock, status: int, code: str, state: str
) -> None:
    portal_id = house.add_portal(house.pair(seconds=-10))
    on_renewal(oauth, lambda _query: answer(status, error=code))
    tokens = tokens_of(house, portal_id)
    for _ in range(3):
        with pytest.raises(PortalUnavailable):
            tokens.current()
    assert house.row(portal_id).state == state
    assert len(oauth.calls) == 1


@pytest.mark.parametrize(
    "trouble",
    [
        requests.ConnectionError("no route"),
        requests.ReadTimeout("silence"),
        (500, {}, "{}"),
        (503, {}, "<html>"),
        (302, {"Location": "https://elsewhere.example/"}, ""),
        (200, {}, "[]"),
        answer(200, access_token="half a pair"),
    ],
)
def test_trouble_of_the_oauth_host_is_waited_out_while_the_old_token_lasts(
    house: House, oauth: responses.RequestsMock, trouble: Any
) -> None:
    portal_id = house.add_portal(house.pair(seconds=60))
    oauth.add_callback(responses.GET, RENEW, lambda _request: trouble)
    tokens = tokens_of(house, portal_id)
    assert tokens.current().token == "access-1"
    with house.database.write() as session:
        session.execute(update(PortalToken).values(expires_at=house.now() - timedelta(seconds=1)))
    with pytest.raises(TryLater):
        tokens.current()
    row = house.token_row(portal_id)
    assert row is not None
    assert row.renewing_until is None, "the lease was not given back"


@pytest.mark.parametrize("state", ["uninstalled", "deleted", "needs_reauthorisation"])
def test_a_portal_that_is_out_of_order_is_not_asked_anything(
    house: House, oauth: responses.RequestsMock, state: str
) -> None:
    portal_id = house.add_portal(house.pair(seconds=-10), state=state)
    with pytest.raises(PortalUnavailable, match=state):
        tokens_of(house, portal_id).current()
    assert len(oauth.calls) == 0


def test_a_suspended_portal_is_tried_by_one_process_every_ten_minutes(tmp_path: Any) -> None:
    steps = Steps()
    house = House(f"sqlite:///{tmp_path}/steps.db", now=steps.now, elapsed=steps.elapsed)
    portal_id = house.add_portal(house.pair(seconds=86400), state="suspended")
    one, two = tokens_of(house, portal_id), tokens_of(house, portal_id, owner="two", other_process=True)
    with pytest.raises(PortalUnavailable, match="suspended"):
        one.current()
    steps.move(601)
    assert one.current().suspended
    with pytest.raises(PortalUnavailable, match="suspended"):
        two.current()
    one.note_works()
    assert two.current().suspended is False
    house.close()


def test_a_user_who_gave_no_token_is_named(house: House) -> None:
    tokens = tokens_of(house, house.add_portal(house.pair()))
    with pytest.raises(PortalUnavailable, match="no token of user 77"):
        tokens.current(77)


def test_a_renewal_under_way_does_not_bring_back_a_pair_that_was_removed(
    house: House, oauth: responses.RequestsMock
) -> None:
    portal_id = house.add_portal(house.pair(seconds=-10))

    def act(_query: dict[str, list[str]]) -> Answer:
        with house.database.write() as session:
            session.execute(delete(PortalToken))
        return new_pair()

    on_renewal(oauth, act)
    with pytest.raises(PortalUnavailable, match="no token of user 1"):
        tokens_of(house, portal_id).current()
    assert house.token_row(portal_id) is None


def test_a_wrong_key_is_a_matter_for_the_operator(house: House) -> None:
    portal_id = house.add_portal(house.pair())
    house.vault = Vault(["ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZY="])
    with pytest.raises(PortalUnavailable, match="ENCRYPTION_KEYS"):
        tokens_of(house, portal_id).current()


def test_tokens_are_in_no_file_and_no_text(house: House, oauth: responses.RequestsMock) -> None:
    portal_id = house.add_portal(Pair("canary-access", "canary-refresh", house.now() + timedelta(seconds=-1)))
    tokens = tokens_of(house, portal_id)
    on_renewal(oauth, lambda _query: answer(400, error="invalid_client", error_description="no"))
    with pytest.raises(PortalUnavailable) as caught:
        tokens.current()
    shown = str(caught.value) + repr(house.pair("canary-access")) + repr(house.app) + repr(tokens)
    with closing(sqlite3.connect(house.url.removeprefix("sqlite:///"))) as database:
        shown += "\n".join(database.iterdump())
    for secret in ("canary-access", "canary-refresh", house.app.client_secret):
        assert secret not in shown


def test_pairs_that_nobody_used_for_months_are_renewed(house: House, oauth: responses.RequestsMock) -> None:
    day = 86400
    sleeping = house.add_portal(house.pair("access-7", "refresh-7", seconds=-151 * day))
    house.add_portal(house.pair(seconds=-149 * day), member_id="used lately")
    house.add_portal(house.pair(seconds=-151 * day), member_id="gone", state="uninstalled")
    on_renewal(oauth, lambda query: new_pair(8) if query["refresh_token"] == ["refresh-7"] else answer(500))
    assert house.portals().renew_unused() == 1
    assert tokens_of(house, sleeping).current().token == "access-8"
    assert len(oauth.calls) == 1


def test_one_dead_pair_does_not_keep_the_others_from_being_renewed(house: House, oauth: responses.RequestsMock) -> None:
    for number in (1, 2, 3):
        house.add_portal(house.pair(refresh=f"refresh-{number}", seconds=-151 * 86400), member_id=str(number))
    on_renewal(
        oauth,
        lambda query: answer(400, error="invalid_grant") if query["refresh_token"] == ["refresh-2"] else new_pair(),
    )
    assert house.portals().renew_unused() == 2
