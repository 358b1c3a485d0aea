"""What becomes of an answer that is lost, refused or comes too late; a stored answer is sent again as it was."""

from typing import Any

import pytest

from tests.foreign.bitrix import Step
from tests.foreign.crm import DEAL
from tests.foreign.test_robots import document
from tests.foreign.world import World
from tests.outside import eventually

FORWARD = 130  # more than any of the first pauses between tries


def troubled(world: World, *troubles: str, **other: Any) -> tuple[dict[str, Any], Step, int]:
    """A payment of 10 of a debt of 100, in a workflow that answers with these troubles first."""
    deal = world.bitrix.crm.make(DEAL, title="Д", UF_CRM_PAY_DEBT="100|RUB")
    body = world.bitrix.call("deduct_from_debt", document("DEAL", deal), {"payment_amount": "10"}, **other)
    step = world.bitrix.steps[body["event_token"]]
    step.troubles += troubles
    assert world.bitrix.deliver(body)[0] == 200
    return body, step, deal


def settle(world: World, body: dict[str, Any], step: Step, sends: int) -> None:
    """Time passes until so many answers were sent."""
    for so_far in range(1, sends + 1):
        assert sent(step, so_far), (step, world.state(body))
        world.wait_state(body, "answering", "delivered", "dead")
        if so_far < sends:
            world.outside.forward(seconds=FORWARD)


def sent(step: Step, times: int) -> bool:
    return eventually(lambda: step.sends >= times, 15)


def debt_of(world: World, deal: int) -> str:
    return str(world.bitrix.crm.items[DEAL][deal]["UF_CRM_PAY_DEBT"]).split("|")[0]


def test_an_answer_whose_reply_was_lost_is_sent_again_and_the_work_is_not_done_twice(world: World) -> None:
    body, step, deal = troubled(world, "lost")
    settle(world, body, step, 2)
    assert world.wait_state(body, "delivered")
    assert step.sends == 2
    assert len(step.answers) == 1
    assert debt_of(world, deal) == "90.00"


@pytest.mark.parametrize("trouble", ["locked", "locked in words"])
def test_a_locked_workflow_is_asked_again_until_it_is_free(world: World, trouble: str) -> None:
    body, step, deal = troubled(world, trouble, trouble, trouble)
    settle(world, body, step, 4)
    assert world.wait_state(body, "delivered")
    assert step.answers[0]["debt_after"] == "90.00"
    assert (step.sends, debt_of(world, deal)) == (4, "90.00")


def test_a_workflow_that_is_gone_is_final(world: World) -> None:
    body, step, deal = troubled(world, "gone")
    assert world.wait_state(body, "dead")
    world.outside.forward(seconds=86_400)
    assert not eventually(lambda: step.sends > 1, 1)
    assert debt_of(world, deal) == "90.00"


def test_a_workflow_that_is_gone_after_a_lost_reply_had_its_answer(world: World) -> None:
    body, step, _ = troubled(world, "lost", "gone")
    settle(world, body, step, 2)
    assert world.wait_state(body, "delivered")
    assert len(step.answers) == 1


def test_a_refusal_of_the_token_is_a_dead_letter(world: World) -> None:
    body, step, _ = troubled(world, "forged")
    assert world.wait_state(body, "dead")
    world.outside.forward(seconds=86_400)
    assert not eventually(lambda: step.sends > 1, 1)


def test_a_step_that_does_not_wait_is_worked_for_and_not_answered(world: World) -> None:
    body, step, deal = troubled(world, use_subscription="N")
    assert world.wait_state(body, "delivered")
    assert (step.sends, debt_of(world, deal)) == (0, "90.00")


def test_a_code_that_is_not_ours_any_more_is_answered_as_failed(world: World) -> None:
    """The portal still has the robot of an older version; its workflow must not hang."""
    body = world.bitrix.call("robot.of-last-year", document("DEAL", 1), None)
    assert world.bitrix.deliver(body, f"{world.address}/bitrix24/activities")[0] == 200
    result = world.answer(body)
    assert (result["result_status"], result["error_code"]) == ("failed", "unknown_robot")
