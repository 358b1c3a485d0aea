"""A portal that is full, blocked, renamed or shut: what is waited out, followed, or handed back."""

from datetime import timedelta
from typing import Any

import pytest
import responses

from bitrix24.errors import PortalUnavailable, TryLater
from bitrix24.lanes import Lane
from storage.model import Bucket, MethodPause
from tests.bitrix24.conftest import World, errors
from tests.bitrix24.scripted import Scripted, give_new_pairs, refusal, renewals, said, scripted_portal
from tests.bitrix24.wiring import ENDPOINT, MEMBER, OAUTH, House


@pytest.mark.parametrize("times", [1, 3])
def test_a_full_bucket_is_waited_out_and_everything_is_done_once(world: World, times: int) -> None:
    done: list[str] = []

    def do(_method: str, query: str) -> str:
        done.append(query)
        return query

    world.portal.do = do
    world.portal.script = [said(result="first")] + [refusal(503, "QUERY_LIMIT_EXCEEDED")] * times
    futures = world.together(*[("crm.item.add", {"n": number}) for number in range(5)])
    assert [future.result(10) for future in futures] == [f"n={number}" for number in range(5)]
    assert done == [f"n={number}" for number in range(5)]
    assert len(world.portal.requests) == 2 + times


def test_a_portal_that_says_its_bucket_is_full_is_believed(house: House) -> None:
    with scripted_portal() as (portal, _mock):
        portal_id = house.add_portal(house.pair(), rate=40)
        portal.script = [refusal(503, "QUERY_LIMIT_EXCEEDED")]
        client = house.portals(random=lambda: 0.0).open(portal_id)
        assert client.call("crm.item.get") == "crm.item.get?"
        with house.database.read() as session:
            assert session.get_one(Bucket, portal_id).level > 30_000
        house.close()


def test_a_portal_in_trouble_for_long_gives_the_commands_back_with_hope(world: World) -> None:
    client = world.open(random=lambda: 1.0, patience=1.5)
    world.portal.script = [refusal(503, "QUERY_LIMIT_EXCEEDED")] * 9
    future = client.submit("crm.item.get", {"id": 1})
    error = future.exception(10)
    assert isinstance(error, TryLater)
    assert error.method == "crm.item.get"
    assert error.until is not None
    assert error.until > world.house.now()
    assert len(world.portal.requests) == 1


def test_a_method_out_of_operating_time_waits_alone(world: World) -> None:
    world.portal.do = lambda method, query: (
        {"error": "OPERATION_TIME_LIMIT", "error_description": "limit"} if method == "crm.item.list" else query
    )
    futures = world.together(("crm.item.list", {"n": 1}), ("crm.item.get", {"n": 2}))
    assert futures[1].result(10) == "n=2"
    assert world.client.call("crm.item.get", {"n": 3}) == ""
    error = futures[0].exception(10)
    assert isinstance(error, TryLater)
    assert error.until is not None
    assert error.until > world.house.now() + timedelta(seconds=50)
    assert sum("crm.item.list" in text for batch in world.portal.batches for text in batch) == 1
    with world.house.database.read() as session:
        assert session.get_one(MethodPause, (world.portal_id, "crm.item.list"))


def test_a_method_pauses_until_the_portal_said_its_time_comes_back(world: World) -> None:
    world.portal.script = [
        said(result=1, time={"duration": 0.1, "finish": 1_790_000_000.0, "operating_reset_at": 1_790_000_300}),
        refusal(429, "OPERATION_TIME_LIMIT"),
    ]
    assert world.client.call("crm.item.list") == 1
    error = world.client.submit("crm.item.list").exception(10)
    assert isinstance(error, TryLater)
    assert error.until is not None
    assert timedelta(seconds=280) < error.until - world.house.now() <= timedelta(seconds=300)


def test_a_method_that_waited_its_time_goes_again(world: World) -> None:
    world.portal.script = [
        said(result=1, time={"duration": 0.1, "finish": 1_790_000_000.0, "operating_reset_at": 1_790_000_000.4}),
        refusal(429, "OPERATION_TIME_LIMIT"),
    ]
    world.client.call("crm.item.list")
    assert world.client.call("crm.item.list") == "crm.item.list?"


def test_an_expired_token_is_renewed_once_and_the_same_commands_go_again(world: World) -> None:
    give_new_pairs(world.mock)
    world.portal.script = [said(result="first"), refusal(401, "expired_token", "The access token has expired")]
    futures = world.together(*[("crm.item.get", {"id": number}) for number in range(4)])
    assert [future.result(10) for future in futures] == [f"crm.item.get?id={number}" for number in range(4)]
    assert [body["auth"] for body in world.portal.requests] == ["access-1", "access-1", "access-2"]
    assert renewals(world.mock) == 1


def test_a_portal_that_refuses_new_tokens_too_is_left_for_later(world: World) -> None:
    give_new_pairs(world.mock)
    world.portal.script = [refusal(401, "expired_token")] * 9
    error = world.client.submit("crm.item.get").exception(10)
    assert isinstance(error, TryLater)
    assert len(world.portal.requests) == 2
    assert renewals(world.mock) == 1


