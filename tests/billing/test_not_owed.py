"""A charge whose payment of a schedule was paid in another way: no further try takes it, and people read why."""

from datetime import date

import pytest

from calculations.money import Money
from calculations.refusal import Refusal
from payments.schedules import note_paid
from storage.model import Portal, Schedule, ScheduleRow
from tests.billing.world import World

SUM = Money(100_000, "RUB")
KEY = {"key": "due:D_5:2026-01-30", "amount": SUM}
WHY = "Деньги не списаны: платёж уже оплачен другим способом или заменён в графике (списание 1)."


@pytest.fixture
def schedule(world: World) -> int:
    """Of D_5: two payments, shown by the items 15 and 16."""
    with world.database.write() as session:
        session.get_one(Portal, world.portal_id).fields = {"payments_type": 1042}
        schedule = Schedule(
            portal_id=world.portal_id,
            created_at=world.clock(),
            key="k",
            document="D_5",
            state="current",
            plan="equal",
            currency="RUB",
            terms={},
        )
        session.add(schedule)
        session.flush()
        for number, day in enumerate((date(2026, 1, 30), date(2026, 2, 27)), start=1):
            row = ScheduleRow(
                portal_id=world.portal_id,
                schedule_id=schedule.id,
                number=number,
                contract_date=day,
                due_date=day,
                amount=SUM.minor,
                principal=SUM.minor,
                interest=0,
                balance=0,
                state="planned",
                item_id=14 + number,
            )
            session.add(row)
        return schedule.id


def declined(world: World) -> None:
    world.bank.script = ["declined:funds"]
    assert world.again(**KEY).next_attempt_date is not None


def stopped(world: World) -> bool:
    charge = world.charges()[0]
    return (charge.state, charge.next_attempt_at) == ("declined", None)


def test_a_row_that_is_still_owed_is_tried_again(world: World, schedule: int) -> None:
    declined(world)
    note_paid(world.database, schedule, [2])
    world.settle()
    assert world.money() == [SUM.minor]


def test_what_people_have_marked_as_paid_is_not_tried_again_and_no_failure_is_told(world: World, schedule: int) -> None:
    declined(world)
    note_paid(world.database, schedule, [1])
    world.settle()
    assert (world.money(), stopped(world), len(world.attempts())) == ([], True, 1)
    assert world.news()[1:] == [("D_5", "payment_not_owed", WHY)]
    assert world.told() == [1, 1]


def test_a_row_whose_item_was_charged_is_not_tried_again(world: World, schedule: int) -> None:
    declined(world)
    world.again(key="due:T412_15:2026-01-30", document="T412_15", amount=SUM)
    world.settle()
    assert (world.money(), stopped(world)) == ([SUM.minor], True)


def test_an_item_whose_row_was_charged_is_not_tried_again(world: World, schedule: int) -> None:
    world.bank.script = ["declined:funds"]
    world.again(key="due:T412_15:2026-01-30", document="T412_15", amount=SUM)
    world.again(**KEY)
    world.settle()
    assert (world.money(), stopped(world)) == ([SUM.minor], True)


def test_a_row_of_a_schedule_that_was_replaced_is_not_tried_again(world: World, schedule: int) -> None:
    declined(world)
    with world.database.write() as session:
        session.get_one(Schedule, schedule).state = "replaced"
    world.settle()
    assert (world.money(), stopped(world)) == ([], True)


def test_a_call_that_waits_for_its_bank_is_told_that_nothing_is_owed_any_more(world: World, schedule: int) -> None:
    world.bank.script = ["refused"]
    order = world.new_order(**KEY)
    assert world.charge(order).status == "pending"
    note_paid(world.database, schedule, [1])
    world.tick(minutes=2)
    assert world.told() == [1]
    with pytest.raises(Refusal) as caught:
        world.charge(order)
    refusal = caught.value
    assert (refusal.code, refusal.ru) == ("nothing_owed", WHY)
    assert (world.money(), world.charges()[0].state) == ([], "cancelled")


def test_what_is_owed_no_more_is_not_taken_out_of_turn_either(world: World, schedule: int) -> None:
    declined(world)
    note_paid(world.database, schedule, [1])
    with pytest.raises(Refusal) as caught:
        world.charging.charge_now(1)
    assert (caught.value.code, caught.value.ru) == ("nothing_owed", WHY)
    assert world.money() == []


@pytest.mark.parametrize("word", ["declined:funds", "action"])
def test_behind_its_link_nobody_pays_what_is_owed_no_more(world: World, schedule: int, word: str) -> None:
    world.bank.script = [word]
    world.again(**KEY)
    in_person = world.charging.in_person
    assert in_person.standing(1).state == ("to_pay" if word == "declined:funds" else "started")
    note_paid(world.database, schedule, [1])
    world.bank.becomes(world.attempts()[0].order_number, "declined:funds")
    assert in_person.refresh(1).state == "not_owed"
    assert in_person.start(1, "card", "https://pay.example/back", None).state == "not_owed"
    assert world.bank.pages == {}


def test_a_click_that_comes_just_after_the_payment_was_noted_begins_nothing(world: World, schedule: int) -> None:
    world.bank.script = ["action"]
    world.again(**KEY)
    world.bank.becomes(world.attempts()[0].order_number, "declined:funds")
    world.at_step["look_up_settled"] = lambda: note_paid(world.database, schedule, [1])
    world.clock.forward(minutes=1)
    assert world.charging.in_person.start(1, "card", "https://pay.example/back", None).state == "not_owed"
    assert world.bank.pages == {}
