"""T-Bank from end to end: our billing and gateway against the sandbox's T-Bank, over HTTP."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests
from werkzeug.wrappers import Response

from calculations.refusal import Refusal
from customers.consents import card_has_consent, withdraw_card_consent
from gateways import Misconfigured
from gateways._tbank_requests import token
from gateways.tbank import TBank, TBankCredentials
from sandbox.acquirers.tbank.cards import FIRST_REBILL_ID
from sandbox.acquirers.tbank.demo import PASSWORD, TERMINAL
from sandbox.acquirers.turns import Turn
from tests.billing.world import BEGINNING
from tests.gateways.checking import lacking
from tests.gateways.over_http.world import BACK, AcquirerWorld, open_world, visit
from tests.sandbox.acquirers.tbank_shop import Shop

CREDENTIALS = {"terminal_key": TERMINAL, "password": PASSWORD}
CARD = str(FIRST_REBILL_ID)
GOOD = {"pan": "2200770239097761", "expiry": "12/30", "cvc": "123"}
POOR = GOOD | {"pan": "2201382000000831"}
CHALLENGED = GOOD | {"pan": "2201382000000047"}
LOST = ["cut_after", "error_500", "html"]
# everything the acquirer's description leaves open or tells in two ways
OTHER_WAYS: list[dict[str, Any]] = [
    {"charge_answer": "new"},
    {"repeated_charge_code": "4"},
    {"get_state_of_rejected": "refused"},
    {"check_order_types": "plain"},
    {"unknown_order": "empty"},
    {"amount_after_refund": "remaining"},
    {"cancel_payment_id": "text"},
    {"repeated_cancel": "first"},
    {"rebill_id_in": "AUTHORIZED"},
    {"rebill_id_in": "CONFIRMED"},
    {"data_in_notices": True},
    {"customer_in_notices": True},
    {"check_order_lag_seconds": 20},
    {"notices_first": True},
]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[AcquirerWorld]:
    url = f"sqlite:///{tmp_path}/money.db"
    with open_world(url, "tbank", CREDENTIALS, shop=TERMINAL, token=CARD) as world:
        yield world


def kept(world: AcquirerWorld, ending: str) -> str:
    """A card of the demo customer becomes C_5's too; the digits to name it by."""
    card = next(one for one in world.bank.cards if one.mask.endswith(ending))
    world.add_card(card.token, card.mask)
    return ending


def another_clerk(world: AcquirerWorld) -> Shop:
    """Somebody who uses the same terminal past us."""
    clerk = Shop(url=world.address)
    clerk.acquirer = world.acquirer
    return clerk


def test_a_card_is_charged_once_whoever_asks(world: AcquirerWorld) -> None:
    first = world.charge()
    assert (first.status, first.charged_at) == ("succeeded", BEGINNING)
    assert first.gateway_payment_id == world.bank.orders[0].id
    assert world.again().status == "skipped"
    assert world.money() == [2_500_000]
    assert world.delivered() == [200, 200]
    assert world.sound()


def test_a_client_pays_on_the_page_and_the_card_they_agreed_to_is_charged_later(world: AcquirerWorld) -> None:
    charge_id = world.link()
    begun = world.start(charge_id, agreed=True)
    visit(begun.page_url, do="pay", **CHALLENGED)
    paid = visit(begun.page_url, do="confirm", password="1qwezxc")
    assert (paid.status, paid.location) == (303, BACK)
    assert world.delivered() == [200, 200]
    assert world.come_back(charge_id).state == "paid"
    [card] = world.saved_cards()
    assert (card.mask, card.expires) == ("220138******0047", "2030-12")
    assert world.again(customer="C_9", document="D_9").status == "succeeded"
    assert world.money() == [2_500_000, 2_500_000]
    assert world.sound()


def test_a_card_of_which_no_notice_tells_is_kept_all_the_same(world: AcquirerWorld) -> None:
    charge_id = world.link()
    begun = world.start(charge_id, agreed=True)
    world.plan("page", Turn(notice="never"))
    visit(begun.page_url, do="pay", **GOOD)
    assert world.delivered() == []
    world.settle()
    assert world.come_back(charge_id).state == "paid"
    [card] = world.saved_cards()
    assert (card.mask, card.expires) == ("220077******7761", "2030-12")
    assert world.again(customer="C_9", document="D_9").status == "succeeded"
    assert world.bank.operations[-1].token == world.bank.cards[-1].token
    assert world.sound()


