"""YooKassa from end to end: our billing and gateway against the sandbox's YooKassa, over HTTP."""

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import select

from billing.forgetting import Forgetting
from billing.registers import Registers
from calculations.refusal import Refusal
from gateways import Misconfigured
from gateways.yookassa import YooKassaCredentials
from sandbox.acquirers.turns import Turn
from sandbox.acquirers.yookassa.demo import SECRET, SHOP, TEST_SECRET, TEST_SHOP
from storage.model import ReceiptRow
from tests.billing.world import BEGINNING
from tests.gateways.checking import lacking, unchecked
from tests.gateways.over_http.world import BACK, AcquirerWorld, open_world, visit

CREDENTIALS = {"shop_id": SHOP, "secret_key": SECRET}
CARD = "2c000000-000f-5000-9000-000000000001"
GOOD = {"pan": "5555555555554444", "expiry": "12/30", "cvc": "123"}
CHALLENGED = {"pan": "2200000000000004", "expiry": "12/30", "cvc": "123"}
LOST = ["cut_after", "error_500", "html"]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[AcquirerWorld]:
    url = f"sqlite:///{tmp_path}/money.db"
    with open_world(url, "yookassa", CREDENTIALS, shop=SHOP, token=CARD) as world:
        yield world


def test_a_card_is_charged_once_whoever_asks(world: AcquirerWorld) -> None:
    first = world.charge()
    assert (first.status, first.charged_at) == ("succeeded", BEGINNING)
    assert world.again().status == "skipped"
    assert world.money() == [2_500_000]
    assert world.delivered() == [200]
    assert world.sound()


def test_a_client_pays_on_the_page_and_the_card_they_agreed_to_is_charged_later(world: AcquirerWorld) -> None:
    charge_id = world.link()
    begun = world.start(charge_id, agreed=True)
    visit(begun.page_url, do="pay", **CHALLENGED)
    paid = visit(begun.page_url, do="confirm", code="1234")
    assert (paid.status, paid.location) == (303, BACK)
    assert world.delivered() == [200]
    assert world.come_back(charge_id).state == "paid"
    [card] = world.saved_cards()
    assert (card.mask, card.expires) == ("220000******0004", "2030-12")
    assert world.again(customer="C_9", document="D_9").status == "succeeded"
    assert world.money() == [2_500_000, 2_500_000]
    assert world.sound()


def test_an_account_of_sbp_is_paid_from_kept_and_charged_later(world: AcquirerWorld) -> None:
    charge_id = world.link()
    begun = world.start(charge_id, "sbp", agreed=True)
    assert begun.qr_payload.startswith(f"{world.address}/acquirers/yookassa/qr/")
    assert visit(begun.qr_payload, do="pay").location == BACK
    assert world.come_back(charge_id).state == "paid"
    [card] = world.saved_cards()
    assert (card.method, card.mask) == ("sbp", "СБП **** 0111")
    assert world.again(customer="C_9", document="D_9").status == "succeeded"
    visit(begun.qr_payload, do="unbind")
    ended = world.again(customer="C_9", document="D_10", key="due:D_10")
    assert (ended.status, ended.decline_code, ended.decline_kind) == ("declined", "permission_revoked", "hard")
    assert world.money() == [2_500_000, 2_500_000]
    assert world.sound()


def test_a_client_who_did_not_agree_leaves_no_card_behind(world: AcquirerWorld) -> None:
    known = len(world.bank.cards)
    charge_id = world.link()
    visit(world.start(charge_id).page_url, do="pay", **GOOD)
    assert world.come_back(charge_id).state == "paid"
    assert world.saved_cards() == []
    assert len(world.bank.cards) == known


@pytest.mark.parametrize("shown", ["chosen", "made"])
def test_a_page_nobody_paid_has_ended_by_itself_and_another_one_is_opened(world: AcquirerWorld, shown: str) -> None:
    world.bank.settings["method_shown"] = shown
    charge_id = world.link()
    first = world.start(charge_id)
    world.tick(hours=2)
    second = world.start(charge_id)
    assert (second.state, second.page_url == first.page_url) == ("started", False)
    visit(first.page_url, do="pay", **GOOD)
    visit(second.page_url, do="pay", **GOOD)
    assert world.come_back(charge_id).state == "paid"
    assert world.money() == [2_500_000]


