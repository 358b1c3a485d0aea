"""A client behind a link: one order a click, one payment a charge, whatever is lost, clicked or left open."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from billing.in_person import Standing
from billing.orders import Limit
from bitrix24.installs import uninstall
from calculations.money import Money
from calculations.refusal import Refusal
from customers.consents import ConsentGiven, withdraw_consents
from gateways import Capability, Method, Outcome
from storage.model import ChargeAttempt, Consent, Portal, SavedCard
from tests.billing.bank import Bank
from tests.billing.world import Killed, World

BACK = "https://pay.example/back"
NEW_LOGIN = '{"shop": "demo", "secret": "new"}'
RECEIPTS = '{"shop": "demo", "receipts": {"vat": "standard", "tax_system": "osn"}}'


def link(world: World, **changes: object) -> int:
    """A charge that waits for its client: nobody's call asked for it."""
    order = replace(world.order, call_id=None, customer="C_9", key="sum:D_9", retry="none")
    return world.charging.in_person.ask(replace(order, **changes))  # type: ignore[arg-type]  # fields of the order


def start(world: World, charge_id: int, method: Method = "card", consent: ConsentGiven | None = None) -> Standing:
    return world.charging.in_person.start(charge_id, method, BACK, consent)


def pay(world: World, charge_id: int) -> Standing:
    start(world, charge_id)
    world.bank.becomes(last(world).order_number, "paid")
    return world.charging.in_person.refresh(charge_id)


def agreed(world: World) -> ConsentGiven:
    return ConsentGiven(
        words="I agree", text_version="1", given_at=world.clock(), evidence={"address": "127.0.0.1", "charge": "1"}
    )


def last(world: World) -> ChargeAttempt:
    return world.attempts()[-1]


def test_a_link_asked_for_twice_is_one_charge_and_other_figures_are_refused(world: World) -> None:
    first = link(world)
    assert link(world) == first
    with pytest.raises(Refusal, match="exists under this key"):
        link(world, amount=Money(1, "RUB"))


def test_a_click_leads_to_the_banks_page_and_the_payment_settles_the_charge(world: World) -> None:
    charge_id = link(world)
    assert world.charging.in_person.standing(charge_id).state == "to_pay"
    begun = start(world, charge_id)
    assert (begun.state, begun.page_url) == ("started", f"https://bank.example/{last(world).order_number}")
    world.bank.becomes(last(world).order_number, "paid")
    paid = world.charging.in_person.refresh(charge_id)
    assert (paid.state, paid.paid_at) == ("paid", world.clock())
    assert world.money() == [2_500_000]
    assert world.told() == [charge_id]
    assert world.sound()


def test_a_second_click_and_a_reload_find_the_same_order(world: World) -> None:
    charge_id = link(world)
    first = start(world, charge_id)
    assert start(world, charge_id) == first
    assert len(world.bank.pages) == 1


def test_another_way_to_pay_closes_the_first_order_before_the_next_one_is_placed(world: World) -> None:
    charge_id = link(world)
    start(world, charge_id)
    first = last(world).order_number
    shown = start(world, charge_id, "sbp")
    assert world.bank.voided == [first]
    assert (shown.method, shown.qr_payload) == ("sbp", f"https://qr.example/{last(world).order_number}")
    assert last(world).order_number != first


def test_another_way_to_pay_is_not_begun_while_the_first_order_cannot_be_closed(world: World) -> None:
    world.bank.can_void = False
    charge_id = link(world)
    start(world, charge_id)
    standing = start(world, charge_id, "sbp")
    assert (standing.state, standing.method) == ("started", "card")
    assert len(world.bank.pages) == 1


def test_a_qr_that_may_be_paid_already_is_not_shown_again_while_the_bank_cannot_be_asked(world: World) -> None:
    world.bank.can_void = False
    charge_id = link(world)
    begun = start(world, charge_id, "sbp")
    world.bank.look_up_script = ["lost"] * 2
    unsure = world.charging.in_person.refresh(charge_id)
    assert (unsure.state, unsure.qr_payload) == ("checking", "")
    assert start(world, charge_id, "sbp").state == "checking"
    assert world.charging.in_person.refresh(charge_id).qr_payload == begun.qr_payload
    assert len(world.bank.pages) == 1