@pytest.mark.parametrize("turn", [Turn(answer="error_500"), Turn(answer="busy"), Turn(answer="html")])
def test_a_list_of_cards_that_cannot_be_had_makes_no_payment_less_paid(world: AcquirerWorld, turn: Turn) -> None:
    charge_id = world.link()
    begun = world.start(charge_id, agreed=True)
    world.plan("page", Turn(notice="never"))
    world.plan("customer", turn)
    visit(begun.page_url, do="pay", **GOOD)
    world.settle()
    assert world.come_back(charge_id).state == "paid"
    assert world.saved_cards() == []
    assert world.sound()


def test_a_notice_that_comes_after_the_list_of_cards_keeps_the_same_card(world: AcquirerWorld) -> None:
    charge_id = world.link()
    visit(world.start(charge_id, agreed=True).page_url, do="pay", **GOOD)
    assert world.come_back(charge_id).state == "paid"
    world.bank.notices.wait()
    assert len(world.saved_cards()) == 1
    assert world.sound()


def test_of_two_cards_of_a_customer_only_a_notice_tells_which(
    world: AcquirerWorld, caplog: pytest.LogCaptureFixture
) -> None:
    for document, pan in (("D_9", GOOD), ("D_10", GOOD | {"pan": "2201382000000013"})):
        charge_id = world.link(key=f"sum:{document}", document=document)
        begun = world.start(charge_id, agreed=True)
        if document == "D_10":
            world.plan("page", Turn(notice="never"))
        visit(begun.page_url, do="pay", **pan)
        world.bank.notices.wait()
        assert world.come_back(charge_id).state == "paid"
    assert [card.mask for card in world.saved_cards()] == ["220077******7761"]
    assert "which of 2 cards" in caplog.text


def test_the_number_of_a_saved_card_keeps_every_digit(world: AcquirerWorld) -> None:
    charge_id = world.link()
    visit(world.start(charge_id, agreed=True).page_url, do="pay", **GOOD)
    world.bank.notices.wait()
    assert world.again(customer="C_9", document="D_9").status == "succeeded"
    assert world.bank.operations[-1].token == world.bank.cards[-1].token
    assert float(world.bank.cards[-1].token) > 2**53


def test_a_client_who_did_not_agree_leaves_no_card_behind(world: AcquirerWorld) -> None:
    known = len(world.bank.cards)
    charge_id = world.link()
    visit(world.start(charge_id).page_url, do="pay", **GOOD)
    assert world.come_back(charge_id).state == "paid"
    assert world.saved_cards() == []
    assert len(world.bank.cards) == known


def test_a_refusal_on_the_page_is_told_and_the_next_page_pays(world: AcquirerWorld) -> None:
    charge_id = world.link()
    visit(world.start(charge_id).page_url, do="pay", **POOR)
    refused = world.come_back(charge_id)
    assert refused.state == "to_pay"
    assert refused.decline is not None
    assert "not enough money" in refused.decline.en
    visit(world.start(charge_id).page_url, do="pay", **GOOD)
    assert world.come_back(charge_id).state == "paid"
    assert world.money() == [2_500_000]


def test_a_page_with_several_tries_stays_the_same_page(world: AcquirerWorld) -> None:
    world.bank.settings["page_attempts"] = 3
    charge_id = world.link()
    begun = world.start(charge_id)
    visit(begun.page_url, do="pay", **POOR)
    world.bank.notices.wait()
    world.tick()
    assert world.come_back(charge_id).page_url == begun.page_url
    visit(begun.page_url, do="pay", **GOOD)
    assert world.come_back(charge_id).state == "paid"
    assert world.money() == [2_500_000]
    assert len(world.numbers()) == 1


def test_a_page_nobody_paid_has_ended_by_itself_and_another_one_is_opened(world: AcquirerWorld) -> None:
    charge_id = world.link()
    first = world.start(charge_id).page_url
    world.tick(hours=2)
    second = world.start(charge_id).page_url
    assert second != first
    visit(first, do="pay", **GOOD)
    assert world.money() == []
    visit(second, do="pay", **GOOD)
    assert world.come_back(charge_id).state == "paid"
    assert world.money() == [2_500_000]


