"""Named faults: what each does to requests, commands, answers and deliveries."""

from __future__ import annotations

import http.client
import json
import time
from typing import Any

import pytest

from tests.outside import Refused
from tests.sandbox.conftest import Installed

ADD = {"entityTypeId": 2, "fields": {"title": "Deal"}}


@pytest.mark.parametrize(
    ("name", "status", "error"),
    [
        ("error_500", 500, "INTERNAL_SERVER_ERROR"),
        ("overload", 503, "OVERLOAD_LIMIT"),
        ("bucket", 503, "QUERY_LIMIT_EXCEEDED"),
        ("operating", 429, "OPERATION_TIME_LIMIT"),
        ("expired_token", 401, "expired_token"),
        ("invalid_token", 401, "invalid_token"),
        ("no_access", 403, "user_access_error"),
        ("insufficient_scope", 403, "insufficient_scope"),
        ("plan", 403, "ACCESS_DENIED"),
        ("payment_required", 401, "PAYMENT_REQUIRED"),
        ("portal_deleted", 410, "PORTAL_DELETED"),
    ],
)
def test_a_refusal_happens_once_and_before_anything(installed: Installed, name: str, status: int, error: str) -> None:
    installed.portal.fault(name, "crm.item.*")
    answer = installed.rest("crm.item.add", **ADD)
    assert (answer.status, answer.error) == (status, error)
    assert installed.portal.items(2) == []
    assert installed.rest("crm.item.add", **ADD).status == 200


@pytest.mark.parametrize(("name", "made"), [("refuse", 0), ("lost_before", 0), ("lost_after", 1)])
def test_a_lost_answer_leaves_the_effect_or_not(installed: Installed, name: str, made: int) -> None:
    installed.portal.fault(name, "crm.item.add")
    with pytest.raises((OSError, http.client.HTTPException)):
        installed.rest("crm.item.add", **ADD)
    assert len(installed.portal.items(2)) == made
    entry = installed.portal.history(method="crm.item.add")["entries"][-1]
    assert (entry["fault"], entry["status"]) == (name, 0)


@pytest.mark.parametrize(("name", "made"), [("error_500_after", 1), ("html_after", 1), ("html", 0)])
def test_a_wrong_answer_leaves_the_effect_or_not(installed: Installed, name: str, made: int) -> None:
    installed.portal.fault(name, "crm.item.add")
    answer = installed.rest("crm.item.add", **ADD)
    assert answer.error or "<html>" in answer.body["text"]
    assert len(installed.portal.items(2)) == made


@pytest.mark.parametrize("name", ["delay", "delay_after"])
def test_a_delay_takes_its_time(installed: Installed, name: str) -> None:
    installed.portal.fault(name, "server.time", seconds=0.3)
    started = time.monotonic()
    assert installed.rest("server.time").status == 200
    assert time.monotonic() - started >= 0.3


def test_a_fault_is_counted_skips_and_is_cleared(installed: Installed) -> None:
    installed.portal.fault("error_500", "server.time", times=2, skip=1)
    assert [installed.rest("server.time").status for _ in range(4)] == [200, 500, 500, 200]
    assert installed.portal.get("/faults")[0]["struck"] == 2
    installed.portal.fault("error_500", "server.time")
    installed.portal.delete("/faults")
    assert installed.rest("server.time").status == 200


def test_a_fault_of_a_request_is_found_by_a_command_of_its_batch(installed: Installed) -> None:
    installed.portal.fault("lost_after", "crm.item.add")
    with pytest.raises((OSError, http.client.HTTPException)):
        installed.rest("batch", cmd=["crm.item.add?entityTypeId=2"])
    assert len(installed.portal.items(2)) == 1


def test_an_error_strikes_one_command_of_a_batch(installed: Installed) -> None:
    installed.portal.fault("error", "crm.item.add", status=400, code="CRM_BUSY", description="busy", skip=1)
    cmd = [f"crm.item.add?entityTypeId=2&fields[title]={number}" for number in range(3)]
    result = installed.rest("batch", cmd=cmd).result
    assert result["result_error"] == {"1": {"error": "CRM_BUSY", "error_description": "busy"}}
    assert set(result["result"]) == {"0", "2"}


def test_a_batch_answer_is_cut_in_the_middle_of_the_connection(installed: Installed) -> None:
    installed.portal.fault("cut", "batch")
    with pytest.raises(http.client.IncompleteRead):
        installed.rest("batch", cmd={"a": "user.current"})


def test_a_batch_answer_is_cut_as_if_it_were_whole(installed: Installed) -> None:
    installed.portal.fault("cut", "batch", whole=True)
    answer = installed.rest("batch", cmd={"a": "user.current"})
    assert answer.body["text"].startswith('{"result"')


def test_a_map_may_come_as_a_list(installed: Installed) -> None:
    installed.portal.fault("list_for_map", "batch")
    result = installed.rest("batch", cmd={"a": "user.admin"}).result
    assert result["result"] == [True]