@pytest.mark.parametrize("method", ["card", "sbp"])
def test_what_was_paid_with_another_sum_is_not_handed_out_again(world: World, method: Method) -> None:
    charge_id = link(world)
    start(world, charge_id, method)
    world.bank.becomes(last(world).order_number, "wrong_amount")
    assert world.charging.in_person.refresh(charge_id).state == "checking"
    assert start(world, charge_id, method).state == "checking"
    assert len(world.bank.pages) == 1


def test_an_order_paid_while_it_was_to_be_closed_is_the_payment(world: World) -> None:
    charge_id = link(world)
    start(world, charge_id)
    world.bank.becomes(last(world).order_number, "paid")
    assert start(world, charge_id, "sbp").state == "paid"
    assert world.money() == [2_500_000]


@pytest.mark.parametrize("word", ["lost_before", "lost_after"])
def test_a_page_whose_address_was_lost_is_closed_and_the_next_click_opens_another(world: World, word: str) -> None:
    world.bank.start_script = [word]
    charge_id = link(world)
    assert start(world, charge_id).state == "to_pay"
    world.bank.start_script = []
    begun = start(world, charge_id)
    assert begun.state == "started"
    assert len([number for number, one in world.bank.book.items() if one.outcome is Outcome.REGISTERED]) == 1


def test_a_bank_that_is_not_there_leaves_the_charge_to_be_paid(world: World) -> None:
    world.bank.start_script = ["refused"]
    charge_id = link(world)
    with pytest.raises(Refusal, match="Try again in a minute"):
        start(world, charge_id)
    assert world.charging.in_person.standing(charge_id).state == "to_pay"
    assert start(world, charge_id).state == "started"
    assert len({attempt.order_number for attempt in world.attempts()}) == 1


@pytest.mark.parametrize("script", [["misconfigured"], ["refused"]])
def test_an_automatic_try_that_could_not_be_made_leaves_the_link_payable(world: World, script: list[str]) -> None:
    charge_id = link(world, customer="C_5")
    world.bank.script = script
    deadline = world.clock() + timedelta(seconds=10)
    world.refused(key="sum:D_9", customer="C_5", deadline_at=deadline)
    assert world.charges()[0].state == "cancelled"
    world.terminals().configure(world.portal_id, "bank", "main", '{"shop": "demo"}')
    assert world.charging.in_person.standing(charge_id).state == "to_pay"
    assert pay(world, charge_id).state == "paid"


def test_a_link_is_not_made_where_its_receipt_could_not_be(world: World) -> None:
    world.terminals().configure(world.portal_id, "bank", "main", RECEIPTS)
    with pytest.raises(Refusal, match="needs the client's e-mail"):
        link(world)
    assert world.charges() == []


def test_a_link_asked_for_again_takes_over_what_is_said_of_its_receipt_and_later_charges(world: World) -> None:
    charge_id, limit = link(world), Limit(Money(10_000, "RUB"), "month")
    world.terminals().configure(world.portal_id, "bank", "main", RECEIPTS)
    with pytest.raises(Refusal, match=f"payment's number {charge_id}"):
        start(world, charge_id)
    assert link(world, receipt_email="a@b.example", later=limit) == charge_id
    begun = start(world, charge_id)
    assert (begun.state, begun.later) == ("started", limit)
    assert link(world, later=Limit(Money(5, "RUB"), "day")) == charge_id
    assert world.charging.in_person.standing(charge_id).later == limit  # its page is open: they have read that one


def test_a_portal_that_removed_the_app_invites_nobody_to_pay(world: World) -> None:
    charge_id = link(world)
    uninstall(world.database, world.portal_id, world.clock())
    assert world.charging.in_person.standing(charge_id).methods == ()


@pytest.mark.parametrize("handed_out", [True, False])
def test_a_client_the_bank_wanted_is_not_asked_to_pay_what_was_taken_with_another_sum(
    world: World, handed_out: bool
) -> None:
    world.bank.script = ["action"]
    charge_id = world.charge().charge_id
    number = last(world).order_number
    if not handed_out:
        with world.database.write() as session:
            session.get_one(ChargeAttempt, last(world).id).payment_link = ""
    world.bank.becomes(number, "wrong_amount")
    assert world.charging.in_person.refresh(charge_id).state == "checking"