def test_another_way_to_pay_closes_the_first_order_before_the_next_one_is_placed(world: AcquirerWorld) -> None:
    charge_id = world.link()
    page = world.start(charge_id)
    visit(page.page_url)
    qr = world.start(charge_id, "sbp")
    assert world.bank.orders[0].facts["status"] == "CANCELED"
    visit(page.page_url, do="pay", **GOOD)
    assert visit(qr.qr_payload, do="pay").location == BACK
    assert world.come_back(charge_id).state == "paid"
    assert world.money() == [2_500_000]


@pytest.mark.parametrize("turn", [Turn(answer="cut_after"), Turn(answer="busy"), Turn(end="nothing")])
def test_an_order_that_cannot_be_closed_now_stays_the_only_one(world: AcquirerWorld, turn: Turn) -> None:
    charge_id = world.link()
    first = world.start(charge_id)
    world.plan("void", turn)
    second = world.start(charge_id, "sbp")
    world.settle()
    paying = second.qr_payload or first.page_url
    visit(paying, do="pay", **({} if second.qr_payload else GOOD))
    world.settle()
    assert len(world.money()) <= 1
    assert world.sound()


def test_a_client_who_pays_in_the_moment_of_closing_gets_the_money_back(
    world: AcquirerWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    charge_id = world.link()
    page = world.start(charge_id).page_url
    usual = world.bank.turns.before

    def before(turn: Turn) -> Response | None:
        if turn.code == "the moment":
            visit(page, do="pay", **GOOD)
        return usual(turn)

    monkeypatch.setattr(world.bank.turns, "before", before)
    world.plan("void", Turn(code="the moment"))
    qr = world.start(charge_id, "sbp")
    assert world.money() == [2_500_000, -2_500_000]
    visit(qr.qr_payload, do="pay")
    assert world.come_back(charge_id).state == "paid"
    assert world.money()[2:] == [2_500_000]
    assert world.sound()


@pytest.mark.parametrize("manner", [*LOST, "cut_before", "busy"])
def test_a_page_whose_answer_was_lost_is_never_paid_twice(world: AcquirerWorld, manner: Any) -> None:
    world.plan("start", Turn(answer=manner))
    charge_id = world.link()
    with suppress(Refusal):  # where it surely was not placed they are told
        world.start(charge_id)
    world.tick(hours=2)
    world.tick(days=1)
    begun = world.start(charge_id)
    visit(begun.page_url, do="pay", **GOOD)
    assert world.come_back(charge_id).state == "paid"
    assert world.money() == [2_500_000]
    assert world.sound()


def test_an_account_of_sbp_is_paid_from_kept_and_charged_later(world: AcquirerWorld) -> None:
    charge_id = world.link()
    begun = world.start(charge_id, "sbp", agreed=True)
    assert begun.qr_payload.startswith(f"{world.address}/acquirers/tbank/qr/")
    assert visit(begun.qr_payload, do="pay").location == BACK
    assert world.come_back(charge_id).state == "paid"
    world.bank.notices.wait()
    [account] = world.saved_cards()
    assert account.method == "sbp"
    assert world.again(customer="C_9", document="D_9").status == "succeeded"
    visit(begun.qr_payload, do="unbind")
    ended = world.again(customer="C_9", document="D_10", key="due:D_10")
    assert (ended.status, ended.decline_code, ended.decline_kind) == ("declined", "3015", "hard")
    assert world.money() == [2_500_000, 2_500_000]
    assert world.sound()


def test_an_account_whose_notice_names_no_order_of_ours_is_not_kept(world: AcquirerWorld) -> None:
    world.bank.settings["account_notice_to"] = "terminal"
    charge_id = world.link()
    visit(world.start(charge_id, "sbp", agreed=True).qr_payload, do="pay")
    assert set(world.delivered()) == {200}
    assert world.come_back(charge_id).state == "paid"
    assert world.saved_cards() == []


@pytest.mark.parametrize("number", ["\ud800", "ab\x00c"])
def test_a_signed_notice_of_an_order_that_can_be_none_of_ours_gets_the_acquirers_word(
    world: AcquirerWorld, number: str
) -> None:
    fields: dict[str, object] = {"TerminalKey": TERMINAL, "OrderId": number, "Status": "CONFIRMED", "Success": True}
    answer = requests.post(world.webhook, json={**fields, "Token": token(fields, PASSWORD)}, timeout=30)
    assert (answer.status_code, answer.text) == (200, "OK")


@pytest.mark.parametrize("turn", [Turn(answer="cut_after"), Turn(answer="cut_before")])
@pytest.mark.parametrize("verb", ["start", "charge"])
def test_an_order_that_shows_late_is_never_charged_beside_another(world: AcquirerWorld, verb: str, turn: Turn) -> None:
    world.bank.settings["check_order_lag_seconds"] = 3600
    world.plan(verb, turn)
    world.charge()
    world.settle()
    assert world.money() == [2_500_000]
    assert world.sound()


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("1051", "soft"),
        ("116", "soft"),
        ("103", "soft"),
        ("1061", "soft"),
        ("1005", "soft"),
        ("1057", "soft"),
        ("1082", "soft"),
        ("99", "soft"),
        ("7777", "soft"),
        ("1091", "technical"),
        ("1089", "technical"),
        ("9001", "technical"),
        ("9999", "technical"),
        ("1017", "technical"),
        ("252", "hard"),
        ("1054", "hard"),
        ("1014", "hard"),
        ("1041", "hard"),
        ("1043", "hard"),
        ("1059", "hard"),
        ("1039", "hard"),
        ("600", "hard"),
        ("107", "hard"),
        ("76", "hard"),
    ],
)
def test_each_decline_is_a_result_with_words(world: AcquirerWorld, code: str, kind: str) -> None:
    world.plan("charge", Turn(end="declined", code=code))
    result = world.charge()
    assert (result.status, result.decline_code, result.decline_kind) == ("declined", code, kind)
    assert (result.next_attempt_date is not None) == (kind != "hard")
    assert result.decline_ru
    assert result.decline_en
    assert world.money() == []


