"""A step whose document is no item of the CRM: a robot that needs one refuses, and does not call itself on trial."""

from datetime import UTC, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from bp_activities._call import Call, World
from bp_activities._catalogue import robot_of
from calculations.calendar import Calendar
from schemas.portal import PortalFacts

NOTHING: Any = cast(Any, None)  # what a robot that refuses at once has no use for


@pytest.mark.parametrize("code", ["charge_saved_card", "split_invoice"])
def test_a_robot_that_needs_an_item_of_the_crm_says_that_the_step_has_none(code: str) -> None:
    robot = robot_of(code)
    assert robot
    call = Call(
        key="pay-1",
        code=code,
        now=datetime(2026, 1, 31, 9, tzinfo=UTC),
        facts=PortalFacts(1, "member-1", "ru", ZoneInfo("UTC"), "dmy", "RUB"),
        calendar=Calendar(),
        document=None,
        deadline_at=None,
        world=World(NOTHING, NOTHING, NOTHING, NOTHING, call_id=1),
    )
    answer = robot.answer({"amount": "100"}, call)
    assert (answer.status, answer.error_code) == ("failed", "document_needed")
    assert "нет документа CRM" in answer.body("token")