@pytest.mark.parametrize("method", ["card", "sbp"])
def test_a_tick_taken_away_is_taken_away_by_whichever_button(world: World, method: Method) -> None:
    world.bank.can_void = False
    charge_id = link(world)
    start(world, charge_id, consent=agreed(world))
    start(world, charge_id, method)
    world.bank.becomes(last(world).order_number, "paid")
    assert world.charging.in_person.refresh(charge_id).state == "paid"
    assert not chargeable(world)


def test_a_refusal_on_the_page_is_told_and_the_client_may_try_again(world: World) -> None:
    charge_id = link(world)
    start(world, charge_id)
    world.bank.becomes(last(world).order_number, "declined:funds")
    refused = world.charging.in_person.refresh(charge_id)
    assert refused.state == "to_pay"
    assert refused.decline is not None
    assert "not enough money" in refused.decline.en
    start(world, charge_id)
    world.bank.becomes(last(world).order_number, "paid")
    assert world.charging.in_person.refresh(charge_id).state == "paid"
    assert world.money() == [2_500_000]


def test_the_tick_saves_the_card_with_the_words_and_their_evidence_and_without_it_nothing_is_kept(world: World) -> None:
    charge_id = link(world)
    start(world, charge_id, consent=agreed(world))
    world.bank.becomes(last(world).order_number, "paid")
    world.charging.in_person.refresh(charge_id)
    with world.database.read() as session:
        card = session.scalars(select(SavedCard).where(SavedCard.customer == "C_9")).one()
        consent = session.scalars(select(Consent).where(Consent.saved_card_id == card.id)).one()
    assert (card.mask, card.state) == ("**** 7777", "active")
    assert (consent.how, consent.words, consent.text_version) == ("page", "I agree", "1")
    assert consent.evidence["address"] == "127.0.0.1"
    other = link(world, key="sum:D_10", document="D_10")
    start(world, other)
    world.bank.becomes(last(world).order_number, "paid")
    world.charging.in_person.refresh(other)
    with world.database.read() as session:
        assert len(session.scalars(select(SavedCard).where(SavedCard.customer == "C_9")).all()) == 1


def test_next_month_the_saved_card_is_charged_without_the_client(world: World) -> None:
    charge_id = link(world)
    start(world, charge_id, consent=agreed(world))
    world.bank.becomes(last(world).order_number, "paid")
    world.charging.in_person.refresh(charge_id)
    world.clock.forward(days=30)
    assert world.again(customer="C_9", key="due:D_9:2026-03-02").status == "succeeded"
    assert world.sound()


def test_a_bank_that_wants_its_client_is_paid_on_our_page_and_the_old_order_is_closed_first(world: World) -> None:
    world.bank.script = ["action"]
    charge_id = world.charge().charge_id
    with world.database.write() as session:
        session.get_one(ChargeAttempt, last(world).id).payment_link = ""  # as where the bank gives no page of its own
    first = last(world).order_number
    assert world.charging.in_person.standing(charge_id).state == "to_pay"
    assert start(world, charge_id).state == "started"
    assert world.bank.voided == [first]
    world.bank.becomes(last(world).order_number, "paid")
    assert world.charging.in_person.refresh(charge_id).state == "paid"
    world.settle()
    assert world.money() == [2_500_000]
    assert world.sound()


def test_a_planned_try_waits_for_the_clients_page_and_does_not_come_after_they_have_paid(world: World) -> None:
    world.bank.script = ["declined:funds"]
    charge_id = world.charge().charge_id
    planned = world.charges()[0].next_attempt_at
    world.clock.forward(hours=23, minutes=30)
    start(world, charge_id)
    assert world.charges()[0].next_attempt_at == planned
    world.tick(minutes=45)
    assert len(world.bank.asked) == 1
    world.bank.becomes(last(world).order_number, "paid")
    world.settle()
    assert world.money() == [2_500_000]