@pytest.mark.parametrize(("ending", "code"), [("0831", "1051"), ("0021", "1041"), ("0013", "1054")])
def test_cards_that_are_refused_by_themselves(world: AcquirerWorld, ending: str, code: str) -> None:
    assert world.again(saved_card=kept(world, ending)).decline_code == code


def test_a_card_t_bank_does_not_know_takes_nothing(world: AcquirerWorld) -> None:
    world.add_card("17", "**** 0017")
    result = world.again(saved_card="0017")
    world.settle()
    assert result.status in ("declined", "unknown")
    assert world.charges()[-1].state == "declined"
    assert world.money() == []


def test_a_bank_that_wants_its_client_is_a_decline_and_then_tried_again(world: AcquirerWorld) -> None:
    world.plan("charge", Turn(end="needs_client"))
    result = world.charge()
    assert (result.status, result.decline_code) == ("declined", "101")
    world.settle()
    assert world.money() == [2_500_000]


@pytest.fixture(params=["taken", "refused"])
def challenged(world: AcquirerWorld, request: pytest.FixtureRequest) -> AcquirerWorld:
    """The bank of a card that is charged waits for its client, and T-Bank may or may not close such a payment."""
    world.bank.settings |= {"charge_challenged": True, "cancel_of_challenge": request.param}
    world.plan("charge", Turn(end="needs_client"))
    assert world.charge().status == "pending"
    return world


def test_a_bank_that_waits_for_a_client_who_is_not_there_is_a_decline_with_a_link(challenged: AcquirerWorld) -> None:
    challenged.tick(seconds=31)
    told = challenged.charge()
    assert (told.status, told.decline_kind) == ("declined", "needs_client")
    assert told.next_attempt_date is not None
    challenged.settle()
    assert challenged.money() == [2_500_000]
    assert challenged.sound()


def test_behind_the_link_a_client_pays_once_the_payment_that_waits_for_them_is_closed(
    challenged: AcquirerWorld,
) -> None:
    challenged.tick(seconds=31)
    in_person = challenged.charging.in_person
    if challenged.bank.settings["cancel_of_challenge"] == "taken":
        assert in_person.start(1, "card", BACK, None).state == "started"
    else:
        with pytest.raises(Refusal) as caught:
            in_person.start(1, "card", BACK, None)
        assert caught.value.code == "not_closed_yet"
    assert len(challenged.numbers()) == 1 + (challenged.bank.settings["cancel_of_challenge"] == "taken")


