"""WebMoney from end to end: our billing and gateway against the sandbox's merchant service, over HTTP."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from calculations.money import Money
from calculations.refusal import Refusal
from sandbox.acquirers.turns import Turn
from sandbox.acquirers.webmoney.demo import PURSE, ROUBLE_PURSE, SECRET_KEY, WMID, X20_SECRET
from sandbox.acquirers.webmoney.orders import facts_of
from tests.gateways.over_http.world import BACK, AcquirerWorld, open_world, visit

PAYER = {"do": "pay", "payer": "Z945718891756"}
USD = Money(1208, "USD")


def credentials(purse: str) -> dict[str, str]:
    return {"purse": purse, "wmid": WMID, "secret_key": SECRET_KEY, "x20_secret": X20_SECRET}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[AcquirerWorld]:
    url = f"sqlite:///{tmp_path}/money.db"
    with open_world(url, "webmoney", credentials(PURSE), shop=PURSE, token="none") as world:
        yield world


def begin(world: AcquirerWorld, **changes: Any) -> tuple[int, str]:
    """A charge in the units of the purse, and the page where its client pays it."""
    charge_id = world.link(**{"amount": USD} | changes)
    return charge_id, world.start(charge_id).page_url


def test_a_client_pays_from_a_purse_and_the_signed_word_settles_it(world: AcquirerWorld) -> None:
    charge_id, page = begin(world)
    paid = visit(page, **PAYER)
    assert "Оплачено" in paid.text
    assert f'href="{BACK}"' in paid.text
    assert world.delivered() == [200, 200]  # the question, the word
    world.tick()
    assert world.charging.in_person.standing(charge_id).state == "paid"
    assert world.money() == [1208]
    assert world.sound()


def test_the_form_bears_a_number_of_webmoneys_kind_and_ours_in_its_description(world: AcquirerWorld) -> None:
    begin(world)
    [order], [attempt] = world.bank.orders, world.attempts()
    assert order.number == attempt.gateway_payment_id
    assert 1 <= int(order.number) <= 2_147_483_647
    assert order.description.startswith(f"{attempt.order_number} ")
    assert facts_of(order).own == {"order_number": attempt.order_number}


def test_the_question_about_another_sum_is_answered_no_and_nothing_is_paid(world: AcquirerWorld) -> None:
    charge_id, page = begin(world)
    world.bank.orders[0].facts["amount"] = "12.07"
    assert "Магазин отказался" in visit(page, **PAYER).text
    assert world.money() == []
    assert world.come_back(charge_id).state == "started"


def test_a_question_without_its_parameters_is_not_agreed_to(world: AcquirerWorld) -> None:
    _, page = begin(world)
    world.bank.settings["prerequest"] = "empty"
    assert "Магазин отказался" in visit(page, **PAYER).text
    assert world.money() == []


def test_a_page_whose_time_is_over_is_closed_and_cannot_be_paid_any_more(world: AcquirerWorld) -> None:
    charge_id, page = begin(world)
    world.bank.orders[0].settles_at = None  # this ticket never ends by itself
    for _ in range(4):
        world.tick(hours=1)
    assert world.attempts()[-1].state == "cancelled"
    assert "Магазин отказался" in visit(page, **PAYER).text
    second = world.start(charge_id).page_url
    assert second != page
    assert "Оплачено" in visit(second, **PAYER).text
    assert world.come_back(charge_id).state == "paid"
    assert world.money() == [1208]


def test_a_client_who_was_asked_to_confirm_is_waited_for(world: AcquirerWorld) -> None:
    charge_id, page = begin(world)
    world.plan("page", Turn("needs_client"))
    visit(page, **PAYER)
    assert world.come_back(charge_id).state == "started"
    visit(page, do="confirm", code="12345")
    assert world.come_back(charge_id).state == "paid"


def test_a_rejected_invoice_is_a_decline_and_another_form_may_be_paid(world: AcquirerWorld) -> None:
    charge_id, page = begin(world)
    world.plan("page", Turn("pending_declined"))
    visit(page, **PAYER)
    world.tick(minutes=2)
    standing = world.come_back(charge_id)
    assert (standing.state, standing.decline is not None) == ("to_pay", True)
    visit(world.start(charge_id).page_url, **PAYER)
    assert world.come_back(charge_id).state == "paid"
    assert world.money() == [1208]


@pytest.mark.parametrize("notice", ["twice", "before", "never", "stale"])
def test_a_payment_is_booked_once_however_it_is_told(world: AcquirerWorld, notice: Any) -> None:
    charge_id, page = begin(world)
    world.plan("page", Turn(notice=notice))
    visit(page, **PAYER)
    world.delivered()
    world.tick(minutes=5)
    assert world.charging.in_person.standing(charge_id).state == "paid"
    assert world.money() == [1208]
    assert world.sound()


def test_a_forged_word_is_refused(world: AcquirerWorld) -> None:
    _, page = begin(world)
    world.plan("page", Turn(notice="forged"))
    visit(page, **PAYER)
    assert world.delivered() == [200, 403, 200]


@pytest.mark.parametrize("hashes", ["hash", "hash2"])
@pytest.mark.parametrize("own_fields", ["as_sent", "upper", "dropped"])
def test_either_hash_will_do_and_our_field_in_either_case_or_none(
    world: AcquirerWorld, hashes: str, own_fields: str
) -> None:
    world.bank.settings |= {"hashes": hashes, "own_fields": own_fields}
    _, page = begin(world)
    visit(page, **PAYER)
    assert world.delivered() == [200, 200]
    world.tick()
    assert world.money() == [1208]


def test_the_test_mode_pays_nothing(world: AcquirerWorld) -> None:
    world.bank.settings["mode"] = "1"
    charge_id, page = begin(world)
    assert "Оплачено" in visit(page, **PAYER).text
    assert world.delivered() == [200, 403]
    assert world.come_back(charge_id).state == "started"
    assert world.money() == []


def test_a_wrong_amount_stays_for_a_person(world: AcquirerWorld) -> None:
    _, page = begin(world)
    world.plan("page", Turn(extra=1))
    visit(page, **PAYER)
    world.settle()
    [attempt] = world.attempts()
    assert attempt.state == "unknown"
    assert "1209" in attempt.reason


def test_a_ticket_whose_answer_was_lost_hands_out_no_page_and_is_made_again(world: AcquirerWorld) -> None:
    charge_id = world.link(amount=USD)
    world.plan("start", Turn(answer="cut_after"))
    assert world.start(charge_id).page_url == ""
    assert world.attempts()[-1].state == "not_sent"
    visit(world.start(charge_id).page_url, **PAYER)
    assert world.come_back(charge_id).state == "paid"
    assert world.money() == [1208]


@pytest.mark.parametrize("answer", ["cut_after", "error_500", "html"])
def test_a_payment_whose_look_up_was_lost_is_found_by_the_next(world: AcquirerWorld, answer: Any) -> None:
    charge_id, page = begin(world)
    world.plan("page", Turn(notice="never"))
    visit(page, **PAYER)
    world.plan("fetch", Turn(answer=answer))
    assert world.come_back(charge_id).state == "started"
    world.tick(minutes=10)
    assert world.charging.in_person.standing(charge_id).state == "paid"


@pytest.mark.parametrize(("not_found", "encoding"), [("7", "windows-1251"), ("8", "utf-8")])
def test_either_word_for_an_unknown_number_and_either_encoding_will_do(
    world: AcquirerWorld, not_found: str, encoding: str
) -> None:
    world.bank.settings |= {"not_found": not_found, "encoding": encoding}
    charge_id, page = begin(world, description="Договор № 9 «Ёлка»")
    visit(page, **PAYER)
    assert world.delivered() == [200, 200]
    assert world.come_back(charge_id).state == "paid"


def test_held_money_is_not_in_hand(world: AcquirerWorld) -> None:
    world.bank.settings["held"] = True
    charge_id, page = begin(world)
    visit(page, **PAYER)
    assert world.come_back(charge_id).state == "started"
    world.bank.settings["held"] = False
    world.tick(minutes=30)
    assert world.charging.in_person.standing(charge_id).state == "paid"


def test_another_shops_payment_under_our_number_is_passed_over(world: AcquirerWorld) -> None:
    begin(world)
    [taken] = world.bank.orders
    visit(f"{world.address}/acquirers/webmoney/lmi/payment.asp?gid={taken.id}", **PAYER)
    taken.description = "ANOTHER-1 payment"
    with world.database.write() as session:
        for attempt in world.attempts():
            session.merge(attempt).state = "not_sent"
    charge_id = world.attempts()[0].charge_id
    visit(world.start(charge_id).page_url, **PAYER)
    assert world.bank.orders[1].number != taken.number
    assert world.come_back(charge_id).state == "paid"


def test_roubles_are_not_taken_by_a_purse_of_dollars(world: AcquirerWorld) -> None:
    charge_id = world.link()
    with pytest.raises(Refusal):
        world.start(charge_id)
    assert world.attempts()[-1].state == "not_sent"
    assert world.bank.orders == []


def test_a_rouble_purse_is_warned_of_and_still_works_where_it_exists(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/roubles.db"
    with open_world(url, "webmoney", credentials(ROUBLE_PURSE), shop=ROUBLE_PURSE, token="none") as world:
        done = world.terminals().configure(world.portal_id, "webmoney", "main", world.credentials, confirm_closed=True)
        assert ["2022-02-11" in lack.en for lack in done.lacks] == [True]
        charge_id = world.link()
        visit(world.start(charge_id).page_url, **PAYER)
        assert world.come_back(charge_id).state == "paid"
        assert world.money() == [2_500_000]


def test_no_card_is_charged_through_it(world: AcquirerWorld) -> None:
    with pytest.raises(Refusal):
        world.again()
    assert world.money() == []