def test_a_page_left_alone_closes_and_the_planned_try_comes_after_all(world: World) -> None:
    world.bank.script = ["declined:funds"]
    charge_id = world.charge().charge_id
    start(world, charge_id)
    world.bank.becomes(last(world).order_number, "cancelled")
    world.settle()
    assert world.money() == [2_500_000]
    assert world.charges()[0].state == "succeeded"


@pytest.mark.parametrize("step", ["page_committed", "page_sent", "page_answered", "page_settled", "outcome_written"])
def test_a_process_killed_at_any_step_of_a_click_leaves_one_payment_at_most(world: World, step: str) -> None:
    charge_id = link(world)
    world.kill_at(step)
    with pytest.raises(Killed):
        pay(world, charge_id)
    world.charging = world.new_process()
    for _ in range(6):
        world.tick(minutes=2)
    standing = world.charging.in_person.standing(charge_id)
    if standing.state != "paid":
        standing = pay(world, charge_id)
    assert standing.state == "paid"
    assert world.money() == [2_500_000]
    assert world.sound()


def test_a_database_of_yesterday_finds_the_payment_instead_of_asking_for_another(world: World) -> None:
    charge_id = link(world)
    start(world, charge_id)
    world.bank.becomes(last(world).order_number, "paid")
    with world.database.write() as session:  # what happened since the copy was made is gone
        session.delete(session.get_one(ChargeAttempt, last(world).id))
    assert start(world, charge_id).state == "paid"
    assert world.money() == [2_500_000]


def test_through_two_terminals_that_could_nothing_is_taken_until_one_is_named(world: World) -> None:
    world.terminals().configure(world.portal_id, "bank", "second", '{"shop": "another"}')
    with pytest.raises(Refusal, match="cannot be paid by a link"):
        link(world)
    charge_id = link(world, gateway="bank/second")
    assert start(world, charge_id).state == "started"


@pytest.mark.parametrize("step", ["placed", "sent_committed", "answered"])
def test_an_order_placed_and_not_paid_is_voided_before_another_one_is_placed(world: World, step: str) -> None:
    world.bank.places_first = True
    world.kill_at(step)
    with pytest.raises(Killed):
        world.charge()
    world.charging = world.new_process()
    for _ in range(8):
        world.tick(minutes=1)
        world.charge()
    assert world.money() == [2_500_000]
    assert world.charges()[0].state == "succeeded"
    assert world.bank.voided == ([world.attempts()[0].order_number] if step == "placed" else [])
    assert world.sound()


def test_a_request_that_arrives_after_its_order_was_voided_takes_nothing(world: World) -> None:
    world.bank.places_first = True
    world.bank.script = ["late"]
    world.charge()
    for _ in range(8):
        world.tick(minutes=1)
        world.charge()
    world.bank.deliver_late()
    assert world.money() == [2_500_000]


def test_a_page_whose_answer_was_lost_is_handed_out_once_the_acquirer_tells_it_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Bank, "capabilities", Bank.capabilities - {Capability.VOID})
    charge_id = link(world)
    world.kill_at("page_answered")
    with pytest.raises(Killed):
        start(world, charge_id)
    assert start(world, charge_id).state == "checking"
    number = last(world).order_number
    world.bank.book[number] = replace(world.bank.book[number], action_url="https://bank.example/again")
    world.tick(minutes=2)
    assert start(world, charge_id).page_url == "https://bank.example/again"
    assert len(world.attempts()) == 1


def chargeable(world: World) -> bool:
    """Whether the client's card, if one was kept, may be charged without them."""
    with world.database.read() as session:
        return session.scalars(select(Consent.id).where(Consent.customer == "C_9")).first() is not None


@pytest.mark.parametrize("can_void", [True, False])
def test_who_goes_back_and_takes_the_tick_away_has_not_agreed(world: World, can_void: bool) -> None:
    world.bank.can_void = can_void
    charge_id = link(world)
    start(world, charge_id, consent=agreed(world))
    begun = start(world, charge_id)
    assert (begun.state, last(world).method) == ("started", "card")
    world.bank.becomes(last(world).order_number, "paid")
    assert world.charging.in_person.refresh(charge_id).state == "paid"
    assert not chargeable(world)
    assert world.money() == [2_500_000]