def test_both_lanes_expire_together_and_renew_once(world: World) -> None:
    give_new_pairs(world.mock)
    world.portal.script = [refusal(401, "expired_token"), refusal(401, "expired_token")]
    world.portal.gate.clear()
    futures = [world.client.submit("crm.item.get"), world.client.submit("bizproc.event.send", lane=Lane.CONTINUE)]
    for _ in futures:
        assert world.portal.arrived.acquire(timeout=5)
    world.portal.gate.set()
    assert errors(futures) == [None, None]
    assert renewals(world.mock) == 1


def test_a_renewal_that_is_refused_stops_everything_that_waits(world: World) -> None:
    world.mock.add(responses.GET, f"{OAUTH}/oauth/token/", json={"error": "invalid_grant"}, status=400)
    world.portal.script = [said(result="first"), refusal(401, "expired_token")]
    futures = world.together(*[("crm.item.get", {"id": number}) for number in range(80)])
    assert {type(error) for error in errors(futures)} == {PortalUnavailable}
    assert len(world.portal.requests) == 2
    assert renewals(world.mock) == 1
    with pytest.raises(PortalUnavailable):
        world.client.call("crm.item.get")
    assert len(world.portal.requests) == 2


def app_info(world: World, endpoint: str, member_id: str = MEMBER, client_id: str = "") -> None:
    install = {"member_id": member_id, "client_endpoint": endpoint, "status": "L"}
    result = {"client_id": client_id or world.house.app.client_id, "user_id": 1, "install": install}
    world.mock.add(responses.GET, f"{OAUTH}/rest/app.info", json={"result": result})


def redirect_to(host: str) -> Any:
    return 302, {"Location": f"https://{host}/rest/batch"}, "<html>"


def test_a_renamed_portal_is_followed_where_the_oauth_host_says(world: World) -> None:
    app_info(world, "https://new.bitrix24.ru/rest/")
    renamed = Scripted()
    world.mock.add_callback(responses.POST, "https://new.bitrix24.ru/rest/crm.item.add", renamed.answer)
    world.portal.script = [redirect_to("evil.example")]
    assert world.client.call("crm.item.add", {"n": 1}) == "crm.item.add?"
    assert renamed.requests == [{"n": 1, "auth": "access-1"}]
    row = world.house.row(world.portal_id)
    assert row.client_endpoint == "https://new.bitrix24.ru/rest/"
    assert row.state_reason == "moved from demo.bitrix24.ru to new.bitrix24.ru"


@pytest.mark.parametrize(
    ("endpoint", "member_id", "client_id"),
    [
        (ENDPOINT, MEMBER, ""),
        ("https://evil.example/rest/", "another-portal", ""),
        ("https://evil.example/rest/", MEMBER, "another.app"),
    ],
)
def test_a_redirect_that_the_oauth_host_does_not_confirm_is_sent_no_token(
    world: World, endpoint: str, member_id: str, client_id: str
) -> None:
    app_info(world, endpoint, member_id, client_id)
    world.portal.script = [redirect_to("evil.example")] * 9
    client = world.open(random=lambda: 1.0, patience=1.0)
    error = client.submit("crm.item.get").exception(10)
    assert isinstance(error, TryLater)
    assert "evil.example" in str(error)
    assert all("evil.example" not in str(call.request.url) for call in world.mock.calls)
    assert world.house.row(world.portal_id).client_endpoint == ENDPOINT


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (refusal(410, "PORTAL_DELETED"), "deleted"),
        (refusal(503, "OVERLOAD_LIMIT"), "suspended"),
        (refusal(401, "PAYMENT_REQUIRED"), "suspended"),
        (refusal(403, "ACCESS_DENIED", "REST API is available only on commercial plans"), "suspended"),
        (refusal(403, "user_access_error"), "suspended"),
        (refusal(401, "authorization_error"), "needs_reauthorisation"),
    ],
)
def test_a_portal_that_is_out_of_order_is_asked_once_and_its_row_says_why(
    world: World, answer: Any, state: str
) -> None:
    world.portal.script = [said(result="first"), answer]
    futures = world.together(*[("crm.item.get", {"id": number}) for number in range(70)])
    assert {type(error) for error in errors(futures)} == {PortalUnavailable}
    assert len(world.portal.requests) == 2
    row = world.house.row(world.portal_id)
    assert row.state == state
    assert row.state_reason


def test_a_suspended_portal_that_answers_is_active_again(house: House) -> None:
    with scripted_portal() as (portal, _mock):
        portal_id = house.add_portal(house.pair(), state="suspended")
        with house.database.write() as session:
            row = session.get_one(type(house.row(portal_id)), portal_id)
            row.changed_at = house.now() - timedelta(minutes=11)
        portals = house.portals()
        assert portals.open(portal_id).call("crm.item.get") == "crm.item.get?"
        portals.close()
        assert house.row(portal_id).state == "active"
        assert len(portal.requests) == 1


def test_a_missing_scope_fails_the_command_and_not_the_portal(world: World) -> None:
    world.portal.script = [refusal(403, "insufficient_scope")]
    with pytest.raises(PortalUnavailable, match="permission"):
        world.client.call("im.notify.system.add")
    assert world.client.call("crm.item.get") == "crm.item.get?"
