"""Sending the answer: what follows each reply of the portal, and the same bytes every time."""

import json
from datetime import timedelta

import pytest

from bitrix24.errors import AccessDenied, AnswerLost, Locked, NotFound, PortalUnavailable, Refused, RestError, TryLater
from bp_activities._runner import GONE, GONE_LATER, LOCKED_DELAYS, REFUSED_SENDS, SEND_DELAYS
from tests.bp_activities.road import SEND, Road

LOCKED = Locked(SEND, "Instance is locked", "423", 400)
GONE_REPLY = NotFound(SEND, "Instance is not found", "404", 400)
FORGED = AccessDenied(SEND, "Wrong token", "ACCESS_DENIED", 403)
STRANGE = Refused(SEND, "Something else", "ERROR_X", 400)
LOST = AnswerLost(SEND, "cut off")
LATER = TryLater(SEND, "the portal asks to wait", "", 503)
SHUT = PortalUnavailable(SEND, "the portal's plan has no REST", "ACCESS_DENIED", 401)


def test_the_workflow_gets_the_robots_result_once(road: Road) -> None:
    call_id = road.accept(event_token="token-ü")
    road.run_due()
    row = road.row(call_id)
    assert (row.state, row.reason, row.sends, row.last_reply) == ("delivered", "", 1, "true")
    assert row.finished_at == road.moment
    assert road.portal.sent == [row.answer]
    assert json.loads(str(row.answer)) == {
        "EVENT_TOKEN": "token-ü",
        "RETURN_VALUES": {"result_status": "ok", "error_code": "", "error_text": "", "number": 7},
        "LOG_MESSAGE": "Робот на пробу",
    }
    assert road.run_due() == 0


@pytest.mark.parametrize(
    ("reply", "state", "reason"),
    [
        (GONE_REPLY, "dead", GONE),
        (FORGED, "dead", "the portal does not accept the answer: "),
        (LOCKED, "answering", "bizproc.event.send: Instance is locked (423, HTTP 400)"),
        (STRANGE, "answering", "bizproc.event.send: Something else (ERROR_X, HTTP 400)"),
        (LOST, "answering", "bizproc.event.send: cut off"),
        (LATER, "answering", "bizproc.event.send: the portal asks to wait (HTTP 503)"),
        (SHUT, "answering", "bizproc.event.send: the portal's plan has no REST (ACCESS_DENIED, HTTP 401)"),
    ],
)
def test_each_reply_has_its_consequence(road: Road, reply: RestError, state: str, reason: str) -> None:
    road.portal.script[SEND] = [reply]
    call_id = road.accept()
    road.run_due()
    row = road.row(call_id)
    assert row.state == state
    assert row.reason.startswith(reason)
    assert str(reply) in row.last_reply
    assert (row.finished_at is not None) == (state == "dead")


@pytest.mark.parametrize("reply", [LOCKED, STRANGE, LOST, LATER, SHUT])
def test_after_a_passing_trouble_the_same_bytes_are_sent_and_the_robot_does_not_run_again(
    road: Road, reply: RestError
) -> None:
    road.portal.script[SEND] = [reply, reply]
    call_id = road.accept()
    assert road.run_to_the_end(call_id).state == "delivered"
    assert len(road.portal.sent) == 3
    assert len(set(road.portal.sent)) == 1
    assert road.robot_runs == 1
    assert road.row(call_id).sends == 3


@pytest.mark.parametrize(
    ("reply", "delays", "reason"),
    [
        (LOCKED, LOCKED_DELAYS, "the workflow stayed locked: "),
        (STRANGE, SEND_DELAYS[:REFUSED_SENDS], "the portal refuses the answer: "),
        (LOST, SEND_DELAYS, "delivery unknown: "),
        (LATER, SEND_DELAYS, "delivery unknown: "),
        (SHUT, SEND_DELAYS, "delivery unknown: "),
    ],
)
def test_the_delays_grow_and_only_after_the_last_an_operator_has_to_look(
    road: Road, reply: RestError, delays: tuple[timedelta, ...], reason: str
) -> None:
    road.portal.script[SEND] = [reply] * 50
    call_id = road.accept()
    waited = []
    for _ in delays:
        road.run_due()
        row = road.row(call_id)
        assert row.state == "answering"
        waited.append(row.due_at - road.moment)
        road.moment = row.due_at
    assert tuple(waited) == delays
    road.run_due()
    row = road.row(call_id)
    assert row.state == "dead"
    assert row.reason.startswith(reason)
    assert row.sends == len(delays) + 1
    assert len(set(road.portal.sent)) == 1


def test_nothing_is_sent_before_its_moment(road: Road) -> None:
    road.portal.script[SEND] = [LOST, LOST]
    road.accept()
    road.run_due()
    road.run_due()
    assert len(road.portal.sent) == 1


def test_a_moment_that_the_portal_names_is_waited_for(road: Road) -> None:
    used_up = TryLater(SEND, "OPERATION_TIME_LIMIT")
    used_up.until = road.moment + timedelta(minutes=7)
    road.portal.script[SEND] = [used_up]
    call_id = road.accept()
    road.run_due()
    assert road.row(call_id).due_at == used_up.until


def test_a_workflow_that_is_over_after_a_lost_reply_has_its_answer(road: Road) -> None:
    road.portal.script[SEND] = [LOST, GONE_REPLY]
    row = road.run_to_the_end(road.accept())
    assert (row.state, row.reason) == ("delivered", GONE_LATER)


def test_a_step_that_does_not_wait_is_worked_on_and_not_answered(road: Road) -> None:
    call_id = road.accept(use_subscription=False)
    road.run_due()
    row = road.row(call_id)
    assert (row.state, row.sends, row.result_status) == ("delivered", 0, "ok")
    assert road.robot_runs == 1
    assert road.portal.sent == []


def test_a_reply_with_a_nul_is_kept_without_it(road: Road) -> None:
    road.portal.script[SEND] = [Refused(SEND, "bad\x00reply", "ERROR_X", 400)]
    call_id = road.accept()
    road.run_due()
    assert road.row(call_id).reason == "bizproc.event.send: badreply (ERROR_X, HTTP 400)"
