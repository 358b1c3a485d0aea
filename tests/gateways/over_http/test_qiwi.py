"""QIWI from end to end: our billing and gateway against the sandbox's QIWI, over HTTP."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from billing.forgetting import Forgetting
from sandbox.acquirers.qiwi.demo import BILL_KEY, BILL_SITE, KEY, NOTICE_KEY, SITE
from sandbox.acquirers.turns import Turn
from tests.billing.world import BEGINNING
from tests.gateways.over_http.world import BACK, AcquirerWorld, open_world, visit

CREDENTIALS = {"site_id": SITE, "secret_key": KEY, "notification_key": NOTICE_KEY}
BILLS = {"site_id": BILL_SITE, "secret_key": BILL_KEY, "protocol": "bill"}
TOKEN = "66aebf5f-098e-4e36-922a-000000000001"
CARD = {"do": "pay", "pan": "2200000000000004", "expiry": "12/30", "cvc": "123"}
DECLINES = [
    ("ACQUIRING_INSUFFICIENT_FUNDS 51", "soft"),
    ("ACQUIRING_NOT_PERMITTED", "soft"),
    ("TRY_AGAIN_LATER", "technical"),
    ("ACQUIRING_INCORRECT_CVV 75", "needs_client"),
    ("REATTEMPT_NOT_PERMITTED_BY_PS TS", "hard"),
    ("ACQUIRING_EXPIRED_CARD 54", "hard"),
]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[AcquirerWorld]:
    with open_world(f"sqlite:///{tmp_path}/money.db", "qiwi", CREDENTIALS, shop=SITE, token=TOKEN) as world:
        yield world


@pytest.fixture
def bills(tmp_path: Path) -> Iterator[AcquirerWorld]:
    """A shop that has bills alone."""
    with open_world(f"sqlite:///{tmp_path}/money.db", "qiwi", BILLS, shop=BILL_SITE, token="none") as world:
        yield world


def test_a_card_is_charged_once_whoever_asks(world: AcquirerWorld) -> None:
    first = world.charge()
    assert (first.status, first.charged_at) == ("succeeded", BEGINNING)
    assert world.again().status == "skipped"
    assert world.money() == [2_500_000]
    assert world.delivered() == [200]
    assert world.sound()


def test_a_client_pays_on_the_form_and_the_card_they_agreed_to_is_charged_later(world: AcquirerWorld) -> None:
    charge_id = world.link()
    begun = world.start(charge_id, agreed=True)
    assert parse_qs(urlsplit(begun.page_url).query)["successUrl"] == [BACK]
    paid = visit(begun.page_url, **CARD)
    assert (paid.status, paid.location) == (303, BACK)
    assert world.delivered() == [200]
    assert world.come_back(charge_id).state == "paid"
    [card] = world.saved_cards()
    assert (card.mask, card.expires) == ("220000******0004", "2029-01")
    assert world.again(customer="C_9", document="D_9").status == "succeeded"
    assert world.money() == [2_500_000, 2_500_000]
    assert world.sound()


@pytest.mark.parametrize("place", ["answer", "notice"])
def test_the_token_is_kept_wherever_it_is_told(world: AcquirerWorld, place: str) -> None:
    world.bank.settings["token_told_in"] = place
    charge_id = world.link()
    visit(world.start(charge_id, agreed=True).page_url, **CARD)
    assert world.delivered() == [200]
    world.come_back(charge_id)
    assert len(world.saved_cards()) == 1


def test_without_consent_no_card_is_kept(world: AcquirerWorld) -> None:
    charge_id = world.link()
    visit(world.start(charge_id).page_url, **CARD)
    assert world.come_back(charge_id).state == "paid"
    assert world.saved_cards() == []


@pytest.mark.parametrize(("code", "kind"), DECLINES)
def test_each_decline_is_a_result_with_words(world: AcquirerWorld, code: str, kind: str) -> None:
    world.plan("charge", Turn("declined", code))
    result = world.charge()
    assert (result.status, result.decline_code, result.decline_kind) == ("declined", code, kind)
    assert result.decline_ru
    assert world.money() == []


@pytest.mark.parametrize("answer", ["cut_after", "error_500", "html"])
@pytest.mark.parametrize("body", ["empty", "json"])
def test_money_that_moved_behind_a_lost_answer_is_found(world: AcquirerWorld, answer: str, body: str) -> None:
    world.bank.settings["error_500_body"] = body
    world.plan("charge", Turn(answer=answer, notice="never"))  # type: ignore[arg-type]
    assert world.charge().status == "unknown"
    world.settle()
    assert world.charge().status == "succeeded"
    assert world.money() == [2_500_000]
    assert world.sound()


def test_a_request_that_was_lost_is_made_again_under_the_same_number(world: AcquirerWorld) -> None:
    world.plan("charge", Turn(answer="cut_before"))
    assert world.charge().status == "unknown"
    world.settle()
    assert world.charge().status == "succeeded"
    assert [number[-2:] for number in world.numbers()] == ["-1"]
    assert world.money() == [2_500_000]


def test_a_lost_request_stays_unknown_while_qiwi_words_its_absence_as_a_failure(world: AcquirerWorld) -> None:
    """The documents show `payin.resource.not.found` under 5xx too: that proves nothing, so nothing is sent again."""
    world.bank.settings["not_found_status"] = 500
    world.plan("charge", Turn(answer="cut_before"))
    world.charge()
    world.settle()
    assert world.attempts()[-1].state == "unknown"
    assert world.money() == []


def test_a_wrong_amount_is_for_a_person(world: AcquirerWorld) -> None:
    world.plan("charge", Turn(extra=1))
    assert world.charge().status == "unknown"
    world.settle()
    [attempt] = world.attempts()
    assert attempt.state == "unknown"
    assert "2500001" in attempt.reason


def test_a_sum_that_is_captured_later_is_waited_for(world: AcquirerWorld) -> None:
    world.bank.settings["captured"] = "later"
    assert world.charge().status == "pending"
    world.tick(minutes=2)
    assert world.charge().status == "succeeded"


def test_a_bank_that_wants_its_client_is_told_and_tried_again(world: AcquirerWorld) -> None:
    world.plan("charge", Turn("needs_client"))
    result = world.charge()
    assert (result.status, result.decline_kind) == ("declined", "needs_client")
    world.settle()
    assert world.money() == [2_500_000]


def test_a_signed_notice_settles_a_pending_charge_and_a_forged_one_is_refused(world: AcquirerWorld) -> None:
    world.plan("charge", Turn("pending_paid"))
    assert world.charge().status == "pending"
    world.only_notices()
    world.tick(minutes=2)
    assert world.delivered() == [200]
    world.tick()
    assert world.charge().status == "succeeded"
    world.plan("charge", Turn(notice="forged"))
    world.again(key="due:D_6", document="D_6")
    assert world.delivered() == [200, 403, 200]


@pytest.mark.parametrize("signed_sum", ["raw", "two_decimals"])
@pytest.mark.parametrize("signature", ["hex", "base64"])
def test_notices_are_known_by_either_form_of_their_signature(
    world: AcquirerWorld, signed_sum: str, signature: str
) -> None:
    world.bank.settings |= {"signed_sum": signed_sum, "signature": signature}
    world.charge()
    assert world.delivered() == [200]


def test_money_is_given_back_through_lost_answers(world: AcquirerWorld) -> None:
    charge_id = world.charge().charge_id
    world.plan("refund", Turn(answer="cut_after"), Turn(answer="cut_before"))
    assert world.charging.refunds.refund(charge_id, 500_000).state == "unknown"
    world.settle()
    assert world.charging.refunds.refund(charge_id, 1_500_000).state == "unknown"
    world.settle()
    assert world.charging.refunds.refund(charge_id).state == "succeeded"
    assert world.money() == [2_500_000, -500_000, -2_000_000]
    assert world.sound()


def test_a_page_is_given_back_by_the_number_of_its_payment(world: AcquirerWorld) -> None:
    charge_id = world.link()
    visit(world.start(charge_id).page_url, **CARD)
    world.come_back(charge_id)
    assert world.charging.refunds.refund(charge_id, 100_000).state == "succeeded"
    assert world.money() == [2_500_000, -100_000]


def test_a_forgotten_card_is_dropped_at_qiwi(world: AcquirerWorld) -> None:
    charge_id = world.link()
    visit(world.start(charge_id, agreed=True).page_url, **CARD)
    world.come_back(charge_id)
    [card] = world.saved_cards()
    Forgetting(world.database, world.vault, world.gateways, world.clock).forget(world.portal_id, card.id, "an operator")
    assert not world.bank.cards[-1].active


def test_a_card_that_qiwi_does_not_know_is_declined_for_good(world: AcquirerWorld) -> None:
    world.bank.cards[0].active = False
    result = world.charge()
    assert (result.status, result.decline_kind) == ("declined", "hard")


def test_a_page_that_nobody_paid_ends_with_its_bill_and_another_is_placed(world: AcquirerWorld) -> None:
    charge_id = world.link()
    first = world.start(charge_id).page_url
    world.tick(hours=2)
    assert world.come_back(charge_id).state == "to_pay"
    second = world.start(charge_id).page_url
    assert first != second
    assert [number[-2:] for number in world.numbers()] == ["-1", "-2"]


def test_a_refused_card_on_the_form_leaves_it_open(world: AcquirerWorld) -> None:
    charge_id = world.link()
    begun = world.start(charge_id)
    visit(begun.page_url, **CARD | {"expiry": "02/30"})
    assert world.come_back(charge_id).state == "started"
    visit(begun.page_url, **CARD)
    assert world.come_back(charge_id).state == "paid"
    assert world.money() == [2_500_000]


def test_a_bill_alone_is_paid_told_and_given_back(bills: AcquirerWorld) -> None:
    charge_id = bills.link()
    paid = visit(bills.start(charge_id).page_url, **CARD)
    assert paid.location == BACK
    assert bills.delivered() == [200]
    bills.only_notices()
    assert bills.come_back(charge_id).state == "paid"
    assert bills.charging.refunds.refund(charge_id).state == "succeeded"
    assert bills.money() == [2_500_000, -2_500_000]
    assert bills.sound()


def test_a_bill_whose_answer_was_lost_is_rejected_and_made_again(bills: AcquirerWorld) -> None:
    charge_id = bills.link()
    bills.plan("start", Turn(answer="cut_after"))
    assert bills.start(charge_id).page_url == ""
    assert [order.state for order in bills.bank.orders] == ["cancelled"]
    visit(bills.start(charge_id).page_url, **CARD)
    assert bills.come_back(charge_id).state == "paid"
    assert bills.money() == [2_500_000]


def test_the_report_of_the_day_names_our_orders(world: AcquirerWorld) -> None:
    charge_id = world.charge().charge_id
    page = world.link()
    visit(world.start(page).page_url, **CARD)
    world.come_back(page)
    world.charging.refunds.refund(charge_id, 50)
    report = requests.get(f"{world.address}/acquirers/qiwi/cabinet/{SITE}/report-2026-01-31.csv", timeout=30)
    lines = world.gateways["qiwi"].read_register(report.content).lines
    first, second = (attempt.order_number for attempt in world.attempts())
    assert [(line.kind, line.order_number, line.amount.minor) for line in lines] == [
        ("charge", first, 2_500_000),
        ("refund", first, 50),
        ("charge", second, 2_500_000),
    ]