def test_a_refusal_on_the_page_is_told_and_the_next_page_pays(world: AcquirerWorld) -> None:
    charge_id = world.link()
    visit(world.start(charge_id).page_url, do="pay", **(GOOD | {"pan": "5555555555554600"}))
    refused = world.come_back(charge_id)
    assert (refused.state, refused.decline is not None) == ("to_pay", True)
    visit(world.start(charge_id).page_url, do="pay", **GOOD)
    assert world.come_back(charge_id).state == "paid"
    assert world.money() == [2_500_000]


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


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("insufficient_funds", "soft"),
        ("payment_method_limit_exceeded", "soft"),
        ("general_decline", "soft"),
        ("call_issuer", "soft"),
        ("identification_required", "soft"),
        ("3d_secure_failed", "soft"),
        ("a_reason_of_tomorrow", "soft"),
        ("issuer_unavailable", "technical"),
        ("internal_timeout", "technical"),
        ("permission_revoked", "hard"),
        ("card_expired", "hard"),
        ("invalid_card_number", "hard"),
        ("payment_method_restricted", "hard"),
        ("fraud_suspected", "hard"),
        ("country_forbidden", "hard"),
        ("unsupported_mobile_operator", "hard"),
        ("invalid_request", "hard"),
        ("gone", "hard"),
    ],
)
def test_each_decline_is_a_result_with_words(world: AcquirerWorld, code: str, kind: str) -> None:
    world.plan("charge", Turn(end="declined", code=code))
    result = world.charge()
    assert (result.status, result.decline_code, result.decline_kind) == ("declined", code, kind)
    assert (result.next_attempt_date is not None) == (kind != "hard")
    assert result.decline_ru
    assert world.money() == []


@pytest.mark.parametrize(("place", "code"), [(2, "insufficient_funds"), (3, "fraud_suspected"), (4, "card_expired")])
def test_cards_that_are_refused_by_themselves(world: AcquirerWorld, place: int, code: str) -> None:
    world.add_card(f"{CARD[:-1]}{place}", f"**** 000{place}")
    assert world.again(saved_card=f"000{place}").decline_code == code


def test_a_soft_decline_is_made_good_by_the_planned_try(world: AcquirerWorld) -> None:
    world.plan("charge", Turn(end="declined"))
    assert world.charge().status == "declined"
    world.settle()
    assert world.money() == [2_500_000]
    assert [number[-2:] for number in world.numbers()] == ["-1", "-2"]
    assert world.sound()


@pytest.mark.parametrize("lag", [0, 30])
@pytest.mark.parametrize("manner", LOST)
def test_money_that_moved_behind_a_lost_answer_is_found(world: AcquirerWorld, manner: Any, lag: int) -> None:
    world.bank.settings["list_lag_seconds"] = lag
    world.plan("charge", Turn(answer=manner, notice="never"))
    assert world.charge().status == "unknown"
    world.settle()
    assert world.charge().status == "succeeded"
    assert world.money() == [2_500_000]
    assert world.sound()


def test_what_yookassa_is_still_working_on_is_asked_about(world: AcquirerWorld) -> None:
    world.plan("charge", Turn(code="processing", notice="never"))
    assert world.charge().status == "unknown"
    world.settle()
    assert world.charge().status == "succeeded"
    assert world.money() == [2_500_000]


@pytest.mark.parametrize(
    "turn",
    [Turn(answer="cut_before"), Turn(end="nothing"), Turn(end="nothing", code="processing"), Turn(answer="busy")],
)
def test_a_request_that_was_lost_is_made_again_under_the_same_number(world: AcquirerWorld, turn: Turn) -> None:
    world.plan("charge", turn)
    world.charge()
    world.settle()
    assert world.charge().status in ("succeeded", "skipped")
    assert world.money() == [2_500_000]
    assert [number[-2:] for number in world.numbers()] == ["-1"]
    assert world.sound()


@pytest.mark.parametrize("turn", [Turn(answer="cut_after"), Turn(answer="html"), Turn(end="nothing")])
def test_nothing_is_charged_while_the_list_cannot_be_had(world: AcquirerWorld, turn: Turn) -> None:
    world.plan("list", turn)
    assert world.charge().status == "pending"
    assert world.money() == []
    world.settle()
    assert world.charge().status == "succeeded"
    assert world.money() == [2_500_000]