def test_a_payment_that_waits_for_a_client_who_is_not_there_is_closed_where_it_can_be(
    challenged: AcquirerWorld,
) -> None:
    challenged.tick(seconds=31)
    challenged.tick(minutes=2)
    is_closed = challenged.bank.settings["cancel_of_challenge"] == "taken"
    assert challenged.attempts()[0].state == ("cancelled" if is_closed else "pending")
    assert [what for _, what, _ in challenged.news()] == ["payment_declined"]


def test_a_soft_decline_is_made_good_by_the_planned_try(world: AcquirerWorld) -> None:
    world.plan("charge", Turn(end="declined"))
    assert world.charge().status == "declined"
    world.settle()
    assert world.money() == [2_500_000]
    assert [number[-2:] for number in world.numbers()] == ["-1", "-2"]
    assert world.sound()


@pytest.mark.parametrize("code", ["", "104", "1018", "102"])
@pytest.mark.parametrize("manner", [*LOST, "proper"])
def test_money_that_moved_behind_a_lost_answer_is_found(world: AcquirerWorld, manner: Any, code: str) -> None:
    if manner == "proper" and not code:
        world.bank.settings["charge_answer"] = "new"
    world.plan("charge", Turn(code=code, answer=manner, notice="never"))
    assert world.charge().status in ("unknown", "pending")
    world.settle()
    assert world.charge().status == "succeeded"
    assert world.money() == [2_500_000]
    assert len(world.numbers()) == 1
    assert world.sound()


@pytest.mark.parametrize(
    "turn",
    [
        Turn(answer="cut_before"),
        Turn(answer="busy"),
        Turn(end="nothing"),
        Turn(end="nothing", code="1018"),
        Turn(end="nothing", answer="error_500"),
    ],
)
@pytest.mark.parametrize("verb", ["start", "charge"])
def test_a_request_that_came_to_nothing_is_made_good(world: AcquirerWorld, verb: str, turn: Turn) -> None:
    world.plan(verb, turn)
    world.charge()
    world.settle()
    assert world.charge().status in ("succeeded", "skipped")
    assert world.money() == [2_500_000]
    assert world.sound()


@pytest.mark.parametrize("manner", LOST)
def test_an_order_whose_number_was_lost_is_found_by_ours(world: AcquirerWorld, manner: Any) -> None:
    world.plan("start", Turn(answer=manner))
    assert world.charge().status == "unknown"
    assert world.money() == []
    world.settle()
    assert world.charge().status in ("succeeded", "skipped")
    assert world.money() == [2_500_000]
    assert world.sound()


@pytest.mark.parametrize("turn", [Turn(answer=manner) for manner in ("cut_after", "html", "busy")] + [Turn("nothing")])
def test_nothing_is_charged_while_an_order_cannot_be_looked_for(world: AcquirerWorld, turn: Turn) -> None:
    world.plan("fetch", turn)
    assert world.charge().status == "pending"
    assert world.bank.orders == []
    world.settle()
    assert world.charge().status == "succeeded"
    assert world.money() == [2_500_000]


@pytest.mark.parametrize("turn", [Turn(answer="cut_after"), Turn(answer="error_500"), Turn(answer="busy")])
def test_a_look_up_that_was_lost_is_made_again(world: AcquirerWorld, turn: Turn) -> None:
    world.plan("charge", Turn(answer="cut_after", notice="never"))
    assert world.charge().status == "unknown"
    world.plan("fetch", turn)
    world.settle()
    assert world.charge().status == "succeeded"
    assert world.money() == [2_500_000]


@pytest.mark.parametrize("ways", OTHER_WAYS)
def test_a_database_that_was_restored_finds_the_payment_it_has_forgotten(
    tmp_path: Path, world: AcquirerWorld, ways: dict[str, Any]
) -> None:
    world.bank.settings |= ways
    world.charge()
    world.settle()
    with open_world(f"sqlite:///{tmp_path}/old.db", "tbank", CREDENTIALS, shop=TERMINAL, token=CARD) as restored:
        restored.opened = world.opened
        restored.charging = restored.new_process()
        assert restored.charge().status in ("unknown", "succeeded")
        restored.tick(minutes=2)
        assert restored.charge().status == "succeeded"
    assert world.money() == [2_500_000]


