"""A charge as its call sees it: taken once for a key, or the reason why not."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from calculations.money import Money
from storage.model import SavedCard
from tests.billing.world import BEGINNING, World

RUB = Money(2_500_000, "RUB")


def test_a_paid_charge_tells_everything_the_workflow_needs(world: World) -> None:
    result = world.charge()
    assert (result.status, result.amount, result.charged_at) == ("succeeded", RUB, BEGINNING)
    assert (result.card_mask, result.gateway_payment_id, result.receipt_status) == ("**** 4242", "bank-1", "done")
    assert not result.known_before
    assert world.told() == [result.charge_id]
    assert world.sound()


def test_the_same_call_again_is_told_the_same_and_nothing_is_taken(world: World) -> None:
    first = world.charge()
    assert world.charge() == first
    assert world.money() == [2_500_000]


def test_another_call_for_the_same_key_is_skipped_with_the_first_charge(world: World) -> None:
    first = world.charge()
    world.clock.forward(days=3)
    second = world.again()
    assert (second.status, second.known_before) == ("skipped", True)
    assert (second.charge_id, second.amount, second.charged_at) == (first.charge_id, RUB, BEGINNING)
    assert world.money() == [2_500_000]


def test_other_figures_under_a_known_key_are_refused_and_both_are_shown(world: World) -> None:
    world.charge()
    other_sum = world.refused(amount=Money(2_600_000, "RUB"))
    assert other_sum.code == "other_figures"
    assert "25000.00 RUB" in other_sum.ru
    assert "26000.00 RUB" in other_sum.ru
    assert world.refused(amount=Money(2_500_000, "USD")).code == "other_figures"
    assert world.refused(customer="C_6").code == "other_figures"
    assert world.money() == [2_500_000]


def test_a_call_that_runs_again_with_another_key_goes_on_with_its_own_charge(world: World) -> None:
    first = world.charge()
    assert world.charge(replace(world.order, key="due:D_5:next", amount=Money(1, "RUB"))) == first
    assert world.money() == [2_500_000]


def test_two_portals_with_the_same_key_are_charged_each(world: World) -> None:
    world.charge()
    other = world.add_portal("member-2")
    assert world.again(portal_id=other, call_id=None).status == "succeeded"
    assert world.money() == [2_500_000, 2_500_000]


def test_a_soft_decline_names_the_next_try_and_another_call_is_skipped_with_it(world: World) -> None:
    world.bank.script = ["declined:funds"]
    first = world.charge()
    assert (first.status, first.decline_code, first.decline_kind) == ("declined", "funds", "soft")
    assert first.next_attempt_date == date(2026, 2, 1)
    assert "недостаточно средств" in first.decline_ru
    assert "1 февраля 2026" in first.decline_ru
    assert "1 February 2026" in first.decline_en
    second = world.again()
    assert (second.status, second.decline_code, second.next_attempt_date) == ("skipped", "funds", date(2026, 2, 1))
    assert world.charge() == first
    assert len(world.bank.asked) == 1


def test_the_date_of_the_next_try_is_the_portals(world: World) -> None:
    world.clock.forward(hours=13)  # 22:00 in UTC is the next day in Moscow
    world.bank.script = ["declined:funds"]
    assert world.charge().next_attempt_date == date(2026, 2, 2)


def test_planned_tries_follow_after_1_3_5_and_7_days_and_then_none(world: World) -> None:
    world.bank.script = ["declined:funds"] * 9
    world.charge()
    tried = [world.clock() - BEGINNING for _ in range(24 * 14) if world.tick(hours=1)]
    assert tried == [timedelta(days=days) for days in (1, 3, 5, 7)]
    assert world.charges()[0].next_attempt_at is None
    assert world.again(retry="none").status == "declined"  # a new try, declined as well
    assert len(world.bank.asked) == 6


def test_a_planned_try_that_succeeds_settles_the_charge_and_is_told(world: World) -> None:
    world.bank.script = ["declined:funds"]
    charge_id = world.charge().charge_id
    world.tick(days=1)
    assert world.money() == [2_500_000]
    assert world.told() == [charge_id, charge_id]
    assert world.again().status == "skipped"
    assert world.charge().status == "succeeded"  # the call whose plan it was
    assert world.sound()


def test_without_a_plan_a_soft_decline_leaves_room_for_one_try_in_24_hours(world: World) -> None:
    world.bank.script = ["declined:funds", "declined:funds"]
    first = world.charge(replace(world.order, retry="none"))
    assert (first.status, first.next_attempt_date) == ("declined", None)
    world.clock.forward(hours=23, minutes=59)
    assert world.again(retry="none").status == "declined"
    assert len(world.bank.asked) == 1
    world.clock.forward(minutes=1)
    assert not world.again(retry="none").known_before
    assert world.again(retry="none").known_before
    assert len(world.bank.asked) == 2
    world.clock.forward(days=1)
    assert world.again(retry="none").status == "succeeded"
    assert world.money() == [2_500_000]


def test_a_hard_decline_is_repeated_for_ever_unless_the_card_is_another_one(world: World) -> None:
    world.bank.script = ["declined:lost"]
    first = world.charge()
    assert (first.status, first.decline_kind, first.next_attempt_date) == ("declined", "hard", None)
    world.clock.forward(days=30)
    again = world.again()
    assert (again.status, again.decline_code, again.known_before) == ("declined", "lost", True)
    assert len(world.bank.asked) == 1
    world.add_card("token-2", "**** 1111")
    assert world.again(saved_card="4242").status == "declined"
    assert world.again(saved_card="1111").status == "succeeded"
    assert world.bank.tokens == ["token-1", "token-2"]


def test_a_refusal_without_a_known_reason_is_a_soft_decline_that_says_so(world: World) -> None:
    world.bank.script = ["declined:brand_new_code", "declined:"]
    result = world.charge()
    assert (result.decline_code, result.decline_kind) == ("brand_new_code", "soft")
    assert "не назвал известной причины" in result.decline_ru
    world.tick(days=1)
    assert world.again().decline_code == ""


def test_a_bank_that_wants_its_client_is_a_soft_decline_with_a_link(world: World) -> None:
    world.bank.script = ["action"]
    result = world.charge()
    assert (result.status, result.decline_kind) == ("declined", "needs_client")
    assert result.payment_link == f"https://bank.example/{world.bank.asked[0]}"
    assert result.next_attempt_date == date(2026, 2, 1)
    assert world.again().payment_link == result.payment_link


def test_while_the_link_is_good_no_second_order_is_made_even_on_the_planned_day(world: World) -> None:
    world.bank.script = ["action"]
    world.charge()
    for _ in range(40):
        world.tick(hours=1)
    assert len(world.bank.asked) == 1
    world.bank.becomes(world.bank.asked[0], "paid")
    world.settle()
    assert world.money() == [2_500_000]
    assert world.charge().status == "succeeded"
    assert world.sound()


def test_when_the_client_did_not_come_the_planned_try_is_made(world: World) -> None:
    world.bank.script = ["action"]
    world.charge()
    world.clock.forward(hours=20)
    world.bank.becomes(world.bank.asked[0], "declined:absent")
    world.settle()
    assert len(world.bank.asked) == 2
    assert world.money() == [2_500_000]


def test_a_pending_charge_is_waited_for_by_every_call_and_answered_to_each(world: World) -> None:
    world.bank.script = ["pending"]
    first, second = world.charge(), world.new_order()
    assert first.status == "pending"
    assert first.wait_until is not None
    assert first.wait_until > world.clock()
    assert world.charge(second).status == "pending"
    world.bank.becomes(world.bank.asked[0], "paid")
    world.tick(seconds=30)
    assert world.charge().status == "succeeded"
    assert world.charge(second).status == "skipped"
    assert world.told() == [first.charge_id]
    assert world.money() == [2_500_000]


def test_a_pending_charge_may_end_in_a_decline_with_its_plan(world: World) -> None:
    world.bank.script = ["pending"]
    world.charge()
    world.bank.becomes(world.bank.asked[0], "declined:funds")
    world.tick(seconds=30)
    result = world.charge()
    assert (result.status, result.next_attempt_date) == ("declined", date(2026, 2, 1))


def test_the_acquirer_that_cannot_be_reached_is_tried_again_under_the_same_number(world: World) -> None:
    world.bank.script = ["refused", "refused"]
    assert world.charge().status == "pending"
    world.tick(seconds=30)
    assert len(world.bank.asked) == 2
    world.tick(seconds=30)
    assert len(world.bank.asked) == 2  # the pause has grown
    world.tick(minutes=2)
    assert world.charge().status == "succeeded"
    assert len(set(world.bank.asked)) == 1
    assert world.told() == [world.charges()[0].id]


def test_wrong_credentials_stop_the_terminal_until_it_is_configured_again(world: World) -> None:
    world.bank.script = ["misconfigured"]
    assert world.refused().code == "gateway_stopped"
    assert world.refused(key="due:D_6").code == "gateway_stopped"
    assert len(world.bank.asked) == 1
    world.terminals().configure(world.portal_id, "bank", "main", '{"shop": "demo", "secret": "new"}')
    assert world.again().status == "succeeded"


def bound_by_sbp(world: World, card_id: int) -> None:
    with world.database.write() as session:
        session.get_one(SavedCard, card_id).method = "sbp"


def test_an_account_that_the_shop_may_not_charge_stops_accounts_and_no_card(world: World) -> None:
    bound_by_sbp(world, 1)
    world.add_card("token-2", "**** 1111")
    world.bank.script = ["misconfigured"]
    for key in ("due:D_6", "due:D_7"):
        assert world.refused(key=key, saved_card="4242").code == "gateway_stopped"
    assert len(world.bank.asked) == 1
    assert world.again(key="due:D_8", saved_card="1111").status == "succeeded"
    world.terminals().configure(world.portal_id, "bank", "main", '{"shop": "demo", "secret": "new"}')
    world.clock.forward(days=2)
    assert world.again(key="due:D_9", saved_card="4242").status == "succeeded"


def test_a_planned_try_of_an_account_waits_where_accounts_are_charged_no_more(world: World) -> None:
    bound_by_sbp(world, 1)
    world.bank.script = ["declined:funds"]
    world.charge()
    world.bank.script = ["misconfigured"]
    world.refused(key="due:D_6", amount=Money(100_000, "RUB"))
    world.tick(days=1)
    assert len(world.bank.asked) == 2
    world.terminals().configure(world.portal_id, "bank", "main", '{"shop": "demo", "secret": "new"}')
    world.tick(hours=1)
    assert world.money() == [2_500_000]


def test_a_planned_try_waits_for_a_stopped_terminal(world: World) -> None:
    world.bank.script = ["declined:funds"]
    world.charge()
    world.bank.script = ["misconfigured"]
    world.refused(key="due:D_6")
    world.tick(days=1)
    assert len(world.bank.asked) == 2
    world.terminals().configure(world.portal_id, "bank", "main", '{"shop": "demo", "secret": "new"}')
    world.tick(hours=1)
    assert world.money() == [2_500_000]


def test_a_planned_try_that_is_not_reached_is_made_soon_after(world: World) -> None:
    world.bank.script = ["declined:funds", "refused"]
    world.charge()
    world.tick(days=1)
    assert world.money() == []
    world.tick(minutes=1)
    assert world.money() == [2_500_000]


@pytest.mark.parametrize("word", ["wrong_amount", "wrong_currency", "wrong_order"])
def test_a_paid_answer_with_other_figures_is_for_an_operator_and_never_a_success(world: World, word: str) -> None:
    world.bank.script = [word]
    assert world.charge().status == "unknown"
    attempt = world.attempts()[0]
    assert attempt.look_up_at is None
    assert "instead of" in attempt.reason
    world.settle()
    assert world.attempts()[0].state == "unknown"
    assert world.again().status == "unknown"
    assert len(world.bank.asked) == 1


def test_without_a_card_or_with_several_the_call_is_told_what_to_do(world: World) -> None:
    assert world.refused(customer="C_6").code == "no_saved_card"
    assert world.refused(saved_card="9999").code == "no_saved_card"
    assert world.refused(gateway="sberbank").code == "no_saved_card"
    assert world.refused(gateway="bank/other").code == "no_gateway"
    world.add_card("token-2", "**** 1111")
    several = world.refused()
    assert several.code == "choose_card"
    assert "1 (**** 4242), 2 (**** 1111)" in several.ru
    assert world.again(saved_card="2").card_mask == "**** 1111"
    assert world.bank.tokens == ["token-2"]


def test_a_card_without_consent_is_kept_and_never_charged(world: World) -> None:
    world.add_card("token-2", "**** 1111", consent=False)
    assert world.refused(saved_card="1111").code == "no_consent"
    assert world.again().card_mask == "**** 4242"


def test_a_client_of_another_portal_has_no_card_here(world: World) -> None:
    world.add_portal("member-2")
    world.add_card("token-9", "**** 9999", portal_id=2)
    assert world.refused(saved_card="9999").code == "no_saved_card"


def test_of_several_terminals_one_has_to_be_named(world: World) -> None:
    world.terminals().configure(world.portal_id, "bank", "second", '{"shop": "other"}')
    assert world.refused().code == "choose_terminal"
    assert world.again(gateway="bank/second").status == "succeeded"


def test_a_terminal_configured_later_leaves_a_card_where_it_was_charged(world: World) -> None:
    world.charge()
    world.terminals().configure(world.portal_id, "bank", "second", '{"shop": "other"}')
    assert world.again(key="next").status == "succeeded"
    assert {attempt.terminal_id for attempt in world.attempts()} == {1}


def test_a_card_charged_at_two_terminals_wants_one_named(world: World) -> None:
    world.charge()
    world.terminals().configure(world.portal_id, "bank", "second", '{"shop": "other"}')
    world.again(key="there", gateway="bank/second")
    assert world.refused(key="somewhere").code == "choose_terminal"
