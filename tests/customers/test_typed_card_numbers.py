"""Card numbers that people type into a robot's fields: cut out at the door, refused by the robot, kept nowhere."""

import pytest

from bp_activities._catalogue import robot_of
from calculations.dates_text import Culture
from calculations.refusal import Refusal
from schemas.card_number import CUT, cut_card_numbers
from schemas.robot_call import RobotCall

NUMBERS = [
    "4111111111111111",
    "4111 1111 1111 1111",
    "4111-1111-1111-1111",
    "2201382000000013",
    "5555555555554444",
    "2720994326581252",
    "378282246310005",
    "3782 822463 10005",
    "6304000000000000",
]
NO_NUMBERS = [
    "4111111111111112",
    "1027700132195",  # a company's registration number
    "304500116000157",  # a sole trader's
    "40702810900000005555",  # a bank account
    "2027-01-31 100000.00; 2027-02-28 100000.00",
    "31.01.2027; 400000",
    "22e12f66-000f-5000-8000-18db351245c7",
    "411111******1111",
    "**** 1111",
]


def read(**properties: str) -> None:
    robot = robot_of("charge_saved_card")
    assert robot
    robot.read(properties, Culture.day_month_year)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("field", ["description", "payment_key", "saved_card"])
def test_a_card_number_is_refused_and_not_repeated(field: str, number: str) -> None:
    with pytest.raises(Refusal) as refused:
        read(**{field: f"карта {number} CVV 123"})
    assert refused.value.code == "card_number"
    assert number[-4:] not in refused.value.ru + refused.value.en


@pytest.mark.parametrize("number", NUMBERS)
def test_the_door_keeps_no_card_number_and_the_robot_still_refuses(number: str) -> None:
    call = RobotCall.model_validate(
        {
            "code": "charge_saved_card",
            "event_token": "t",
            "workflow_id": "w",
            "document_id": ("crm", "CCrmDocumentDeal", "DEAL_1"),
            "document_type": ("crm", "CCrmDocumentDeal", "DEAL"),
            "properties": {"description": f"a {number} b", "rows": [f"{number}"]},
            "ts": "1767225600",
            "auth": {"member_id": "m", "application_token": "t"},
        }
    )
    assert number not in str(call.properties)
    with pytest.raises(Refusal, match="card number"):
        read(description=str(call.properties["description"]))


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_other_numbers_are_left_as_they_are(text: str) -> None:
    assert cut_card_numbers(text) == text
    assert CUT not in cut_card_numbers(text)
