"""CloudPayments from end to end: our billing and gateway against the sandbox's CloudPayments, over HTTP."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import requests

from billing.placed import placed_order
from calculations.money import Money
from gateways import OutcomeUnknown, Receipt, ReceiptLine, SavedCardOrder, Settlement, Subject, TaxSystem, Vat
from gateways._cloudpayments_notices import signature
from gateways.cloudpayments import CloudPaymentsCredentials
from sandbox.acquirers.bank import Card
from sandbox.acquirers.cloudpayments.demo import CUSTOMER, GOOD_TOKEN, INN, SECRET, SITE
from sandbox.acquirers.turns import Turn
from tests.billing.world import BEGINNING
from tests.gateways.checking import lacking
from tests.gateways.over_http.world import BACK, AcquirerWorld, open_world, visit

CREDENTIALS = {"public_id": SITE, "api_secret": SECRET, "inn": INN}
KEYS = CloudPaymentsCredentials.model_validate(CREDENTIALS)
GOOD = {"do": "pay", "pan": "4000000000003055", "expiry": "12/30", "cvc": "123"}
POOR = GOOD | {"pan": "4000056655665556"}


def charge_from_elsewhere(world: AcquirerWorld, fields: dict[str, Any]) -> int:
    """A charge that another system of the same site asks for: the code of its refusal."""
    url = f"{world.address}/acquirers/cloudpayments/payments/tokens/charge"
    answer = requests.post(url, json=fields, auth=(SITE, SECRET), timeout=30).json()
    return int(answer["Model"]["ReasonCode"])


@pytest.fixture
def world(tmp_path: Path) -> Iterator[AcquirerWorld]:
    url = f"sqlite:///{tmp_path}/money.db"
    with open_world(url, "cloudpayments", CREDENTIALS, shop=SITE, token=GOOD_TOKEN) as world:
        yield world


def test_a_card_is_charged_once_whoever_asks(world: AcquirerWorld) -> None:
    first = world.charge()
    assert (first.status, first.charged_at) == ("succeeded", BEGINNING)
    assert world.again().status == "skipped"
    assert world.money() == [2_500_000]
    assert world.delivered() == [200]
    assert world.sound()


@pytest.mark.parametrize("kind", ["form", "json", "get"])
def test_a_client_pays_on_the_page_and_the_card_they_agreed_to_is_charged_later(
    world: AcquirerWorld, kind: str
) -> None:
    world.bank.settings["notice_format"] = kind
    charge_id = world.link()
    begun = world.start(charge_id, agreed=True)
    paid = visit(begun.page_url, **GOOD)
    assert (paid.status, paid.location) == (303, BACK)
    assert world.delivered() == [200]
    assert world.come_back(charge_id).state == "paid"
    [card] = world.saved_cards()
    assert (card.mask, card.expires) == ("400000******3055", "2030-12")
    assert world.again(customer="C_9", document="D_9").status == "succeeded"
    assert world.money() == [2_500_000, 2_500_000]
    assert world.sound()


def test_a_card_that_only_a_notice_tells_of_is_kept(world: AcquirerWorld) -> None:
    world.bank.settings["token_in_answers"] = False
    visit(world.start(world.link(), agreed=True).page_url, **GOOD)
    assert world.delivered() == [200]
    assert [card.mask for card in world.saved_cards()] == ["400000******3055"]


def test_a_client_who_did_not_agree_leaves_no_card_behind(world: AcquirerWorld) -> None:
    charge_id = world.link()
    visit(world.start(charge_id).page_url, **GOOD)
    assert world.come_back(charge_id).state == "paid"
    assert world.saved_cards() == []
    assert len([card for card in world.bank.cards if card.customer != CUSTOMER]) == 0


def test_a_refused_try_leaves_the_page_to_the_client_who_pays_with_another_card(world: AcquirerWorld) -> None:
    charge_id = world.link()
    begun = world.start(charge_id)
    visit(begun.page_url, **POOR)
    assert world.come_back(charge_id).state == "started"
    visit(begun.page_url, **GOOD)
    assert world.come_back(charge_id).state == "paid"
    assert world.money() == [2_500_000]
    assert world.sound()


def test_a_page_nobody_pays_is_closed_and_another_can_be_opened(world: AcquirerWorld) -> None:
    charge_id = world.link()
    begun = world.start(charge_id)
    for _ in range(8):
        world.tick(minutes=30)
    assert world.come_back(charge_id).state == "to_pay"
    assert "Счёт отменён" in visit(begun.page_url).text
    again = world.start(charge_id)
    assert again.page_url != begun.page_url
    visit(again.page_url, **GOOD)
    assert world.come_back(charge_id).state == "paid"


def test_a_client_who_changes_to_sbp_cannot_pay_the_page_any_more(world: AcquirerWorld) -> None:
    charge_id = world.link()
    page = world.start(charge_id)
    link = world.start(charge_id, "sbp")
    assert link.qr_payload
    assert "Счёт отменён" in visit(page.page_url, **GOOD).text
    assert visit(link.qr_payload, do="pay").location == BACK
    assert world.come_back(charge_id).state == "paid"
    assert world.money() == [2_500_000]
    assert world.sound()


@pytest.mark.parametrize("across", [False, True])
def test_a_page_whose_answer_was_lost_leaves_its_number_to_an_sbp_link(world: AcquirerWorld, across: bool) -> None:
    world.bank.settings["keys_across_methods"] = across
    world.plan("start", Turn(answer="cut_after"))
    charge_id = world.link()
    assert world.start(charge_id).state == "to_pay"
    link = world.start(charge_id, "sbp")
    assert visit(link.qr_payload, do="pay").location == BACK
    assert world.come_back(charge_id).state == "paid"
    assert world.money() == [2_500_000]
    assert world.sound()


def test_an_account_bound_by_sbp_is_charged_later_and_settles_by_its_notice(world: AcquirerWorld) -> None:
    charge_id = world.link()
    visit(world.start(charge_id, "sbp", agreed=True).qr_payload, do="pay")
    assert world.delivered() == [200]
    assert world.come_back(charge_id).state == "paid"
    [account] = world.saved_cards()
    assert (account.method, account.mask[:3]) == ("sbp", "СБП")
    order = world.new_order(customer="C_9", document="D_9")
    assert world.charge(order).status == "pending"
    world.only_notices()
    world.tick(minutes=2)
    assert world.charge(order).status == "succeeded"
    assert world.money() == [2_500_000, 2_500_000]


@pytest.mark.parametrize(
    ("code", "kind"),
    [("5051", "soft"), ("5091", "technical"), ("5041", "hard"), ("5005", "soft"), ("5999", "soft"), ("0", "soft")],
)
def test_each_class_of_decline_is_a_result_with_words(world: AcquirerWorld, code: str, kind: str) -> None:
    world.plan("charge", Turn("declined", code))
    result = world.charge()
    assert (result.status, result.decline_kind) == ("declined", kind)
    assert result.decline_code == ("" if code == "0" else code)
    assert (result.next_attempt_date is not None) == (kind != "hard")
    assert world.money() == []


def test_a_bank_that_wants_its_client_is_a_decline_and_the_client_pays_in_person(world: AcquirerWorld) -> None:
    world.plan("charge", Turn("needs_client"))
    order = world.new_order()
    result = world.charge(order)
    assert (result.status, result.decline_kind, result.payment_link) == ("declined", "needs_client", "")
    begun = world.start(result.charge_id)
    assert begun.state == "started"
    visit(begun.page_url, **GOOD)
    assert world.come_back(result.charge_id).state == "paid"
    assert world.money() == [2_500_000]
    assert world.sound()


@pytest.mark.parametrize("answer", ["cut_after", "error_500", "html"])
def test_money_that_moved_behind_a_lost_answer_is_found(world: AcquirerWorld, answer: str) -> None:
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
    assert len(set(world.numbers())) == 1
    assert world.money() == [2_500_000]


def test_a_search_that_lags_behind_a_lost_answer_makes_no_second_charge(world: AcquirerWorld) -> None:
    """The number is the key of the request as well, for an hour."""
    world.bank.settings["search_lag_seconds"] = 300
    world.plan("charge", Turn(answer="cut_after", notice="never"))
    assert world.charge().status == "unknown"
    world.settle()
    assert world.charge().status == "succeeded"
    assert world.money() == [2_500_000]
    assert world.sound()


def test_a_number_that_was_charged_two_days_ago_is_not_charged_again(world: AcquirerWorld) -> None:
    """As after a database was restored: the acquirer has forgotten the key of the request."""
    world.charge()
    world.clock.forward(days=2)
    [number] = world.numbers()
    order = SavedCardOrder(number, GOOD_TOKEN, Money(2_500_000, "RUB"), "Платёж", "C_5", gateway_customer_id=CUSTOMER)
    with pytest.raises(OutcomeUnknown, match="known to CloudPayments already"):
        world.gateways["cloudpayments"].charge_saved_card(KEYS, order, lambda _number: None)
    assert world.money() == [2_500_000]


def test_a_payment_of_the_acquirers_second_bank_is_found_behind_a_lost_answer(world: AcquirerWorld) -> None:
    world.bank.settings["second_bank"] = True
    world.plan("charge", Turn("declined", "5096", answer="cut_after", notice="never"))
    assert world.charge().status == "unknown"
    world.settle()
    assert world.charge().status == "succeeded"
    assert world.money() == [2_500_000]
    assert world.sound()


def test_a_wrong_amount_stays_for_a_person(world: AcquirerWorld) -> None:
    world.plan("charge", Turn(extra=100))
    assert world.charge().status == "unknown"
    world.settle()
    assert world.attempts()[-1].state == "unknown"
    assert "2500100" in world.attempts()[-1].reason


def test_a_notice_alone_settles_and_a_forged_one_is_refused(world: AcquirerWorld) -> None:
    world.plan("charge", Turn("pending_paid", notice="forged"))
    order = world.new_order()
    assert world.charge(order).status == "pending"
    world.only_notices()
    world.tick(minutes=2)
    assert world.charge(order).status == "succeeded"
    assert world.delivered() == [403, 200]


def test_check_lets_through_what_we_wait_for_and_nothing_else(world: AcquirerWorld) -> None:
    world.bank.settings["check"] = True
    assert world.charge().status == "succeeded"
    charge_id = world.link()
    begun = world.start(charge_id)
    visit(begun.page_url, **GOOD)
    assert world.come_back(charge_id).state == "paid"
    assert world.money() == [2_500_000, 2_500_000]
    foreign = {"Amount": 1, "AccountId": CUSTOMER, "Token": GOOD_TOKEN, "TrInitiatorCode": 0, "InvoiceId": "foreign"}
    assert charge_from_elsewhere(world, foreign) == 3001
    assert charge_from_elsewhere(world, foreign | {"InvoiceId": world.numbers()[0]}) == 3001
    assert world.money() == [2_500_000, 2_500_000]


def asked(world: AcquirerWorld, account: str | None) -> int:
    """What our door answers to Check of the last order, paid under this account."""
    fields = {
        "TransactionId": "5",
        "Amount": "25000.00",
        "Currency": "RUB",
        "Status": "Completed",
        "OperationType": "Payment",
        "InvoiceId": world.attempts()[-1].order_number,
        **({} if account is None else {"AccountId": account}),
    }
    body = urlencode(fields).encode()
    headers = {"Content-HMAC": signature(body, SECRET), "Content-Type": "application/x-www-form-urlencoded"}
    answer = requests.post(world.webhook, data=body, headers=headers, timeout=30)
    assert answer.status_code == 200
    return int(answer.json()["code"])


@pytest.mark.parametrize("agreed", [True, False])
@pytest.mark.parametrize(
    ("account", "code"), [("member-1-C_9", 0), (None, 0), ("", 0), ("member-1-C_8", 11), ("member-2-C_9", 11)]
)
def test_check_of_a_page_is_answered_by_the_account_it_was_placed_with(
    world: AcquirerWorld, agreed: bool, account: str | None, code: int
) -> None:
    world.start(world.link(), agreed=agreed)
    assert asked(world, account) == code


def test_check_of_a_saved_card_is_answered_by_the_account_that_keeps_it(world: AcquirerWorld) -> None:
    world.plan("charge", Turn("pending_paid"))
    assert world.charge().status == "pending"
    assert [asked(world, one) for one in (CUSTOMER, None, "member-1-C_5", "C_5")] == [0, 0, 11, 11]


def test_check_brings_the_question_about_its_order_forward_and_does_nothing_else(world: AcquirerWorld) -> None:
    world.plan("charge", Turn("pending_paid", notice="never"))
    assert world.charge().status == "pending"
    world.only_notices()
    assert (asked(world, CUSTOMER), world.attempts()[-1].state) == (0, "pending")
    world.tick()
    assert world.attempts()[-1].state == "pending"
    world.only_notices()
    world.tick(minutes=2)
    assert world.attempts()[-1].state == "pending"
    assert asked(world, CUSTOMER) == 0
    world.tick()
    assert world.attempts()[-1].state == "succeeded"
    assert asked(world, CUSTOMER) == 10
    world.tick()
    assert world.money() == [2_500_000]
    assert world.sound()


def test_check_lets_nobody_pay_our_order_under_another_account(world: AcquirerWorld) -> None:
    world.bank.settings["check"] = True
    world.start(world.link(), agreed=True)
    ours = {"Amount": 25000, "AccountId": CUSTOMER, "Token": GOOD_TOKEN, "TrInitiatorCode": 0}
    number = world.attempts()[-1].order_number
    assert charge_from_elsewhere(world, ours | {"InvoiceId": number}) == 3002
    assert world.money() == []


def test_money_is_given_back_in_parts_and_a_lost_answer_gives_nothing_back_twice(world: AcquirerWorld) -> None:
    charge_id = world.charge().charge_id
    refunds = world.charging.refunds
    assert refunds.refund(charge_id, 500_000).state == "succeeded"
    world.plan("refund", Turn(answer="cut_after", notice="never"))
    assert refunds.refund(charge_id, 700_000).state == "unknown"
    world.tick(minutes=5)
    refunds.look_up_due()
    assert refunds.refund(charge_id).state == "succeeded"
    assert world.money() == [2_500_000, -500_000, -700_000, -1_300_000]
    assert world.sound()


def test_a_refund_by_sbp_settles_by_its_notice(world: AcquirerWorld) -> None:
    charge_id = world.link()
    visit(world.start(charge_id, "sbp").qr_payload, do="pay")
    assert world.come_back(charge_id).state == "paid"
    assert world.charging.refunds.refund(charge_id, 500_000).state == "unknown"
    world.tick(minutes=2)
    world.charging.refunds.look_up_due()
    assert world.money() == [2_500_000, -500_000]
    assert world.sound()


def test_a_refund_that_never_reached_the_acquirer_may_be_asked_for_again(world: AcquirerWorld) -> None:
    charge_id = world.charge().charge_id
    world.plan("refund", Turn(answer="cut_before"))
    assert world.charging.refunds.refund(charge_id).state == "unknown"
    world.tick(minutes=8)  # their work on a request may take five
    world.charging.refunds.look_up_due()
    assert world.charging.refunds.refund(charge_id).state == "succeeded"
    assert world.money() == [2_500_000, -2_500_000]


def test_a_card_of_the_bank_that_we_were_told_of_without_its_account_is_a_hard_decline(world: AcquirerWorld) -> None:
    world.bank.cards.append(Card(SITE, "tk_elsewhere", "somebody", "220000******0007", "2030-12"))
    world.add_card("tk_elsewhere", "220000******0007", gateway_customer_id="")
    result = world.again(saved_card="0007")
    assert (result.status, result.decline_code, result.decline_kind) == ("declined", "token_refused", "hard")


def test_a_closing_receipt_is_made_and_followed_to_its_end(world: AcquirerWorld) -> None:
    world.charge()
    gateway = world.gateways["cloudpayments"]
    order = placed_order(world.attempts()[0])
    line = ReceiptLine("Обучение", order.amount, Vat.VAT22, Settlement.FULL_PAYMENT, Subject.SERVICE)
    receipt = Receipt((line,), "client@example.com", "", TaxSystem.OSN, offset=True)
    sent = gateway.send_receipt(KEYS, order, "closing-1", receipt)
    assert sent.status == "pending"
    assert gateway.fetch_receipt(KEYS, order, sent.receipt_id).status == "done"
    [order_there] = world.bank.orders
    assert order_there.facts["receipts"][0]["receipt"]["amounts"] == {"advancePayment": 25_000}


def test_keys_that_are_not_accepted_stop_the_terminal_and_the_check_says_so(world: AcquirerWorld) -> None:
    assert lacking(world.gateways["cloudpayments"].check(KEYS)) == []
    world.bank.shops[SITE]["api_secret"] = "another"
    assert "compare public_id and api_secret" in world.refused().en
    assert world.terminals().of_portal(world.portal_id)[0].state != "active"
    assert world.money() == []
