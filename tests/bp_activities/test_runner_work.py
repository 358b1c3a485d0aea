"""The robot's part of the road: results, refusals, waits, deadlines, troubles and bugs."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError

from bitrix24.errors import AnswerLost, PortalUnavailable, Refused, RestError, TryLater
from bp_activities._call import Call
from bp_activities._declaration import NotDone, Wait
from bp_activities._inbox import give_back, waits_for_charge, wake
from bp_activities._runner import OWN_TROUBLE, WORK_DELAYS
from calculations.refusal import Refusal
from storage.model import Charge, ChargeAttempt, SavedCard, Terminal
from tests.bp_activities.road import COMMENT, WORKER, Done, Road
from tests.factories import NOW

METHOD = "crm.item.get"
LATER = TryLater(METHOD, "maintenance", "", 503)
HOUR = timedelta(hours=1)


def refuse(call: Call) -> Done:
    raise Refusal("zero_part", ru="Часть вышла нулевой", en="A part is zero")


def wait(until_seconds: float = 30, reason: str = "charge 5 is open") -> Wait:
    return Wait(
        NOW + timedelta(seconds=until_seconds),
        "charge_open",
        ru="Банк думает",
        en="The bank thinks",
        result=Done(number=5),
        reason=reason,
    )


def raises(error: BaseException, *, times: int = 10_000) -> "Raising":
    return Raising(error, times)


class Raising:
    """A robot that raises so many times and then does its work."""

    def __init__(self, error: BaseException, times: int) -> None:
        self.error = error
        self.left = times

    def __call__(self, _call: Call) -> Done:
        if self.left == 0:
            return Done(number=7)
        self.left -= 1
        raise self.error


# --- refusals and unknown robots ---


@pytest.mark.parametrize(
    ("language", "text", "comment"),
    [
        ("ru", "Часть вышла нулевой", "Робот «Робот на пробу» не выполнен. Часть вышла нулевой (вызов {id})"),
        ("de", "A part is zero", "Robot “Robot on trial” did not succeed. A part is zero (call {id})"),
    ],
)
def test_a_refusal_is_answered_and_told_in_the_document(road: Road, language: str, text: str, comment: str) -> None:
    road.set_portal(language=language)
    road.do = refuse
    call_id = road.accept()
    road.run_due()
    assert road.row(call_id).state == "delivered"
    assert road.answer(call_id) == {
        "result_status": "failed",
        "error_code": "zero_part",
        "error_text": text,
        "number": "",
    }
    assert road.portal.comments == [comment.format(id=call_id)]


def test_what_is_skipped_is_no_failure_and_leaves_no_comment(road: Road) -> None:
    road.do = raises(NotDone("not_due_yet", ru="Рано", en="Too early", known={"number": 1}))
    call_id = road.accept()
    road.run_due()
    assert road.answer(call_id)["result_status"] == "skipped"
    assert road.portal.comments == []


def test_a_code_that_is_no_robot_of_ours_is_answered(road: Road) -> None:
    call_id = road.accept(code="old_robot")
    road.run_due()
    assert road.row(call_id).state == "delivered"
    answer = road.answer(call_id)
    assert (answer["result_status"], answer["error_code"]) == ("failed", "unknown_robot")
    assert "old_robot" in answer["error_text"]


@pytest.mark.parametrize("error", [Refused(COMMENT, "no rights", "ERROR_CORE", 400), AnswerLost(COMMENT, "cut off")])
def test_a_comment_that_fails_holds_up_nothing(road: Road, error: RestError) -> None:
    road.do = refuse
    road.portal.script[COMMENT] = [error]
    assert road.run_to_the_end(road.accept()).state == "delivered"


def test_a_document_without_a_timeline_holds_up_nothing(road: Road) -> None:
    road.do = refuse
    assert road.run_to_the_end(road.accept(document_id=["lists", "Document", "x"])).state == "delivered"
    assert road.portal.comments == []


# --- deadlines ---


def test_after_its_deadline_a_call_is_answered_and_the_robot_does_not_run(road: Road) -> None:
    call_id = road.accept(deadline_at=road.moment)
    road.run_due()
    answer = road.answer(call_id)
    assert (answer["result_status"], answer["error_code"]) == ("failed", "deadline_passed")
    assert "ничего не сделано" in answer["error_text"]
    assert road.robot_runs == 0
    assert road.row(call_id).state == "delivered"


def test_a_call_that_was_at_work_before_its_deadline_does_not_claim_that_nothing_was_done(road: Road) -> None:
    call_id = road.accept(deadline_at=road.moment + HOUR)
    road.claim()
    give_back(road.database, WORKER, road.moment)
    road.forward(hours=2)
    road.run_due()
    answer = road.answer(call_id)
    assert answer["error_code"] == "deadline_passed"
    assert "ничего не сделано" not in answer["error_text"]
    assert "Посмотрите в документе, что уже сделано" in answer["error_text"]
    assert road.robot_runs == 0


# --- waiting ---


def test_a_call_that_waits_runs_again_at_its_moment(road: Road) -> None:
    road.do = raises(wait(), times=1)
    call_id = road.accept()
    road.run_due()
    row = road.row(call_id)
    assert (row.state, row.reason, row.due_at) == ("waiting", "charge 5 is open", road.moment + timedelta(seconds=30))
    assert road.portal.sent == []
    road.forward(seconds=29)
    assert road.run_due() == 0
    road.forward(seconds=1)
    road.run_due()
    assert road.answer(call_id)["number"] == 7


@pytest.mark.parametrize(
    ("deadline", "answered_after"), [(HOUR, timedelta(minutes=59)), (None, timedelta(hours=23, minutes=59))]
)
def test_a_call_that_waits_is_answered_pending_a_minute_before_the_end(
    road: Road, deadline: timedelta | None, answered_after: timedelta
) -> None:
    began = road.moment
    road.do = raises(wait(until_seconds=3_000_000))
    call_id = road.accept(deadline_at=began + deadline if deadline else None)
    row = road.run_to_the_end(call_id)
    assert road.moment == began + answered_after
    assert (row.state, row.result_status) == ("delivered", "pending")
    answer = road.answer(call_id)
    assert (answer["error_code"], answer["error_text"], answer["number"]) == ("charge_open", "Банк думает", 5)
    assert road.portal.comments == []


def a_charge(road: Road, call_id: int) -> int:
    """An open charge that this call is at work on."""
    with road.database.write() as session:
        moments = {"created_at": road.moment}
        terminal = Terminal(
            portal_id=road.portal_id,
            gateway="sandbox",
            name="main",
            credentials="",
            webhook_key="key",
            state="active",
            changed_at=road.moment,
            **moments,
        )
        card = SavedCard(
            portal_id=road.portal_id,
            gateway="sandbox",
            customer="C_5",
            token="",
            token_hash="",
            mask="",
            expires="",
            state="active",
            **moments,
        )
        charge = Charge(
            portal_id=road.portal_id,
            key="due:D_5",
            document="D_5",
            customer="C_5",
            amount=100,
            currency="RUB",
            description="",
            state="open",
            call_id=call_id,
            **moments,
        )
        session.add_all([terminal, card, charge])
        session.flush()
        session.add(
            ChargeAttempt(
                portal_id=road.portal_id,
                charge_id=charge.id,
                number=1,
                call_id=call_id,
                terminal_id=terminal.id,
                saved_card_id=card.id,
                order_number="1",
                amount=100,
                currency="RUB",
                state="sent",
                **moments,
            )
        )
        return charge.id


def test_a_settled_charge_wakes_the_calls_that_wait_for_it_and_no_others(road: Road) -> None:
    waiting = road.accept()
    charge_id = a_charge(road, waiting)
    road.do = raises(wait(reason=waits_for_charge(charge_id)), times=1)
    road.run_due()
    other = road.accept()
    road.do = raises(wait(reason=waits_for_charge(charge_id + 1)), times=1)
    road.run_due()
    road.forward(seconds=1)
    wake(road.database, charge_id, road.moment)
    assert road.run_due() == 1
    assert (road.row(waiting).state, road.row(other).state) == ("delivered", "waiting")


def test_a_charge_settled_while_its_call_is_at_work_is_not_missed(road: Road) -> None:
    call_id = road.accept()
    charge_id = a_charge(road, call_id)

    def settled_meanwhile(_call: Call) -> Done:
        road.forward(seconds=1)
        wake(road.database, charge_id, road.moment)
        raise wait(reason=waits_for_charge(charge_id))

    road.do = settled_meanwhile
    road.run_due()
    assert road.row(call_id).due_at == road.moment


# --- troubles ---


@pytest.mark.parametrize(
    "trouble", [LATER, AnswerLost(METHOD, "cut off"), PortalUnavailable(METHOD, "the app is not paid for")]
)
def test_a_portal_in_trouble_is_tried_again_with_growing_delays(road: Road, trouble: RestError) -> None:
    road.do = raises(trouble, times=len(WORK_DELAYS))
    call_id = road.accept()
    waited = []
    for _ in WORK_DELAYS:
        road.run_due()
        row = road.row(call_id)
        assert (row.state, row.reason) == ("waiting", str(trouble))
        waited.append(row.due_at - road.moment)
        road.moment = row.due_at
    assert tuple(waited) == WORK_DELAYS
    road.run_due()
    assert road.answer(call_id)["result_status"] == "ok"


@pytest.mark.parametrize(("deadline", "within"), [(HOUR, HOUR), (None, timedelta(hours=24))])
def test_a_portal_in_trouble_for_too_long_fails_the_call_in_time(
    road: Road, deadline: timedelta | None, within: timedelta
) -> None:
    began = road.moment
    road.do = raises(LATER)
    call_id = road.accept(deadline_at=began + deadline if deadline else None)
    road.run_to_the_end(call_id)
    assert timedelta(0) < road.moment - began < within
    answer = road.answer(call_id)
    assert (answer["result_status"], answer["error_code"]) == ("failed", "portal_unavailable")
    assert "maintenance" in answer["error_text"]


def test_the_moment_a_portal_names_is_waited_for(road: Road) -> None:
    used_up = TryLater(METHOD, "OPERATION_TIME_LIMIT")
    used_up.until = road.moment + timedelta(minutes=9)
    road.do = raises(used_up, times=1)
    call_id = road.accept()
    road.run_due()
    assert road.row(call_id).due_at == used_up.until


def test_a_portal_that_says_no_fails_the_call_with_its_reason(road: Road) -> None:
    road.do = raises(Refused(METHOD, "Поле не найдено", "ERROR_CORE", 400))
    call_id = road.accept()
    road.run_due()
    answer = road.answer(call_id)
    assert (answer["result_status"], answer["error_code"]) == ("failed", "portal_refused")
    assert "Поле не найдено" in answer["error_text"]


@pytest.mark.parametrize(
    ("portal_state", "call_state"), [("uninstalled", "cancelled"), ("deleted", "dead"), ("suspended", "waiting")]
)
def test_a_call_whose_portal_went_away_meanwhile_is_not_kept_waiting(
    road: Road, portal_state: str, call_state: str
) -> None:
    def removed_meanwhile(_call: Call) -> Done:
        road.set_portal(state=portal_state)
        raise LATER

    road.do = removed_meanwhile
    call_id = road.accept()
    road.run_due()
    row = road.row(call_id)
    assert row.state == call_state
    assert row.reason


# --- trouble of ours ---


def test_a_bug_is_answered_with_a_reference_that_the_log_knows(road: Road, caplog: pytest.LogCaptureFixture) -> None:
    road.do = raises(KeyError("secret detail"))
    call_id = road.accept()
    road.run_due()
    answer = road.answer(call_id)
    assert (answer["result_status"], answer["error_code"]) == ("failed", "internal_error")
    assert f"{call_id}-1" in answer["error_text"]
    assert "secret detail" not in answer["error_text"]
    assert f"reference {call_id}-1" in caplog.text


def test_trouble_of_our_own_database_is_no_answer_but_another_try(road: Road) -> None:
    road.do = raises(OperationalError("", {}, Exception("disk full")), times=2)
    call_id = road.accept()
    road.run_due()
    row = road.row(call_id)
    assert (row.state, row.answer, row.reason) == ("waiting", None, OWN_TROUBLE)
    row = road.run_to_the_end(call_id)
    assert (row.state, row.result_status) == ("delivered", "ok")


def test_trouble_of_ours_that_does_not_end_is_answered_at_last(road: Road) -> None:
    road.do = raises(OperationalError("", {}, Exception("disk full")))
    call_id = road.accept()
    row = road.run_to_the_end(call_id)
    assert (row.state, row.error_code) == ("delivered", "internal_error")
    assert road.robot_runs == len(WORK_DELAYS) + 1


def test_one_callers_trouble_leaves_the_others_alone(road: Road) -> None:
    road.do = raises(RuntimeError("bug"), times=1)
    first, second = road.accept(), road.accept()
    road.run_due()
    assert [road.row(one).error_code for one in (first, second)] == ["internal_error", ""]