@pytest.mark.parametrize("turn", [Turn(answer="cut_after"), Turn(answer="error_500"), Turn(answer="busy")])
def test_a_look_up_that_was_lost_is_made_again(world: AcquirerWorld, turn: Turn) -> None:
    world.plan("charge", Turn(answer="cut_after", notice="never"))
    assert world.charge().status == "unknown"
    world.plan("list", turn)
    world.settle()
    assert world.charge().status == "succeeded"
    assert world.money() == [2_500_000]


@pytest.mark.parametrize("hours", [1, 25, 71])
@pytest.mark.parametrize("repeated", ["present", "first"])
@pytest.mark.parametrize("other_body", ["refused", "first"])
def test_a_database_that_was_restored_finds_the_payment_it_has_forgotten(
    tmp_path: Path, world: AcquirerWorld, hours: int, repeated: str, other_body: str
) -> None:
    world.bank.settings |= {"repeated_answer": repeated, "other_body": other_body}
    assert world.charge().status == "succeeded"
    with open_world(f"sqlite:///{tmp_path}/old.db", "yookassa", CREDENTIALS, shop=SHOP, token=CARD) as restored:
        restored.clock.moment = world.clock.moment + timedelta(hours=hours)
        world.clock.moment = restored.clock.moment
        restored.opened = world.opened
        restored.charging = restored.new_process()
        assert restored.charge().status == "succeeded"
    assert world.money() == [2_500_000]


@pytest.mark.parametrize("notice", ["once", "never"])
@pytest.mark.parametrize(("end", "money"), [("pending_paid", [2_500_000]), ("pending_declined", [])])
def test_an_outcome_yookassa_does_not_know_yet_is_waited_for(
    world: AcquirerWorld, end: Any, money: list[int], notice: Any
) -> None:
    world.plan("charge", Turn(end=end, code="" if money else "card_expired", notice=notice))
    assert world.charge().status == "pending"
    world.settle()
    assert world.charge().status == ("succeeded" if money else "declined")
    assert world.money() == money
    assert world.sound()


def test_a_notice_settles_a_pending_charge_at_the_next_tick(world: AcquirerWorld) -> None:
    world.plan("charge", Turn(end="pending_paid"))
    assert world.charge().status == "pending"
    world.only_notices()
    world.tick(seconds=59)
    assert world.charge().status == "pending"
    world.tick(seconds=2)
    assert world.charge().status == "succeeded"
    assert world.delivered() == [200]


@pytest.mark.parametrize("notice", ["twice", "before", "stale", "forged"])
@pytest.mark.parametrize(("end", "money"), [("paid", [2_500_000]), ("declined", [])])
def test_no_manner_of_notices_changes_what_is_true(
    world: AcquirerWorld, notice: Any, end: Any, money: list[int]
) -> None:
    world.plan("charge", Turn(end=end, code="" if money else "card_expired", notice=notice))
    world.charge()
    assert set(world.delivered()) == {200}
    world.settle()
    assert world.charge().status == ("succeeded" if money else "declined")
    assert world.money() == money
    assert world.sound()


def test_a_notice_that_lies_of_a_payment_on_its_way_makes_us_ask_and_no_more(world: AcquirerWorld) -> None:
    world.plan("charge", Turn(end="pending_paid"))
    charge = world.charge()
    number = world.attempts()[0].order_number
    lie = {
        "type": "notification",
        "event": "payment.succeeded",
        "object": {
            "id": world.bank.orders[0].id,
            "status": "succeeded",
            "paid": True,
            "amount": {"value": "25000.00", "currency": "RUB"},
            "metadata": {"order": number},
        },
    }
    assert requests.post(world.webhook, json=lie, timeout=10).status_code == 200
    assert world.tick(seconds=1) == 1
    assert (world.charge().status, world.charge().charge_id) == ("pending", charge.charge_id)
    assert world.money() == []


@pytest.mark.parametrize("answer", ["proper", "cut_after"])
def test_a_wrong_amount_stays_for_a_person(world: AcquirerWorld, answer: Any) -> None:
    world.plan("charge", Turn(extra=100, answer=answer))
    assert world.charge().status == "unknown"
    world.settle()
    assert world.attempts()[-1].state == "unknown"
    assert world.money() == [2_500_100]