def test_who_goes_back_and_sets_the_tick_pays_on_a_page_that_keeps_the_card(world: World) -> None:
    charge_id = link(world)
    start(world, charge_id)
    start(world, charge_id, consent=agreed(world))
    assert [page.save_card for page in world.bank.pages.values()] == [False, True]
    world.bank.becomes(last(world).order_number, "paid")
    world.charging.in_person.refresh(charge_id)
    assert chargeable(world)


def test_a_consent_withdrawn_between_the_tick_and_the_payment_is_none(world: World) -> None:
    charge_id = link(world)
    start(world, charge_id, consent=agreed(world))
    withdraw_consents(world.database, world.portal_id, "C_9", "an operator", world.clock())
    world.bank.becomes(last(world).order_number, "paid")
    assert world.charging.in_person.refresh(charge_id).state == "paid"
    assert not chargeable(world)
    assert last(world).consent_given["words"] == "I agree"


def test_a_consent_of_before_an_uninstall_is_none_after_the_next_install(world: World) -> None:
    charge_id = link(world)
    start(world, charge_id, consent=agreed(world))
    uninstall(world.database, world.portal_id, world.clock())
    world.clock.forward(minutes=1)
    with world.database.write() as session:
        portal = session.get_one(Portal, world.portal_id)
        portal.state, portal.installed_at = "active", world.clock()
    world.bank.becomes(last(world).order_number, "paid")
    world.charging.in_person.refresh(charge_id)
    assert world.money() == [2_500_000]
    assert not chargeable(world)


def test_a_decline_whose_order_was_closed_for_another_way_to_pay_is_still_the_charges_word(world: World) -> None:
    world.bank.script = ["action"]
    first = world.charge()
    with world.database.write() as session:
        session.get_one(ChargeAttempt, last(world).id).payment_link = ""
    start(world, first.charge_id)
    world.bank.becomes(last(world).order_number, "declined:lost")
    world.charging.in_person.refresh(first.charge_id)
    told = world.again()
    assert (told.status, told.decline_code, told.card_mask) == ("skipped", "action", "**** 4242")
    assert told.next_attempt_date is not None
    assert len(world.bank.asked) == 1


def test_a_card_whose_bank_wanted_the_client_is_not_asked_for_again_within_a_day(world: World) -> None:
    world.bank.script = ["action"]
    world.charge(replace(world.order, retry="none"))
    world.bank.becomes(last(world).order_number, "cancelled")
    world.tick(minutes=1)
    assert world.charges()[0].state == "declined"
    assert world.again(retry="none").status == "declined"
    assert len(world.bank.asked) == 1
    world.clock.forward(days=1)
    assert world.again(retry="none").status == "succeeded"


def test_a_refusal_of_the_clients_own_try_is_not_the_word_of_a_call_whose_try_is_still_to_come(world: World) -> None:
    world.bank.script = ["refused"]
    charge_id = world.charge().charge_id
    start(world, charge_id)
    world.bank.becomes(last(world).order_number, "declined:lost")
    world.charging.in_person.refresh(charge_id)
    assert world.charge().status == "pending"
    world.tick(minutes=1)
    assert world.charge().status == "succeeded"


def test_a_page_that_has_closed_is_left_for_another_one_by_the_next_click(world: World) -> None:
    charge_id = link(world)
    start(world, charge_id)
    first = last(world).order_number
    world.clock.forward(minutes=61)
    assert world.charging.in_person.refresh(charge_id).state == "to_pay"
    assert start(world, charge_id).state == "started"
    assert world.bank.voided == [first]
    world.bank.becomes(last(world).order_number, "paid")
    world.settle()
    assert world.money() == [2_500_000]


def test_a_charge_that_was_given_up_can_be_paid_by_the_link_that_is_asked_for_it(world: World) -> None:
    world.bank.script = ["misconfigured"]
    assert world.refused(key="sum:D_9", customer="C_5").code == "gateway_stopped"
    assert world.charges()[0].state == "cancelled"
    world.terminals().configure(world.portal_id, "bank", "main", '{"shop": "demo"}')
    charge_id = link(world, customer="C_5")
    assert world.charging.in_person.standing(charge_id).state == "to_pay"
    assert pay(world, charge_id).state == "paid"


