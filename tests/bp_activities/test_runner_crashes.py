"""The process ends at any step of the road: another one goes on, and the workflow gets one answer, byte for byte."""

import pytest

from bitrix24.errors import AnswerLost, TryLater
from bp_activities._call import Call
from bp_activities._inbox import CRASH_DELAYS, CRASHED, claim_due, give_back, give_back_orphans
from bp_activities._runner import MOST_CRASHES
from calculations.refusal import Refusal
from tests.bp_activities.road import COMMENT, SEND, WORKER, Done, Road

STEPS = ["run_started", "robot_done", "answer_fixed", "sending", "sent", "finished"]
COMMENT_STEPS = ["comment_begun", "commented"]
BEFORE_THE_ANSWER_IS_FIXED = {"run_started", "robot_done"}


def refuse(call: Call) -> Done:
    raise Refusal("zero_part", ru="Часть вышла нулевой", en="A part is zero")


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_a_step_the_workflow_still_gets_its_one_answer(road: Road, step: str) -> None:
    call_id = road.accept()
    assert road.run_killed(step)
    row = road.run_to_the_end(call_id)
    assert row.state == "delivered"
    assert set(road.portal.sent) == {row.answer}
    assert road.robot_runs == (2 if step == "robot_done" else 1)


@pytest.mark.parametrize("step", [*STEPS, *COMMENT_STEPS])
def test_killed_at_a_step_of_a_failure_people_are_told_once(road: Road, step: str) -> None:
    road.do = refuse
    call_id = road.accept()
    assert road.run_killed(step)
    row = road.run_to_the_end(call_id)
    assert row.state == "delivered"
    assert set(road.portal.sent) == {row.answer}
    assert len(road.portal.comments) == 1


@pytest.mark.parametrize("first", STEPS)
@pytest.mark.parametrize("second", STEPS)
def test_killed_twice_it_is_the_same(road: Road, first: str, second: str) -> None:
    call_id = road.accept()
    road.run_killed(first)
    road.run_killed(second)
    row = road.run_to_the_end(call_id)
    assert row.state == "delivered"
    assert set(road.portal.sent) == {row.answer}


def test_the_answer_of_the_first_run_that_fixed_it_stands(road: Road) -> None:
    """A robot that would say something else in its second run is not asked a second time."""
    numbers = iter([1, 2])
    road.do = lambda _call: Done(number=next(numbers))
    call_id = road.accept()
    road.run_killed("answer_fixed")
    road.run_to_the_end(call_id)
    assert road.answer(call_id)["number"] == 1


def test_a_comment_that_could_not_be_made_yet_is_made_with_the_next_send(road: Road) -> None:
    road.do = refuse
    road.portal.script = {SEND: [AnswerLost(SEND, "cut off")], COMMENT: [TryLater(COMMENT, "maintenance")]}
    road.run_to_the_end(road.accept())
    assert len(road.portal.comments) == 1


def test_a_run_of_before_does_nothing_any_more(road: Road) -> None:
    call_id = road.accept()
    [old] = road.claim()
    give_back(road.database, WORKER, road.moment)
    road.runner.run(old.call_id, old.run)
    assert (road.robot_runs, road.portal.sent) == (0, [])
    [new] = road.claim()
    road.runner.run(old.call_id, old.run)
    assert (road.robot_runs, road.portal.sent) == (0, [])
    road.runner.run(new.call_id, new.run)
    assert road.row(call_id).state == "delivered"
    assert len(road.portal.sent) == 1


def test_a_run_that_was_overtaken_while_its_robot_worked_sends_nothing(road: Road) -> None:
    """As a worker that slept, was thought dead, and woke up."""

    def overtaken(_call: Call) -> Done:
        road.do = lambda _call: Done(number=2)
        give_back(road.database, WORKER, road.moment)
        [new] = claim_due(road.database, "worker-2", 1, road.moment)
        road.runner.run(new.call_id, new.run)
        return Done(number=1)

    road.do = overtaken
    call_id = road.accept()
    road.run_due()
    assert road.answer(call_id)["number"] == 2
    assert road.portal.sent == [road.row(call_id).answer]


def test_a_run_started_twice_sends_once(road: Road) -> None:
    """The engine may start a job again that has ended."""
    road.accept()
    [one] = road.claim()
    road.runner.run(one.call_id, one.run)
    road.runner.run(one.call_id, one.run)
    assert len(road.portal.sent) == 1


def test_a_call_that_kills_its_worker_again_and_again_rests_longer_and_longer_and_is_answered_at_last(
    road: Road,
) -> None:
    call_id = road.accept()
    rested = []
    for _ in range(MOST_CRASHES):
        assert road.run_killed("robot_done")
        row = road.row(call_id)
        assert row.reason == CRASHED
        rested.append(row.due_at - road.moment)
        road.moment = row.due_at
    assert tuple(rested[: len(CRASH_DELAYS)]) == CRASH_DELAYS
    assert set(rested[len(CRASH_DELAYS) :]) == {CRASH_DELAYS[-1]}
    row = road.run_to_the_end(call_id)
    assert (row.state, row.error_code) == ("delivered", "internal_error")
    assert road.robot_runs == MOST_CRASHES


def test_crashes_do_not_use_up_the_patience_with_a_portal_in_trouble(road: Road) -> None:
    road.portal.script[SEND] = [AnswerLost(SEND, "cut off")]
    call_id = road.accept()
    road.run_killed("run_started")
    road.run_killed("run_started")
    road.run_due()
    assert (road.row(call_id).state, road.row(call_id).failures) == ("answering", 1)


def test_what_no_run_works_on_is_given_back_and_what_is_at_work_is_not(road: Road) -> None:
    at_work, orphan = road.accept(), road.accept()
    claims = {one.call_id: one.run for one in road.claim()}
    count = give_back_orphans(road.database, WORKER, {(at_work, claims[at_work])}, road.moment)
    assert count == 1
    assert (road.row(at_work).state, road.row(orphan).state) == ("running", "accepted")