@pytest.mark.parametrize("ways", OTHER_WAYS)
def test_what_the_description_leaves_open_changes_nothing(world: AcquirerWorld, ways: dict[str, Any]) -> None:
    world.bank.settings |= ways
    world.plan("charge", Turn("declined", code="1051"))
    assert world.charge().decline_code == "1051"
    world.settle()
    charge_id = world.link()
    visit(world.start(charge_id, agreed=True).page_url, do="pay", **GOOD)
    world.bank.notices.wait()
    assert world.come_back(charge_id).state == "paid"
    assert world.again(customer="C_9", document="D_10", key="due:D_10").status in ("succeeded", "pending")
    world.settle()
    world.charging.refunds.refund(charge_id, 500_000)
    world.settle()
    assert world.charging.refunds.refund(charge_id).state == "succeeded"
    assert world.money() == [2_500_000, 2_500_000, 2_500_000, -500_000, -2_000_000]
    assert world.sound()


@pytest.mark.parametrize("notice", ["once", "never"])
@pytest.mark.parametrize(("end", "tries"), [("pending_paid", 1), ("pending_declined", 2)])
def test_an_outcome_t_bank_does_not_know_yet_is_waited_for(
    world: AcquirerWorld, end: Any, tries: int, notice: Any
) -> None:
    world.plan("charge", Turn(end=end, notice=notice))
    assert world.charge().status == "pending"
    assert world.money() == []
    world.settle()
    assert world.money() == [2_500_000]
    assert len(world.numbers()) == tries
    assert world.sound()


def test_a_signed_notice_settles_a_pending_charge_at_the_next_tick(world: AcquirerWorld) -> None:
    world.plan("charge", Turn(end="pending_paid"))
    order = world.new_order()
    assert world.charge(order).status == "pending"
    world.only_notices()
    world.tick(seconds=61)
    assert world.delivered() == [200, 200]
    world.tick()
    assert world.charge(order).status == "succeeded"
    assert world.sound()


@pytest.mark.parametrize("notice", ["twice", "before", "never", "stale"])
@pytest.mark.parametrize(("end", "money"), [("paid", [2_500_000]), ("declined", [])])
def test_no_manner_of_notices_changes_what_is_true(
    world: AcquirerWorld, end: Any, money: list[int], notice: Any
) -> None:
    world.plan("charge", Turn(end=end, code="1041" if end == "declined" else "", notice=notice))
    world.charge()
    assert set(world.delivered()) <= {200}
    world.settle()
    assert world.money() == money
    assert world.charges()[0].state == ("succeeded" if money else "declined")
    assert world.sound()


def test_a_forged_notice_is_turned_away_and_the_true_one_taken(world: AcquirerWorld) -> None:
    world.plan("charge", Turn(notice="forged"))
    world.charge()
    assert world.delivered() == [403, 200, 403, 200]


def test_a_notice_of_an_order_we_do_not_know_is_taken_in_the_acquirers_own_word(world: AcquirerWorld) -> None:
    another_clerk(world).charged(NotificationURL=world.webhook)
    world.bank.notices.wait()
    assert [(one.status, one.answer) for one in world.bank.notices.deliveries] == [(200, "OK"), (200, "OK")]


def test_a_wrong_amount_stays_for_a_person(world: AcquirerWorld) -> None:
    world.plan("charge", Turn(extra=1))
    assert world.charge().status == "unknown"
    world.settle()
    assert world.attempts()[-1].state == "unknown"
    assert world.money() == [2_500_001]


def test_an_order_paid_twice_behind_our_back_stays_for_a_person(world: AcquirerWorld) -> None:
    world.plan("start", Turn(answer="cut_after"))
    assert world.charge().status == "unknown"
    [number] = world.numbers()
    for _ in range(2):
        another_clerk(world).charged(2_500_000, OrderId=number)
    world.tick(minutes=2)
    assert world.attempts()[-1].state == "unknown"
    assert "more than once" in world.attempts()[-1].reason
    assert len(world.numbers()) == 3


