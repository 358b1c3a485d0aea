"""Commands travel together and come back one by one, whatever the portal does to the request they share."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from datetime import timedelta
from typing import Any

import pytest
import requests
import responses

from bitrix24.client import PortalClient
from bitrix24.errors import AnswerLost, NotFound, PortalUnavailable, Refused, RestError, TryLater
from bitrix24.lanes import Lane
from bitrix24.tokens import store_pair
from storage.model import Bucket, MethodPause
from tests.bitrix24.scripted import PAGE, Scripted, give_new_pairs, refusal, renewals, said, scripted_portal
from tests.bitrix24.wiring import ENDPOINT, MEMBER, OAUTH, House


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


def test_what_waits_travels_in_one_request_and_each_has_its_own_result(world: World) -> None:
    futures = world.together(*[("crm.item.get", {"id": number}) for number in range(50)])
    assert [future.result(10) for future in futures] == [f"crm.item.get?id={number}" for number in range(50)]
    assert [len(batch) for batch in world.portal.batches] == [1, 50]
    assert world.portal.requests[1]["halt"] == 0
    assert world.portal.requests[1]["auth"] == "access-1"


def test_more_than_fifty_travel_in_further_requests(world: World) -> None:
    futures = world.together(*[("crm.item.get", {"id": number}) for number in range(120)])
    assert [future.result(10) for future in futures] == [f"crm.item.get?id={number}" for number in range(120)]
    assert max(len(batch) for batch in world.portal.batches) == 50


def test_one_refused_command_is_nobody_else_s_trouble(world: World) -> None:
    world.portal.do = lambda method, query: (
        {"error": "NOT_FOUND", "error_description": "Element not found"} if query == "id=1" else query
    )
    futures = world.together(*[("crm.item.get", {"id": number}) for number in range(3)])
    assert futures[0].result(10) == "id=0"
    assert isinstance(futures[1].exception(10), NotFound)
    assert str(futures[1].exception()) == "crm.item.get: Element not found (NOT_FOUND)"
    assert futures[2].result(10) == "id=2"


@pytest.mark.parametrize("empty", [[], {}, None, False, 0, ""])
def test_an_empty_result_is_a_result(world: World, empty: object) -> None:
    world.portal.do = lambda method, query: empty
    futures = world.together(("crm.item.delete", {"id": 1}), ("crm.item.delete", {"id": 2}))
    assert [future.result(10) for future in futures] == [empty, empty]


def test_maps_that_php_wrote_as_lists_are_read(world: World) -> None:
    every = {"c0": {"error": "NOT_FOUND"}, "c1": {"error": "NOT_FOUND"}}
    empty: list[object] = []
    everything_failed = {"result": empty, "result_error": every, "result_total": empty, "result_time": empty}
    world.portal.script = [said(result="first"), said(result=everything_failed)]
    futures = world.together(("a", {}), ("b", {}))
    assert [type(error) for error in errors(futures)] == [NotFound, NotFound]


@pytest.mark.parametrize(
    "result",
    [
        {"result": {"c0": "mine"}, "result_error": []},
        {"result": {"c0": "mine"}},
        {"result": {"c0": "mine"}, "result_error": {"c9": {"error": "NOT_FOUND"}}},
    ],
)
def test_what_a_cut_batch_does_not_speak_of_may_have_been_carried_out(world: World, result: dict[str, Any]) -> None:
    world.portal.script = [said(result="first"), said(result=result)]
    futures = world.together(("crm.item.add", {"n": 1}), ("crm.item.add", {"n": 2}))
    assert futures[0].result(10) == "mine"
    assert isinstance(futures[1].exception(10), AnswerLost)


@pytest.mark.parametrize("result", [["one", "two"], "text", None, {"result": ["one", "two"], "result_error": []}])
def test_a_batch_answer_that_names_no_command_answers_none(world: World, result: object) -> None:
    world.portal.script = [said(result="first"), said(result=result)]
    futures = world.together(("a", {}), ("b", {}))
    assert [type(error) for error in errors(futures)] == [AnswerLost, AnswerLost]


@pytest.mark.parametrize(
    "lost",
    [PAGE, (500, {}, "<html>"), refusal(500, "INTERNAL_SERVER_ERROR"), (200, {}, '{"resul'), requests.ReadTimeout("s")],
)
def test_a_lost_answer_is_each_command_s_own_and_nothing_is_sent_twice(world: World, lost: Any) -> None:
    world.portal.script = [said(result="first"), lost]
    futures = world.together(("crm.item.add", {"n": 1}), ("crm.timeline.comment.add", {"n": 2}))
    found = errors(futures)
    assert [type(error) for error in found] == [AnswerLost, AnswerLost]
    assert [error.method for error in found if isinstance(error, RestError)] == [
        "crm.item.add",
        "crm.timeline.comment.add",
    ]
    assert len(world.portal.requests) == 2


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
        client = house.portals().open(portal_id)
        assert client.call("crm.item.get") == "crm.item.get?"
        assert house.row(portal_id).state == "active"
        assert len(portal.requests) == 1
        house.close()


def test_a_missing_scope_fails_the_command_and_not_the_portal(world: World) -> None:
    world.portal.script = [refusal(403, "insufficient_scope")]
    with pytest.raises(PortalUnavailable, match="permission"):
        world.client.call("im.notify.system.add")
    assert world.client.call("crm.item.get") == "crm.item.get?"


def test_a_read_is_a_command_like_any_other(world: World) -> None:
    assert world.client.read("crm.status.list", {"entity": "STAGE"}) == "crm.status.list?"
    assert world.portal.requests == [{"entity": "STAGE", "auth": "access-1"}]


def test_writes_that_look_alike_are_all_sent(world: World) -> None:
    futures = world.together(("crm.item.add", {"n": 1}), ("crm.item.add", {"n": 1}))
    assert errors(futures) == [None, None]
    assert [len(batch) for batch in world.portal.batches] == [1, 2]


def test_a_command_alone_goes_as_json(world: World) -> None:
    rows = [{"productName": "A", "price": "10.00"}]
    assert world.client.call("crm.item.productrow.set", {"productRows": rows, "on": True}, alone=True)
    assert world.portal.urls == [f"{ENDPOINT}crm.item.productrow.set"]
    assert world.portal.requests == [{"productRows": rows, "on": "Y", "auth": "access-1"}]


@pytest.mark.parametrize(
    "params",
    [
        {"rows": [{"number": number} for number in range(501)]},
        {"fields": {"contactIds": []}},
        {"comment": "$result[c0][secret] of another's command"},
    ],
)
def test_what_a_batch_would_garble_goes_alone(world: World, params: dict[str, Any]) -> None:
    futures = world.together(("crm.item.get", {"id": 1}), ("crm.item.update", params), ("crm.item.get", {"id": 2}))
    assert errors(futures) == [None, None, None]
    assert [len(batch) for batch in world.portal.batches] == [1, 2, 1]
    assert {"auth": "access-1"} | params in world.portal.requests


def test_an_answer_with_an_empty_list_shares_its_request(world: World) -> None:
    answer = {"EVENT_TOKEN": "t", "RETURN_VALUES": {"missed_dates": []}}
    futures = world.together(*[("bizproc.event.send", answer)] * 3, lane=Lane.CONTINUE)
    assert errors(futures) == [None] * 3
    assert [len(batch) for batch in world.portal.batches] == [1, 3]


def test_commands_of_different_users_do_not_share_a_token(world: World) -> None:
    with world.house.database.write() as session:
        store_pair(session, world.house.vault, world.portal_id, 15, world.house.pair("access-15", "refresh-15"))
    world.portal.gate.clear()
    first = world.client.submit("first")
    assert world.portal.arrived.acquire(timeout=5)
    futures = [world.client.submit("a", {"n": number}, user_id=15 if number % 2 else None) for number in range(6)]
    world.portal.gate.set()
    assert errors([first, *futures]) == [None] * 7
    assert [(body["auth"], len(body["cmd"])) for body in world.portal.requests[1:]] == [
        ("access-1", 3),
        ("access-15", 3),
    ]


def test_a_user_without_tokens_is_nobody_else_s_trouble(world: World) -> None:
    world.portal.gate.clear()
    first = world.client.submit("first")
    assert world.portal.arrived.acquire(timeout=5)
    futures = [world.client.submit("a", user_id=77), world.client.submit("b")]
    world.portal.gate.set()
    assert isinstance(futures[0].exception(10), PortalUnavailable)
    assert futures[1].result(10) == "b?"
    assert first.result(10)


@pytest.mark.parametrize("method", ["crm.item.add", "crm.timeline.comment.ADD"])
def test_creates_never_share_a_lane_with_what_makes_workflows_go_on(world: World, method: str) -> None:
    with pytest.raises(ValueError, match="creates"):
        world.client.submit(method, lane=Lane.CONTINUE)


@pytest.mark.parametrize("method", ["", "batch", "crm.item.get?x=1", "../oauth/token", "crm item", "crm..get"])
def test_what_is_no_method_is_refused_at_once(world: World, method: str) -> None:
    with pytest.raises(ValueError, match="no method"):
        world.client.submit(method)


def test_a_token_of_the_caller_s_own_is_refused(world: World) -> None:
    with pytest.raises(ValueError, match="token"):
        world.client.submit("crm.item.get", {"auth": "mine"})


def test_the_lanes_do_not_wait_for_each_other(world: World) -> None:
    world.portal.gate.clear()
    slow = world.client.submit("bizproc.event.send", {"EVENT_TOKEN": "t"}, lane=Lane.CONTINUE)
    assert world.portal.arrived.acquire(timeout=5)
    read = world.client.submit("crm.item.get")
    assert world.portal.arrived.acquire(timeout=5), "the read waited for the workflow"
    world.portal.gate.set()
    assert errors([slow, read]) == [None, None]


def test_slow_continuations_travel_in_small_requests(world: World) -> None:
    world.portal.seconds = 6.0
    futures = world.together(*[("bizproc.event.send", {"EVENT_TOKEN": str(n)}) for n in range(12)], lane=Lane.CONTINUE)
    assert errors(futures) == [None] * 12
    assert [len(batch) for batch in world.portal.batches] == [1, 2, 2, 2, 2, 2, 2]


def test_after_a_lost_answer_fewer_continuations_travel_together(world: World) -> None:
    world.portal.script = [said(result="first", time={"duration": 0.1}), PAGE]
    futures = world.together(*[("bizproc.event.send", {"EVENT_TOKEN": str(n)}) for n in range(60)], lane=Lane.CONTINUE)
    found = errors(futures)
    lost = sum(isinstance(error, AnswerLost) for error in found)
    sizes = [len(batch) for batch in world.portal.batches][1:]
    assert sizes[0] == lost
    assert sizes[1] <= lost // 2
    assert [error for error in found[lost:] if error] == []


def test_a_list_is_read_to_its_end_by_growing_id(world: World) -> None:
    rows = [{"id": number} for number in range(1, 121)]

    def page(method: str, _query: str) -> Any:
        asked = world.portal.requests[-1]
        assert (asked["start"], asked["order"]) == (-1, {"id": "ASC"})
        after = asked["filter"][">id"]
        return {"items": [row for row in rows if row["id"] > after][:50]}

    world.portal.do = page
    found = world.client.list_all("crm.item.list", {"entityTypeId": 2, "filter": {"stageId": "NEW"}}, "items")
    assert list(found) == rows
    assert [body["filter"] for body in world.portal.requests] == [
        {"stageId": "NEW", ">id": 0},
        {"stageId": "NEW", ">id": 50},
        {"stageId": "NEW", ">id": 100},
    ]


def test_a_list_that_cannot_is_read_page_by_page(world: World) -> None:
    world.portal.script = [said(result=[1, 2], next=2, total=3), said(result=[3], total=3)]
    assert list(world.client.list_all("userfieldconfig.list")) == [1, 2, 3]
    assert [body["start"] for body in world.portal.requests] == [0, 2]


def test_an_empty_list_in_place_of_a_map_has_no_rows(world: World) -> None:
    world.portal.script = [said(result=[])]
    assert list(world.client.list_all("crm.item.list", {"entityTypeId": 2}, "items")) == []


def test_a_command_whose_caller_left_is_carried_out_and_disturbs_nobody(world: World) -> None:
    world.portal.gate.clear()
    first = world.client.submit("first")
    assert world.portal.arrived.acquire(timeout=5)
    left, stays = world.client.submit("a"), world.client.submit("b")
    assert left.cancel()
    world.portal.gate.set()
    assert errors([first, stays]) == [None, None]


def test_a_fault_of_our_own_after_sending_may_have_been_carried_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("bitrix24.exchange.read_plain", broken)
    assert isinstance(world.client.submit("crm.item.add").exception(10), AnswerLost)
    monkeypatch.undo()
    assert world.client.call("crm.item.get") == "crm.item.get?"


def test_a_fault_of_our_own_before_sending_leaves_nobody_waiting(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_self: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("bitrix24.bucket.Bucket.leave", broken)
    assert isinstance(world.client.submit("crm.item.add").exception(10), TryLater)
    monkeypatch.undo()
    assert world.client.call("crm.item.get") == "crm.item.get?"


def test_closing_ends_the_request_under_way_and_gives_the_rest_back(world: World) -> None:
    world.portal.gate.clear()
    first = world.client.submit("first")
    assert world.portal.arrived.acquire(timeout=5)
    waiting = world.client.submit("crm.item.add")
    closing = threading.Thread(target=world.house.close)
    closing.start()
    while not _is_closing(world.client):
        pass
    world.portal.gate.set()
    closing.join(10)
    assert first.result(10) == "first?"
    assert isinstance(waiting.exception(10), TryLater)
    with pytest.raises(TryLater, match="ending"):
        world.client.submit("crm.item.get")
    assert len(world.portal.requests) == 1


def _is_closing(client: PortalClient) -> bool:
    try:
        client.submit("crm.item.get")
    except TryLater:
        return True
    return False


def test_a_refused_command_keeps_the_portal_s_words(world: World) -> None:
    world.portal.script = [refusal(400, "100", "Could not find value for parameter {id}")]
    with pytest.raises(Refused, match="Could not find value for parameter"):
        world.client.call("crm.item.get")


def test_a_portal_that_repeats_our_token_does_not_bring_it_into_a_text(world: World) -> None:
    repeated = {"error": "100", "error_description": "bad token access-1"}
    world.portal.script = [refusal(400, "100", "bad token access-1")]
    alone = world.client.submit("crm.item.get").exception(10)
    world.portal.do = lambda method, query: repeated
    found = [alone, *errors(world.together(("a", {}), ("b", {})))]
    assert [type(error) for error in found] == [Refused] * 3
    for error in found:
        assert "access-1" not in str(error) + repr(error) + repr(vars(error))


def test_the_facts_are_the_row_s_of_this_moment(world: World) -> None:
    assert world.client.facts.language == "ru"
    with world.house.database.write() as session:
        row = session.get_one(type(world.house.row(world.portal_id)), world.portal_id)
        row.language, row.date_order = "en", "mdy"
        row.fields = {"debt": "UF_CRM_DEBT", "payments_type": 1042}
    facts = world.client.facts
    assert (facts.language, facts.date_order, facts.fields, facts.payments_type) == (
        "en",
        "mdy",
        {"debt": "UF_CRM_DEBT"},
        1042,
    )
    assert json.dumps(facts.fields)
