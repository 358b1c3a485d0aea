"""Commands travel together and come back one by one, whatever becomes of the request they share."""

import json
from typing import Any

import pytest
import requests

from bitrix24.errors import AnswerLost, NotFound, PortalUnavailable, Refused, RestError
from bitrix24.tokens import store_pair
from tests.bitrix24.conftest import World, errors
from tests.bitrix24.scripted import PAGE, refusal, said
from tests.bitrix24.wiring import ENDPOINT


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


@pytest.mark.parametrize("method", ["", "batch", "crm.item.get?x=1", "../oauth/token", "crm item", "crm..get"])
def test_what_is_no_method_is_refused_at_once(world: World, method: str) -> None:
    with pytest.raises(ValueError, match="no method"):
        world.client.submit(method)


def test_a_token_of_the_caller_s_own_is_refused(world: World) -> None:
    with pytest.raises(ValueError, match="token"):
        world.client.submit("crm.item.get", {"auth": "mine"})


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