def test_an_item_is_deleted_or_changed_by_somebody_in_between(installed: Installed) -> None:
    deal = installed.portal.add(2, title="Deal")
    installed.portal.fault("item_changed", "crm.item.get", fields={"title": "By a person"})
    read = installed.rest("crm.item.get", entityTypeId=2, id=deal)
    assert read.result["item"]["title"] == "By a person"
    installed.portal.fault("item_deleted", "crm.item.update")
    written = installed.rest("crm.item.update", entityTypeId=2, id=deal, fields={"title": "x"})
    assert written.error == "NOT_FOUND"


@pytest.mark.parametrize(
    ("name", "options", "count"),
    [
        ("doubled", {}, 2),
        ("doubled_together", {}, 2),
        ("late_twice", {"seconds": 0.2}, 2),
        ("delayed", {"seconds": 0.2}, 1),
    ],
)
def test_a_robot_call_comes_again_or_later(
    installed: Installed, name: str, options: dict[str, Any], count: int
) -> None:
    installed.add_robot()
    installed.portal.fault(name, "pay", **options)
    installed.run_robot()
    calls = installed.receiver.wait("/pay", count)
    assert installed.outside.wait_idle()
    assert len(installed.receiver.at("/pay")) == count
    assert len({call.body["event_token"] for call in calls}) == 1


def test_a_lost_robot_call_leaves_its_workflow_waiting(installed: Installed) -> None:
    installed.add_robot()
    installed.portal.place_robot("pay", "PREPARATION")
    installed.portal.fault("lost", "pay")
    installed.portal.move(2, installed.portal.add(2, title="Deal"), "PREPARATION")
    assert installed.outside.wait_idle()
    assert not installed.receiver.at("/pay")
    assert installed.portal.workflows()[0]["state"] == "running"
    assert installed.outside.deliveries(member_id=installed.portal.member_id)[-1]["state"] == "lost"


def test_a_failed_delivery_is_not_repeated_unless_told_so(installed: Installed) -> None:
    installed.rest("event.bind", event="ONCRMDEALADD", handler="http://127.0.0.1:9/events")
    installed.portal.add(2, title="Deal")
    assert installed.outside.wait_idle()
    sent = installed.outside.deliveries(member_id=installed.portal.member_id)[-1]
    assert (sent["state"], sent["attempts"]) == ("failed", 1)
    installed.portal.switch(queue_retries=2)
    installed.portal.add(2, title="Deal")
    assert installed.outside.wait_idle()
    assert installed.outside.deliveries(member_id=installed.portal.member_id)[-1]["attempts"] == 3


def test_a_call_is_sent_by_hand_with_anything_changed(installed: Installed) -> None:
    installed.add_robot()
    deal = installed.portal.add(2, title="Deal")
    overrides = {"auth": {"application_token": "forged", "access_token": None}, "properties": {"amount": "9"}}
    sent = installed.portal.post("/robot-call", code="pay", id=deal, overrides=overrides)
    body = installed.called().body
    assert body["auth"]["application_token"] == "forged"
    assert "access_token" not in body["auth"]
    assert body["properties"] == {"amount": "9"}
    assert sent["deliveries"][0]["status"] == 200
    assert installed.rest("bizproc.event.send", EVENT_TOKEN=sent["event_token"]).result is True


def test_a_raw_body_and_another_address_may_be_sent(installed: Installed) -> None:
    installed.add_robot()
    url = f"{installed.receiver.url}/elsewhere"
    installed.portal.post("/robot-call", code="pay", raw="code=pay&code=other&a[b", url=url)
    assert installed.receiver.wait("/elsewhere")[0].raw == "code=pay&code=other&a[b"


def test_the_same_call_is_sent_again_with_other_properties(installed: Installed) -> None:
    installed.add_robot()
    first = installed.run_robot()
    number = installed.outside.deliveries(subject="pay", member_id=installed.portal.member_id)[-1]["id"]
    overrides = {"properties": {"amount": "other"}}
    installed.outside.post(f"/deliveries/{number}/again", overrides=overrides)
    second = installed.called(count=2)
    assert second.body["event_token"] == first.body["event_token"]
    assert second.body["properties"] == {"amount": "other"}


def test_history_hides_secrets(installed: Installed) -> None:
    pair = installed.portal.tokens()
    installed.outside.refresh(installed.app, pair["refresh_token"])
    installed.rest("user.current")
    installed.add_robot()
    installed.run_robot()
    kept = json.dumps(
        [installed.portal.history(), installed.outside.get("/oauth/history"), installed.outside.deliveries()]
    )
    for secret in (pair["access_token"], pair["refresh_token"], installed.app["client_secret"]):
        assert secret not in kept


def test_an_unknown_fault_switch_or_trait_is_named(installed: Installed) -> None:
    for path, wish in (("/faults", {"name": "x"}), ("/switches", {"x": 1}), ("/traits", {"x": 1})):
        with pytest.raises(Refused, match="known"):
            installed.portal.post(path, **wish)
    with pytest.raises(Refused, match="string"):
        installed.portal.switch(event_send_code="other")


def test_connections_are_kept_alive(installed: Installed) -> None:
    host, _, port = installed.portal.domain.partition(":")
    connection = http.client.HTTPConnection(host, int(port))
    for _ in range(3):
        connection.request("POST", "/rest/server.time", f"auth={installed.portal.token}")
        answer = connection.getresponse()
        assert answer.read()
        assert not answer.will_close
    connection.close()
