"""What operators type about calls: see them, send dead letters again, cancel what has not ended."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import click.testing
import pytest
from flask import Flask

from bitrix24.errors import AnswerLost, Refused
from handlers.commands import calls
from storage.database import open_database
from storage.model import CallConflict
from tests.bp_activities.road import SEND, Done, Road
from tests.databases import KINDS, migrated_database
from tests.factories import make_call, make_portal

LOST = AnswerLost(SEND, "cut off")
FORGED = Refused(SEND, "Access denied!", "ACCESS_DENIED", 403)
Types = Callable[..., click.testing.Result]


@pytest.fixture(params=KINDS)
def road(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Road]:
    with migrated_database(request.param, tmp_path) as url:
        database = open_database(url)
        yield Road(database)
        database.close()


@pytest.fixture
def types(road: Road) -> Types:
    app = Flask(__name__)
    app.cli.add_command(calls.group)
    app.extensions["services"] = SimpleNamespace(
        settings=SimpleNamespace(bitrix24_client_id="local.test"), now=lambda: road.moment, database=road.database
    )

    def run(*words: object) -> click.testing.Result:
        result = app.test_cli_runner().invoke(args=["calls", *map(str, words)])
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    return run


def dead_letter(road: Road) -> int:
    """A call whose answer is fixed and was never taken."""
    road.portal.script[SEND] = [LOST] * 30
    call_id = road.accept()
    assert road.run_to_the_end(call_id).state == "dead"
    road.portal.script.clear()
    return call_id


def numbers(listed: str) -> list[int]:
    return [int(line.split()[0]) for line in listed.splitlines()]


def test_the_list_shows_the_newest_first_with_state_outcome_and_reason(road: Road, types: Types) -> None:
    delivered = road.accept()
    road.run_due()
    dead = dead_letter(road)
    waiting = road.accept(code="charge_saved_card", state="waiting", reason="charge 5 is open")
    lines = types("list").output.splitlines()
    assert [int(line.split()[0]) for line in lines] == [waiting, dead, delivered]
    assert "charge_saved_card" in lines[0]
    assert lines[0].endswith("waiting    charge 5 is open")
    assert "  dead  ok  delivery unknown" in lines[1]
    assert lines[2].endswith("delivered  ok")
    assert "DEAL_" in lines[2]


def test_the_list_is_narrowed_by_state_portal_and_number(road: Road, types: Types) -> None:
    with road.database.write() as session:
        other = make_portal(session)
        theirs = make_call(session, other.id, state="dead", reason="the portal was deleted").id
        member_id = other.member_id
    mine = [road.accept(state="dead", reason="gone"), road.accept()]
    assert numbers(types("list", "--state", "dead").output) == [mine[0], theirs]
    assert numbers(types("list", "--portal", member_id).output) == [theirs]
    assert numbers(types("list", "--last", 2).output) == [mine[1], mine[0]]


@pytest.mark.parametrize("words", [("--state", "lost"), ("--last", "0"), ("--last", "-5"), ("--portal", "nobody")])
def test_a_list_that_cannot_be_is_refused_in_words(types: Types, words: tuple[str, str]) -> None:
    result = types("list", *words)
    assert result.exit_code != 0
    assert "Error: " in result.output


def test_a_call_is_shown_whole_but_for_its_event_token(road: Road, types: Types) -> None:
    road.portal.script[SEND] = [LOST]
    call_id = road.accept(event_token="secret-token", properties={"amount": "100 ₽"})
    with road.database.write() as session:
        session.add(
            CallConflict(
                portal_id=road.portal_id,
                call_id=call_id,
                properties={"amount": "999"},
                properties_hash="other",
                received_at=road.moment,
            )
        )
    road.run_due()
    shown = types("show", call_id).output
    for words in ("tried", "answering", "100 ₽", "cut off", '"number": 7', "conflict", "999"):
        assert words in shown
    assert (road.moment + timedelta(seconds=1)).isoformat() in shown
    assert "secret-token" not in shown


@pytest.mark.parametrize("command", ["show", "retry", "cancel"])
@pytest.mark.parametrize("call_id", [4711, 0, 10**20, "five"])
def test_a_call_that_is_not_there_is_refused_in_words(types: Types, command: str, call_id: object) -> None:
    result = types(command, call_id)
    assert result.exit_code != 0
    assert str(call_id) in result.output


def test_a_dead_letter_with_an_answer_goes_again_with_the_same_bytes(road: Road, types: Types) -> None:
    call_id = dead_letter(road)
    sends = len(road.portal.sent)
    assert types("retry", call_id).exit_code == 0
    row = road.run_to_the_end(call_id)
    assert (row.state, row.reason, road.robot_runs) == ("delivered", "", 1)
    assert len(road.portal.sent) == sends + 1
    assert set(road.portal.sent) == {row.answer}


def test_a_dead_letter_without_an_answer_runs_its_robot(road: Road, types: Types) -> None:
    call_id = road.accept(state="dead", reason="trouble of our own, see the log", failures=11, run=11)
    types("retry", call_id)
    assert (road.run_to_the_end(call_id).state, road.robot_runs) == ("delivered", 1)


def test_a_dead_letter_sent_again_has_all_its_tries_anew(road: Road, types: Types) -> None:
    call_id = dead_letter(road)
    sends = len(road.portal.sent)
    road.portal.script[SEND] = [LOST] * 30
    types("retry", call_id)
    assert road.run_to_the_end(call_id).state == "dead"
    assert len(road.portal.sent) == 2 * sends


def test_a_dead_letter_is_sent_again_once_by_two_operators(road: Road, types: Types) -> None:
    call_id = dead_letter(road)
    assert types("retry", call_id).exit_code == 0
    second = types("retry", call_id)
    assert second.exit_code != 0
    assert "only a dead letter" in second.output


@pytest.mark.parametrize("state", ["accepted", "waiting", "answering", "running", "delivered", "cancelled"])
def test_what_is_no_dead_letter_is_not_sent_again(road: Road, types: Types, state: str) -> None:
    call_id = road.accept(state=state)
    result = types("retry", call_id)
    assert result.exit_code != 0
    assert f"call {call_id} is {state}" in result.output
    assert road.row(call_id).state == state


@pytest.mark.parametrize("state", ["accepted", "waiting", "answering", "dead"])
def test_a_cancelled_call_is_not_run_any_more(road: Road, types: Types, state: str) -> None:
    call_id = road.accept(state=state)
    assert types("cancel", call_id).exit_code == 0
    assert (road.run_due(), road.robot_runs, road.portal.sent) == (0, 0, [])
    row = road.row(call_id)
    assert (row.state, row.reason, row.finished_at) == ("cancelled", "cancelled by an operator", road.moment)


@pytest.mark.parametrize("state", ["running", "delivered", "cancelled"])
def test_what_runs_or_has_ended_is_not_cancelled(road: Road, types: Types, state: str) -> None:
    call_id = road.accept(state=state, reason="as it was")
    result = types("cancel", call_id)
    assert result.exit_code != 0
    assert f"call {call_id} is {state}" in result.output
    assert (road.row(call_id).state, road.row(call_id).reason) == (state, "as it was")


def test_a_refused_answer_is_listed_for_the_operator_and_may_be_sent_again(road: Road, types: Types) -> None:
    road.portal.script[SEND] = [FORGED] * 10
    road.do = lambda _call: Done(number=9)
    call_id = road.accept()
    assert road.run_to_the_end(call_id).state == "dead"
    road.portal.script.clear()
    assert numbers(types("list", "--state", "dead").output) == [call_id]
    types("retry", call_id)
    assert road.run_to_the_end(call_id).state == "delivered"


@pytest.mark.parametrize("words", [("show",), ("retry",), ("cancel",), ("list", "--last")])
def test_a_number_beyond_the_databases_own_is_refused(types: Types, words: tuple[str, ...]) -> None:
    result = types(*words, 2**63)
    assert result.exit_code == 2
    assert "is not in the range" in result.output