@pytest.mark.parametrize("step", ["page_sent", "page_answered"])
def test_another_tab_that_looks_while_the_page_is_asked_for_closes_nothing(world: World, step: str) -> None:
    charge_id = link(world)
    looked: list[str] = []

    def look_twice() -> None:
        looked.extend(world.charging.in_person.refresh(charge_id).state for _ in range(2))

    world.at_step[step] = look_twice
    begun = start(world, charge_id)
    assert looked == ["checking"] * 2
    assert (begun.state, world.bank.voided) == ("started", [])


@pytest.mark.parametrize("method", ["card", "sbp"])
def test_a_tick_that_the_bank_does_not_permit_stops_nobody_from_paying(
    world: World, method: Method, caplog: pytest.LogCaptureFixture
) -> None:
    world.bank.start_script = ["misconfigured"]
    charge_id, other = link(world), link(world, key="sum:D_10", document="D_10")
    with pytest.raises(Refusal) as caught:
        start(world, charge_id, method, agreed(world))
    assert caught.value.code == "not_with_saving"
    assert "terminal bank/main of portal 1" in caplog.text
    assert "bank answered 401" in caplog.text
    assert start(world, other).state == "started"
    assert start(world, charge_id, method).state == "started"
    world.bank.becomes(last(world).order_number, "paid")
    assert world.charging.in_person.refresh(charge_id).state == "paid"
    with world.database.read() as session:
        assert session.scalars(select(Consent).where(Consent.how == "page")).all() == []


def test_a_shop_that_is_not_let_in_is_stopped_by_the_click_without_the_tick(world: World) -> None:
    world.bank.start_script = ["misconfigured"] * 2
    charge_id = link(world)
    for consent, code in ((agreed(world), "not_with_saving"), (None, "not_payable_now")):
        with pytest.raises(Refusal) as caught:
            start(world, charge_id, consent=consent)
        assert caught.value.code == code
    assert world.charging.in_person.standing(charge_id).methods == ()


def test_a_shop_without_sbp_takes_cards_and_shows_no_code_until_it_is_configured_again(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.bank.start_script = ["misconfigured"]
    charge_id, other = link(world), link(world, key="sum:D_10", document="D_10")
    with pytest.raises(Refusal) as caught:
        start(world, charge_id, "sbp")
    assert caught.value.code == "not_by_sbp"
    assert "terminal bank/main of portal 1 places no order by SBP" in caplog.text
    assert [world.charging.in_person.standing(one).methods for one in (charge_id, other)] == [("card",)] * 2
    assert start(world, charge_id).state == "started"
    world.bank.becomes(last(world).order_number, "paid")
    assert world.charging.in_person.refresh(charge_id).state == "paid"
    assert world.charge(world.new_order(key="sum:D_11", document="D_11")).status == "succeeded"
    world.clock.forward(minutes=1)
    world.terminals().configure(world.portal_id, "bank", "main", NEW_LOGIN)
    assert world.charging.in_person.standing(other).methods == ("card", "sbp")


REFUSED_ALIKE: tuple[tuple[Method, str], ...] = (("sbp", "not_by_sbp"), ("card", "not_payable_now"))


def test_a_shop_that_takes_neither_says_that_the_link_cannot_be_paid(world: World) -> None:
    world.bank.start_script = ["misconfigured"] * 2
    charge_id = link(world)
    for method, code in REFUSED_ALIKE:
        with pytest.raises(Refusal) as caught:
            start(world, charge_id, method)
        assert caught.value.code == code
    assert world.charging.in_person.standing(charge_id).methods == ()


def test_a_shop_configured_since_its_sbp_was_refused_still_offers_it(world: World) -> None:
    world.bank.start_script = ["misconfigured"]
    charge_id = link(world)

    def configure_again() -> None:
        world.clock.forward(seconds=1)
        world.terminals().configure(world.portal_id, "bank", "main", NEW_LOGIN)

    world.at_step["page_sent"] = configure_again
    with pytest.raises(Refusal):
        start(world, charge_id, "sbp")
    assert world.charging.in_person.standing(charge_id).methods == ("card", "sbp")