def test_charging_that_is_off_stops_the_terminal_with_advice(world: AcquirerWorld) -> None:
    world.bank.settings["charge_enabled"] = False
    with pytest.raises(Refusal) as caught:
        world.charge()
    assert caught.value.code == "gateway_stopped"
    assert "Charge" in caught.value.en
    assert world.money() == []
    world.bank.settings["charge_enabled"] = True
    world.terminals().configure(world.portal_id, "tbank", "main", world.credentials)
    world.again()
    world.settle()  # the order placed before is closed first
    assert world.charges()[0].state == "succeeded"
    assert world.money() == [2_500_000]


def test_a_terminal_of_another_kind_is_stopped_with_advice(world: AcquirerWorld) -> None:
    world.bank.shops[TERMINAL]["type"] = "AFT"
    with pytest.raises(Refusal) as caught:
        world.charge()
    assert caught.value.code == "gateway_stopped"
    assert "ECOM" in caught.value.en


def test_a_shop_that_is_not_let_in_any_more_is_stopped(world: AcquirerWorld) -> None:
    world.bank.shops[TERMINAL]["password"] = "changed"
    with pytest.raises(Refusal) as caught:
        world.charge()
    assert caught.value.code == "gateway_stopped"
    assert PASSWORD not in caught.value.ru + caught.value.en
    assert world.money() == []


def test_credentials_are_checked_without_money(world: AcquirerWorld) -> None:
    gateway = world.gateways["tbank"]
    assert lacking(gateway.check(TBankCredentials(**CREDENTIALS))) == []
    world.bank.settings |= {"sbp_enabled": False, "charge_enabled": False}
    assert lacking(gateway.check(TBankCredentials(**CREDENTIALS))) == [
        "the terminal does not take SBP payments",
        "the terminal may not use the method Charge: saved cards cannot be charged",
    ]
    for wrong in ({"password": "wrong"}, {"terminal_key": "Another"}):
        with pytest.raises(Misconfigured):
            gateway.check(TBankCredentials(**CREDENTIALS | wrong))
    assert world.bank.orders == []


def paid_while_it_is_closed(monkeypatch: pytest.MonkeyPatch, page: str) -> None:
    """The client pays between our look at the page and its closing, which gives the money back."""
    told, paid = TBank.void, TBank._ask

    def void(self: TBank, *asked: Any) -> Any:
        monkeypatch.setattr(TBank, "_ask", pay_before_the_closing)
        try:
            return told(self, *asked)
        finally:
            monkeypatch.setattr(TBank, "_ask", paid)

    def pay_before_the_closing(self: TBank, credentials: TBankCredentials, path: str, *more: Any) -> Any:
        if path == "v2/Cancel":
            visit(page, do="pay", **GOOD)
        return paid(self, credentials, path, *more)

    monkeypatch.setattr(TBank, "void", void)


def test_a_page_paid_in_the_moment_of_its_closing_buys_nothing(
    world: AcquirerWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    charge_id = world.link()
    paid_while_it_is_closed(monkeypatch, world.start(charge_id).page_url)
    code = world.start(charge_id, "sbp").qr_payload
    assert [attempt.state for attempt in world.attempts()] == ["cancelled", "pending"]
    world.bank.notices.wait()
    world.tick(seconds=1)
    assert world.money() == [2_500_000, -2_500_000]
    assert [attempt.state for attempt in world.attempts()] == ["cancelled", "pending"]
    assert (world.charges()[0].state, world.news()) == ("open", [])
    visit(code, do="pay")
    assert world.come_back(charge_id).state == "paid"
    assert sum(world.money()) == 2_500_000


def test_the_tick_for_a_new_card_is_no_consent_to_one_that_is_known(
    world: AcquirerWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit(world.start(world.link(), agreed=True).page_url, do="pay", **GOOD)
    world.bank.notices.wait()
    [old] = world.saved_cards()
    withdraw_card_consent(world.database, old.id, "the client", world.clock())
    world.tick(minutes=1)
    listed = TBank._cards
    monkeypatch.setattr(TBank, "_cards", lambda *asked: listed(*asked)[:1])  # the list is behind
    second = world.link(key="sum:D_8", document="D_8")
    page = world.start(second, agreed=True).page_url
    world.plan("page", Turn(notice="never"))
    visit(page, do="pay", **GOOD | {"pan": "2201382000000013"})
    assert world.come_back(second).state == "paid"
    with world.database.read() as session:
        assert not card_has_consent(session, old.id)
