"""Batches: keys, references to earlier results, halting, empty maps, limits, one hit of the bucket."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import pytest

from tests.outside import fetch
from tests.sandbox.conftest import Installed

ADD = "crm.item.add?entityTypeId=2&fields[title]="


def run(installed: Installed, cmd: Any, **more: Any) -> dict[str, Any]:
    answer = installed.rest("batch", cmd=cmd, **more)
    assert answer.status == 200, answer
    result: dict[str, Any] = answer.result
    return result


def test_named_commands_answer_under_their_names(installed: Installed) -> None:
    result = run(installed, {"first": f"{ADD}One", "second": f"{ADD}Two"})
    assert {key: one["item"]["title"] for key, one in result["result"].items()} == {"first": "One", "second": "Two"}
    assert set(result["result_time"]) == {"first", "second"}


@pytest.mark.parametrize("cmd", [[f"{ADD}One", f"{ADD}Two"], {"0": f"{ADD}One", "1": f"{ADD}Two"}])
def test_numbered_commands_answer_as_a_list(installed: Installed, cmd: Any) -> None:
    result = run(installed, cmd)
    assert [one["item"]["title"] for one in result["result"]] == ["One", "Two"]


def test_maps_without_entries_are_lists(installed: Installed) -> None:
    result = run(installed, {"me": "user.current"})
    assert result["result_error"] == result["result_total"] == result["result_next"] == []
    failed = run(installed, {"me": "crm.item.get?entityTypeId=2&id=9"})
    assert failed["result"] == failed["result_time"] == []
    assert failed["result_error"]["me"] == {"error": "NOT_FOUND", "error_description": "Element not found"}


def test_numbers_with_a_gap_stay_a_map(installed: Installed) -> None:
    result = run(installed, ["user.current", "crm.item.get?entityTypeId=2&id=9", "server.time"])
    assert set(result["result"]) == {"0", "2"}
    assert set(result["result_error"]) == {"1"}


def test_a_later_command_uses_an_earlier_result(installed: Installed) -> None:
    cmd = {
        "deal": f"{ADD}One",
        "invoice": "crm.item.add?entityTypeId=31&fields[title]=for $result[deal][item][title]"
        "&fields[parentId2]=$result[deal][item][id]",
        "list": "crm.item.list?entityTypeId=31&filter[parentId2]=$result[deal][item][id]",
        "again": "crm.item.get?entityTypeId=31&id=$result[list][items][0][id]",
    }
    result = run(installed, cmd)["result"]
    assert result["again"]["item"]["title"] == "for One"
    assert result["again"]["item"]["parentId2"] == result["deal"]["item"]["id"]


def test_a_reference_to_a_failed_command_is_empty(installed: Installed) -> None:
    cmd = {"deal": "crm.item.get?entityTypeId=2&id=9", "next": f"{ADD}x$result[deal][item][title]y"}
    assert run(installed, cmd)["result"]["next"]["item"]["title"] == "xy"


@pytest.mark.parametrize(("halt", "made"), [(1, 1), (0, 2), (True, 1), ("0", 2)])
def test_halting_stops_after_the_first_error(installed: Installed, halt: Any, made: int) -> None:
    cmd = {"one": f"{ADD}One", "bad": "crm.item.get?entityTypeId=2&id=999", "two": f"{ADD}Two"}
    result = run(installed, cmd, halt=halt)
    assert len(installed.portal.items(2)) == made
    known = {*result["result"], *result["result_error"], *result["result_time"]}
    assert ("two" in known) == (made == 2)


def test_totals_and_next_pages_are_told_apart(installed: Installed) -> None:
    for _ in range(51):
        installed.portal.add(2, title="Deal")
    cmd = {
        "counted": "crm.item.list?entityTypeId=2",
        "fast": "crm.item.list?entityTypeId=2&start=-1",
        "last": "crm.item.list?entityTypeId=2&start=50",
    }
    result = run(installed, cmd)
    assert result["result_total"] == {"counted": 51, "last": 51}
    assert result["result_next"] == {"counted": 50}
    assert len(result["result"]["fast"]["items"]) == 50


def test_a_batch_inside_a_batch_is_refused(installed: Installed) -> None:
    result = run(installed, {"inner": "batch?cmd[a]=user.current"})
    assert result["result_error"]["inner"]["error"] == "ERROR_BATCH_METHOD_NOT_ALLOWED"


def test_more_than_fifty_commands_are_refused_before_any_runs(installed: Installed) -> None:
    answer = installed.rest("batch", cmd=[f"{ADD}{number}" for number in range(51)])
    assert (answer.status, answer.error) == (400, "ERROR_BATCH_LENGTH_EXCEEDED")
    assert installed.portal.items(2) == []


def test_a_batch_is_one_hit_of_the_bucket(installed: Installed) -> None:
    before = installed.portal.history()["hits"]
    run(installed, [f"{ADD}{number}" for number in range(50)])
    assert installed.portal.history()["hits"] == before + 1


def test_history_names_the_commands(installed: Installed) -> None:
    run(installed, {"a": "user.current", "b": "crm.item.get?entityTypeId=2&id=9"})
    entry = installed.portal.history()["entries"][-1]
    commands = entry["commands"]
    assert entry["batch_size"] == 2
    assert commands == [
        {"key": "a", "method": "user.current", "error": ""},
        {"key": "b", "method": "crm.item.get", "error": "NOT_FOUND"},
    ]


def test_an_unknown_method_fails_alone(installed: Installed) -> None:
    result = run(installed, {"a": "no.such.method", "b": "user.current"})
    assert result["result_error"]["a"]["error"] == "ERROR_METHOD_NOT_FOUND"
    assert result["result"]["b"]["ID"] == "1"


def test_text_survives_encoding_once_in_json_and_twice_in_a_form(installed: Installed) -> None:
    title = "50% & 'кавычки' + = [x]"
    once = f"crm.item.add?{urlencode({'entityTypeId': 2, 'fields[title]': title})}"
    assert run(installed, {"a": once})["result"]["a"]["item"]["title"] == title
    body = f"auth={installed.portal.token}&cmd[a]={quote_plus(once)}"
    answer = fetch(f"{installed.portal.client_endpoint}batch", body.encode())
    assert answer.result["result"]["a"]["item"]["title"] == title
    url = f"{installed.portal.client_endpoint}batch?auth={installed.portal.token}&cmd[a]={quote(once, safe='')}"
    assert fetch(url).result["result"]["a"]["item"]["title"] == title


def test_fields_beyond_a_thousand_are_lost_in_forms_and_commands_but_not_in_json(installed: Installed) -> None:
    installed.add_robot(RETURN_PROPERTIES={"ids": {"Name": "Ids", "Type": "int", "Multiple": "Y"}})
    values = [str(number) for number in range(1, 1201)]

    def kept() -> int:
        return len(installed.flow(call)["steps"][0]["returned"]["ids"])

    call = installed.run_robot()
    query = urlencode({"EVENT_TOKEN": call.body["event_token"]})
    query += "".join(f"&RETURN_VALUES[ids][{index}]={value}" for index, value in enumerate(values))
    assert run(installed, {"a": f"bizproc.event.send?{query}"})["result"] == {"a": True}
    assert kept() == 999
    call = installed.run_robot()
    assert installed.send(call, ids=values).result is True
    assert kept() == 1200


@pytest.mark.parametrize("body", [{"cmd": {}}, {"cmd": []}, {}])
def test_no_commands_make_an_empty_answer(installed: Installed, body: dict[str, Any]) -> None:
    raw = json.dumps(body | {"auth": installed.portal.token}).encode()
    answer = fetch(f"{installed.portal.client_endpoint}batch.json", raw, "application/json")
    assert (answer.status, answer.result["result"]) == (200, [])