def test_a_shop_that_is_not_let_in_any_more_is_stopped(world: AcquirerWorld) -> None:
    world.bank.shops[SHOP]["secret"] = "changed"
    with pytest.raises(Refusal) as caught:
        world.charge()
    assert caught.value.code == "gateway_stopped"
    assert SECRET not in caught.value.ru + caught.value.en
    assert world.money() == []


def test_a_shop_without_recurring_payments_is_stopped_with_advice(world: AcquirerWorld) -> None:
    world.bank.settings["recurring_enabled"] = False
    with pytest.raises(Refusal) as caught:
        world.charge()
    assert caught.value.code == "gateway_stopped"
    assert "recurring" in world.terminals().of_portal(world.portal_id)[0].reason
    assert world.money() == []


def test_a_wall_in_front_of_yookassa_that_speaks_html_stops_nothing_for_good(world: AcquirerWorld) -> None:
    world.bank.settings["refusals"] = "html"
    world.bank.shops[SHOP]["secret"] = "changed"
    assert world.charge().status == "pending"
    assert world.money() == []
    world.bank.shops[SHOP]["secret"] = SECRET
    world.settle()
    assert world.charge().status == "succeeded"
    assert world.money() == [2_500_000]


@pytest.mark.parametrize("answer", ["invalid_request", "not_found", "gone", "a payment that is cancelled"])
def test_a_method_yookassa_does_not_know_is_declined_for_good(world: AcquirerWorld, answer: str) -> None:
    world.bank.settings["unknown_method"] = answer
    world.add_card("no-token-of-theirs", "**** 1111")
    result = world.again(saved_card="1111")
    assert (result.status, result.decline_kind) == ("declined", "hard")
    assert world.money() == []


@pytest.mark.parametrize("metadata", [True, False])
def test_money_is_given_back_in_parts_and_whole(world: AcquirerWorld, metadata: bool) -> None:
    world.bank.settings["refund_metadata"] = metadata
    charge_id = world.charge().charge_id
    assert world.charging.refunds.refund(charge_id, 500_000).state == "succeeded"
    assert world.charging.refunds.refund(charge_id).state == "succeeded"
    assert world.money() == [2_500_000, -500_000, -2_000_000]
    assert world.sound()


@pytest.mark.parametrize("metadata", [True, False])
@pytest.mark.parametrize("manner", [*LOST, "cut_before", "busy"])
def test_money_is_given_back_once_through_lost_answers(world: AcquirerWorld, manner: Any, metadata: bool) -> None:
    world.bank.settings["refund_metadata"] = metadata
    charge_id = world.charge().charge_id
    world.plan("refund", Turn(answer=manner, notice="never"))
    world.charging.refunds.refund(charge_id, 500_000)
    world.settle()
    world.charging.refunds.refund(charge_id)
    assert world.money() in ([2_500_000, -500_000, -2_000_000], [2_500_000, -2_500_000])
    assert world.sound()


@pytest.mark.parametrize("notice", ["once", "never"])
@pytest.mark.parametrize("end", ["pending_paid", "pending_declined"])
def test_a_refund_on_its_way_is_waited_for(world: AcquirerWorld, end: Any, notice: Any) -> None:
    charge_id = world.charge().charge_id
    world.plan("refund", Turn(end=end, notice=notice))
    assert world.charging.refunds.refund(charge_id, 500_000).state in ("pending", "sent", "unknown")
    for _ in range(4):
        world.clock.forward(hours=2)
        world.let_settle()
        world.charging.refunds.look_up_due()
    assert world.money() == ([2_500_000, -500_000] if end == "pending_paid" else [2_500_000])
    assert world.sound()


def test_a_refund_that_is_refused_says_why_in_words(world: AcquirerWorld) -> None:
    charge_id = world.charge().charge_id
    world.plan("refund", Turn(end="declined", code="rejected_by_payee"))
    refused = world.charging.refunds.refund(charge_id, 500_000)
    assert (refused.state, "rejected_by_payee" in refused.reason) == ("declined", True)
    assert world.charging.refunds.refund(charge_id).state == "succeeded"
    assert world.money() == [2_500_000, -2_500_000]
    assert world.sound()


