"""What bizproc.event.send answers in each situation a workflow can be in."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.outside import RestAnswer, eventually
from tests.sandbox.conftest import Installed

FORGED = [
    "",
    "abc",
    "66f1c0ffee1234.56789012|A1|" + "x" * 32 + "." + "0" * 64,
]


@pytest.mark.parametrize("token", FORGED)
def test_a_forged_token_is_refused(installed: Installed, token: str) -> None:
    answer = installed.rest("bizproc.event.send", EVENT_TOKEN=token, RETURN_VALUES={})
    assert (answer.status, answer.error) == (403, "ACCESS_DENIED")


def test_a_token_cut_short_is_refused(installed: Installed) -> None:
    installed.add_robot()
    token = installed.run_robot().body["event_token"]
    answer = installed.rest("bizproc.event.send", EVENT_TOKEN=token[:-1])
    assert (answer.status, answer.error) == (403, "ACCESS_DENIED")


def test_another_portals_token_is_refused(installed: Installed) -> None:
    installed.add_robot()
    call = installed.run_robot()
    other = installed.outside.create_portal()
    answer = other.hook("bizproc.event.send", {"event_token": call.body["event_token"]})
    assert (answer.status, answer.error) == (403, "ACCESS_DENIED")


def test_an_answer_completes_the_waiting_step_with_values_in_any_case(installed: Installed) -> None:
    installed.add_robot()
    call = installed.run_robot()
    assert installed.send(call, STATUS="ok", unknown="x").result is True
    flow = installed.flow(call)
    assert flow["state"] == "completed"
    assert flow["steps"][0]["returned"] == {"status": "ok"}
    assert flow["results"]["A" + flow["steps"][0]["step"][1:]] == {"status": "ok", "IsTimeout": 0}


def test_a_webhook_may_answer(installed: Installed) -> None:
    installed.add_robot()
    call = installed.run_robot()
    answer = installed.portal.hook("bizproc.event.send", {"event_token": call.body["event_token"]})
    assert answer.result is True
    assert installed.flow(call)["state"] == "completed"


def test_a_second_answer_is_true_and_changes_nothing_while_the_workflow_lives(installed: Installed) -> None:
    installed.add_robot()
    template = installed.portal.define([{"code": "pay", "name": "First"}, {"code": "pay", "name": "Second"}])
    installed.portal.start(template, installed.portal.add(2, title="Deal"))
    first = installed.called()
    assert installed.outside.wait_idle()
    assert installed.send(first, status="ok").result is True
    installed.called(count=2)
    assert installed.outside.wait_idle()
    assert installed.send(first, status="other").result is True
    flow = installed.flow(first)
    assert flow["results"]["First"]["status"] == "ok"
    assert [step["outcome"] for step in flow["steps"]] == ["answered", "waiting"]
    assert flow["steps"][0]["answers"] == 2


def test_a_finished_workflow_is_not_found(installed: Installed) -> None:
    installed.add_robot()
    call = installed.run_robot()
    installed.send(call, status="ok")
    answer = installed.send(call, status="ok")
    assert (answer.status, answer.error) == (400, "404")
    assert answer.body["error_description"]


@pytest.mark.parametrize(("spelling", "code"), [("number", 404), ("empty", "")])
def test_numeric_codes_can_be_spelled_another_way(installed: Installed, spelling: str, code: Any) -> None:
    installed.portal.switch(event_send_code=spelling)
    installed.add_robot()
    call = installed.run_robot()
    installed.send(call)
    assert installed.send(call).error == code


def test_a_workflow_in_another_hits_hands_is_locked(installed: Installed) -> None:
    installed.add_robot()
    installed.portal.post("/pace", save_seconds=1.0)
    installed.portal.place_robot("pay", "PREPARATION")
    deal = installed.portal.add(2, title="Deal")
    moving = threading.Thread(target=installed.portal.move, args=(2, deal, "PREPARATION"))
    moving.start()
    early = installed.send(installed.called(), status="ok")
    moving.join()
    assert (early.status, early.error) == (400, "423")
    late = installed.send(installed.called(), status="ok")
    assert late.result is True
    assert installed.flow(installed.called())["state"] == "completed"


def test_locked_can_be_planned(installed: Installed) -> None:
    installed.add_robot()
    call = installed.run_robot()
    installed.portal.fault("locked", "bizproc.event.send", times=2)
    assert [installed.send(call).error for _ in range(3)] == ["423", "423", None]


def test_a_deleted_document_ends_the_workflow_with_true(installed: Installed) -> None:
    installed.add_robot()
    call = installed.run_robot()
    installed.portal.delete("/items/2/1")
    assert installed.send(call, status="ok").result is True
    assert installed.flow(call)["state"] == "terminated"
    assert installed.send(call, status="ok").error == "404"


@pytest.mark.parametrize(("said", "expected"), [("404", (400, "404")), ("true", (200, None))])
def test_a_step_that_does_not_wait_has_nothing_to_resume(
    installed: Installed, said: str, expected: tuple[int, Any]
) -> None:
    installed.portal.switch(unsubscribed_answer=said)
    installed.add_robot(USE_SUBSCRIPTION="N")
    installed.add_robot("wait")
    template = installed.portal.define([{"code": "pay"}, {"code": "wait"}])
    installed.portal.start(template, installed.portal.add(2, title="Deal"))
    call = installed.called()
    assert installed.outside.wait_idle()
    answer = installed.send(call, status="ok")
    assert (answer.status, answer.error) == expected


def test_the_next_steps_run_inside_the_call(installed: Installed) -> None:
    installed.add_robot()
    steps: list[dict[str, Any]] = [
        {"code": "pay", "name": "Pay", "properties": {"amount": "{=Document:OPPORTUNITY}"}},
        {"type": "set_fields", "fields": {"COMMENTS": "paid: {=Pay:status}"}},
    ]
    template = installed.portal.define(steps)
    deal = installed.portal.add(2, title="Deal")
    installed.portal.start(template, deal)
    call = installed.called()
    assert installed.outside.wait_idle()
    assert installed.send(call, status="ok").result is True
    assert installed.portal.item(2, deal)["comments"] == "paid: ok"


def test_slow_steps_make_the_call_slow(installed: Installed) -> None:
    installed.add_robot()
    steps: list[dict[str, Any]] = [{"code": "pay"}, {"type": "log", "text": "a"}, {"type": "log", "text": "b"}]
    template = installed.portal.define(steps)
    installed.portal.start(template, installed.portal.add(2, title="Deal"))
    call = installed.called()
    assert installed.outside.wait_idle()
    installed.portal.post("/pace", step_seconds=0.2)
    answer = installed.send(call, status="ok")
    assert answer.body["time"]["duration"] >= 0.6


def test_parallel_robots_have_tokens_of_their_own(installed: Installed) -> None:
    installed.add_robot("one")
    installed.add_robot("two")
    installed.portal.place_robot("one", "PREPARATION", parallel=True)
    installed.portal.place_robot("two", "PREPARATION", parallel=True)
    deal = installed.portal.add(2, title="Deal")
    installed.portal.move(2, deal, "PREPARATION")
    first, second = installed.called("one"), installed.called("two")
    assert installed.outside.wait_idle()
    assert first.body["workflow_id"] == second.body["workflow_id"]
    assert first.body["event_token"] != second.body["event_token"]
    assert installed.send(second, status="ok").result is True
    assert installed.flow(first)["state"] == "running"
    assert installed.send(first, status="ok").result is True
    assert installed.flow(first)["state"] == "completed"


def test_a_time_out_closes_the_step_and_later_answers_are_ignored(installed: Installed) -> None:
    installed.add_robot()
    installed.add_robot("next")
    steps: list[dict[str, Any]] = [{"code": "pay", "name": "Pay", "timeout_seconds": 3600}, {"code": "next"}]
    template = installed.portal.define(steps)
    installed.portal.start(template, installed.portal.add(2, title="Deal"))
    call = installed.called()
    assert call.body["timeout_duration"] == "3600"
    assert installed.outside.wait_idle()
    installed.outside.forward(seconds=3601)
    installed.called("next")
    assert installed.outside.wait_idle()
    installed.portal.tokens()
    assert installed.send(call, status="ok").result is True
    flow = installed.flow(call)
    assert flow["results"]["Pay"] == {"IsTimeout": 1}
    assert [step["outcome"] for step in flow["steps"]] == ["timeout", "waiting"]


def test_a_time_out_on_a_deleted_document_ends_the_workflow(installed: Installed) -> None:
    installed.add_robot()
    call = installed.run_robot(timeout_seconds=60)
    installed.portal.delete("/items/2/1")
    installed.outside.forward(seconds=61)
    assert eventually(lambda: installed.flow(call)["state"] == "terminated")


def test_a_change_of_stage_ends_what_the_stages_robots_waited_for(installed: Installed) -> None:
    installed.add_robot()
    call = installed.run_robot()
    installed.portal.move(2, 1, "WON")
    assert installed.flow(call)["state"] == "terminated"
    assert installed.send(call, status="ok").error == "404"


def test_a_line_in_the_log_needs_text_and_a_waiting_step(installed: Installed) -> None:
    installed.add_robot()
    call = installed.run_robot()

    def log(text: str) -> RestAnswer:
        params = {"EVENT_TOKEN": call.body["event_token"], "LOG_MESSAGE": text}
        return installed.portal.rest("bizproc.activity.log", params)

    assert (log("").status, log("").error) == (400, "ERROR_EMPTY_LOG_MESSAGE")
    assert log("half way").result is True
    flow = installed.flow(call)
    assert (flow["state"], flow["log"][-1]["text"]) == ("running", "half way")
    installed.send(call)
    assert log("too late").error == "404"
