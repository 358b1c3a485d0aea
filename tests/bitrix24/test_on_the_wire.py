"""The client against the sandbox's portal over HTTP: its bucket, its clock of operating time, its faults."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bitrix24.errors import (
    AccessDenied,
    AnswerLost,
    NotFound,
    PortalUnavailable,
    Refused,
    TryLater,
)
from bitrix24.lanes import Lane
from tests.bitrix24.conftest import Site
from tests.outside import ROOT

DEAL = 2


def outcome(future: Any) -> Any:
    error = future.exception(60)
    return type(error).__name__ if error else future.result()


def waiting_tokens(site: Site, count: int) -> list[str]:
    """So many workflows whose only step waits for its answer; the tokens as the portal sent them."""
    registered = site.portal.rest(
        "bizproc.robot.add",
        {
            "CODE": "wait",
            "HANDLER": "http://127.0.0.1:9/wait",
            "AUTH_USER_ID": 1,
            "USE_SUBSCRIPTION": "Y",
            "NAME": {"en": "Wait", "ru": "Ждать"},
        },
    )
    assert registered.result is True
    template = site.portal.define([{"code": "wait"}])
    for number in range(count):
        site.portal.start(template, site.portal.add(DEAL, title=f"Deal {number}"))
    assert site.outside.wait_idle(30)
    calls = site.outside.deliveries(subject="wait", member_id=site.portal.member_id)
    assert len(calls) == count
    return [call["body"]["event_token"] for call in calls]


def answers_of_finished(site: Site) -> list[int]:
    """How often each workflow was answered, of those that went on to their end."""
    flows = [flow for flow in site.portal.workflows() if flow["state"] == "completed"]
    return [execution["answers"] for flow in flows for execution in flow["steps"]]


def test_two_workers_with_a_thousand_waiting_commands_cause_not_one_503(either_site: Site) -> None:
    """The bucket is nearly used up when they begin: both processes have to wait for the same drops of it."""
    site = either_site
    known = [site.portal.add(DEAL, title=f"Deal {number}") for number in range(900)]
    first = known[0]
    assert known == list(range(first, first + 900))
    for _ in range(34):
        site.client.call("crm.item.get", {"entityTypeId": DEAL, "id": first}, alone=True)
    site.portal.delete("/history")
    app, house = site.house.app, site.house
    command = [sys.executable, "-m", "tests.bitrix24.worker", house.url, str(site.portal_id)]
    command += [app.client_id, app.client_secret, app.oauth_url]
    workers = [
        subprocess.Popen([*command, str(start), "500"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for start in (first, first + 500)
    ]
    outcomes: dict[str, str] = {}
    for worker in workers:
        said, _ = worker.communicate(timeout=120)
        assert worker.returncode == 0
        outcomes |= json.loads(said)
    expected = {str(first + number): f"Deal {number}" if number < 900 else "NotFound" for number in range(1000)}
    assert outcomes == expected
    history = site.portal.history()
    assert history["statuses"] == {"200": history["count"]}
    assert history["refused_by_bucket"] == 0
    assert history["count"] <= 30
    assert {entry["user_agent"] for entry in history["entries"]} == {f"worker-{first}", f"worker-{first + 500}"}


def test_a_slow_continuation_does_not_cost_the_others_their_answers(site: Site) -> None:
    tokens = waiting_tokens(site, 60)
    site.portal.fault("delay", "bizproc.event.send", seconds=2.0)
    answers = [site.client.submit("bizproc.event.send", {"EVENT_TOKEN": token}, lane=Lane.CONTINUE) for token in tokens]
    reads = [site.client.submit("crm.item.list", {"entityTypeId": DEAL, "start": -1}) for _ in range(20)]
    assert all(isinstance(outcome(read), dict) for read in reads)
    assert not any(answer.done() for answer in answers), "the reads waited for the workflows"
    assert [outcome(answer) for answer in answers] == [True] * 60
    assert answers_of_finished(site) == [1] * 60


def test_continuations_whose_answer_is_lost_may_be_sent_again_and_go_on_once(site: Site) -> None:
    tokens = waiting_tokens(site, 40)
    site.portal.fault("lost_after", "bizproc.event.send", times=2)
    futures = {
        token: site.client.submit("bizproc.event.send", {"EVENT_TOKEN": token}, lane=Lane.CONTINUE) for token in tokens
    }
    found = {token: outcome(future) for token, future in futures.items()}
    lost = [token for token, result in found.items() if result == "AnswerLost"]
    assert set(found.values()) == {True, "AnswerLost"}
    assert len(lost) > 2
    again = [site.client.submit("bizproc.event.send", {"EVENT_TOKEN": one}, lane=Lane.CONTINUE) for one in lost]
    assert {outcome(answer) for answer in again} == {"NotFound"}, "these workflows had gone on to their end"
    assert sorted(answers_of_finished(site)) == [1] * (40 - len(lost)) + [2] * len(lost)


@pytest.mark.parametrize("fault", ["lost_before", "lost_after", "html", "html_after", "error_500", "cut"])
def test_an_add_whose_answer_is_lost_is_never_sent_twice(site: Site, fault: str) -> None:
    site.portal.fault(fault, "crm.item.add")
    future = site.client.submit("crm.item.add", {"entityTypeId": DEAL, "fields": {"title": "Once"}})
    assert outcome(future) == "AnswerLost"
    assert len(site.portal.history(method="crm.item.add")["entries"]) == 1


def test_a_portal_that_refuses_connections_is_tried_until_it_listens(site: Site) -> None:
    site.client.call("crm.item.fields", {"entityTypeId": DEAL})
    site.portal.post("/address", open=False)
    future = site.client.submit("crm.item.add", {"entityTypeId": DEAL, "fields": {"title": "Patient"}})
    error = future.exception(60)
    assert isinstance(error, TryLater)
    site.portal.post("/address", open=True)
    assert site.portal.items(DEAL) == []


def test_each_command_of_a_batch_has_its_own_outcome(site: Site) -> None:
    deal = site.portal.add(DEAL, title="Here")
    site.portal.fault("error", "crm.category.list", status=500, code="INTERNAL_SERVER_ERROR")
    futures = [
        site.client.submit("crm.item.get", {"entityTypeId": DEAL, "id": deal}),
        site.client.submit("crm.item.get", {"entityTypeId": DEAL, "id": deal + 1000}),
        site.client.submit("crm.item.update", {"entityTypeId": DEAL, "id": deal, "fields": {"title": "There"}}),
        site.client.submit("no.such.method"),
        site.client.submit("bizproc.event.send", {"EVENT_TOKEN": "forged"}),
        site.client.submit("crm.category.list", {"entityTypeId": DEAL}),
        site.client.submit("crm.item.get", {}),
    ]
    errors = [type(future.exception(30)) for future in futures]
    assert errors == [type(None), NotFound, type(None), Refused, AccessDenied, AnswerLost, Refused]
    assert futures[0].result()["item"]["title"] == "Here"
    assert site.portal.item(DEAL, deal)["title"] == "There"


def test_every_kind_of_value_arrives_in_a_batch_as_it_does_alone(site: Site) -> None:
    fields = {
        "title": "Счёт № 5 & «кавычки» = 100 % + ещё ]",
        "opportunity": "1200.50",
        "isManualOpportunity": True,
        "comments": "line one\nline two\t$ [b]bold[/b] ?a=b&c=d#e",
        "contactIds": [3, 5],
        "begindate": None,
    }
    params = {"entityTypeId": DEAL, "fields": fields}
    together = [site.client.submit("crm.item.add", params) for _ in range(3)]
    items = [future.result(30)["item"] for future in together]
    items.append(site.client.call("crm.item.add", params, alone=True)["item"])
    kept = [{name: item[name] for name in fields if name != "begindate"} for item in items]
    assert kept[0]["title"] == fields["title"]
    assert kept[0]["comments"] == fields["comments"]
    assert kept[0]["isManualOpportunity"] == "Y"
    assert kept == [kept[0]] * 4
    assert any(entry["method"] == "batch" for entry in site.portal.history(method="crm.item.add")["entries"])


def test_an_expired_token_is_renewed_once_while_two_hundred_wait(site: Site) -> None:
    deal = site.portal.add(DEAL, title="Here")
    before = site.outside.get("/oauth/history", counters_only=1)["renewals"]
    site.portal.post("/tokens/expire")
    params = {"entityTypeId": DEAL, "id": deal}
    with ThreadPoolExecutor(40) as pool:
        titles = list(pool.map(lambda _: site.client.call("crm.item.get", params)["item"]["title"], range(200)))
    assert titles == ["Here"] * 200
    assert site.outside.get("/oauth/history", counters_only=1)["renewals"] == before + 1


def test_a_refused_renewal_stops_the_portal_and_a_new_install_starts_it(site: Site) -> None:
    site.portal.post("/tokens/expire")
    site.outside.fault("renewal_refused", "token", times=5)
    futures = [site.client.submit("crm.item.fields", {"entityTypeId": DEAL}) for _ in range(100)]
    assert {outcome(future) for future in futures} == {"PortalUnavailable"}
    asked = [entry for entry in site.outside.get("/oauth/history")["entries"] if entry["fault"] == "renewal_refused"]
    site.outside.delete("/oauth/faults")
    assert len(asked) == 1
    assert site.house.row(site.portal_id).state == "needs_reauthorisation"


def test_wrong_client_with_status_200_is_an_error(site: Site) -> None:
    site.portal.post("/tokens/expire")
    site.outside.fault("wrong_client", "token")
    error = site.client.submit("crm.item.fields", {"entityTypeId": DEAL}).exception(30)
    assert isinstance(error, PortalUnavailable)
    assert "BITRIX24_CLIENT_SECRET" in str(error)
    assert site.house.row(site.portal_id).state == "active"


def test_a_renamed_portal_is_followed_with_the_whole_request(site: Site) -> None:
    site.portal.post("/address", rename=0)
    item = site.client.call("crm.item.add", {"entityTypeId": DEAL, "fields": {"title": "Moved"}})["item"]
    assert item["title"] == "Moved"
    assert site.house.row(site.portal_id).client_endpoint == site.portal.get()["client_endpoint"]
    assert [deal["title"] for deal in site.portal.items(DEAL)] == ["Moved"]


def test_a_method_without_operating_time_waits_and_the_others_go_on(site: Site) -> None:
    deal = site.portal.add(DEAL, title="Here")
    site.portal.post("/pace", costs={"crm.item.list": 300.0}, operating_limit=480)
    for _ in range(2):
        site.client.call("crm.item.list", {"entityTypeId": DEAL})
    blocked = site.client.submit("crm.item.list", {"entityTypeId": DEAL})
    error = blocked.exception(30)
    assert isinstance(error, TryLater)
    assert error.until is not None
    assert error.until > site.house.now()
    assert site.client.call("crm.item.get", {"entityTypeId": DEAL, "id": deal})["item"]["title"] == "Here"
    assert site.portal.history()["errors"].get("OPERATION_TIME_LIMIT", 0) == 1


@pytest.mark.parametrize("code", ["string", "number", "empty"])
def test_the_answers_to_a_finished_workflow_are_final(site: Site, code: str) -> None:
    site.portal.switch(event_send_code=code)
    (token,) = waiting_tokens(site, 1)
    answer = {"EVENT_TOKEN": token}
    assert site.client.call("bizproc.event.send", answer, lane=Lane.CONTINUE) is True
    with pytest.raises(NotFound):
        site.client.call("bizproc.event.send", answer, lane=Lane.CONTINUE)


def test_a_list_of_any_length_is_read_whole(site: Site) -> None:
    for number in range(120):
        site.portal.add(DEAL, title=f"Deal {number}")
    rows = site.client.list_all("crm.item.list", {"entityTypeId": DEAL, "select": ["id", "title"]}, "items")
    assert [row["title"] for row in rows] == [f"Deal {number}" for number in range(120)]


@pytest.mark.parametrize(
    ("fault", "expected", "state"),
    [
        ("refuse", "AnswerLost", "active"),
        ("list_for_map", "AnswerLost", "active"),
        ("overload", "PortalUnavailable", "suspended"),
        ("plan", "PortalUnavailable", "suspended"),
        ("payment_required", "PortalUnavailable", "suspended"),
        ("no_access", "PortalUnavailable", "suspended"),
        ("portal_deleted", "PortalUnavailable", "deleted"),
        ("insufficient_scope", "PortalUnavailable", "active"),
    ],
)
def test_a_fault_of_a_whole_batch_is_every_command_s_own(site: Site, fault: str, expected: str, state: str) -> None:
    site.portal.fault(fault, "crm.item.fields")
    futures = [site.client.submit("crm.item.fields", {"entityTypeId": DEAL}) for _ in range(3)]
    assert [outcome(future) for future in futures] == [expected] * 3
    assert site.house.row(site.portal_id).state == state


def test_an_invalid_token_is_renewed_too(site: Site) -> None:
    site.portal.fault("invalid_token", "crm.item.fields")
    assert site.client.call("crm.item.fields", {"entityTypeId": DEAL})["fields"]
    row = site.house.token_row(site.portal_id)
    assert row is not None
    assert row.generation == 2