def test_a_forgotten_card_is_charged_no_more_and_yookassa_is_asked_for_nothing(world: AcquirerWorld) -> None:
    forgetting = Forgetting(world.database, world.vault, world.gateways, world.clock)
    [card] = world.saved_cards("C_5")
    assert forgetting.forget(world.portal_id, card.id, "the client") == ""
    assert [one.token for one in world.saved_cards("C_5")] == [""]
    assert world.refused().code
    assert world.bank.orders == []


def fiscal(world: AcquirerWorld, **more: str) -> None:
    told = {"tax_system": "osn", "vat": "standard", "kind": "advance"} | more
    configured = json.dumps(CREDENTIALS | {"receipts": told})
    world.terminals().configure(world.portal_id, "yookassa", "main", configured)


def receipts(world: AcquirerWorld) -> list[tuple[str, str]]:
    with world.database.read() as session:
        return [(row.kind, row.state) for row in session.scalars(select(ReceiptRow).order_by(ReceiptRow.id))]


def closings(world: AcquirerWorld) -> int:
    return sum(one.settlements[0]["type"] == "prepayment" for one in world.bank.facts["receipts"])


def test_receipts_follow_the_payment_its_refund_and_the_thing_itself(world: AcquirerWorld) -> None:
    world.bank.settings |= {"receipt_required": True, "measure_required": True}
    fiscal(world)
    charge_id = world.charge(world.new_order(receipt_email="c@example.com")).charge_id
    assert receipts(world) == [("payment", "done")]
    world.charging.refunds.refund(charge_id, 500_000)
    assert world.charging.receipts.close(charge_id) == "done"
    world.clock.forward(hours=1)
    world.charging.receipts.follow_due()
    kept = world.bank.facts["receipts"]
    assert [one.kind for one in kept] == ["payment", "refund", "payment"]
    assert [one.settlements[0]["type"] for one in kept] == ["cashless", "cashless", "prepayment"]
    assert [one.items[0]["vat_code"] for one in kept] == [12, 12, 11]


def test_a_slow_cash_desk_is_followed_to_its_end(world: AcquirerWorld) -> None:
    world.bank.settings["receipts"] = "pending"
    fiscal(world)
    world.charge(world.new_order(receipt_email="c@example.com"))
    assert receipts(world) == [("payment", "pending")]
    world.bank.settings["receipts"] = "canceled"
    world.clock.forward(minutes=5)
    world.charging.receipts.follow_due()
    assert receipts(world) == [("payment", "failed")]
    assert world.money() == [2_500_000]


@pytest.mark.parametrize(("registered", "stands"), [("succeeded", "done"), ("canceled", "failed")])
def test_a_refunds_receipt_is_followed_to_its_end(world: AcquirerWorld, registered: str, stands: str) -> None:
    fiscal(world)
    charge_id = world.charge(world.new_order(receipt_email="c@example.com")).charge_id
    world.bank.settings["receipts"] = "pending"
    for _ in range(2):
        world.charging.refunds.refund(charge_id, 500_000)
    world.clock.forward(minutes=1)
    world.charging.receipts.follow_due()
    assert receipts(world)[1:] == [("refund", "pending")] * 2
    world.bank.settings["receipts"] = registered
    world.clock.forward(minutes=5)
    world.charging.receipts.follow_due()
    assert receipts(world)[1:] == [("refund", stands)] * 2
    assert world.money() == [2_500_000, -500_000, -500_000]


def test_a_closing_receipt_that_was_not_taken_is_sent_later_and_once(world: AcquirerWorld) -> None:
    fiscal(world)
    charge_id = world.charge(world.new_order(receipt_email="c@example.com")).charge_id
    world.plan("receipt", Turn(answer="busy"))
    assert world.charging.receipts.close(charge_id) == "planned"
    world.clock.forward(hours=1)
    world.charging.receipts.follow_due()
    assert world.charging.receipts.close(charge_id) == "done"
    assert closings(world) == 1


