"""What follows a decline: technical ones within the day, a person's own try, and the limits of card schemes."""

from storage.model import SavedCard
from tests.billing.world import World


def test_a_bank_that_could_not_answer_is_tried_again_within_the_day(world: World) -> None:
    world.bank.script = ["declined:busy", "declined:busy"]
    first = world.charge()
    assert (first.decline_kind, first.next_attempt_date) == ("technical", world.clock().date())
    world.tick(minutes=16)
    assert len(world.bank.asked) == 2
    world.tick(minutes=61)
    assert world.money() == [2_500_000]


def test_a_try_out_of_turn_leaves_the_planned_one_planned(world: World) -> None:
    world.bank.script = ["declined:funds", "declined:funds"]
    charge_id = world.charge().charge_id
    planned = world.charges()[0].next_attempt_at
    world.clock.forward(hours=2)
    world.charging.charge_now(charge_id)
    assert len(world.bank.asked) == 2
    assert world.charges()[0].next_attempt_at == planned
    world.tick(days=1)
    assert world.money() == [2_500_000]


def test_declines_of_the_same_card_and_sum_elsewhere_count_for_the_schemes_limit(world: World) -> None:
    world.bank.script = ["declined:funds"] * 40
    with world.database.write() as session:
        session.get_one(SavedCard, 1).mask = "5555 55** **** 4242"
    for number in range(35):
        world.again(key=f"due:D_{number}", retry="none")
        world.clock.forward(hours=24 if number % 8 == 7 else 1)
    assert world.again(key="due:D_99").next_attempt_date is None