@pytest.mark.parametrize("answer", ["cut_before", "cut_after", "error_500", "html"])
@pytest.mark.parametrize("later", [1, 25])
def test_a_closing_receipt_whose_answer_was_lost_is_looked_for_and_made_once(
    world: AcquirerWorld, answer: Any, later: int
) -> None:
    fiscal(world)
    charge_id = world.charge(world.new_order(receipt_email="c@example.com")).charge_id
    world.plan("receipt", Turn(answer=answer))
    assert world.charging.receipts.close(charge_id) == "planned"
    world.clock.forward(hours=later)
    world.charging.receipts.follow_due()
    assert world.charging.receipts.close(charge_id) == "done"
    assert closings(world) == 1


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251"])
def test_the_registers_of_the_cabinet_agree_with_our_books(world: AcquirerWorld, language: str, encoding: str) -> None:
    world.bank.settings |= {"register_language": language, "register_encoding": encoding}
    charge_id = world.charge(world.new_order(description="Заказ; №72")).charge_id
    world.charging.refunds.refund(charge_id, 500_000)
    registers = Registers(world.database, world.gateways, world.charging)
    day = BEGINNING.date()
    cabinet = f"{world.address}/acquirers/yookassa/cabinet/{SHOP}"
    names = [f"{kind}-{day}.csv" for kind in ("payments", "refunds")]
    files = [(name, requests.get(f"{cabinet}/{name}", timeout=10).content) for name in names]
    report = registers.compare(world.portal_id, "yookassa", "main", day, files)
    assert (report.agrees, len(report.rows)) == (True, 2)
    assert [fee.minor for fee in report.fees] == [88_450]


def test_a_payment_whose_answer_was_lost_is_told_by_the_register(world: AcquirerWorld) -> None:
    world.plan("charge", Turn(answer="cut_after", notice="never"))
    world.charge()
    world.only_notices()
    day = BEGINNING.date()
    cabinet = f"{world.address}/acquirers/yookassa/cabinet/{SHOP}"
    file = requests.get(f"{cabinet}/payments-{day}.csv", timeout=10).content
    report = Registers(world.database, world.gateways, world.charging).compare(
        world.portal_id, "yookassa", "main", day, [("payments.csv", file)]
    )
    assert not report.agrees


@pytest.mark.parametrize("me", ["open", "forbidden", "not_found"])
def test_credentials_are_checked_without_money(world: AcquirerWorld, me: str) -> None:
    world.bank.settings["me"] = me
    gateway = world.gateways["yookassa"]
    credentials = YooKassaCredentials(**CREDENTIALS)
    assert lacking(gateway.check(credentials)) == []
    with pytest.raises(Misconfigured):
        gateway.check(YooKassaCredentials(shop_id=SHOP, secret_key="test_wrong"))
    world.bank.settings["shop_enabled"] = False
    assert lacking(gateway.check(credentials)) == (["the shop is disabled at YooKassa"] if me == "open" else [])
    assert world.numbers() == []


def test_recurring_payments_are_checked_anew_each_time(world: AcquirerWorld) -> None:
    gateway, credentials = world.gateways["yookassa"], YooKassaCredentials(**CREDENTIALS)
    for permitted in (True, False, True, False):
        world.bank.settings["recurring_enabled"] = permitted
        lacks = lacking(gateway.check(credentials))
        assert ["recurring payments" in one for one in lacks] == ([] if permitted else [True])
    assert world.numbers() == []


@pytest.mark.parametrize("manner", ["cut_before", "cut_after", "error_500", "html", "busy"])
def test_a_check_whose_answer_is_lost_places_nothing(world: AcquirerWorld, manner: Any) -> None:
    world.plan("charge", Turn(answer=manner))
    found = world.gateways["yookassa"].check(YooKassaCredentials(**CREDENTIALS))
    assert (lacking(found), unchecked(found)) == ([], ["recurring payments (автоплатежи)"])
    assert (world.numbers(), world.money()) == ([], [])


def test_at_worst_a_check_leaves_a_payment_that_is_cancelled(world: AcquirerWorld) -> None:
    world.bank.settings["unknown_method"] = "a payment that is cancelled"
    assert world.gateways["yookassa"].check(YooKassaCredentials(**CREDENTIALS)) == []
    assert [order.state for order in world.bank.orders] == ["declined"]
    assert world.money() == []


def test_a_test_shop_is_told_that_it_has_no_sbp(world: AcquirerWorld) -> None:
    found = world.gateways["yookassa"].check(YooKassaCredentials(shop_id=TEST_SHOP, secret_key=TEST_SECRET))
    assert lacking(found) == ["the shop does not take SBP payments"]
